"""Numbered SQL files, each applied once in a transaction of its own.


The table migration.applied keeps which were applied, with a hash: a file that was changed afterwards is refused, since
nobody could say which tables a plant then has. The owner of the database runs this; it is a member of the three roles
and each file says as whom it creates (`SET ROLE`). Two runners at once wait for one another.
"""

import hashlib
import itertools
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import psycopg
from psycopg import sql

from plant_server.database import connect
from plant_server.errors import MigrationError, SchemaNotReady

FOLDER = Path(__file__).parent / "migrations"
ROLES = ("lineside_plant", "lineside_bridge", "lineside_bi")
CONNECTION_LIMITS = {"lineside_bi": 10}
"""Boards never take the connections that ingest and API need. Its other limits: migration 0072."""
_FILE_NAME = re.compile(r"(\d{4})_(\w+)\.sql")
_LOCK = "SELECT pg_advisory_lock(hashtext('lineside.migrate'))"
_HISTORY = """
CREATE SCHEMA IF NOT EXISTS migration;
CREATE TABLE IF NOT EXISTS migration.applied (
    number        integer PRIMARY KEY,
    name          text NOT NULL,
    sha256        text NOT NULL,
    applied_time  timestamptz NOT NULL DEFAULT now()
);
GRANT USAGE ON SCHEMA migration TO lineside_plant, lineside_bridge;
GRANT SELECT ON migration.applied TO lineside_plant, lineside_bridge;
"""


@dataclass(frozen=True, slots=True)
class Migration:
    number: int
    name: str
    text: bytes

    @property
    def sha256(self) -> str:
        return hashlib.sha256(self.text).hexdigest()

    def __str__(self) -> str:
        return f"{self.number:04}_{self.name}"


def migrate(
    url: str, *, folder: Path = FOLDER, say: Callable[[str], None] = print, lock_timeout_s: float = 60
) -> list[Migration]:
    """Apply what is missing, in order of number; return it. `url` belongs to the owner of the database.

    Raises MigrationError (nothing of the failing file is kept; the ones before it are), DatabaseUnavailable.
    """
    migrations = read_migrations(folder)
    with connect(
        url,
        application="lineside migrate",
        autocommit=True,
        statement_timeout_s=3600,
        lock_timeout_s=lock_timeout_s,
    ) as connection:
        try:
            connection.execute(_LOCK)
        except psycopg.errors.LockNotAvailable as error:
            raise MigrationError(f"another migration has been running for {lock_timeout_s:g} s") from error
        ensure_roles(connection)
        connection.execute(_HISTORY)
        missing = _missing(connection, migrations)
        for migration in missing:
            say(f"migrate: {migration}")
            _apply(connection, migration)
    say(f"migrate: {len(missing)} applied, {len(migrations)} in all")
    return missing


def require_migrated(connection: psycopg.Connection, *, folder: Path = FOLDER) -> None:
    """Raises SchemaNotReady unless exactly the migrations of this version are applied. Any role may ask."""
    wanted = {migration.number: migration.sha256 for migration in read_migrations(folder)}
    try:
        with connection.transaction():
            rows = connection.execute("SELECT number, sha256 FROM migration.applied").fetchall()
    except (psycopg.errors.UndefinedTable, psycopg.errors.InsufficientPrivilege) as error:
        raise SchemaNotReady("the database has no tables yet: run `lineside migrate`") from error
    applied: dict[int, str] = dict(rows)
    if applied == wanted:
        return
    if behind := sorted(set(wanted) - set(applied)):
        raise SchemaNotReady(f"migration {behind[0]:04} is missing: run `lineside migrate`")
    if ahead := sorted(set(applied) - set(wanted)):
        raise SchemaNotReady(f"the database has migration {ahead[-1]:04}, which this version does not know")
    raise SchemaNotReady("an applied migration differs from the file of this version")


def ensure_roles(connection: psycopg.Connection, *, member: str | None = None) -> None:
    """Make the three roles where they are missing (they can log in once they are given a password), and `member`,
    the owner of the database (None: the connected user), a member of them. No effect where all is there.

    Raises MigrationError with the statements to run when the connected user may not do that.
    """
    user = member or connection.info.user
    rows = connection.execute(
        "SELECT rolname, pg_has_role(%s::name, oid, 'MEMBER') FROM pg_roles WHERE rolname = ANY (%s)",
        [user, list(ROLES)],
    ).fetchall()
    is_member: dict[str, bool] = dict(rows)
    needed = [
        sql.SQL("CREATE ROLE {} LOGIN CONNECTION LIMIT {}").format(
            sql.Identifier(role), sql.Literal(CONNECTION_LIMITS.get(role, -1))
        )
        for role in ROLES
        if role not in is_member
    ]
    needed += [
        sql.SQL("GRANT {} TO {}").format(sql.Identifier(role), sql.Identifier(user))
        for role in ROLES
        if not is_member.get(role, False)
    ]
    try:
        with connection.transaction():
            for statement in needed:
                connection.execute(statement)
    except psycopg.errors.InsufficientPrivilege as error:
        statements = "; ".join(statement.as_string(connection) for statement in needed)
        raise MigrationError(
            f"{connection.info.user} may not make roles; run once as a superuser: {statements};"
        ) from error


def read_migrations(folder: Path) -> list[Migration]:
    """The files in order. Raises MigrationError for a stray name or a number used twice."""
    migrations = []
    for path in sorted(folder.glob("*.sql")):
        match = _FILE_NAME.fullmatch(path.name)
        if match is None:
            raise MigrationError(f"{path.name}: a migration is named 0001_what_it_does.sql")
        migrations.append(Migration(int(match[1]), match[2], path.read_bytes()))
    numbers = [migration.number for migration in migrations]
    for number, after in itertools.pairwise(numbers):
        if number == after:
            raise MigrationError(f"two migrations have the number {number:04}")
    return migrations


def _missing(connection: psycopg.Connection, migrations: Sequence[Migration]) -> list[Migration]:
    rows = connection.execute("SELECT number, sha256 FROM migration.applied").fetchall()
    applied: dict[int, str] = dict(rows)
    for migration in migrations:
        if applied.get(migration.number, migration.sha256) != migration.sha256:
            raise MigrationError(f"{migration} was changed after it was applied; write a new one instead")
    known = {migration.number for migration in migrations}
    if unknown := sorted(set(applied) - known):
        raise MigrationError(f"the database has migration {unknown[0]:04}, which this version does not know")
    return [migration for migration in migrations if migration.number not in applied]


def _apply(connection: psycopg.Connection, migration: Migration) -> None:
    try:
        with connection.transaction():
            connection.execute(migration.text)
            connection.execute("RESET ROLE")
            connection.execute(
                "INSERT INTO migration.applied (number, name, sha256) VALUES (%s, %s, %s)",
                [migration.number, migration.name, migration.sha256],
            )
    except psycopg.Error as error:
        raise MigrationError(f"{migration}: {error}") from error
