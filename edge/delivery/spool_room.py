"""Making room in the spool, a little at a time: what the plant has goes first, then raw samples, then nothing is left
but counts.

No step reads more than a *run* of about 1 MiB, so that neither memory nor the next commit suffers. A hand goes over
the log from the oldest run to the newest and begins again: the first time round a run loses its raw samples, later
rounds merge what is left of many runs into one (see `thinning`). Only when a whole round freed nothing, all of the
oldest run goes, counts too, and a gap record names every tag of it.
"""

import sqlite3
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import structlog

from edge.delivery.batch_table import BatchRow, BatchTable
from edge.delivery.entries import Entry, GapEntry, TagDefinition, pack
from edge.delivery.gap_records import gap_of
from edge.delivery.spool_ages import ONE_HOUR_MS, AgeBound
from edge.delivery.spool_file import PAGE_BYTES, SpoolFile
from edge.delivery.thinning import thin

log = structlog.get_logger()

RUN_BYTES = 1 << 20
RUN_BYTES_DISK_FULL = 1 << 18
"""What is left of a run must fit the reserve."""
ROUNDS = 8
"""Runs that one append or one tidy looks at."""
OLDEST = -(1 << 62)
TOO_OLD_BEFORE, FORGOTTEN_BEFORE = "too_old_before_ms", "forgotten_before_ms"


@dataclass(frozen=True, slots=True)
class SpoolLimits:
    """`keep_h`: how long committed entries stay, so that a restored plant can be fed again. `storage`: flash wears out by
    writing, and loses whole blocks when the power goes."""

    max_bytes: int = 2 << 30
    max_age_h: float = 168
    keep_h: float = 72
    storage: Literal["disk", "flash"] = "disk"


class SpoolRoom:
    """Each step is a transaction of its own. Raises sqlite3.OperationalError as SQLite does."""

    def __init__(
        self, file: SpoolFile, batches: BatchTable, tags: Mapping[int, TagDefinition], limits: SpoolLimits
    ) -> None:
        self._file = file
        self._batches = batches
        self._tags = tags
        self._limits = limits
        self._hand = 0  # The last number that was looked at.
        self._aged_to = 0
        self._fruitless_bytes = 0  # Looked at since something was last freed.
        self.thinned_runs = 0  # Since this file was opened.
        self._ages = {
            TOO_OLD_BEFORE: AgeBound(limits.max_age_h, file.get_number(TOO_OLD_BEFORE, 0)),
            FORGOTTEN_BEFORE: AgeBound(limits.keep_h, file.get_number(FORGOTTEN_BEFORE, 0)),
        }
        self._ages_kept_ms = {name: bound.before_ms for name, bound in self._ages.items()}

    def began_epoch(self) -> None:
        self._hand = self._aged_to = 0

    def tidy(self, committed: int, now_ms: int, ran_ms: int) -> None:
        """Forget what is committed and old or more than half the bound, thin what is too old, renew the reserve. `now_ms`:
        UTC; `ran_ms`: a clock that nobody sets."""
        self._forget_old(committed, self._move(FORGOTTEN_BEFORE, OLDEST, now_ms, ran_ms))
        while self._file.used_bytes() > self._limits.max_bytes // 2 and self._drop_committed(committed):
            pass
        older_than_ms = self._move(TOO_OLD_BEFORE, committed, now_ms, ran_ms)
        for _ in range(ROUNDS):
            if not self._thin_aged(committed, older_than_ms):
                break
        self._keep_ages()
        self._file.lift_cap()
        if self._file.shrink():
            log.info("spool_shrunk", path=str(self._file.path), bytes=self._file.used_bytes())
        if self._file.used_bytes() < self._limits.max_bytes * 0.8:
            self._file.disk.make_reserve()

    def _move(self, name: str, after: int, now_ms: int, ran_ms: int) -> int:
        oldest = self._batches.rows(after, 1)
        oldest_ms = oldest[0].newest_ms if oldest else None
        return self._ages[name].move(now_ms=now_ms, ran_ms=ran_ms, oldest_ms=oldest_ms)

    def _keep_ages(self) -> None:
        """Once in an hour: so much less is too old after a restart."""
        moved = {
            name: bound.before_ms
            for name, bound in self._ages.items()
            if abs(bound.before_ms - self._ages_kept_ms[name]) >= ONE_HOUR_MS
        }
        if moved:
            with self._file.transaction():
                for name, before_ms in moved.items():
                    self._file.put(name, before_ms)
            self._ages_kept_ms |= moved

    def make(self, committed: int) -> None:
        """Before an append: stay below the bound."""
        for _ in range(ROUNDS):
            if self._file.used_bytes() <= self._file.bound_bytes * 0.9:
                return
            self._free_some(committed, RUN_BYTES)

    def give_way(self, committed: int) -> None:
        """The disk or the bound is full: give up the reserve, then what the plant has, then thin."""
        disk_full = self._file.is_capped or self._file.used_bytes() < self._file.bound_bytes * 0.95
        try:
            if disk_full:
                self._file.disk.give_up_reserve()
                self._file.empty_log()
                if not self._file.is_capped:
                    log.warning("spool_disk_full", path=str(self._file.path), committed=committed)
                    self._file.cap()
            self._free_some(committed, RUN_BYTES_DISK_FULL if disk_full else RUN_BYTES)
            self._file.empty_log()
        except sqlite3.OperationalError as error:
            if not self._file.is_full(error):
                raise

    def _free_some(self, committed: int, run_bytes: int) -> None:
        if not self._drop_committed(committed):
            self._thin_next(committed, min(run_bytes, self._file.bound_bytes // 8))

    # -- what the plant has -----------------------------------------------------------------------------------------

    def _forget_old(self, committed: int, keep_from_ms: int) -> None:
        while True:
            rows = self._batches.rows(OLDEST, 256)
            old = []
            for row in rows:
                if row.last > committed or (row.last > 0 and row.newest_ms >= keep_from_ms):
                    break
                old.append(row)
            if not old:
                return
            with self._file.transaction():
                self._file.put("committed", committed)
                self._batches.delete(old)

    def _drop_committed(self, committed: int) -> bool:
        """Delete the oldest of what the plant has, about a run. False when there was nothing."""
        rows = [row for row in self._batches.rows(OLDEST, 256) if row.last <= committed]
        if not rows:
            return False
        with self._file.transaction():
            self._file.put("committed", committed)  # On flash it may be newer than what stands there.
            self._batches.delete(_first_run(rows, min(RUN_BYTES, self._file.bound_bytes // 8)))
        return True

    # -- what it has not --------------------------------------------------------------------------------------------

    def _thin_next(self, committed: int, run_bytes: int) -> None:
        rows = self._run_after(max(self._hand, committed), run_bytes)
        if sum(row.size_bytes for row in rows) < run_bytes:  # The end: what is newest is left alone.
            rows = self._run_after(committed, run_bytes)
        if not rows:
            return
        size = sum(row.size_bytes for row in rows)
        first, last = max(rows[0].first, committed + 1), rows[-1].last
        self._hand = last
        run = self._batches.between(first, last)
        thinned = thin(run, self._tags)
        if sum(len(pack(entry)) for entry in thinned) <= size * 0.75:
            self._replace(first, last, thinned, "dropped")
            self._fruitless_bytes = 0
            return
        self._fruitless_bytes += max(size, PAGE_BYTES)
        if self._fruitless_bytes > self._file.used_bytes():
            self._drop_run(committed, run_bytes)

    def _drop_run(self, committed: int, run_bytes: int) -> None:
        """The last resort: nothing is left but what should stay. The oldest goes; a gap record merges with the next."""
        rows = self._run_after(committed, run_bytes)
        first, last = max(rows[0].first, committed + 1), rows[-1].last
        entries = [item.entry for item in self._batches.between(first, last)]
        self._fruitless_bytes = 0
        if all(isinstance(entry, GapEntry) for entry in entries):
            return
        log.error("spool_counts_dropped", first=first, last=last)
        gap = gap_of(entries, self._tags, "dropped")
        self._replace(first, last, [GapEntry(last - first + 1, gap)], "dropped")

    def _thin_aged(self, committed: int, older_than_ms: int) -> bool:
        """Thin a run that is older than the bound. Short ones wait for more, an hour at most."""
        after = max(self._aged_to, committed)
        rows = []
        for row in self._run_after(after, RUN_BYTES):
            if row.newest_ms >= older_than_ms:
                break
            rows.append(row)
        if not rows:
            return False
        short = sum(row.size_bytes for row in rows) < RUN_BYTES
        if short and rows[0].newest_ms >= older_than_ms - ONE_HOUR_MS:
            return False
        first, last = max(rows[0].first, committed + 1), rows[-1].last
        self._aged_to = last
        run = self._batches.between(first, last)
        thinned = thin(run, self._tags, "too_old")
        if thinned != [item.entry for item in run]:
            self._replace(first, last, thinned, "too_old")
        return True

    def _run_after(self, after: int, run_bytes: int) -> list[BatchRow]:
        return _first_run(self._batches.rows(after, 4096), run_bytes)

    def _replace(self, first: int, last: int, entries: Sequence[Entry], reason: str) -> None:
        with self._file.transaction():
            self._batches.replace(first, last, entries)
        self.thinned_runs += 1
        log.warning("spool_thinned", first=first, last=last, entries=len(entries), reason=reason)


def _first_run(rows: Sequence[BatchRow], run_bytes: int) -> list[BatchRow]:
    """The first of `rows`, until they have `run_bytes`; one at least."""
    run: list[BatchRow] = []
    size = 0
    for row in rows:
        run.append(row)
        size += row.size_bytes
        if size >= run_bytes:
            break
    return run
