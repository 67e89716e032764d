"""The host's side of one edge's Sparkplug session: what may be read, what must wait, when to ask for a rebirth.

Pure. A session opens with NBIRTH and counts `seq` over everything the edge sends. A message out of order waits for
the missing one (`tck-id-operational-behavior-host-reordering-*`); when that does not come in time, what waited is
dropped, and nothing is read until the edge was born again: an alias means what the last birth says, and a birth may
be what is missing. Dropping costs nothing, since the edge sends again what was not committed.

Rebirths are asked for at most once in REBIRTH_EVERY_S per edge.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

from edge.contract.payloads import Metric
from edge.contract.spool_metrics import BD_SEQ, EPOCH
from edge.contract.topics import MessageType
from plant_server.ingest.message import Opened

REBIRTH_EVERY_S = 5.0
HELD_MAX = 256
HELD_MAX_BYTES = 8 << 20


@dataclass(slots=True, eq=False, weakref_slot=True)
class Born:
    """A node or a device as its last birth declared it. `device` is "" for the node. Hashed by identity."""

    device: str
    metrics: Sequence[Metric]


@dataclass(frozen=True, slots=True)
class InOrder:
    """A message that may be read now, with the birth that says what its aliases mean (births: their own)."""

    message: Opened
    born: Born | None


@dataclass(slots=True)
class HostSession:
    """State of one edge. Times are seconds of one monotonic clock."""

    reorder_timeout_s: float
    bd_seq: int | None = None
    epoch: str | None = None  # Spool/Epoch of the last NBIRTH; None: not a Lineside edge.
    is_open: bool = False
    devices: dict[str, Born] = field(default_factory=dict)
    dropped: int = 0  # Messages that were not read; the edge sends their entries again.
    _expected: int = 0
    _held: dict[int, Opened] = field(default_factory=dict)
    _held_bytes: int = 0
    _waiting_since_s: float = 0.0
    _needs_rebirth: bool = False
    _asked_s: float | None = None

    def take(self, message: Opened, now_s: float) -> list[InOrder]:
        """What may be read because of this message, in order."""
        if message.type is MessageType.NDEATH:
            return self._death(message)
        if message.type is MessageType.NBIRTH:
            return self._node_birth(message)
        if not self.is_open:
            self._drop(message)
            return []
        if message.seq != self._expected:
            self._hold(message, now_s)
            return []
        ready = self._read(message)
        while self._held and self.is_open:
            following = self._held.pop(self._expected, None)
            if following is None:
                self._waiting_since_s = now_s  # The next missing one has its own time.
                break
            self._held_bytes -= following.raw.size
            ready += self._read(following)
        return ready

    def rebirth_due(self, now_s: float) -> bool:
        """True when an NCMD Rebirth is to be sent now. Call it often: the reorder timer runs here."""
        if self._held and now_s - self._waiting_since_s >= self.reorder_timeout_s:
            self._lose_track()
        if not self._needs_rebirth:
            return False
        if self._asked_s is not None and now_s - self._asked_s < REBIRTH_EVERY_S:
            return False
        self._needs_rebirth = False
        self._asked_s = now_s
        return True

    def _node_birth(self, message: Opened) -> list[InOrder]:
        values = {metric.name: metric.value for metric in message.metrics}
        bd_seq, epoch = values.get(BD_SEQ), values.get(EPOCH)
        self.bd_seq = bd_seq if isinstance(bd_seq, int) else None
        self.epoch = epoch if isinstance(epoch, str) else None
        self.is_open = True
        self._needs_rebirth = False
        self._expected = ((message.seq or 0) + 1) % 256
        self._forget_held()
        born = Born("", message.metrics)
        self.devices = {"": born}
        return [InOrder(message, born)]

    def _death(self, message: Opened) -> list[InOrder]:
        """An old will may come late, after the new session's birth; only the present bdSeq counts."""
        bd_seq = next((metric.value for metric in message.metrics if metric.name == BD_SEQ), None)
        if self.is_open and self.bd_seq is not None and bd_seq != self.bd_seq:
            return []
        self._close()
        return [InOrder(message, None)]

    def _read(self, message: Opened) -> list[InOrder]:
        self._expected = (self._expected + 1) % 256
        if message.type is MessageType.DBIRTH:
            born = self.devices[message.device] = Born(message.device, message.metrics)
            return [InOrder(message, born)]
        if message.type is MessageType.DDEATH:
            self.devices.pop(message.device, None)
            return [InOrder(message, None)]
        known = self.devices.get(message.device)
        if known is None:
            self._drop(message)
            return []
        return [InOrder(message, known)]

    def _hold(self, message: Opened, now_s: float) -> None:
        if not self._held:
            self._waiting_since_s = now_s
        seq = message.seq or 0
        if seq in self._held:
            self._held_bytes -= self._held[seq].raw.size
        self._held[seq] = message
        self._held_bytes += message.raw.size
        if len(self._held) >= HELD_MAX or self._held_bytes > HELD_MAX_BYTES:
            self._lose_track()

    def _drop(self, message: Opened) -> None:
        self.dropped += 1
        self._needs_rebirth = True

    def _lose_track(self) -> None:
        self.dropped += len(self._held)
        self._close()
        self._needs_rebirth = True

    def _close(self) -> None:
        self.is_open = False
        self.devices = {}
        self._forget_held()

    def _forget_held(self) -> None:
        self._held.clear()
        self._held_bytes = 0
