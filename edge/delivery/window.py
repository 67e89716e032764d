"""Which entries may be sent now: a go-back-N window over entry numbers. Pure; time is an argument, in seconds.

The only proof of storage is the plant's `Committed`. PUBACK and broker persistence are trusted with nothing. While
there is no answer for `max(1 s, 4 x usual round trip)` the window goes back to committed + 1 and sends again, backing
off to `back_off_max_s`. The first Committed after a birth sets the position, up or down: a restored plant asks for
what it lost. Later ones only raise it.
"""

from collections import deque
from dataclasses import dataclass, field

MESSAGES_MAX = 64
BYTES_MAX = 1 << 20
MESSAGE_BYTES_MAX = 256 * 1024
TIMER_MIN_S = 1.0
ROUND_TRIPS = 4


@dataclass(slots=True)
class _Sent:
    first: int
    last: int
    size_bytes: int
    at: float


@dataclass(slots=True)
class Window:
    """`position`: what the plant has committed, by its own word since the last birth; None until it spoke.

    `next`: the number to be sent next. `fruitless`: times in a row that the window went back and nothing moved.
    """

    back_off_max_s: float = 30.0
    messages_max: int = MESSAGES_MAX
    bytes_max: int = BYTES_MAX
    position: int | None = None
    next: int = 1
    round_trip_s: float = 0.0
    fruitless: int = 0
    _known: int | None = None  # Position before the last birth.
    _unanswered: deque[_Sent] = field(default_factory=deque)
    _unanswered_bytes: int = 0
    _quiet_since: float = 0.0
    _waits_s: float = 0.0

    def born(self, now: float) -> None:
        """A birth was sent: nothing may follow until the plant says where it stands. The back-off goes on, or an edge
        that nobody answers would give birth every second."""
        if self.position is not None:
            self._known, self.position = self.position, None
        self._forget_unanswered()
        self._quiet_since = now

    def may_send(self) -> bool:
        """Whether there is room for a message, however large."""
        return (
            self.position is not None
            and len(self._unanswered) < self.messages_max
            and self._unanswered_bytes <= self.bytes_max - MESSAGE_BYTES_MAX
        )

    def sent(self, first: int, last: int, size_bytes: int, now: float) -> None:
        """A message with the entries first to last has left."""
        if not self._unanswered:
            self._quiet_since = now
        self._unanswered.append(_Sent(first, last, size_bytes, now))
        self._unanswered_bytes += size_bytes
        self.next = last + 1

    def committed(self, number: int, now: float) -> None:
        """The plant has stored everything up to `number`."""
        if self.position is None:
            if number != self._known:
                self._moved(now)
            self.position, self.next = number, number + 1
            return
        if number <= self.position:
            return  # Repeated or overtaken. It proves the plant alive, not that anything moved.
        self.position = number
        self._moved(now)
        while self._unanswered and self._unanswered[0].last <= number:
            answered = self._unanswered.popleft()
            self._unanswered_bytes -= answered.size_bytes
            if answered.last == number:
                self._learn(now - answered.at)
        self.next = max(self.next, number + 1)
        if self._unanswered and self._unanswered[0].first <= number:
            # Stored in part, in an earlier cut: the plant drops this cut whole. Send from where it stands, at once.
            self._forget_unanswered()
            self.next = number + 1

    def due_at(self) -> float | None:
        """When to go back if nothing is heard until then; None while nothing is unanswered."""
        if self.position is not None and not self._unanswered:
            return None
        return self._quiet_since + max(self._timer_s(), self._waits_s)

    def go_back(self, now: float) -> None:
        """The timer ran out: send again from committed + 1, and wait longer next time."""
        self._waits_s = min(self.back_off_max_s, 2 * max(self._timer_s(), self._waits_s))
        self._quiet_since = now
        self.fruitless += 1
        self._forget_unanswered()
        if self.position is not None:
            self.next = self.position + 1

    @property
    def unanswered_messages(self) -> int:
        return len(self._unanswered)

    @property
    def unanswered_bytes(self) -> int:
        return self._unanswered_bytes

    def first_unanswered(self) -> tuple[int, int] | None:
        """First and last entry of the oldest message without an answer."""
        return (self._unanswered[0].first, self._unanswered[0].last) if self._unanswered else None

    def _moved(self, now: float) -> None:
        self._quiet_since, self._waits_s, self.fruitless = now, 0.0, 0

    def _timer_s(self) -> float:
        return min(self.back_off_max_s, max(TIMER_MIN_S, ROUND_TRIPS * self.round_trip_s))

    def _learn(self, seconds: float) -> None:
        self.round_trip_s = seconds if not self.round_trip_s else 0.8 * self.round_trip_s + 0.2 * seconds

    def _forget_unanswered(self) -> None:
        self._unanswered.clear()
        self._unanswered_bytes = 0
