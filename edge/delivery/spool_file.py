"""The SQLite file below the spool: how it is opened, what it holds, and what its failures mean."""

import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import structlog

from edge.delivery.spool_disk import FULL, RESERVE_BYTES, SpoolDisk, lock, make_log_durable
from edge.errors import SpoolError

log = structlog.get_logger()

SCHEMA = """
CREATE TABLE IF NOT EXISTS meta (key TEXT PRIMARY KEY, value) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS batch (
    first INTEGER PRIMARY KEY, last INTEGER NOT NULL, newest_ms INTEGER NOT NULL, checksum INTEGER NOT NULL,
    body BLOB NOT NULL
);
CREATE TABLE IF NOT EXISTS tag (
    tag_id INTEGER PRIMARY KEY AUTOINCREMENT, device TEXT NOT NULL, name TEXT NOT NULL, definition BLOB NOT NULL,
    retired_at INTEGER,
    UNIQUE (device, name)
);
CREATE TABLE IF NOT EXISTS set_aside (
    first INTEGER, last INTEGER, epoch TEXT, reason TEXT, time_ms INTEGER, body BLOB
);
"""
PAGE_BYTES = 4096
LOG_PAGES = 256

# Read back after they are set: SQLite answers a pragma that it ignored with the old value, not with an error.
DURABILITY = {"journal_mode": "wal", "synchronous": 2}


class SpoolFile:
    """One connection, and the lock that keeps a second process away from the file.

    Opening raises sqlite3.DatabaseError for a file that is damaged (see `is_corrupt`), SpoolError for one that will not
    be durable or is used by another process. `read_only`: without the lock, beside the edge that owns the file.
    `fills_blocks`: each commit fills its last block of 4 KiB, because this storage, losing power while it writes a block,
    may lose all of it, also what an earlier commit put there.
    """

    def __init__(
        self, path: Path, max_bytes: int, *, fills_blocks: bool = False, read_only: bool = False
    ) -> None:
        self.path = path
        self.disk = SpoolDisk(path)
        self.max_bytes = max_bytes
        self.bound_bytes = max_bytes  # Less while the disk is full.
        self._lock = -1 if read_only else lock(path)
        try:
            if not read_only:
                make_log_durable(self.disk)
            self.connection = _connect(path, fills_blocks=fills_blocks, read_only=read_only)
        except BaseException:
            self._unlock()
            raise
        if read_only:
            return
        try:
            self._set_durability()
            self._set_bound(max_bytes)
            self.connection.execute(f"PRAGMA journal_size_limit={LOG_PAGES * PAGE_BYTES}")
            self.connection.execute(f"PRAGMA wal_autocheckpoint={LOG_PAGES}")
            self.connection.executescript(SCHEMA)
        except BaseException:
            self.close()
            raise
        self.disk.make_reserve()

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
        self._unlock()

    def _unlock(self) -> None:
        if self._lock >= 0:
            os.close(self._lock)
            self._lock = -1

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
        """Raises sqlite3.DatabaseError when something else stands there: the file rotted."""
        value = self.get(key)
        if value is None:
            return default
        if not isinstance(value, int):
            raise sqlite3.DatabaseError(f"{key} is {value!r}")
        return value

    def put(self, key: str, value: int | str) -> None:
        self.connection.execute(
            "INSERT INTO meta VALUES (?, ?) ON CONFLICT (key) DO UPDATE SET value = excluded.value",
            (key, value),
        )

    def used_bytes(self) -> int:
        pages = self.connection.execute("PRAGMA page_count").fetchone()[0]
        free = self.connection.execute("PRAGMA freelist_count").fetchone()[0]
        return int(pages - free) * PAGE_BYTES

    def empty_log(self) -> None:
        """Move the write-ahead log into the file. It keeps its size on disk: nobody else may take that from us."""
        self.connection.execute("PRAGMA wal_checkpoint(RESTART)").fetchall()

    # -- bounds -----------------------------------------------------------------------------------------------------

    def _set_bound(self, max_bytes: int) -> None:
        self.bound_bytes = max_bytes
        self.connection.execute(f"PRAGMA max_page_count={max(64, max_bytes // PAGE_BYTES)}")

    @property
    def is_capped(self) -> bool:
        return self.bound_bytes < self.max_bytes

    def cap(self) -> None:
        """The disk is full: from now on the file lives within the size it has, so that the log has room to work."""
        self._set_bound(self.connection.execute("PRAGMA page_count").fetchone()[0] * PAGE_BYTES)

    def lift_cap(self) -> None:
        """If the disk has room again."""
        if self.is_capped and self.disk_free_bytes() >= 4 * RESERVE_BYTES:
            log.info("spool_disk_has_room", path=str(self.path))
            self._set_bound(self.max_bytes)

    def disk_free_bytes(self) -> int:
        """What the file system has left for this account. Raises OSError."""
        return self.disk.free_bytes()

    def shrink(self) -> bool:
        """Give back what the file takes beyond its bound, since that was lowered. Needs what it keeps once more in the
        log for a while, and in the folder for temporary files. False when there is nothing to give back, or no room."""
        keeps = self.used_bytes()
        if self.path.stat().st_size <= self.max_bytes or keeps > self.max_bytes // 2:
            return False
        if self.disk_free_bytes() < 3 * keeps + 4 * RESERVE_BYTES:
            return False
        self.connection.execute("VACUUM")
        self.connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
        self._set_bound(self.bound_bytes)
        return True

    # -- failures ---------------------------------------------------------------------------------------------------

    def is_full(self, error: sqlite3.Error) -> bool:
        """Whether `error` says that the disk, or the bound of the file, is full, and not that the disk fails."""
        code = getattr(error, "sqlite_errorcode", None)
        if code == sqlite3.SQLITE_IOERR_WRITE:  # A quota says it so; a disk that fails or is read-only, too.
            return self.disk.ailment() in FULL
        return code in (sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR_SHMSIZE)


def _connect(path: Path, *, fills_blocks: bool, read_only: bool) -> sqlite3.Connection:
    # psow: whether a write of some bytes leaves the others of their sector alone (https://sqlite.org/psow.html).
    uri = f"{path.resolve().as_uri()}?psow={int(not fills_blocks)}{'&mode=ro' if read_only else ''}"
    return sqlite3.connect(uri, uri=True, isolation_level=None, timeout=5, check_same_thread=False)


# Primary result codes (https://sqlite.org/rescode.html). An extended code holds its primary one in the low byte.
_CORRUPT = frozenset(
    {
        sqlite3.SQLITE_CORRUPT,
        sqlite3.SQLITE_NOTADB,
        sqlite3.SQLITE_FORMAT,
        sqlite3.SQLITE_ERROR,  # No such column, unsupported format: not a file that we wrote.
        sqlite3.SQLITE_MISMATCH,
        sqlite3.SQLITE_CONSTRAINT,  # A number that is taken: keys are out of step.
    }
)


def is_corrupt(error: sqlite3.Error) -> bool:
    """Whether `error` is the file's own fault, so that another file would do. Else the disk, a lock, or we are."""
    code = getattr(error, "sqlite_errorcode", None)
    if code is None:  # Of the Python module: text that is no UTF-8, or `get_number`; else a mistake of ours.
        return isinstance(error, sqlite3.OperationalError) or type(error) is sqlite3.DatabaseError
    return code & 0xFF in _CORRUPT or code == sqlite3.SQLITE_IOERR_SHORT_READ
