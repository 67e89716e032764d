"""Group commit: readings of all devices go to disk together, and the publisher is woken when they are durable.

All work on the spool happens on one thread of its own, so that a slow flash card never stops the poll grid. What
waits in memory is bounded: beyond `BUFFER_ENTRIES_MAX` it is thinned exactly like the spool itself.
"""

import asyncio
import sqlite3
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

import structlog

from edge.acquisition.driver import Reading
from edge.contract.datatypes import Quality
from edge.contract.spool_metrics import Gap, GapTag
from edge.delivery.entries import Contact, Entry, GapEntry, Readings, ScalarValue, number
from edge.delivery.live_values import LiveValues
from edge.delivery.spool import Spool
from edge.delivery.spool_opening import open_or_set_aside, set_aside
from edge.delivery.thinning import thin
from edge.errors import SpoolFull

log = structlog.get_logger()
Result = TypeVar("Result")

COMMIT_BYTES = 64 * 1024
BUFFER_ENTRIES_MAX = 20_000
READINGS_PER_ENTRY_MAX = 2_000
"""A poll of more tags becomes several entries, so that each fits a message."""
TEXT_BYTES_MAX = 64 * 1024
TIDY_EVERY_S = 60.0
RETRY_S = 1.0


class SpoolWriter:
    """The sink of the pollers and the door to the spool. `run` must be running for anything to become durable."""

    def __init__(
        self, spool: Spool, tag_ids: dict[tuple[str, str], int], live: LiveValues, *, commit_every_s: float
    ) -> None:
        self.spool = spool
        self.live = live
        self.appended = asyncio.Event()  # Set after each commit; the publisher clears it.
        self.epochs_begun = (
            0  # Moves when the epoch changed under the publisher, which then gives birth again.
        )
        self._tag_ids = tag_ids
        self._commit_every_s = commit_every_s
        self._waiting: list[Entry] = []
        self._waiting_bytes = 0
        self._arrived = asyncio.Event()
        self._ripe = asyncio.Event()
        self._stopping = False
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="edge.spool")

    # -- what pollers call ------------------------------------------------------------------------------------------

    async def entry(self, device: str, readings: Sequence[Reading]) -> None:
        """Take the changed readings of one poll. Durable after the next group commit."""
        for start in range(0, len(readings), READINGS_PER_ENTRY_MAX):
            packed = self._pack(device, readings[start : start + READINGS_PER_ENTRY_MAX])
            self.live.saw(device, packed.rows())
            self._take(packed, 24 * len(packed.tags))

    async def contact(self, device: str, online: bool, time_ms: int) -> None:
        self.live.contact(device, online)
        self._take(Contact(device, online, time_ms), 32)

    async def gap(self, device: str, reason: str, tags: Sequence[str], from_ms: int, to_ms: int) -> None:
        rows = tuple(GapTag(device, tag, from_ms, to_ms) for tag in tags)
        self._take(GapEntry(1, Gap(reason, from_ms, to_ms, rows)), 64 + 64 * len(rows))

    def _pack(self, device: str, readings: Sequence[Reading]) -> Readings:
        base_ms = min(reading.time_ms for reading in readings)
        values: list[ScalarValue] = []
        bad: dict[int, int] = {}
        for index, reading in enumerate(readings):
            value, quality = reading.value, int(reading.quality)
            if isinstance(value, str) and len(value.encode()) > TEXT_BYTES_MAX:
                log.warning("value_too_large", device=device, tag=reading.tag.name, characters=len(value))
                value, quality = None, int(Quality.BAD)
            values.append(value)
            if quality != Quality.GOOD:
                bad[index] = quality
        ids = self._tag_ids
        return Readings(
            device,
            base_ms,
            [ids[device, reading.tag.name] for reading in readings],
            [reading.time_ms - base_ms for reading in readings],
            values,
            bad,
            [index for index, r in enumerate(readings) if r.time_by_edge and not r.tag.role.is_counted],
        )

    def _take(self, entry: Entry, size_bytes: int) -> None:
        self._waiting.append(entry)
        self._waiting_bytes += size_bytes
        if len(self._waiting) > BUFFER_ENTRIES_MAX:
            self._waiting = thin(number(1, self._waiting), self.spool.tags)
        self._arrived.set()
        if self._waiting_bytes >= COMMIT_BYTES:
            self._ripe.set()

    # -- the writing task -------------------------------------------------------------------------------------------

    async def run(self) -> None:
        """Commit what arrived, every `commit_every_s` or as soon as 64 KB wait. Ends after `stop` with all written."""
        tidied = time.monotonic()
        while not (self._stopping and not self._waiting):
            await self._wait_for_entries()
            await self._commit()
            if time.monotonic() - tidied > TIDY_EVERY_S:
                await self.call(self.spool.tidy, time.time_ns() // 1_000_000)
                tidied = time.monotonic()

    def stop(self) -> None:
        self._stopping = True
        self._arrived.set()
        self._ripe.set()

    async def _wait_for_entries(self) -> None:
        try:
            async with asyncio.timeout(TIDY_EVERY_S):
                await self._arrived.wait()
            async with asyncio.timeout(self._commit_every_s):
                await self._ripe.wait()
        except TimeoutError:
            pass  # The usual case: the group is as large as its time allowed.

    async def _commit(self) -> None:
        entries, self._waiting, self._waiting_bytes = self._waiting, [], 0
        if not self._stopping:
            self._arrived.clear()
            self._ripe.clear()
        if not entries:
            return
        try:
            await self.call(self.spool.append, entries)
        except SpoolFull as error:
            log.error("spool_full", reason=str(error), waiting=len(entries))
            self._waiting = [*entries, *self._waiting]
            self._arrived.set()
            await asyncio.sleep(RETRY_S)  # Nothing to wait for but somebody freeing the disk.
            return
        self.appended.set()

    async def call(self, function: Callable[..., Result], *arguments: object) -> Result:
        """Run a method of the spool on its thread. A file found corrupt is set aside, and the call fails with
        SpoolFull's retry for a writer, an empty answer for a reader: see `_begin_again`."""
        loop = asyncio.get_running_loop()
        try:
            return await loop.run_in_executor(self._thread, function, *arguments)
        except sqlite3.DatabaseError as error:
            if isinstance(error, sqlite3.OperationalError):
                raise
            await loop.run_in_executor(self._thread, self._begin_again, str(error))
            retried: Callable[..., Result] = getattr(self.spool, function.__name__)
            return await loop.run_in_executor(self._thread, retried, *arguments)

    def _begin_again(self, reason: str) -> None:
        old = self.spool
        old.close()
        aside = set_aside(old.file.path)
        log.error("spool_corrupt", path=str(old.file.path), set_aside=str(aside), reason=reason)
        spool = open_or_set_aside(old.file.path, old.limits)
        ids = spool.register(list(old.tags.values()))
        spool.append([GapEntry(1, Gap("corrupt", None, time.time_ns() // 1_000_000))])
        self._tag_ids.update(ids)
        self.spool = spool
        self.epochs_begun += 1

    def close(self) -> None:
        """Wait for the thread. The spool itself belongs to whoever opened it."""
        self._thread.shutdown(wait=True)
