"""The batches in the spool file: entries in blobs of about 64 KiB, found by number.

Numbers here are those of the present epoch. On disk they go on from epoch to epoch; `base` is the disk's number of
the entry before the epoch's first. So a new epoch costs one small transaction, however much moves into it; what lies
at or below number 0 belongs to an earlier epoch and is only waiting to be deleted.
"""

import sqlite3
import zlib
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass

import msgspec
import structlog

from edge.contract.spool_metrics import Gap
from edge.delivery.entries import Entry, GapEntry, Numbered, join, number, pack, unpack
from edge.delivery.spool_file import SpoolFile

log = structlog.get_logger()

BODY_BYTES = 64 * 1024
"""A blob is closed when it has this size: reading a few entries must not unpack thousands."""


@dataclass(frozen=True, slots=True)
class BatchRow:
    """A batch without its body."""

    first: int
    last: int
    newest_ms: int
    size_bytes: int


class BatchTable:
    """Methods that write expect to be called inside a transaction."""

    def __init__(self, file: SpoolFile, base: int) -> None:
        self._file = file
        self.base = base

    @property
    def _connection(self) -> sqlite3.Connection:
        return self._file.connection

    def write(self, first: int, entries: Sequence[Entry]) -> None:
        """Store `entries` under the numbers from `first` on."""
        group: list[Entry] = []
        bodies: list[bytes] = []
        size = 0
        for entry in entries:
            body = pack(entry)
            if group and size + len(body) > BODY_BYTES:
                first = self._write_batch(first, group, bodies)
                group, bodies, size = [], [], 0
            group.append(entry)
            bodies.append(body)
            size += len(body)
        if group:
            self._write_batch(first, group, bodies)

    def _write_batch(self, first: int, entries: list[Entry], bodies: list[bytes]) -> int:
        """Returns the number after its last."""
        after = first + sum(entry.span for entry in entries)
        newest_ms = max(entry.newest_ms for entry in entries)
        body = join(bodies)
        self._connection.execute(
            "INSERT INTO batch VALUES (?, ?, ?, ?, ?)",
            (self.base + first, self.base + after - 1, newest_ms, zlib.crc32(body), body),
        )
        return after

    def replace(self, first: int, last: int, entries: Sequence[Entry]) -> None:
        """Put `entries` where first..last stood, a gap record that reaches over an end is cut there. What shares a batch
        with them stays as it was."""
        rows = self._bodies(first, last)
        around = [item for row in rows for item in self._entries(*row)]
        if not around:
            return
        before = [part.entry for item in around if (part := _below(item, first)) is not None]
        after = [part.entry for item in around if (part := _above(item, last)) is not None]
        self._connection.execute(
            "DELETE FROM batch WHERE first BETWEEN ? AND ?", (rows[0][0], self.base + last)
        )
        self.write(rows[0][0] - self.base, [*before, *entries, *after])

    def delete(self, rows: Iterable[BatchRow]) -> None:
        self._connection.executemany(
            "DELETE FROM batch WHERE first = ?", [(self.base + row.first,) for row in rows]
        )

    # -- reading ----------------------------------------------------------------------------------------------------

    def first(self) -> int | None:
        """Number of the oldest entry that is kept."""
        (first,) = self._connection.execute("SELECT min(first) FROM batch").fetchone()
        return None if first is None else int(first) - self.base

    def last(self) -> int | None:
        """Number of the newest entry that is kept: the head, or nothing is."""
        row = self._connection.execute("SELECT last FROM batch ORDER BY first DESC LIMIT 1").fetchone()
        return None if row is None else int(row[0]) - self.base

    def rows(self, after: int, limit: int) -> list[BatchRow]:
        """Batches with entries above `after`, oldest first."""
        found = self._connection.execute(
            "SELECT first, last, newest_ms, length(body) FROM batch WHERE first >= ? AND last > ?"
            " ORDER BY first LIMIT ?",
            (self._start(after + 1), self.base + after, limit),
        )
        return [
            BatchRow(first - self.base, last - self.base, newest, size) for first, last, newest, size in found
        ]

    def iterate(self, after: int) -> Iterator[Numbered]:
        """Entries with numbers above `after`. A gap record that reaches over `after` is cut there."""
        cursor = self._connection.execute(
            "SELECT first, last, checksum, body FROM batch WHERE first >= ? ORDER BY first",
            (self._start(after + 1),),
        )
        with closing(cursor):
            for row in cursor:
                for item in self._entries(*row):
                    part = _above(item, after)
                    if part is not None:
                        yield part

    def between(self, first: int, last: int) -> list[Numbered]:
        """The entries first to last, cut like those of `iterate`."""
        items = (_above(item, first - 1) for row in self._bodies(first, last) for item in self._entries(*row))
        parts = (_below(item, last + 1) for item in items if item is not None)
        return [part for part in parts if part is not None]

    def _bodies(self, first: int, last: int) -> list[tuple[int, int, int, bytes]]:
        """Batches that hold one of first..last, by disk number."""
        return self._connection.execute(
            "SELECT first, last, checksum, body FROM batch WHERE first BETWEEN ? AND ? AND last >= ? ORDER BY first",
            (self._start(first), self.base + last, self.base + first),
        ).fetchall()

    def _start(self, wanted: int) -> int:
        """Key of the batch that holds `wanted`, or of the place where it would be. By key: the log may be long."""
        (start,) = self._connection.execute(
            "SELECT max(first) FROM batch WHERE first <= ?", (self.base + wanted,)
        ).fetchone()
        return self.base + wanted if start is None else int(start)

    def _entries(self, first: int, last: int, checksum: int, body: bytes) -> list[Numbered]:
        """The entries of a batch; one gap record in their place when the bytes are not what was written."""
        if zlib.crc32(body) == checksum:
            try:
                items = number(first - self.base, unpack(body))
            except msgspec.DecodeError as error:
                log.error("spool_batch_unreadable", first=first, last=last, reason=str(error))
            else:
                if items and items[-1].last == last - self.base:
                    return items
        log.error("spool_batch_corrupt", first=first - self.base, last=last - self.base)
        return [Numbered(first - self.base, GapEntry(last - first + 1, Gap("corrupt", None, None)))]

    def is_whole(self) -> bool:
        """Whether the numbers follow one another without hole or overlap, by their keys alone."""
        count, first, last, numbers = self._connection.execute(
            "SELECT count(*), min(first), max(last), sum(last - first + 1) FROM batch"
        ).fetchone()
        return count == 0 or bool(first >= 1 and numbers == last - first + 1)


def _above(item: Numbered, after: int) -> Numbered | None:
    """What of `item` has numbers above `after`."""
    if item.first > after:
        return item
    if item.last > after and isinstance(item.entry, GapEntry):
        return Numbered(after + 1, GapEntry(item.last - after, item.entry.gap))
    return None


def _below(item: Numbered, before: int) -> Numbered | None:
    """What of `item` has numbers below `before`."""
    if item.last < before:
        return item
    if item.first < before and isinstance(item.entry, GapEntry):
        return Numbered(item.first, GapEntry(before - item.first, item.entry.gap))
    return None
