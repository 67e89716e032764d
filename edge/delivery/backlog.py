"""What goes into the next message: consecutive entries of one device, cut so that each message fits.

Entries older than 5 s are historical; historical and live entries never share a message. What the plant asks for but
the spool no longer keeps is one gap record. An entry that was sent before travels alone, so that a poison entry
betrays itself; see PoisonWatch.
"""

from dataclasses import dataclass

import structlog

from edge.contract.spool_metrics import Gap
from edge.delivery.entries import GapEntry, Numbered, Readings
from edge.delivery.spool_writer import SpoolWriter
from edge.delivery.window import PoisonWatch

log = structlog.get_logger()

HISTORICAL_AFTER_MS = 5_000
MESSAGE_BYTES_MAX = 200 * 1024  # By estimate; the contract allows 256 KiB.
READ_ENTRIES = 256


@dataclass(frozen=True, slots=True)
class Batch:
    """`device` is None for a gap record or a change of contact, which travel alone as NDATA."""

    device: str | None
    entries: list[Numbered]
    historical: bool

    @property
    def first(self) -> int:
        return self.entries[0].first

    @property
    def last(self) -> int:
        return self.entries[-1].last


class Backlog:
    def __init__(self, writer: SpoolWriter, *, poison_after_s: float) -> None:
        self._writer = writer
        self._ahead: list[Numbered] = []
        self._poison = PoisonWatch(over_s=poison_after_s)
        self._suspect = 0  # First entry of the last message that was sent again.
        self.draining = False  # Whether the last readings taken were historical.

    def forget(self) -> None:
        """Read anew from the spool: the position moved, or what lies there did."""
        self._ahead = []

    def plant_answered(self) -> None:
        self._poison.answered()

    async def set_aside_poison(self, number: int, now: float) -> None:
        """Called when the window went back to `number`. Takes the entry out if nothing else helps."""
        self._suspect = number
        if self._poison.is_poison(number, now):
            log.error("entry_set_aside", entry=number, epoch=self._writer.spool.epoch)
            await self._writer.call(self._writer.spool.set_aside, number, number, "never committed")

    async def next_message(self, number: int, now: float, now_ms: int) -> Batch | None:
        """The entries from `number` on that go into one message; None when there are none."""
        spool = self._writer.spool
        if number > spool.head:
            self.draining = False
            return None
        if not self._ahead or self._ahead[0].first != number:
            self._ahead = await self._writer.call(spool.read, number - 1, READ_ENTRIES)
        batch = self._cut(number, now_ms)
        if batch.device is not None:
            self.draining = batch.historical
        if batch.first == self._suspect:
            self._poison.sent(batch.first, now)
        return batch

    def _cut(self, number: int, now_ms: int) -> Batch:
        spool = self._writer.spool
        if not self._ahead or self._ahead[0].first != number:
            last = self._ahead[0].first - 1 if self._ahead else spool.head
            gap = GapEntry(last - number + 1, Gap("not_kept", None, None))
            return Batch(None, [Numbered(number, gap)], historical=True)
        head = self._ahead[0]
        if not isinstance(head.entry, Readings):
            del self._ahead[0]
            return Batch(None, [head], historical=False)
        historical = now_ms - head.entry.newest_ms > HISTORICAL_AFTER_MS
        count, size = 0, 0
        for item in self._ahead:
            entry = item.entry
            if not isinstance(entry, Readings) or entry.device != head.entry.device:
                break
            if historical != (now_ms - entry.newest_ms > HISTORICAL_AFTER_MS):
                break
            size += _wire_bytes(entry)
            if count and (size > MESSAGE_BYTES_MAX or number == self._suspect):
                break
            count += 1
        entries, self._ahead = self._ahead[:count], self._ahead[count:]
        return Batch(head.entry.device, entries, historical)


def _wire_bytes(entry: Readings) -> int:
    """About what the readings take on the wire: 24 bytes each, and their texts."""
    return 24 * len(entry.tags) + sum(len(value) for value in entry.values if isinstance(value, str))
