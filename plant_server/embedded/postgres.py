"""A PostgreSQL server of our own under `.lineside/pg`: unix socket only, generated passwords, fsync on.

    with running_postgres(home) as server:
        psycopg.connect(server.url("lineside_plant"))

`.lineside/pg/data` is the cluster (owned by the account the server runs as), `.lineside/log/postgres.log` its log. The
socket lies in a short folder below /tmp, since a socket's path may have no more than about 100 bytes.
"""

import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import quote

import psycopg

from plant_server.embedded.child_process import (
    Account,
    account_to_drop_to,
    log_tail,
    only_starter_of,
    owner_of,
    start_child,
    stop_child,
)
from plant_server.embedded.errors import DataFolderRefused, StartFailed
from plant_server.embedded.postgres_binaries import PostgresBinaries, Source, find_postgres
from plant_server.embedded.postgres_cluster import (
    DATABASE,
    LOGIN_ROLES,
    OWNER,
    SUPERUSER,
    ensure_roles,
    major_of,
    make_data_folder,
    opened_data_folder,
    password_of,
    processes_in,
    wait_until_unused,
)

_PORT = 5432  # Only part of the socket's file name: nothing listens on TCP.
_RUNTIME_PREFIX = "lineside-pg-"
_SETTINGS = {
    "listen_addresses": "",
    "port": str(_PORT),
    "unix_socket_permissions": "0700",
    "fsync": "on",
    "full_page_writes": "on",
    "synchronous_commit": "on",
    "password_encryption": "scram-sha-256",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "log_line_prefix": "%m [%p] %q%u@%d ",
    "jit": "off",  # Costs more than it saves on queries of a few milliseconds.
}


class PostgresServer:
    """One server on one data folder. Made by `running_postgres`; start, stop and kill as often as you like."""

    def __init__(
        self,
        home: Path,
        runtime: Path,
        binaries: PostgresBinaries,
        account: Account | None,
        *,
        tuning: Mapping[str, str],
        die_with_parent: bool,
    ) -> None:
        self.home = home
        self.data = home / "pg/data"
        self.log = home / "log/postgres.log"
        self.binaries = binaries
        self.socket_folder = runtime / "socket"
        self._account = account
        self._settings = _SETTINGS | {"unix_socket_directories": str(self.socket_folder)} | dict(tuning)
        self._signal_with_parent = signal.SIGINT if die_with_parent else None
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int | None:
        """The postmaster's process id; None while the server is down."""
        return self._process.pid if self._process and self._process.poll() is None else None

    def url(self, role: str = OWNER, database: str = DATABASE) -> str:
        """The connection URL of a role: `lineside` (owner), `lineside_plant`, `lineside_bridge`, `lineside_bi`,
        or the superuser `postgres`. It holds the password, and stays the same over stop and start."""
        return _url(self.home, self.socket_folder, role, database)

    def start(self, *, patience_s: float = 120) -> None:
        """Start and wait until connections are accepted, crash recovery included. No effect when it runs.

        Raises StartFailed after `patience_s` seconds or when the server ends, AlreadyRunning.
        """
        if self.pid is not None:
            return
        wait_until_unused(self.data, patience_s=30)
        for stale in self.socket_folder.glob(".s.PGSQL.*"):
            stale.unlink()
        options = [part for name, value in self._settings.items() for part in ("-c", f"{name}={value}")]
        with opened_data_folder(self.data, self._account) as (folder, descriptors):
            self._process = start_child(
                [str(self.binaries.folder / "postgres"), "-D", folder, *options],
                account=self._account,
                log=self.log,
                pass_fds=descriptors,
                signal_with_parent=self._signal_with_parent,
            )
        self._wait_until_ready(self._process, patience_s)

    def stop(self) -> None:
        """Fast shutdown: open transactions are rolled back, everything committed is on disk. No effect when down."""
        if self._process:
            stop_child(self._process, signal.SIGINT, signal.SIGQUIT, patience_s=60)

    def restart(self) -> None:
        self.stop()
        self.start()

    def kill(self) -> None:
        """SIGKILL to every process of the server at once, as a power cut does to it. `start` then recovers."""
        if self._process is None:
            return
        deadline = time.monotonic() + 30
        self._process.kill()
        self._process.wait(30)
        while alive := processes_in(self.data):
            if time.monotonic() > deadline:
                raise StartFailed(f"processes {alive} of the database do not die")
            for pid in alive:
                _send_kill(pid)
            time.sleep(0.01)

    def _wait_until_ready(self, process: subprocess.Popen[bytes], patience_s: float) -> None:
        deadline = time.monotonic() + patience_s
        while not self._is_ready(process.pid):
            if process.poll() is not None:
                raise StartFailed(f"{self.binaries} ended at its start:\n{log_tail(self.log)}")
            if time.monotonic() > deadline:
                stop_child(process, signal.SIGINT, patience_s=10)
                raise StartFailed(f"{self.binaries} not ready after {patience_s} s:\n{log_tail(self.log)}")
            time.sleep(0.02)

    def _is_ready(self, pid: int) -> bool:
        """What pg_ctl looks at: the postmaster writes its state into the last line of its pid file."""
        try:
            lines = (self.data / "postmaster.pid").read_text(encoding="utf-8").splitlines()
        except FileNotFoundError:
            return False
        return len(lines) >= 8 and lines[0].strip() == str(pid) and lines[7].strip() == "ready"


@contextmanager
def running_postgres(
    home: Path,
    *,
    prefer: Source | None = None,
    die_with_parent: bool = False,
    tuning: Mapping[str, str] | None = None,
) -> Iterator[PostgresServer]:
    """A running server on `home`/pg with database, owner and roles; made at first, found again later, stopped at exit.

    prefer: "installed" or "wheel" only; None: installed, else wheel. die_with_parent: the server shuts down when the
    calling thread dies, however it dies. tuning: settings of postgresql.conf, for instance {"shared_buffers": "16MB"}.
    Raises ProgramNotFound, DataFolderRefused, AlreadyRunning, StartFailed.
    """
    home = home.resolve()
    with only_starter_of(home / "pg"), _runtime_folder(home / "pg") as runtime:
        data = home / "pg/data"
        major = major_of(data)
        account = _account_for(data)
        if account:
            account.own(runtime / "socket")
        found = find_postgres(prefer=prefer, major=major)
        binaries = found.reachable_for(account, runtime / "programs")
        if major is None:
            make_data_folder(
                data, binaries, account, password=password_of(home, SUPERUSER), scratch=runtime / "socket"
            )
        server = PostgresServer(
            home, runtime, binaries, account, tuning=tuning or {}, die_with_parent=die_with_parent
        )
        try:
            server.start()
            _ensure_roles(server)
            yield server
        finally:
            server.stop()


def url_of_running(home: Path, role: str = OWNER) -> str | None:
    """The URL of a role of the server that another process runs on this folder; None when none runs there."""
    record = home / "pg/runtime"
    if not record.exists() or not processes_in(home / "pg/data"):
        return None
    runtime = Path(record.read_text(encoding="utf-8").strip())
    return _url(home.resolve(), runtime / "socket", role, DATABASE)


def _url(home: Path, socket_folder: Path, role: str, database: str) -> str:
    if role not in (OWNER, SUPERUSER, *LOGIN_ROLES):
        raise ValueError(f"no database role {role!r}")
    password = quote(password_of(home, role), safe="")
    return (
        f"postgresql://{role}:{password}@/{database}?host={quote(str(socket_folder), safe='')}&port={_PORT}"
    )


def _account_for(data: Path) -> Account | None:
    """As root: the owner of the data folder, at first an existing account without rights. Else: we ourselves."""
    account = account_to_drop_to("postgres", "nobody")
    return owner_of(data) if account and data.exists() else account


def _ensure_roles(server: PostgresServer) -> None:
    try:
        ensure_roles(server.home, server.url(SUPERUSER, SUPERUSER))
    except psycopg.OperationalError as error:
        raise DataFolderRefused(
            f"the database in {server.data} does not take the passwords in {server.home / 'secrets'} ({error}): "
            "the two belong together; restore both from one backup, or move both away"
        ) from error


@contextmanager
def _runtime_folder(folder: Path) -> Iterator[Path]:
    """A short folder for the socket (and, if need be, a copy of the programs); what a killed start left goes first."""
    record = folder / "runtime"
    if record.exists():
        leftover = Path(record.read_text(encoding="utf-8").strip())
        if leftover.name.startswith(_RUNTIME_PREFIX):
            shutil.rmtree(leftover, ignore_errors=True)
    short = "/tmp" if Path("/tmp").is_dir() else None  # noqa: S108 - a random name below it, made 0700
    runtime = Path(tempfile.mkdtemp(prefix=_RUNTIME_PREFIX, dir=short))
    record.write_text(f"{runtime}\n", encoding="utf-8")
    runtime.chmod(0o755)  # The socket folder inside is closed to all but the server's account and root.
    (runtime / "socket").mkdir(mode=0o700)
    try:
        yield runtime
    finally:
        shutil.rmtree(runtime, ignore_errors=True)


def _send_kill(pid: int) -> None:
    try:
        os.kill(pid, signal.SIGKILL)
    except ProcessLookupError:
        return  # It ended by itself meanwhile.
