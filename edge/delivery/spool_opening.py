"""Opening a spool that may be damaged: the edge runs again within seconds, and says what it cannot know."""

import os
import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import structlog

from edge.contract.spool_metrics import Gap
from edge.delivery.entries import GapEntry
from edge.delivery.spool import Spool, SpoolLimits
from edge.delivery.spool_disk import SpoolDisk, sync_folder
from edge.delivery.spool_file import is_corrupt
from edge.errors import SpoolError

log = structlog.get_logger()

LOOK_S = 2.0
"""How long the keys are looked at. In a log too long for that, what lies beyond is found when it is read."""
ASIDE_MAX = 2
"""Damaged files that are kept; each may be as large as the bound of the spool."""


@contextmanager
def open_spool(path: Path, limits: SpoolLimits) -> Iterator[Spool]:
    """The spool at `path`, closed on leaving. A corrupt file is set aside and a new one begins with a gap record."""
    spool = open_or_set_aside(path, limits)
    try:
        yield spool
    finally:
        spool.close()


def open_or_set_aside(path: Path, limits: SpoolLimits) -> Spool:
    """The spool at `path`; a new one, beginning with a gap record, if the file there is damaged. Raises SpoolError when
    no file there would do: in use, not durable, no space, no rights."""
    try:
        spool = Spool(path, limits)
    except _SIGNS_OF_DAMAGE as error:
        if not _is_damage(error, path):
            raise SpoolError(SpoolDisk(path).explain(error)) from error
        return begin_again(path, limits, str(error))
    try:
        if _looks_sound(spool):
            _tell_what_was_set_aside(spool)
            return spool
        reason = "its parts do not agree"
    except _SIGNS_OF_DAMAGE as error:
        if not _is_damage(error, path):
            spool.close()
            raise SpoolError(spool.file.disk.explain(error)) from error
        reason = str(error)
    except BaseException:
        spool.close()
        raise
    spool.close()
    return begin_again(path, limits, reason)


# Besides what SQLite says: a column that holds something else than was written, a message about bytes that are no text.
_SIGNS_OF_DAMAGE = (sqlite3.Error, TypeError, ValueError)


def _is_damage(error: Exception, path: Path) -> bool:
    """As `is_corrupt`; and when it is being opened, a file that we may write says "read-only" in a rotted header."""
    if not isinstance(error, sqlite3.Error):
        return True
    code = getattr(error, "sqlite_errorcode", None) or 0
    return is_corrupt(error) or (code & 0xFF == sqlite3.SQLITE_READONLY and os.access(path, os.W_OK))


def _looks_sound(spool: Spool) -> bool:
    """A walk over the keys finds a torn tree without reading the bodies; a write finds a file that only seems to be open
    for it."""
    connection = spool.file.connection
    deadline = time.monotonic() + LOOK_S
    connection.set_progress_handler(lambda: time.monotonic() > deadline, 10_000)
    try:
        spool.read(spool.committed, limit=1)
        _write_something(spool)
        return spool.is_sound()
    except sqlite3.OperationalError as error:
        if getattr(error, "sqlite_errorcode", None) == sqlite3.SQLITE_INTERRUPT:
            return True
        raise
    finally:
        connection.set_progress_handler(None, 0)


def _write_something(spool: Spool) -> None:
    try:
        with spool.file.transaction():
            spool.file.put("opened_ms", time.time_ns() // 1_000_000)
    except sqlite3.OperationalError as error:
        if not spool.file.is_full(error):
            raise


def begin_again(path: Path, limits: SpoolLimits, reason: str, old: Spool | None = None) -> Spool:
    """Set the damaged file aside and open a new one. `old`: the closed spool that was being used, if any."""
    aside = _set_aside(path)
    log.error("spool_corrupt", path=str(path), set_aside=str(aside), reason=reason)
    spool = Spool(path, limits)
    try:
        if old is not None:
            spool.take_over(old)
        _tell_what_was_set_aside(spool)
    except BaseException:
        spool.close()
        raise
    return spool


def _tell_what_was_set_aside(spool: Spool) -> None:
    """The first entry of a file that follows a damaged one, also if we died between the two steps."""
    if spool.is_untouched and _damaged(spool.file.path):
        spool.append([GapEntry(1, Gap("corrupt", None, time.time_ns() // 1_000_000))])


def _set_aside(path: Path) -> Path:
    """Move the file and its log out of the way; returns where it now lies. The oldest such file may have to go."""
    aside = path.with_name(f"{path.name}.corrupt-{time.time_ns() // 1_000_000}")
    for suffix in ("", "-wal", "-shm"):
        part = path.with_name(path.name + suffix)
        if part.exists():
            part.rename(aside.with_name(aside.name + suffix))
            sync_folder(
                path.parent
            )  # A file that came back without its log would have lost what it said it holds.
    for name in _damaged(path)[:-ASIDE_MAX]:
        for suffix in ("", "-wal", "-shm"):
            path.with_name(name + suffix).unlink(missing_ok=True)
    return aside


def _damaged(path: Path) -> list[str]:
    """Names of the files that were set aside, oldest first."""
    found = path.parent.glob(f"{path.name}.corrupt-*")
    return sorted({part.name.removesuffix("-wal").removesuffix("-shm") for part in found})
