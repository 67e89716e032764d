"""Server programs as children: which account they run as, how they start, how they end.

As root a server never runs as root: it drops to an account that exists already (`postgres`, `mosquitto`, `nobody`) for
that one process. No account is made and no mode is changed outside the server's own folders.
"""

import fcntl
import os
import pwd
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from plant_server.embedded.errors import AlreadyRunning, StartFailed

_DIE_WITH_PARENT = Path(__file__).with_name("die_with_parent.py")
_LOG_TAIL_LINES = 12
_LOG_BYTES_MAX = 16 * 1024 * 1024  # Looked at when a server starts: one older log is kept.


@dataclass(frozen=True)
class Account:
    """An existing account of this machine, other than root."""

    name: str
    uid: int
    gid: int

    def own(self, path: Path) -> None:
        """Give the file or folder (not what is in it) to the account."""
        os.chown(path, self.uid, self.gid)


def account_to_drop_to(*names: str) -> Account | None:
    """The first of `names` that exists, when we are root; None when we are not and stay who we are."""
    if os.geteuid() != 0:
        return None
    if sys.platform != "linux":  # Folders are handed over by /proc/self/fd.
        raise StartFailed("as root the servers run on Linux only: start as an ordinary user")
    for name in names:
        try:
            entry = pwd.getpwnam(name)
        except KeyError:
            continue
        return Account(name, entry.pw_uid, entry.pw_gid)
    raise StartFailed(
        f"running as root, and none of the accounts {', '.join(names)} exists: start as another user"
    )


def owner_of(path: Path) -> Account:
    """The account that owns an existing file or folder."""
    status = path.stat()
    try:
        name = pwd.getpwuid(status.st_uid).pw_name
    except KeyError:
        name = str(status.st_uid)
    return Account(name, status.st_uid, status.st_gid)


def environment() -> dict[str, str]:
    """What a server sees of our environment: no locale, no PG* variable, no loader path of ours."""
    return {"PATH": os.environ.get("PATH", os.defpath), "LC_ALL": "C", "TZ": "UTC"}


def run_as(
    account: Account | None, command: Sequence[str], *, pass_fds: Sequence[int] = (), timeout_s: float = 60
) -> subprocess.CompletedProcess[str]:
    """Run a short program to its end as the account. Raises PermissionError when the account cannot reach it."""
    return subprocess.run(
        command,
        user=account.uid if account else None,
        group=account.gid if account else None,
        extra_groups=[] if account else None,
        cwd="/",
        env=environment(),
        pass_fds=pass_fds,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        errors="replace",
        timeout=timeout_s,
        check=False,
    )


def start_child(
    command: Sequence[str],
    *,
    account: Account | None,
    log: Path,
    cwd: Path | str = "/",
    pass_fds: Sequence[int] = (),
    signal_with_parent: signal.Signals | None = None,
    extra_environment: Mapping[str, str] | None = None,
) -> subprocess.Popen[bytes]:
    """Start a server in a session of its own (a Ctrl-C at our terminal is ours to pass on), output appended to `log`.

    signal_with_parent: sent to the server when the *thread* that called this ends, hence also when our process is
    killed; so call it from the main thread. None: the server outlives us.
    """
    program = list(command)
    drop = account
    if signal_with_parent is not None:
        uid, gid = (account.uid, account.gid) if account else (-1, -1)
        us = [str(number) for number in (os.getpid(), int(signal_with_parent), uid, gid)]
        program = [sys.executable, "-I", "-S", str(_DIE_WITH_PARENT), *us, *program]
        drop = None  # It drops by itself: the account may be unable to reach our Python.
    log.parent.mkdir(parents=True, exist_ok=True)
    if log.exists() and log.stat().st_size > _LOG_BYTES_MAX:
        log.replace(log.with_name(f"{log.name}.old"))
    output = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    try:
        return subprocess.Popen(
            program,
            user=drop.uid if drop else None,
            group=drop.gid if drop else None,
            extra_groups=[] if drop else None,
            cwd=cwd,
            env=environment() | dict(extra_environment or {}),
            pass_fds=pass_fds,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            start_new_session=True,
        )
    finally:
        os.close(output)


def stop_child(process: subprocess.Popen[bytes], *signals: signal.Signals, patience_s: float) -> None:
    """Ask with each signal in turn, waiting `patience_s` after each; SIGKILL is the last word."""
    for request in (*signals, signal.SIGKILL):
        if process.poll() is not None:
            return
        process.send_signal(request)
        try:
            process.wait(patience_s)
        except subprocess.TimeoutExpired:
            continue


def processes_working_in(folder: Path, *names: str) -> list[int]:
    """Ids of live processes with one of these program names whose working directory is the folder. Needs /proc."""
    try:
        wanted = folder.stat()
    except FileNotFoundError:
        return []
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            if (process / "comm").read_text().strip() not in names:
                continue
            place = (process / "cwd").stat()
        except OSError:
            continue  # It ended while we looked, or is another user's: then the folder is not ours either.
        if (place.st_dev, place.st_ino) == (wanted.st_dev, wanted.st_ino):
            found.append(int(process.name))
    return found


@contextmanager
def only_starter_of(folder: Path) -> Iterator[None]:
    """Hold the folder's lock. Two starters on one folder would take each other's server for a leftover.

    Raises AlreadyRunning.
    """
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise AlreadyRunning(f"another process already runs the server in {folder}") from None
        yield


def log_tail(log: Path) -> str:
    """The last lines a server wrote, for an error message."""
    lines = log.read_text(encoding="utf-8", errors="replace").splitlines()
    return "\n".join(lines[-_LOG_TAIL_LINES:])


def program_on_path(name: str, *folders: str) -> Path | None:
    """The program on PATH, else in one of `folders` (sbin is often missing on a user's PATH)."""
    found = shutil.which(name) or shutil.which(name, path=os.pathsep.join(folders))
    return Path(found) if found else None
