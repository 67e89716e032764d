"""The data folder of the embedded PostgreSQL: made once, checked before every start, never upgraded or replaced.

When we are root, the server is another account, and the folders above its data may be closed to it (/root is 0700).
So it gets the folder as an open descriptor and knows it as /proc/self/fd/N: nothing outside has to be opened for it.
"""

import os
import shutil
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import psycopg
from psycopg import sql

from plant_server.embedded.child_process import Account, owner_of, processes_working_in, run_as
from plant_server.embedded.errors import AlreadyRunning, DataFolderRefused, StartFailed
from plant_server.embedded.postgres_binaries import PostgresBinaries
from plant_server.schema.migrate import CONNECTION_LIMITS
from plant_server.security.secrets import secret

DATABASE = "lineside"
OWNER = "lineside"
SUPERUSER = "postgres"
LOGIN_ROLES = ("lineside_plant", "lineside_bridge", "lineside_bi")


def password_of(home: Path, role: str) -> str:
    """The generated password of a database role, from the secrets of this state folder."""
    return secret(home / "secrets", f"postgres-{role}")


def major_of(data: Path) -> int | None:
    """The major version a data folder was made with; None when there is none yet. Raises DataFolderRefused."""
    version = data / "PG_VERSION"
    try:
        return int(version.read_text(encoding="ascii"))
    except FileNotFoundError:
        if data.exists():
            raise DataFolderRefused(
                f"{data} is no PostgreSQL data folder (no PG_VERSION): move it away"
            ) from None
        return None
    except PermissionError:
        owner = owner_of(data.parent if not os.access(data.parent, os.X_OK) else data)
        raise DataFolderRefused(
            f"{data} belongs to the account {owner.name}, which an earlier start as root chose: start as root again, "
            "or move the folder away"
        ) from None


@contextmanager
def opened_data_folder(data: Path, account: Account | None) -> Iterator[tuple[str, Sequence[int]]]:
    """The name under which the server knows its data folder, and the descriptors it must inherit for that."""
    if account is None:
        yield str(data), ()
        return
    descriptor = os.open(data, os.O_RDONLY | os.O_DIRECTORY)
    try:
        yield f"/proc/self/fd/{descriptor}", (descriptor,)
    finally:
        os.close(descriptor)


def make_data_folder(
    data: Path, binaries: PostgresBinaries, account: Account | None, *, password: str, scratch: Path
) -> None:
    """`initdb` into a folder beside `data`, renamed when it is whole: a start cut short leaves nothing half made.

    scratch: a folder the account can read; holds the superuser's password while initdb runs.
    """
    unfinished = data.with_name(f"{data.name}.unfinished")
    shutil.rmtree(unfinished, ignore_errors=True)
    unfinished.mkdir(parents=True, mode=0o700)
    handle, password_file = tempfile.mkstemp(dir=scratch)
    with open(handle, "w", encoding="ascii") as file:
        file.write(password)
    if account:
        account.own(unfinished)
        account.own(Path(password_file))
    with opened_data_folder(unfinished, account) as (folder, descriptors):
        # C collation: the same order on every machine, and no index broken by an update of the C library.
        done = run_as(
            account,
            [
                str(binaries.folder / "initdb"),
                f"--pgdata={folder}",
                f"--username={SUPERUSER}",
                f"--pwfile={password_file}",
                "--auth=scram-sha-256",
                "--encoding=UTF8",
                "--no-locale",
                "--data-checksums",
            ],
            pass_fds=descriptors,
            timeout_s=300,
        )
    Path(password_file).unlink()
    if done.returncode != 0:
        raise StartFailed(f"initdb of {binaries} failed:\n{done.stdout[-500:]}{done.stderr[-1000:]}")
    unfinished.rename(data)


def wait_until_unused(data: Path, *, patience_s: float) -> None:
    """Wait for a server whose starter died to finish its shutdown; then clear what a dead one left behind.

    A stale postmaster.pid is normally PostgreSQL's own affair. It refuses, though, when the number in it was given to
    another process meanwhile; so the file goes, once it is sure that no server process uses the folder.
    Raises AlreadyRunning when a server still runs after `patience_s` seconds.
    """
    deadline = time.monotonic() + patience_s
    while running := processes_in(data):
        if time.monotonic() > deadline:
            raise AlreadyRunning(
                f"a PostgreSQL server (process {min(running)}) still runs on {data}, left by an earlier start. "
                f"Stop it (kill -INT {min(running)}) and start again."
            )
        time.sleep(0.05)
    if Path("/proc").is_dir():  # Elsewhere nobody can tell, and PostgreSQL decides.
        (data / "postmaster.pid").unlink(missing_ok=True)


def processes_in(data: Path) -> list[int]:
    """Live processes of the server on this folder, also those whose postmaster is dead."""
    return processes_working_in(data, "postgres")


def ensure_roles(home: Path, superuser_url: str) -> None:
    """Make the database, its owner and the login roles where they are missing. Schemas and grants: the migrations'."""
    with psycopg.connect(superuser_url, autocommit=True, connect_timeout=30) as connection:
        roles = {name for (name,) in connection.execute("SELECT rolname FROM pg_roles")}
        for role in (OWNER, *LOGIN_ROLES):
            if role in roles:
                continue
            # The password leaves us only as a SCRAM verifier, so that no server log can hold it.
            verifier = connection.pgconn.encrypt_password(
                password_of(home, role).encode(), role.encode(), b"scram-sha-256"
            )
            connection.execute(
                sql.SQL("CREATE ROLE {} LOGIN PASSWORD {}").format(
                    sql.Identifier(role), sql.Literal(verifier.decode())
                )
            )
        for role, limit in CONNECTION_LIMITS.items():
            connection.execute(
                sql.SQL("ALTER ROLE {} CONNECTION LIMIT {}").format(sql.Identifier(role), sql.Literal(limit))
            )
        # The owner migrates, and creates in each role's name.
        members = sql.SQL(", ").join(map(sql.Identifier, LOGIN_ROLES))
        connection.execute(sql.SQL("GRANT {} TO {}").format(members, sql.Identifier(OWNER)))
        databases = {name for (name,) in connection.execute("SELECT datname FROM pg_database")}
        if DATABASE not in databases:
            connection.execute(
                sql.SQL("CREATE DATABASE {} OWNER {}").format(sql.Identifier(DATABASE), sql.Identifier(OWNER))
            )
