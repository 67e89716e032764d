"""Opening a spool that may be damaged: the edge runs again within seconds, and says what it cannot know."""

import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import structlog

from edge.contract.spool_metrics import Gap
from edge.delivery.entries import GapEntry
from edge.delivery.spool import Spool, SpoolLimits

log = structlog.get_logger()


@contextmanager
def open_spool(path: Path, limits: SpoolLimits) -> Iterator[Spool]:
    """The spool at `path`, closed on leaving. A corrupt file is set aside and a new one begins with a gap record."""
    spool = open_or_set_aside(path, limits)
    try:
        yield spool
    finally:
        spool.close()


def open_or_set_aside(path: Path, limits: SpoolLimits) -> Spool:
    try:
        spool = Spool(path, limits)
    except sqlite3.DatabaseError as error:
        if isinstance(error, sqlite3.OperationalError):
            raise  # Locked, read-only, no such folder: not a corrupt file.
        return _begin_again(path, limits, str(error))
    if not _reads_whole(spool):
        spool.close()
        return _begin_again(path, limits, "its pages do not hold together")
    return spool


def _reads_whole(spool: Spool) -> bool:
    """A walk over the keys finds a torn tree without reading the bodies: milliseconds, also for gigabytes."""
    try:
        spool.file.connection.execute("SELECT count(*), max(last) FROM batch").fetchone()
        spool.read(spool.committed, limit=1)
    except sqlite3.DatabaseError:
        return False
    return True


def set_aside(path: Path) -> Path:
    """Move the file and its log out of the way; returns where it now lies."""
    aside = path.with_name(f"{path.name}.corrupt-{time.time_ns() // 1_000_000}")
    for suffix in ("", "-wal", "-shm"):
        part = path.with_name(path.name + suffix)
        if part.exists():
            part.rename(aside.with_name(aside.name + suffix))
    return aside


def _begin_again(path: Path, limits: SpoolLimits, reason: str) -> Spool:
    since_ms = int(path.stat().st_mtime * 1000)
    aside = set_aside(path)
    log.error("spool_corrupt", path=str(path), set_aside=str(aside), reason=reason)
    spool = Spool(path, limits)
    spool.append([GapEntry(1, Gap("corrupt", None, max(since_ms, int(time.time() * 1000))))])
    return spool
