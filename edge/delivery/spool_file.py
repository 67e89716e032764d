"""The SQLite file below the spool: how it is opened, what it holds, and what a full disk looks like."""

import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import structlog

from edge.errors import SpoolError

log = structlog.get_logger()

SCHEMA = """
CREATE TABLE IF NOT EXISTS meta (key TEXT PRIMARY KEY, value) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS batch (
    first INTEGER PRIMARY KEY, last INTEGER NOT NULL, newest_ms INTEGER NOT NULL, checksum INTEGER NOT NULL,
    body BLOB NOT NULL
);
CREATE TABLE IF NOT EXISTS tag (
    tag_id INTEGER PRIMARY KEY, device TEXT NOT NULL, name TEXT NOT NULL, definition BLOB NOT NULL,
    UNIQUE (device, name)
);
CREATE TABLE IF NOT EXISTS set_aside (
    first INTEGER, last INTEGER, epoch TEXT, reason TEXT, time_ms INTEGER, body BLOB
);
"""
PAGE_BYTES = 4096
RESERVE_BYTES = 1 << 20
"""Size of the file that is given up first when the disk is full, so that a gap record always fits."""

# Read back after they are set: SQLite answers a pragma that it ignored with the old value, not with an error.
DURABILITY = {"journal_mode": "wal", "synchronous": 2}


class SpoolFile:
    """One connection. Raises sqlite3.DatabaseError for a corrupt file, SpoolError for one that will not be durable."""

    def __init__(self, path: Path, max_bytes: int) -> None:
        self.path = path
        path.parent.mkdir(parents=True, exist_ok=True)
        self.connection = sqlite3.connect(path, isolation_level=None, timeout=5, check_same_thread=False)
        try:
            self._set_durability()
            self.connection.execute(f"PRAGMA max_page_count={max(64, max_bytes // PAGE_BYTES)}")
            self.connection.execute("PRAGMA journal_size_limit=4194304")
            self.connection.executescript(SCHEMA)
        except BaseException:
            self.connection.close()
            raise
        self.make_reserve()

    def _set_durability(self) -> None:
        for pragma, wanted in DURABILITY.items():
            self.connection.execute(f"PRAGMA {pragma}={wanted}")
            found = self.connection.execute(f"PRAGMA {pragma}").fetchone()[0]
            if found != wanted:
                raise SpoolError(
                    f"{self.path}: PRAGMA {pragma} is {found!r}, not {wanted!r}: not durable here"
                )

    def close(self) -> None:
        self.connection.close()

    @contextmanager
    def transaction(self) -> Iterator[sqlite3.Connection]:
        self.connection.execute("BEGIN IMMEDIATE")
        try:
            yield self.connection
            self.connection.execute("COMMIT")
        except BaseException:
            if self.connection.in_transaction:
                self.connection.execute("ROLLBACK")
            raise

    def get(self, key: str) -> int | str | None:
        row = self.connection.execute("SELECT value FROM meta WHERE key = ?", (key,)).fetchone()
        return None if row is None else row[0]

    def get_number(self, key: str, default: int) -> int:
        value = self.get(key)
        return default if value is None else int(value)

    def put(self, key: str, value: int | str) -> None:
        self.connection.execute(
            "INSERT INTO meta VALUES (?, ?) ON CONFLICT (key) DO UPDATE SET value = excluded.value",
            (key, value),
        )

    def used_bytes(self) -> int:
        pages = self.connection.execute("PRAGMA page_count").fetchone()[0]
        free = self.connection.execute("PRAGMA freelist_count").fetchone()[0]
        return int(pages - free) * PAGE_BYTES

    def shrink_log(self) -> None:
        """Move the write-ahead log into the file and give its space back."""
        self.connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()

    @property
    def _reserve(self) -> Path:
        return self.path.with_name(self.path.name + ".reserve")

    def make_reserve(self) -> None:
        if self._reserve.exists():
            return
        try:
            with open(self._reserve, "wb") as file:
                os.posix_fallocate(file.fileno(), 0, RESERVE_BYTES)
        except OSError as error:
            log.warning("spool_reserve_missing", path=str(self.path), reason=str(error))
            self._reserve.unlink(missing_ok=True)

    def give_up_reserve(self) -> None:
        self._reserve.unlink(missing_ok=True)


def is_full(error: sqlite3.Error) -> bool:
    """Whether `error` says that the disk, or the bound of the file, is full."""
    return getattr(error, "sqlite_errorcode", None) == sqlite3.SQLITE_FULL
