"""The spool: a reading is durable here before it is published, and stays until the plant has committed it.

**What it is.** One SQLite file in WAL mode with `synchronous=FULL`, both read back on every connection: once
`append` returns, the entries survive the loss of power. A log of entries numbered from 1 within an *epoch*, a UUIDv7
made with the file. One blob per batch, because commits cost (an fsync each) and records hardly do.

**What it promises.** Numbers have no holes. An entry leaves only in three ways: the plant committed it and `keep_h`
is over; it had to make room, and a gap record took over its number (see `spool_room`); it was set aside, and a gap
record took over its number.

**What it survives.** A kill at any instruction, loss of power, a full disk, a corrupt file (`open_or_set_aside` sets
it aside: new epoch, first entry a gap "unknown since"), a batch that rotted (its checksum tells: a gap record).

**What it is not.** It knows no session, no alias and no broker. It is used by one thread at a time, and by one process
at a time: a lock beside the file keeps a second edge away.
"""

import sqlite3
import time
from collections.abc import Callable
from pathlib import Path
from uuid import UUID

import structlog

from edge.contract.failpoints import failpoint
from edge.contract.spool_metrics import Gap
from edge.delivery.batch_table import BatchTable
from edge.delivery.entries import Entry, GapEntry, Numbered, TagDefinition, join, pack
from edge.delivery.gap_records import gap_of
from edge.delivery.spool_file import SpoolFile, is_corrupt
from edge.delivery.spool_room import SpoolLimits, SpoolRoom
from edge.delivery.tag_table import TagTable
from edge.delivery.uuid7 import uuid7
from edge.errors import SpoolUnavailable

__all__ = ["Spool", "SpoolLimits"]

log = structlog.get_logger()

WRITE_ATTEMPTS = 4
SET_ASIDE_MAX = 100
"""So many entries that the plant never took are kept for a person to look at."""


class Spool:
    """An open spool. A method that writes returns after its commit, or raises and has changed nothing.

    `head`: number of the newest entry. `committed`: what the plant has, as far as it told. `sent`: the highest entry
    that can have left this file, which tells a rolled-back file from a plant that is merely ahead of our memory: its
    head when it was opened, then what was sent since.

    Opening raises what SpoolFile raises. Writing raises SpoolUnavailable while the disk does not take it, and
    sqlite3.DatabaseError for a file that turns out to be damaged. `read_only`: to look at it beside the edge.
    """

    def __init__(self, path: Path, limits: SpoolLimits, *, read_only: bool = False) -> None:
        self.limits = limits
        self.file = SpoolFile(
            path, limits.max_bytes, fills_blocks=limits.storage == "flash", read_only=read_only
        )
        try:
            if self.file.get("epoch") is None and not read_only:
                with self.file.transaction():
                    self.file.put("epoch", str(uuid7()))
            self._tag_table = TagTable(self.file)
            self.tags = self._tag_table.tags
            self._batches = BatchTable(self.file, base=0)
            self._room = SpoolRoom(self.file, self._batches, self.tags, limits)
            self._read_position()
            self._bd_seq = self.file.get_number("bd_seq", -1)
        except BaseException:
            self.file.close()
            raise
        self.head_at_opening = self.head
        self.sent = self.head
        self._position_waits = False  # What the plant has stands only in memory.

    def close(self) -> None:
        try:
            self._keep_position()
        except (SpoolUnavailable, sqlite3.Error) as error:
            log.warning("position_not_kept", committed=self.committed, reason=str(error))
        self.file.close()

    def _read_position(self) -> None:
        self.epoch = str(self.file.get("epoch"))
        self._batches.base = self.file.get_number("base", 0)
        self.head = self.file.get_number("head", 0) - self._batches.base
        self.committed = self.file.get_number("committed", 0)

    def is_sound(self) -> bool:
        """Whether its parts agree. Looks at keys only; a batch has its checksum. Raises sqlite3.DatabaseError."""
        try:
            UUID(self.epoch)
        except ValueError:
            return False
        last = self._batches.last()
        small = [
            self.file.connection.execute(f"PRAGMA integrity_check({name})").fetchone()
            for name in ("meta", "tag")
        ]
        return (
            small == [("ok",)] * 2
            and (last is None or last == self.head)
            and 0 <= self.committed <= self.head
            and self._batches.is_whole()
        )

    @property
    def thinned_runs(self) -> int:
        """How often entries gave way to gap records since this file was opened."""
        return self._room.thinned_runs

    @property
    def is_untouched(self) -> bool:
        """Whether nothing was ever appended to this file, in any epoch."""
        return self.head == 0 and self._batches.base == 0

    # -- tags -----------------------------------------------------------------------------------------------------

    def register(
        self, definitions: list[TagDefinition], *, retire: bool = True
    ) -> dict[tuple[str, str], int]:
        """Give every tag its id in this file; returns (device, name) -> id. A changed definition replaces the old.

        `retire`: a tag that is not among them stays until no entry in the file can name it any more. Not while readings
        wait in memory, which may name it later.
        """
        base = self._batches.base
        has_backlog = self.committed < self.head
        changes = self._tag_table.changes(definitions, has_backlog=has_backlog, retire=retire)
        if changes.is_needed:
            self._durably(lambda: self._tag_table.write(changes, base + self.head, base + self.oldest))
            self._tag_table.reload()
        return self._tag_table.ids(definitions)

    def take_over(self, old: "Spool") -> None:
        """After `old` was found corrupt: the same tags under the same ids (entries in memory name them), the same
        bdSeq (a session goes on)."""

        def write() -> None:
            self.file.put("bd_seq", old._bd_seq)
            self._tag_table.write_with_ids(old.tags)

        self._durably(write)
        self._tag_table.reload()
        self._bd_seq = old._bd_seq

    # -- writing --------------------------------------------------------------------------------------------------

    def append(self, entries: list[Entry]) -> int:
        """Make `entries` durable; returns the new head. Raises SpoolUnavailable when not even a gap record fits, or when they
        are more at once than `append_bytes_max`: giving up old counts would not make room for so many."""
        if not entries:
            return self.head
        if len(entries) > 1 and sum(entry.size_bytes for entry in entries) > self.append_bytes_max:
            raise SpoolUnavailable(f"{self.file.path}: more than {self.append_bytes_max} bytes at once")
        head = self.head + sum(entry.span for entry in entries)

        def insert() -> None:
            self._batches.write(self.head + 1, entries)
            self.file.put("head", self._batches.base + head)
            newest_ms = max(entry.newest_ms for entry in entries)
            if newest_ms > self.newest_ms():
                self.file.put("newest_ms", newest_ms)
            if self._position_waits:
                self.file.put("committed", self.committed)
            failpoint("edge.spool.before_commit")

        self._durably(insert, makes_room=True)
        self._position_waits = False
        self.head = head
        failpoint("edge.spool.after_commit")
        return self.head

    @property
    def append_bytes_max(self) -> int:
        """By the estimate of the entries, which is rather too high."""
        return self.file.bound_bytes // 4

    def commit_up_to(self, committed: int) -> None:
        """Remember what the plant has. It may go down: a restored plant asks again. On flash it is written with the next
        append, or when the spool is tidied or closed: what it saves is only sending again."""
        committed = min(committed, self.head)
        failpoint("edge.cursor.before_store")
        if self.limits.storage != "flash":
            self._durably(lambda: self.file.put("committed", committed))
        self._position_waits = self.limits.storage == "flash"
        self.committed = committed

    def _keep_position(self) -> None:
        if self._position_waits:
            self._durably(lambda: self.file.put("committed", self.committed))
            self._position_waits = False

    def next_bd_seq(self) -> int:
        """The bdSeq of the next CONNECT: 0 first, +1 each, 0..255, kept on disk."""
        self._bd_seq = (self._bd_seq + 1) % 256
        try:
            self._durably(lambda: self.file.put("bd_seq", self._bd_seq))
        except SpoolUnavailable as error:
            # A number used again after a restart may hide one death. Not to connect would keep the disk full.
            log.warning("bd_seq_not_kept", bd_seq=self._bd_seq, reason=str(error))
        return self._bd_seq

    def begin_epoch(self) -> None:
        """Start a new epoch: this file was rolled back or cloned. Entries made since it was opened move into it."""
        base = self._batches.base + self.head_at_opening

        def begin() -> None:
            self.file.put("epoch", str(uuid7()))
            self.file.put("base", base)
            self.file.put("committed", 0)

        self._durably(begin)
        self._position_waits = False
        self._read_position()
        self._room.began_epoch()
        self.head_at_opening = self.sent = 0

    def set_aside(self, first: int, last: int, reason: str) -> None:
        """Take out entries that the plant does not accept; a gap record takes over their numbers."""
        run = self._batches.between(first, last)
        gap = gap_of([item.entry for item in run], self.tags, "set_aside")
        if any(
            isinstance(item.entry, GapEntry) for item in run
        ):  # It was a gap record that the plant did not take.
            gap = Gap("set_aside", gap.from_ms, gap.to_ms)
        body = join([pack(item.entry) for item in run])

        def replace() -> None:
            self.file.connection.execute(
                "INSERT INTO set_aside VALUES (?, ?, ?, ?, ?, ?)",
                (first, last, self.epoch, reason, time.time_ns() // 1_000_000, body),
            )
            self.file.connection.execute(
                "DELETE FROM set_aside WHERE rowid <= (SELECT max(rowid) FROM set_aside) - ?",
                (SET_ASIDE_MAX,),
            )
            self._batches.replace(first, last, [GapEntry(last - first + 1, gap)])

        self._durably(replace)

    def tidy(self, now_ms: int, ran_ms: int | None = None) -> None:
        """Called now and then: forget what is committed and old, thin what is too old, renew the reserve. `now_ms`: UTC;
        `ran_ms`: a clock that nobody sets, else this computer's monotonic one."""
        self._keep_position()
        try:
            self._room.tidy(
                self.committed, now_ms, time.monotonic_ns() // 1_000_000 if ran_ms is None else ran_ms
            )
        except sqlite3.OperationalError as error:
            if is_corrupt(error):
                raise
            raise SpoolUnavailable(self.file.disk.explain(error)) from error

    def _durably(self, change: Callable[[], None], *, makes_room: bool = False) -> None:
        """Run `change` in a transaction; what is full gives way. Raises SpoolUnavailable."""
        for attempt in range(WRITE_ATTEMPTS):
            try:
                if makes_room:
                    self._room.make(self.committed)
                with self.file.transaction():
                    change()
                return
            except sqlite3.OperationalError as error:
                if is_corrupt(error):
                    raise
                if not self.file.is_full(error) or attempt == WRITE_ATTEMPTS - 1:
                    raise SpoolUnavailable(self.file.disk.explain(error)) from error
            try:
                self._room.give_way(self.committed)
            except sqlite3.OperationalError as error:
                if is_corrupt(error):
                    raise
                raise SpoolUnavailable(self.file.disk.explain(error)) from error

    # -- reading --------------------------------------------------------------------------------------------------

    @property
    def oldest(self) -> int:
        """Number of the oldest entry that is still here; head + 1 when there is none."""
        first = self._batches.first()
        return self.head + 1 if first is None else max(1, first)

    def newest_ms(self) -> int:
        """Time of the newest entry ever made, UTC ms; 0 before the first. The edge's clock must not be before it."""
        return self.file.get_number("newest_ms", 0)

    def newest_ms_after(self, after: int) -> int | None:
        """Time of the newest entry of the batch in which `after` + 1 is, UTC ms; None when there is none."""
        rows = self._batches.rows(after, 1) if after < self.head else []
        return rows[0].newest_ms if rows else None

    def read(self, after: int, limit: int = 512, bytes_max: int | None = None) -> list[Numbered]:
        """At most `limit` entries of about `bytes_max`, one at least, with numbers above `after`, the first of them
        after + 1: a gap record that reaches over `after` is cut there, and one gap record stands for what is no longer
        kept."""
        found: list[Numbered] = []
        size = 0
        if after < self.head and self.oldest > after + 1:
            missing = min(self.oldest, self.head + 1) - after - 1
            found.append(Numbered(after + 1, GapEntry(missing, Gap("not_kept", None, None))))
        if len(found) >= limit:
            return found
        for item in self._batches.iterate(after):
            found.append(item)
            size += item.entry.size_bytes if bytes_max is not None else 0
            if len(found) >= limit or (bytes_max is not None and size >= bytes_max):
                break
        return found
