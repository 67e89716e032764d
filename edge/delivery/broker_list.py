"""The brokers of an edge: which is next, when, and when a working one must be left. Pure; it connects to nothing.

The list has no first choice. An edge stays where it is until the connection ends, the primary host is not (or no
longer) connected to that broker, or the plant does not answer there; then it goes on to the next. Wherever the host
comes back, it says so by STATE, and an edge that walks by finds it. Never is it connected to two of them.
(Sparkplug 3.0, chapter 5, "Primary Host Application STATE in Multiple MQTT Server Topologies".)
"""

from dataclasses import dataclass, field

from edge.delivery.primary_host import PrimaryHost
from edge.errors import BrokerTrouble

HOST_PATIENCE_S = 5.0
"""A retained STATE comes with the subscription. Who hears none until then is at a broker the host never knew."""
PLANT_PATIENCE_S = 60.0
"""A broker that was restored from a backup may say "online" of a host that is elsewhere. So long nothing is stored."""
WALKED_ON = (BrokerTrouble.HOST_OFFLINE, BrokerTrouble.HOST_ABSENT, BrokerTrouble.PLANT_SILENT)


@dataclass(slots=True)
class KnownBroker:
    """One of the list, and what became of it last. Times are UTC ms."""

    url: str
    connected_ms: int | None = None  # Since when; None: we are not connected.
    host: PrimaryHost = field(
        default_factory=PrimaryHost
    )  # As heard there in the present or last connection.
    trouble: BrokerTrouble | None = None
    reason: str = ""
    trouble_ms: int | None = None


class BrokerList:
    """`current` is the one to be used or tried now."""

    def __init__(self, urls: tuple[str, ...], first_s: float, max_s: float) -> None:
        """`first_s`, `max_s`: the shortest and the longest wait before the next attempt."""
        self.known = [KnownBroker(url) for url in urls]
        self._turn = 0
        self._failures = 0  # In a row.
        self._said: dict[str, BrokerTrouble] = {}  # By URL, since the edge was last born anywhere.
        self._first_s = first_s
        self._max_s = max_s

    @property
    def current(self) -> KnownBroker:
        return self.known[self._turn]

    @property
    def has_others(self) -> bool:
        return len(self.known) > 1

    def connected(self, now_ms: int) -> bool:
        """Returns whether that is news: an edge that looks for its host passes the same brokers again and again."""
        broker = self.current
        broker.connected_ms, broker.host = now_ms, PrimaryHost()
        return self._said.get(broker.url) not in WALKED_ON

    def worked(self) -> None:
        """The edge was born there."""
        self._failures = 0
        self._said.clear()

    def ended(self, trouble: BrokerTrouble | None, reason: str, now_ms: int) -> bool:
        """The attempt or the connection is over (`trouble` None: because we end); the next has its turn. Returns
        whether that is news: the same trouble at the same broker is said once."""
        broker = self.current
        broker.connected_ms = None
        self._turn = (self._turn + 1) % len(self.known)
        if trouble is None:
            return True
        if trouble is not BrokerTrouble.LOST:
            self._failures += 1
        is_news = self._said.get(broker.url) is not trouble
        self._said[broker.url] = trouble
        broker.trouble, broker.reason, broker.trouble_ms = trouble, reason, now_ms
        return is_news

    def wait_s(self) -> float:
        """Before the present turn. Within one round over the list short, so that a living broker is soon found; from
        round to round longer."""
        rounds, beyond = divmod(self._failures, len(self.known))
        doublings = 0 if beyond else min(max(0, rounds - 1), 16)
        return min(self._max_s, self._first_s * 2.0**doublings)


@dataclass(slots=True)
class Stay:
    """Whether to stay with a broker that works as such. Times are seconds of one clock. An edge with a single broker
    waits there, because there is nowhere to go."""

    has_others: bool
    host_due_at: float | None
    """Until when the host must have said "online"; None: for ever, or it has."""
    silent_since: float | None = None

    @classmethod
    def begin(cls, now: float, *, has_others: bool, awaits_host: bool) -> "Stay":
        return cls(has_others, now + HOST_PATIENCE_S if has_others and awaits_host else None)

    def host_came(self) -> None:
        self.host_due_at = None

    def host_is_dated_back(self, now: float) -> None:
        """It said "online", older than what it said before: its clock was set back. A new connection begins anew."""
        if self.host_due_at is None:
            self.host_due_at = now + HOST_PATIENCE_S

    def answered(self) -> None:
        self.silent_since = None

    def unanswered(self, now: float) -> None:
        """Something was sent and the time for an answer is over."""
        if self.silent_since is None:
            self.silent_since = now

    def why_leave(self, now: float) -> BrokerTrouble | None:
        if self.host_due_at is not None and now >= self.host_due_at:
            return BrokerTrouble.HOST_ABSENT
        if self.has_others and self.silent_since is not None and now - self.silent_since >= PLANT_PATIENCE_S:
            return BrokerTrouble.PLANT_SILENT
        return None
