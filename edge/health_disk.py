"""What only the disk knows of the spool: how old what waits is, how large the file, how much is free.

Asked when somebody looks, by a connection that only reads (in WAL mode it hinders no writer), on a thread of its own: a
disk that hangs costs the one who looks a second, and is told as the age of the answer.
"""

import os
import sqlite3
import threading
import time
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path

import msgspec

from edge.delivery.batch_table import BatchTable
from edge.delivery.spool_file import SpoolFile
from edge.delivery.spool_writer import SpoolWriter

PATIENCE_S = 1.0


@dataclass(frozen=True, slots=True)
class DiskState:
    """`oldest_ms`: time of the oldest entry the plant has not committed, UTC ms; None if there is none or it is not
    known. `seen_s`: monotonic, when this was so; None: never."""

    spool_bytes: int = 0
    free_bytes: int | None = None
    oldest_ms: int | None = None
    set_aside: int = 0
    seen_s: float | None = None


class DiskLook:
    """May be used from any thread."""

    def __init__(self, writer: SpoolWriter) -> None:
        self._writer = writer
        self._lock = threading.Lock()
        self._looking: threading.Thread | None = None
        self._last = DiskState()

    def look(self) -> DiskState:
        """As it is, or as it was when the disk answered last."""
        with self._lock:
            if self._looking is None or not self._looking.is_alive():
                self._looking = threading.Thread(target=self._look, name="edge.health.disk", daemon=True)
                self._looking.start()
            looking = self._looking
        looking.join(PATIENCE_S)
        return self._last

    def _look(self) -> None:
        path = self._writer.spool.file.path
        parts = (path, path.with_name(f"{path.name}-wal"))
        seen = replace(self._last, spool_bytes=sum(_size(part) for part in parts), free_bytes=_free(path))
        try:
            oldest_ms, set_aside = _waiting(path, self._writer.spool.limits.max_bytes)
            seen = replace(seen, oldest_ms=oldest_ms, set_aside=set_aside)
        except (sqlite3.Error, msgspec.DecodeError, ValueError):
            seen = replace(seen, oldest_ms=None)  # Being replaced, or rotten: the writer finds out and tells.
        self._last = replace(seen, seen_s=time.monotonic())


def _waiting(path: Path, max_bytes: int) -> tuple[int | None, int]:
    """Time of the oldest entry that is not committed, and how many were set aside. By the file's own word on how far the
    plant is, which is behind by half a second at most."""
    file = SpoolFile(path, max_bytes, read_only=True)
    with closing(file.connection):
        base, head = file.get_number("base", 0), file.get_number("head", 0)
        committed = file.get_number("committed", 0)
        (set_aside,) = file.connection.execute("SELECT count(*) FROM set_aside").fetchone()
        if committed >= head - base:
            return None, int(set_aside)
        first = next(BatchTable(file, base).iterate(committed), None)
        return (first.entry.newest_ms or None) if first is not None else None, int(set_aside)


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:  # There is no log at the moment, or no disk.
        return 0


def _free(path: Path) -> int | None:
    try:
        disk = os.statvfs(path.parent)
    except OSError:
        return None
    return disk.f_bavail * disk.f_frsize
