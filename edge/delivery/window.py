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
    """`position`: what the plant has committed, by its own word in this session; None until it spoke."""

    back_off_max_s: float = 30.0
    messages_max: int = MESSAGES_MAX
    bytes_max: int = BYTES_MAX
    position: int | None = None
    next: int = 1
    round_trip_s: float = 0.0
    times_gone_back: int = 0
    _unanswered: deque[_Sent] = field(default_factory=deque)
    _unanswered_bytes: int = 0
    _quiet_since: float = 0.0
    _waits_s: float = 0.0

    def born(self, now: float) -> None:
        """A birth was sent: nothing may follow until the plant says where it stands."""
        self.position = None
        self._forget_unanswered()
        self._quiet_since, self._waits_s = now, 0.0

    def may_send(self) -> bool:
        return (
            self.position is not None
            and len(self._unanswered) < self.messages_max
            and self._unanswered_bytes < self.bytes_max
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
            self.position, self.next = number, number + 1
            self._quiet_since, self._waits_s = now, 0.0
            return
        if number <= self.position:
            return  # Repeated or overtaken. It proves the plant alive, not that anything moved.
        self.position = number
        self._quiet_since, self._waits_s = now, 0.0
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
        self.times_gone_back += 1
        self._forget_unanswered()
        if self.position is not None:
            self.next = self.position + 1

    @property
    def unanswered_messages(self) -> int:
        return len(self._unanswered)

    def _timer_s(self) -> float:
        return min(self.back_off_max_s, max(TIMER_MIN_S, ROUND_TRIPS * self.round_trip_s))

    def _learn(self, seconds: float) -> None:
        self.round_trip_s = seconds if not self.round_trip_s else 0.8 * self.round_trip_s + 0.2 * seconds

    def _forget_unanswered(self) -> None:
        self._unanswered.clear()
        self._unanswered_bytes = 0


@dataclass(slots=True)
class PoisonWatch:
    """Finds the entry the plant can neither store nor refuse: sent `times` times over `over_s` seconds while the plant
    goes on answering. One such entry must not hold up all that follow."""

    times: int = 5
    over_s: float = 60.0
    _number: int = 0
    _first_sent_at: float = 0.0
    _sent: int = 0
    _answers: int = 0

    def sent(self, number: int, now: float) -> None:
        """The entry next in line was sent (again)."""
        if number != self._number:
            self._number, self._first_sent_at, self._sent, self._answers = number, now, 0, 0
        self._sent += 1

    def answered(self) -> None:
        """The plant said Committed, whatever number."""
        self._answers += 1

    def is_poison(self, number: int, now: float) -> bool:
        return (
            number == self._number
            and self._sent >= self.times
            and self._answers >= self.times - 1
            and now - self._first_sent_at >= self.over_s
        )
