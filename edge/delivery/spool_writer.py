"""Group commit: readings of all devices go to disk together, and the publisher is woken when they are durable.

All work on the spool happens on one thread of its own, so that a slow flash card never stops the poll grid. What
waits in memory is bounded: beyond `BUFFER_BYTES_MAX` it is thinned exactly like the spool itself.
"""

import asyncio
import sqlite3
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Concatenate, ParamSpec, TypeVar

import structlog

from edge.acquisition.driver import Reading
from edge.contract.spool_metrics import Gap, GapTag
from edge.delivery.entries import Contact, Entry, GapEntry, TagDefinition, number
from edge.delivery.gap_records import bounded
from edge.delivery.live_values import LiveValues
from edge.delivery.reading_entries import ReadingPacker
from edge.delivery.spool import Spool
from edge.delivery.spool_file import is_corrupt
from edge.delivery.spool_opening import begin_again
from edge.delivery.thinning import drop_older_half, thin
from edge.errors import SpoolUnavailable
from edge.health_turns import SPOOL_PATIENCE_S, Turn

log = structlog.get_logger()
Result = TypeVar("Result")
Arguments = ParamSpec("Arguments")

COMMIT_BYTES = 64 * 1024
APPEND_BYTES = 256 * 1024
"""So much goes into one append: what waited long must not need more room at once than the spool can make."""
BUFFER_BYTES_MAX = 8 << 20
"""By the size on disk; in memory about five times as much."""
COUNTS_BYTES_MAX = 32 << 20
"""Beyond this, of counts that fall with every reading and devices that come and go, the older half goes too."""
TIDY_EVERY_S = 60.0
RETRY_S = 1.0


class EpochChanged(Exception):
    """The call spoke of numbers of an epoch that is over. The caller looks at the spool anew."""


class SpoolWriter:
    """The sink of the pollers and the door to the spool. `run` must be running for anything to become durable.

    `spool` is replaced when its file turns out to be corrupt; so work on it goes through `call`, which gives the
    function the spool that is there when its turn comes.
    """

    def __init__(
        self, spool: Spool, tag_ids: dict[tuple[str, str], int], live: LiveValues, *, commit_every_s: float
    ) -> None:
        self.spool = spool
        self.live = live
        self.appended = (
            asyncio.Event()
        )  # Set after each commit and each change of epoch; the publisher clears it.
        self._tag_ids = dict(tag_ids)
        self._packer = ReadingPacker(self._tag_ids)
        self._commit_every_s = commit_every_s
        self._waiting: list[Entry] = []
        self._waiting_bytes = 0
        self._thin_at_bytes = BUFFER_BYTES_MAX
        self._awaited: list[
            asyncio.Future[None]
        ] = []  # Of `written`: what was taken before is not committed.
        self._arrived = asyncio.Event()
        self._ripe = asyncio.Event()
        self._stopping = False
        self._failure_said = False
        self.buffer_thinned = 0  # How often what waits here was thinned.
        self.failure = ""  # Why the spool takes nothing at present.
        self.turn = Turn()
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="edge.spool")

    # -- what pollers call ------------------------------------------------------------------------------------------

    @property
    def waiting_bytes(self) -> int:
        """Size of what was read and is not yet in the spool."""
        return self._waiting_bytes

    async def entry(self, device: str, readings: Sequence[Reading]) -> None:
        """Take the changed readings of one poll. Durable after the next group commit."""
        for entry in self._packer.entries(device, readings):
            self.live.saw(device, entry.rows())
            self._take(entry)

    async def contact(self, device: str, online: bool, time_ms: int) -> None:
        self.live.contact(device, online)
        self._take(Contact(device, online, time_ms))

    async def gap(self, device: str, reason: str, tags: Sequence[str], from_ms: int, to_ms: int) -> None:
        rows = bounded([GapTag(device, tag, from_ms, to_ms) for tag in tags])
        self._take(GapEntry(1, Gap(reason, from_ms, to_ms, rows)))

    async def register(self, definitions: Sequence[TagDefinition]) -> None:
        """Know these tags too from now on, or by these definitions. Raises SpoolUnavailable: then nothing has changed."""
        self._tag_ids |= await self.call(Spool.register, list(definitions), retire=False)

    async def written(self) -> None:
        """Until all that was taken before is durable: while the disk is full, for ever. The caller has the deadline."""
        durable: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._awaited.append(durable)
        self._arrived.set()
        await durable

    def _take(self, entry: Entry) -> None:
        self._waiting.append(entry)
        self._waiting_bytes += entry.size_bytes
        if self._waiting_bytes > self._thin_at_bytes:
            self._thin_waiting()
        self._arrived.set()
        if self._waiting_bytes >= COMMIT_BYTES:
            self._ripe.set()

    def _thin_waiting(self) -> None:
        before, tags = self._waiting_bytes, self.spool.tags
        self._waiting = thin(number(1, self._waiting), tags)
        self._waiting_bytes = sum(entry.size_bytes for entry in self._waiting)
        if self._waiting_bytes > COUNTS_BYTES_MAX:
            log.error("buffer_counts_dropped", bytes=self._waiting_bytes)
            self._waiting = drop_older_half(self._waiting, tags)
            self._waiting_bytes = sum(entry.size_bytes for entry in self._waiting)
        self.buffer_thinned += 1
        # What must stay may be more than the bound; thinning it again with each entry would take all our time.
        self._thin_at_bytes = min(max(BUFFER_BYTES_MAX, 2 * self._waiting_bytes), COUNTS_BYTES_MAX)
        log.warning("buffer_thinned", bytes_before=before, bytes=self._waiting_bytes)

    # -- the writing task -------------------------------------------------------------------------------------------

    async def run(self) -> None:
        """Commit what arrived, every `commit_every_s` or as soon as 64 KB wait. Ends after `stop` with all written."""
        tidied = time.monotonic()
        while not (self._stopping and not self._waiting):
            self.turn.within(TIDY_EVERY_S + self._commit_every_s)
            await self._wait_for_entries()
            self.turn.within(SPOOL_PATIENCE_S)
            await self._commit()
            if time.monotonic() - tidied > TIDY_EVERY_S:
                await self._tidy()
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
        """Write what waits, in portions. A portion that does not fit the disk goes back to the front."""
        if not self._stopping:
            self._arrived.clear()
            self._ripe.clear()
        entries, self._waiting, self._waiting_bytes = self._waiting, [], 0
        awaited, self._awaited = self._awaited, []
        self._thin_at_bytes = BUFFER_BYTES_MAX
        while entries:
            portion, entries = _first_portion(entries, min(APPEND_BYTES, self.spool.append_bytes_max))
            try:
                await self.call(Spool.append, portion)
            except SpoolUnavailable as error:
                self._awaited = [*awaited, *self._awaited]
                await self._wait_for_room([*portion, *entries], str(error))
                return
            self._says_that_it_works()
            self.appended.set()
        for durable in awaited:
            if not durable.done():
                durable.set_result(None)

    def _says_that_it_works(self) -> None:
        if self._failure_said:
            log.info("spool_available", waiting=len(self._waiting))
        self._failure_said, self.failure = False, ""

    async def _wait_for_room(self, entries: list[Entry], reason: str) -> None:
        if not self._failure_said:
            log.error("spool_unavailable", reason=reason, waiting=len(entries))
            self._failure_said = True
        self.failure = reason
        self._waiting = [*entries, *self._waiting]
        self._waiting_bytes = sum(entry.size_bytes for entry in self._waiting)
        if self._waiting_bytes > self._thin_at_bytes:
            self._thin_waiting()
        self._arrived.set()
        await asyncio.sleep(RETRY_S)  # Nothing to wait for but somebody freeing the disk.

    async def _tidy(self) -> None:
        try:
            await self.call(Spool.tidy, time.time_ns() // 1_000_000)
        except SpoolUnavailable as error:
            log.warning("spool_not_tidied", reason=str(error))

    # -- the door ---------------------------------------------------------------------------------------------------

    async def call(
        self,
        function: Callable[Concatenate[Spool, Arguments], Result],
        *arguments: Arguments.args,
        **named: Arguments.kwargs,
    ) -> Result:
        """Run `function` with the spool on its thread. A file found corrupt is set aside, and the function runs with
        the new one. Raises SpoolUnavailable when the disk does not take it, or cannot be read."""
        loop, spool = asyncio.get_running_loop(), self.spool
        try:
            return await loop.run_in_executor(
                self._thread, lambda: self._with_spool(lambda spool: function(spool, *arguments, **named))
            )
        finally:
            if spool is not self.spool:
                self.appended.set()  # The publisher must give birth to the new epoch.

    async def call_in(
        self,
        epoch: str,
        function: Callable[Concatenate[Spool, Arguments], Result],
        *arguments: Arguments.args,
        **named: Arguments.kwargs,
    ) -> Result:
        """As `call`, for what speaks of entry numbers. Raises EpochChanged when they are no longer those of `epoch`."""

        def checked(spool: Spool) -> Result:
            if spool.epoch != epoch:
                raise EpochChanged(f"{epoch} is over: {spool.epoch}")
            return function(spool, *arguments, **named)

        return await self.call(checked)

    def _with_spool(self, function: Callable[[Spool], Result]) -> Result:
        try:
            return function(self.spool)
        except sqlite3.ProgrammingError:
            raise
        except sqlite3.Error as error:
            if not is_corrupt(error):
                raise SpoolUnavailable(self.spool.file.disk.explain(error)) from error
            self._begin_again(str(error))
        return function(self.spool)

    def _begin_again(self, reason: str) -> None:
        old = self.spool
        old.close()
        self.spool = begin_again(old.file.path, old.limits, reason, old)

    def close(self) -> None:
        """Wait for the thread. The spool itself belongs to whoever opened it."""
        self._thread.shutdown(wait=True)


def _first_portion(entries: list[Entry], bytes_max: int) -> tuple[list[Entry], list[Entry]]:
    """At most `bytes_max`, or a single entry; and the rest."""
    size = 0
    for count, entry in enumerate(entries):
        size += entry.size_bytes
        if count and size > bytes_max:
            return entries[:count], entries[count:]
    return entries, []
