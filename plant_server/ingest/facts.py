"""What a data message tells, as the store wants it: columns, rows, and what could not be read.

Every reading of a message is in exactly one of `tags`/`times_ms`/`values`, `texts`, `outside`, or is named in `faults`,
and then the whole message is kept in quarantine beside what could be stored.
"""

from dataclasses import dataclass, field
from typing import NamedTuple, Protocol
from uuid import UUID

from edge.contract.spool_fill import SpoolFill
from edge.contract.spool_metrics import Gap
from plant_server.ingest.binding import Counted
from plant_server.ingest.message import EdgeKey, Opened
from plant_server.ingest.quarantine import Reason, SampleReason

# Set in the stored quality when the time is the edge's although the device states times: 193 is good as well.
TIME_BY_EDGE = 1


class Fault(NamedTuple):
    reason: Reason
    detail: str


class CounterRow(NamedTuple):
    """A good reading of a counter or meter, in the order in which it was read."""

    tag_id: int
    time_ms: int
    value: int
    counted: Counted


class TextRow(NamedTuple):
    time_ms: int
    tag_id: int
    quality: int
    value: str | None


class OutsideRow(NamedTuple):
    """A reading for sample_quarantine. `time_ms` as sent: up to 2**64."""

    time_ms: int
    tag_id: int
    quality: int
    value: float | None
    text: str | None
    reason: SampleReason


class Contact(NamedTuple):
    device: str
    online: bool
    time_ms: int


class Numbers(NamedTuple):
    epoch: UUID
    first: int
    last: int


@dataclass(frozen=True, slots=True)
class Window:
    """The times that are stored, UTC ms, both included."""

    oldest_ms: int
    newest_ms: int

    @staticmethod
    def around(now_ms: int, retention_days: int) -> "Window":
        return Window(now_ms - retention_days * 86_400_000, now_ms + 3_600_000)

    def holds(self, time_ms: int) -> bool:
        return self.oldest_ms <= time_ms <= self.newest_ms

    def reason(self, time_ms: int) -> SampleReason:
        return SampleReason.TOO_OLD if time_ms < self.oldest_ms else SampleReason.TOO_NEW


class Unread(Protocol):
    """A message whose numbers are known and whose readings are not yet."""

    def read(self) -> None: ...

    def peek_times(self) -> list[int]: ...


@dataclass(slots=True, eq=False)
class Facts:
    """What one N/DDATA message tells. `numbers` None: live only, seen but never stored nor counted.

    `tags`, `times_ms` and `values` are columns of equal length; `qualities` holds those that are not GOOD, by index.
    """

    message: Opened
    numbers: Numbers | None = None
    tags: list[int] = field(default_factory=list)
    times_ms: list[int] = field(default_factory=list)
    values: list[float | None] = field(default_factory=list)
    qualities: dict[int, int] = field(default_factory=dict)
    texts: list[TextRow] = field(default_factory=list)
    outside: list[OutsideRow] = field(default_factory=list)
    counters: list[CounterRow] = field(default_factory=list)
    gap: Gap | None = None
    contact: Contact | None = None
    fill: SpoolFill | None = None
    faults: list[Fault] = field(default_factory=list)
    oldest_ms: int = 0  # Of `times_ms`, when there are any.
    newest_ms: int = 0
    unread: Unread | None = None

    @property
    def edge(self) -> EdgeKey:
        return self.message.edge

    def read(self) -> None:
        """Fill the columns. Never raises for what a sender can get wrong. No effect the second time."""
        reader, self.unread = self.unread, None
        if reader is not None:
            reader.read()

    def known_times_ms(self) -> list[int]:
        """Before it was read: the first and the last time. After it: all that matters for partitions."""
        if self.unread is not None:
            return self.unread.peek_times()
        return [*self.times_ms, *(row.time_ms for row in self.texts)]
