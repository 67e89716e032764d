"""The spool: a reading is durable here before it is published, and stays until the plant has committed it.

**What it is.** One SQLite file in WAL mode with `synchronous=FULL`, both read back on every connection: once
`append` returns, the entries survive the loss of power. A log of entries numbered from 1 within an *epoch*, a UUIDv7
made with the file. One blob per batch, because commits cost (an fsync each) and records hardly do.

**What it promises.** Numbers have no holes. An entry leaves only in three ways: the plant committed it and `keep_h`
is over; it had to make room, and a gap record took over its number (see `thinning`); it was set aside, and a gap
record took over its number.

**What it survives.** A kill at any instruction, loss of power, a full disk, a corrupt file (`open_spool` sets it
aside: new epoch, first entry a gap "unknown since"), a batch that rotted (its checksum tells: a gap record).

**What it is not.** It knows no session, no alias and no broker. It is used by one thread at a time.
"""

import sqlite3
import time
import zlib
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import msgspec
import structlog

from edge.contract.datatypes import DataType
from edge.contract.failpoints import failpoint
from edge.contract.spool_metrics import Gap
from edge.delivery.entries import Entry, GapEntry, Numbered, TagDefinition, number, pack, unpack
from edge.delivery.spool_file import SpoolFile, is_full
from edge.delivery.thinning import thin
from edge.delivery.uuid7 import uuid7
from edge.errors import SpoolFull

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class SpoolLimits:
    """`keep_h`: how long committed entries stay, so that a restored plant can be fed again."""

    max_bytes: int = 2 << 30
    max_age_h: float = 168
    keep_h: float = 72


class Spool:
    """An open spool. A method that writes returns after its commit, or raises and has changed nothing.

    `head`: number of the newest entry. `committed`: what the plant has, as far as it told. `sent`: the highest entry
    that can have left this file, which tells a rolled-back file from a plant that is merely ahead of our memory.
    """

    def __init__(self, path: Path, limits: SpoolLimits) -> None:
        self.limits = limits
        self.file = SpoolFile(path, limits.max_bytes)
        if self.file.get("epoch") is None:
            with self.file.transaction():
                self.file.put("epoch", str(uuid7()))
        self.tags: dict[int, TagDefinition] = dict(self._load_tags())
        self._read_position()
        self.head_at_opening = self.head
        self.sent = self.head

    def close(self) -> None:
        self.file.close()

    def _read_position(self) -> None:
        self.epoch = str(self.file.get("epoch"))
        self.head = self.file.get_number("head", 0)
        self.committed = self.file.get_number("committed", 0)

    def register(self, definitions: list[TagDefinition]) -> dict[tuple[str, str], int]:
        """Give every tag its id in this file; returns (device, name) -> id. A changed definition replaces the old."""
        with self.file.transaction() as connection:
            for definition in definitions:
                body = msgspec.msgpack.encode([int(definition.datatype), dict(definition.properties)])
                (tag_id,) = connection.execute(
                    "INSERT INTO tag (device, name, definition) VALUES (?, ?, ?)"
                    " ON CONFLICT (device, name) DO UPDATE SET definition = excluded.definition RETURNING tag_id",
                    (definition.device, definition.name, body),
                ).fetchone()
                self.tags[tag_id] = definition
        return {(tag.device, tag.name): tag_id for tag_id, tag in self.tags.items()}

    def _load_tags(self) -> Iterator[tuple[int, TagDefinition]]:
        for tag_id, device, name, body in self.file.connection.execute("SELECT * FROM tag"):
            datatype, properties = msgspec.msgpack.decode(body)
            yield tag_id, TagDefinition(device, name, DataType(datatype), properties)

    # -- writing --------------------------------------------------------------------------------------------------

    def append(self, entries: list[Entry]) -> int:
        """Make `entries` durable; returns the new head. Raises SpoolFull when not even a gap record fits."""
        if not entries:
            return self.head
        if self.file.used_bytes() > self.limits.max_bytes * 0.9:
            self._make_room()
        items = number(self.head + 1, entries)
        for attempt in range(4):
            try:
                self._insert(items)
                break
            except sqlite3.OperationalError as error:
                if not is_full(error) or attempt == 3:
                    raise SpoolFull(f"{self.file.path}: {error}") from error
                self._give_way()
        self.head = items[-1].last
        failpoint("edge.spool.after_commit")
        return self.head

    def _insert(self, items: list[Numbered]) -> None:
        with self.file.transaction():
            self._write_batch(items)
            self.file.put("head", items[-1].last)
            failpoint("edge.spool.before_commit")

    def _write_batch(self, items: list[Numbered]) -> None:
        body = pack([item.entry for item in items])
        newest_ms = max(item.entry.newest_ms for item in items)
        self.file.connection.execute(
            "INSERT INTO batch VALUES (?, ?, ?, ?, ?)",
            (items[0].first, items[-1].last, newest_ms, zlib.crc32(body), body),
        )

    def commit_up_to(self, committed: int) -> None:
        """Remember what the plant has. It may go down: a restored plant asks again."""
        failpoint("edge.cursor.before_store")
        with self.file.transaction():
            self.file.put("committed", committed)
        self.committed = committed

    def next_bd_seq(self) -> int:
        """The bdSeq of the next CONNECT: 0 first, +1 each, 0..255, kept on disk."""
        bd_seq = (self.file.get_number("bd_seq", -1) + 1) % 256
        with self.file.transaction():
            self.file.put("bd_seq", bd_seq)
        return bd_seq

    def begin_epoch(self) -> None:
        """Start a new epoch: this file was rolled back or cloned. Entries made since it was opened move into it."""
        moved = [item.entry for item in self._iterate(self.head_at_opening)]
        with self.file.transaction() as connection:
            connection.execute("DELETE FROM batch")
            self.file.put("epoch", str(uuid7()))
            self.file.put("committed", 0)
            self.file.put("head", sum(entry.span for entry in moved))
            if moved:
                self._write_batch(number(1, moved))
        self._read_position()
        self.head_at_opening = self.sent = 0

    def set_aside(self, first: int, last: int, reason: str) -> None:
        """Take out entries that the plant does not accept; a gap record takes over their numbers."""
        run = [item for item in self.read(first - 1) if item.first <= last]
        times = [item.entry.newest_ms for item in run]
        gap = Gap("set_aside", min(times, default=None), max(times, default=None))
        with self.file.transaction() as connection:
            connection.execute(
                "INSERT INTO set_aside VALUES (?, ?, ?, ?, ?, ?)",
                (
                    first,
                    last,
                    self.epoch,
                    reason,
                    int(time.time() * 1000),
                    pack([item.entry for item in run]),
                ),
            )
            self._replace(first, last, [GapEntry(last - first + 1, gap)])

    # -- reading --------------------------------------------------------------------------------------------------

    @property
    def oldest(self) -> int:
        """Number of the oldest entry that is still here; head + 1 when there is none."""
        row = self.file.connection.execute("SELECT min(first) FROM batch").fetchone()
        return self.head + 1 if row[0] is None else int(row[0])

    def newest_ms(self) -> int:
        """Time of the newest entry, UTC ms; 0 when there is none. The edge's clock must not be before it."""
        row = self.file.connection.execute("SELECT max(newest_ms) FROM batch").fetchone()
        return int(row[0] or 0)

    def read(self, after: int, limit: int = 512) -> list[Numbered]:
        """At most `limit` entries with numbers above `after`. A gap that reaches over `after` is cut there."""
        found: list[Numbered] = []
        for item in self._iterate(after):
            found.append(item)
            if len(found) >= limit:
                break
        return found

    def _iterate(self, after: int) -> Iterator[Numbered]:
        cursor = self.file.connection.execute(
            "SELECT first, last, checksum, body FROM batch WHERE last > ? ORDER BY first", (after,)
        )
        with closing(cursor):
            for row in cursor:
                for item in _entries(*row):
                    if item.first > after:
                        yield item
                    elif item.last > after and isinstance(item.entry, GapEntry):
                        yield Numbered(after + 1, GapEntry(item.last - after, item.entry.gap))

    # -- room -----------------------------------------------------------------------------------------------------

    def tidy(self, now_ms: int) -> None:
        """Called now and then: forget what is committed and old, thin what is too old, renew the reserve."""
        keep_from_ms = now_ms - int(self.limits.keep_h * 3_600_000)
        with self.file.transaction() as connection:
            connection.execute(
                "DELETE FROM batch WHERE last <= ? AND newest_ms < ?", (self.committed, keep_from_ms)
            )
        while self.file.used_bytes() > self.limits.max_bytes // 2 and self._drop_committed():
            pass
        self._thin_oldest(older_than_ms=now_ms - int(self.limits.max_age_h * 3_600_000), reason="too_old")
        if self.file.used_bytes() < self.limits.max_bytes * 0.8:
            self.file.make_reserve()

    def _make_room(self) -> None:
        """Stay below the byte bound: what the plant has goes first, then the oldest is thinned."""
        while self.file.used_bytes() > self.limits.max_bytes * 0.8:
            if not self._drop_committed() and not self._thin_oldest():
                return

    def _give_way(self) -> None:
        """The disk is full: give up the reserve, then what the plant has, then thin."""
        log.warning("spool_disk_full", path=str(self.file.path), head=self.head, committed=self.committed)
        self.file.give_up_reserve()
        self.file.shrink_log()
        if not self._drop_committed():
            self._thin_oldest()
        self.file.shrink_log()

    def _drop_committed(self) -> bool:
        """Delete the older half of what the plant has. False when there was nothing."""
        with self.file.transaction() as connection:
            kept = connection.execute(
                "SELECT first FROM batch WHERE last <= ? ORDER BY first", (self.committed,)
            ).fetchall()
            if not kept:
                return False
            connection.execute("DELETE FROM batch WHERE first <= ?", (kept[len(kept) // 2][0],))
        return True

    def _thin_oldest(self, older_than_ms: int | None = None, reason: str = "dropped") -> bool:
        """Thin the oldest uncommitted batches, an eighth at first, more when that frees too little. False: nothing."""
        rows = self.file.connection.execute(
            "SELECT first, length(body) FROM batch WHERE last > ? AND newest_ms < ? ORDER BY first",
            (self.committed, 1 << 62 if older_than_ms is None else older_than_ms),
        ).fetchall()
        size = min(len(rows), max(16, len(rows) // 8))
        while size > 1:
            before = sum(length for _, length in rows[:size])
            run = self._run(rows[0][0], rows[size - 1][0])
            thinned = thin(run, self.tags, reason)
            if len(pack(thinned)) < before // 2:
                with self.file.transaction():
                    self._replace(run[0].first, run[-1].last, thinned)
                log.warning(
                    "spool_thinned", first=run[0].first, last=run[-1].last, bytes=before, reason=reason
                )
                return True
            if size == len(rows):
                break
            size = min(len(rows), size * 2)
        return False

    def _run(self, first: int, last_batch: int) -> list[Numbered]:
        rows = self.file.connection.execute(
            "SELECT first, last, checksum, body FROM batch WHERE first BETWEEN ? AND ? ORDER BY first",
            (first, last_batch),
        )
        return [item for row in rows for item in _entries(*row)]

    def _replace(self, first: int, last: int, entries: list[Entry]) -> None:
        """Put `entries` where first..last stood. What shares a batch with them stays as it was."""
        where = "WHERE last >= ? AND first <= ?"
        rows = self.file.connection.execute(
            f"SELECT first, last, checksum, body FROM batch {where} ORDER BY first",  # noqa: S608  (no input in it)
            (first, last),
        ).fetchall()
        around = [item for row in rows for item in _entries(*row)]
        before = [item for item in around if item.last < first]
        after = [item for item in around if item.first > last]
        self.file.connection.execute(f"DELETE FROM batch {where}", (first, last))  # noqa: S608
        self._write_batch([*before, *number(first, entries), *after])


def _entries(first: int, last: int, checksum: int, body: bytes) -> list[Numbered]:
    """The entries of a batch; one gap record in their place when the bytes are not what was written."""
    if zlib.crc32(body) == checksum:
        return number(first, unpack(body))
    log.error("spool_batch_corrupt", first=first, last=last)
    return [Numbered(first, GapEntry(last - first + 1, Gap("corrupt", None, None)))]
