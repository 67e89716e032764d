"""What goes into the next message: consecutive entries of one device, cut so that each message fits.

Historical and live entries never share a message. Historical is what is sent more than 5 s after its time, and what
is older than a value of the same tag that this session has told already: in a birth, to screens while a backlog
drains, or in a message that is sent again. So live values never go back in time.

Entries that a window went back to twice travel alone, so that a poison entry betrays itself; see PoisonWatch.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import structlog

from edge.delivery.entries import Numbered, Readings
from edge.delivery.poison_watch import PoisonWatch
from edge.delivery.spool import Spool
from edge.delivery.spool_writer import SpoolWriter

log = structlog.get_logger()

HISTORICAL_AFTER_MS = 5_000
ENTRIES_BYTES_MAX = 200 * 1024  # By estimate; the contract allows 256 KiB.
READ_ENTRIES = 256
READ_BYTES = 512 * 1024
"""Read ahead: enough for some messages, little beside the memory of an edge."""


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
    """The spool as one session sees it, in one epoch. `shown_ms`: per tag, the newest time this session told.

    Methods that touch the spool raise EpochChanged and SpoolUnavailable.
    """

    def __init__(
        self, writer: SpoolWriter, epoch: str, shown_ms: Mapping[int, int], *, poison_after_s: float
    ) -> None:
        self._writer = writer
        self._epoch = epoch
        self._shown_ms = shown_ms
        self._ahead: list[Numbered] = []
        self._poison = PoisonWatch(over_s=poison_after_s)
        self._suspect = 0  # First entry of what was sent again.
        self._alone_to = 0

    def begin(self, epoch: str) -> None:
        self._epoch = epoch
        self._suspect = self._alone_to = 0
        self.forget()

    def forget(self) -> None:
        """Read anew from the spool: the position moved, or what lies there did."""
        self._ahead = []

    def plant_answered(self) -> None:
        self._poison.answered()

    async def went_back(
        self, first: int, unanswered: tuple[int, int] | None, fruitless: int, now: float
    ) -> None:
        """The window went back to `first`. An entry that nothing helps is taken out."""
        self.forget()
        self._suspect = first
        if fruitless > 1 and unanswered is not None:
            self._alone_to = unanswered[1]
        if unanswered is not None and unanswered[0] == first and self._poison.is_poison(first, now):
            last = unanswered[1]
            log.error("entry_set_aside", first=first, last=last, epoch=self._epoch)
            await self._writer.call_in(self._epoch, Spool.set_aside, first, last, "never committed")

    async def next_message(self, number: int, now: float, now_ms: int) -> Batch | None:
        """The entries from `number` on that go into one message; None when there are none."""
        if not self._ahead or self._ahead[0].first != number:
            if number > self._writer.spool.head:
                return None
            self._ahead = await self._writer.call_in(
                self._epoch, Spool.read, number - 1, READ_ENTRIES, READ_BYTES
            )
        batch = self._cut(number, now_ms)
        if batch.first == self._suspect:
            self._poison.sent(batch.first, now)
        return batch

    def _cut(self, number: int, now_ms: int) -> Batch:
        head = self._ahead[0]
        if not isinstance(head.entry, Readings):
            del self._ahead[0]
            return Batch(None, [head], historical=False)
        device, count, size = head.entry.device, 0, 0
        historical = self._is_historical(head.entry, now_ms)
        for item in self._ahead:
            entry = item.entry
            if not isinstance(entry, Readings) or entry.device != device:
                break
            size += entry.size_bytes
            if count and (
                size > ENTRIES_BYTES_MAX
                or item.first <= self._alone_to
                or self._is_historical(entry, now_ms) != historical
            ):
                break
            count += 1
            if item.first <= self._alone_to:
                break
        entries, self._ahead = self._ahead[:count], self._ahead[count:]
        return Batch(device, entries, historical)

    def _is_historical(self, entry: Readings, now_ms: int) -> bool:
        if now_ms - entry.newest_ms > HISTORICAL_AFTER_MS:
            return True
        base_ms, shown_ms = entry.base_ms, self._shown_ms
        return any(
            base_ms + offset_ms < shown_ms.get(tag, 0)
            for tag, offset_ms in zip(entry.tags, entry.offsets_ms, strict=True)
        )
