"""Tryton in an environment of its own, and its database made once: kept below `.lineside/tryton/` of this checkout.

The environment follows requirements.lock, the dump also set_up.py and the year (fiscal years). Whoever comes first makes
them under a lock; others wait for it.
"""

import fcntl
import hashlib
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path

import psycopg

from plant_server.embedded.postgres import running_postgres
from tests.tryton.rpc import Rpc
from tests.tryton.server import TrytonServer
from tests.tryton.set_up import ADMIN, MODULES, PASSWORD, set_up

HERE = Path(__file__).parent
HOME = HERE.parents[1] / ".lineside/tryton"
LOCK = HERE / "requirements.lock"
PATIENCE_S = 600
TUNING = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off", "max_connections": "40"}


def programs() -> Path:
    """The folder with `trytond` and `trytond-admin`, installed with hashes if they are not there yet."""
    with _alone("environment"):
        bin_folder, wanted = HOME / "env/bin", _fingerprint(LOCK)
        installed = HOME / "env/installed"
        if not installed.is_file() or installed.read_text() != wanted:
            shutil.rmtree(HOME / "env", ignore_errors=True)
            _run(sys.executable, "-m", "venv", "--without-pip", str(HOME / "env"))
            uv = str(Path(sys.executable).with_name("uv"))
            python = str(bin_folder / "python")
            _run(uv, "pip", "sync", "--quiet", "--require-hashes", "--python", python, str(LOCK))
            installed.write_text(wanted)
        return bin_folder


def dump() -> Path:
    """A database with modules and the small factory, as pg_restore takes it. Made in about a minute, once."""
    found = programs()
    with _alone("dump"):
        made = HOME / f"{_fingerprint(LOCK, HERE / 'set_up.py')[:16]}-{date.today().year}.dump"
        if not made.is_file():
            began = time.monotonic()
            _make(found, made)
            for old in set(HOME.glob("*.dump")) - {made}:
                old.unlink()
            print(
                f"\nTryton's database for tests: made in {time.monotonic() - began:.0f} s, kept as {made}",
                flush=True,
            )
        return made


def restore(server_url: str, name: str) -> None:
    """A database `name` from the dump, by the superuser's URL of a server."""
    with psycopg.connect(server_url, autocommit=True) as connection:
        connection.execute(f'CREATE DATABASE "{name}"'.encode())
    url = _database_url(server_url, name)
    _run(_program("pg_restore"), "--no-owner", "--exit-on-error", "--dbname", url, str(dump()))


def _make(found: Path, made: Path) -> None:
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        with running_postgres(home / "pg", prefer="installed", tuning=TUNING) as database:
            url = database.url("postgres", "postgres")
            with psycopg.connect(url, autocommit=True) as connection:
                connection.execute(b"CREATE DATABASE erp")
            server = TrytonServer(found, url, home)
            server.initialize("erp", MODULES, PASSWORD)
            server.start("erp")
            try:
                with Rpc(server.url, "erp", ADMIN, PASSWORD) as rpc:
                    set_up(rpc)
            finally:
                server.stop()
            half = made.with_suffix(".half")
            _run(_program("pg_dump"), "--format=custom", "--file", str(half), _database_url(url, "erp"))
            half.replace(made)


def _database_url(server_url: str, name: str) -> str:
    return server_url.replace("/postgres?", f"/{name}?")


def _program(name: str) -> str:
    """Of the installed PostgreSQL, beside its server."""
    found = shutil.which(name)
    assert found, f"{name} is not installed"
    return found


def _fingerprint(*files: Path) -> str:
    return hashlib.sha256(b"".join(one.read_bytes() for one in files)).hexdigest()


def _run(*command: str) -> None:
    done = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE_S, check=False)
    assert done.returncode == 0, f"{' '.join(command[:3])}: {done.stderr[-2000:]}"


@contextmanager
def _alone(name: str) -> Iterator[None]:
    HOME.mkdir(parents=True, exist_ok=True)
    with (HOME / f"{name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


if __name__ == "__main__":  # Before the tests, so that it is seen how long it took, and no test waits for it.
    dump()
