"""The disk below the spool file: its folder, its lock, its reserve, and what ails it.

**What a sync that failed leaves behind.** The kernel takes the pages for written although they are not, and the next
sync says nothing ("fsyncgate"). Within one connection SQLite does not fall for it: it told us that the transaction is
not done, and the next one writes the same places of the log anew; a move of the log into the file begins again. A
*new* process would: it reads in the log what only memory holds, takes it for committed, and commits behind it. After
a loss of power the log ends where the hole is, and with it all that followed. So opening a spool first makes a durable
copy of the log, and then believes it.
"""

import errno
import fcntl
import os
from contextlib import suppress
from pathlib import Path

import structlog

from edge.errors import SpoolError

log = structlog.get_logger()

RESERVE_BYTES = 2 << 20
"""Size of the file that is given up first when the disk is full. It must hold what the write-ahead log may move
into the file (LOG_PAGES), and a gap record on top."""
CHUNK_BYTES = 1 << 20
FULL = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})

WHAT_TO_DO = {
    errno.EROFS: "the disk is read-only; find out why (dmesg), then make it writable: mount -o remount,rw",
    errno.EIO: "the disk fails; save the spool's folder if it can still be read, then replace the disk",
    errno.ENOSPC: "the disk is full; free some of it",
    errno.EDQUOT: "the quota of this account is used up; raise it, or free some of it",
    errno.EFBIG: "files may not grow so large here (ulimit -f); raise that",
    errno.EACCES: "this account may not write there; change the owner of the folder, or the account of the edge",
    errno.EPERM: "this account may not write there; change the owner of the folder, or the account of the edge",
}


class SpoolDisk:
    """Of the spool at `path`. Nothing here raises OSError but where it is said."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._reserve = path.with_name(path.name + ".reserve")
        self._reserve_missed = False

    def free_bytes(self) -> int:
        disk = os.statvfs(self.path.parent)
        return disk.f_bavail * disk.f_frsize

    def ailment(self) -> int | None:
        """Number of the error (EROFS, ENOSPC …) that writing something beside the spool now ends with; None when it
        does not."""
        probe = self.path.with_name(self.path.name + ".probe")
        try:
            with open(probe, "wb", buffering=0) as file:
                file.write(bytes(4096))
                os.fsync(file.fileno())
        except OSError as error:
            return error.errno
        finally:
            with suppress(OSError):
                probe.unlink(missing_ok=True)
        return None

    def explain(self, reason: object) -> str:
        """`reason` behind the path, and what a person can do about it."""
        return f"{self.path}: {reason}{advice(self.ailment())}"

    # -- the reserve ------------------------------------------------------------------------------------------------

    @property
    def has_reserve(self) -> bool:
        """Whether it is there with all its blocks: a loss of power may leave its name alone."""
        try:
            return self._reserve.stat().st_blocks * 512 >= RESERVE_BYTES
        except OSError:
            return False

    def make_reserve(self) -> None:
        """Not while the disk is all but full: appending needs what is left more."""
        if self.has_reserve:
            return
        try:
            if self.free_bytes() < 4 * RESERVE_BYTES:
                raise OSError("less than four times its size is free")
            with open(self._reserve, "wb") as file:
                os.posix_fallocate(file.fileno(), 0, RESERVE_BYTES)
        except OSError as error:
            if not self._reserve_missed:
                log.warning("spool_reserve_missing", path=str(self.path), reason=str(error))
            self._reserve_missed = True
            self.give_up_reserve()
        else:
            self._reserve_missed = False

    def give_up_reserve(self) -> None:
        try:
            self._reserve.unlink(missing_ok=True)
        except OSError as error:  # Read-only: then its room would not help either.
            log.debug("spool_reserve_stays", path=str(self.path), reason=str(error))


def advice(number: int | None) -> str:
    """To be put behind the words of an error."""
    return f": {WHAT_TO_DO[number]}" if number in WHAT_TO_DO else ""


def lock(path: Path) -> int:
    """Two edges on one file would give out the same numbers. Released by the kernel when the process ends. Makes the
    folder. Raises SpoolError."""
    try:
        _make_folder(path.parent)
        handle = os.open(path.with_name(path.name + ".lock"), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise SpoolError(f"{path}: {error.strerror}{advice(error.errno)}") from error
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        os.close(handle)
        raise SpoolError(f"{path} is in use by another process") from error
    return handle


def _make_folder(folder: Path) -> None:
    """With all above it, and so that their names outlive a loss of power."""
    if folder.is_dir():
        return
    _make_folder(folder.parent)
    folder.mkdir(exist_ok=True)
    sync_folder(folder.parent)


def sync_folder(folder: Path) -> None:
    """Make the names in it durable. Raises OSError."""
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def make_log_durable(disk: SpoolDisk) -> None:
    """What a reader finds in the write-ahead log is on the disk afterwards, also if an earlier sync failed. The log is
    copied, not written over: flash that loses power in a write may lose what stood there. Raises SpoolError."""
    wal = disk.path.with_name(disk.path.name + "-wal")
    if not wal.exists():
        return
    try:
        try:
            _copy_over_itself(wal)
        except OSError as error:
            if error.errno not in FULL:
                raise
            disk.give_up_reserve()
            _copy_over_itself(wal)
    except OSError as error:
        if error.errno not in FULL:
            raise SpoolError(f"{disk.path}: {error.strerror}{advice(error.errno)}") from error
        log.warning("spool_log_not_copied", path=str(disk.path), reason=error.strerror)


def _copy_over_itself(wal: Path) -> None:
    copy = wal.with_name(wal.name + ".copy")
    with open(wal, "rb", buffering=0) as source, open(copy, "wb", buffering=0) as target:
        while chunk := source.read(CHUNK_BYTES):
            target.write(chunk)
        os.fsync(target.fileno())
    copy.replace(wal)
    sync_folder(wal.parent)
