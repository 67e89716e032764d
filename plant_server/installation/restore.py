"""`lineside restore`: a plant from its backup, in an empty place, checked against what the backup says of itself.

First everything is looked at (the whole file, versions, the place), then the files are put, then the database in one
transaction: it is there whole or not at all. Then every table is counted and hashed again, and only then migrations of a
later version follow, and a row in plant.restoration, for which the bridge holds back what it would tell. Edges notice
nothing but a cursor that went back: they send again what came after it.
"""

import subprocess
import tempfile
import threading
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

import psycopg
from psycopg import IsolationLevel, sql

from plant_server.database import connect
from plant_server.installation.archive import DUMP, ArchiveReader
from plant_server.installation.dump_programs import Program, connection_of, restore_program
from plant_server.installation.errors import BackupError, PlaceRefused, RestoreFailed
from plant_server.installation.home_files import ANCHORS, SETTINGS, occupied, put, set_aside
from plant_server.installation.manifest import Manifest, require_known
from plant_server.installation.place import database_to_fill
from plant_server.installation.rights import end_all_create, give_rights, let_all_create
from plant_server.installation.table_contents import QUERIES, SCHEMAS, differences, table_contents
from plant_server.schema.migrate import ensure_roles, migrate
from plant_server.security.installation import FOLDERS, publish_certificates
from plant_server.security.secrets import private_folder

END_S = 4 * 3600
"""pg_restore that is not done by then is ended."""
STATEMENT_TIMEOUT_S = 4 * 3600

Progress = Callable[[str, int, int], None]
Only = Literal["everything", "files", "database"]


@dataclass(frozen=True, slots=True)
class Place:
    """Where to: a folder, and the database's owner's URL. None: a server of the folder's own, if the backup is of such a
    plant or `embedded` asks for it."""

    home: Path
    owner_url: str | None
    embedded: bool = False


@dataclass(frozen=True, slots=True)
class Restored:
    """`tables` 0: the database was not asked for. `aside`: where the files went that stood in the place. `settings`: where
    those of the backup are, if it had any."""

    tables: int = 0
    rows: int = 0
    migrations: int = 0
    aside: Path | None = None
    settings: Path | None = None


def restore_plant(
    archive: ArchiveReader, place: Place, *, only: Only, force: bool, progress: Progress
) -> Restored:
    """Files and database, or one of them. Raises what the two below raise, and EmbeddedServerError."""
    in_folder = place.owner_url is None and (place.embedded or archive.manifest.place == "embedded")
    restored = Restored()
    aside = settings = None
    if in_folder and only != "database":  # The folder's server starts with the passwords among the files.
        aside, settings = restore_files(archive, place.home, force=force)
    if only != "files":
        with database_to_fill(place.home, place.owner_url, embedded=in_folder) as url:
            restored = restore_database(archive, url, force=force, progress=progress)
    if not in_folder and only != "database":
        aside, settings = restore_files(archive, place.home, force=force)
    return replace(restored, aside=aside, settings=settings)


def restore_files(archive: ArchiveReader, home: Path, *, force: bool) -> tuple[Path | None, Path | None]:
    """Put certificates, secrets, rights and anchors. Returns where what stood there went, and where the settings are.

    Raises PlaceRefused without `force` where there are some, BackupRefused, OSError.
    """
    there = occupied(home)
    if there and not force:
        raise PlaceRefused(
            f"{home} holds {', '.join(there)} of a plant already: choose an empty folder by --home, or say --force (what is "
            "there is set aside)"
        )
    aside = set_aside(home, datetime.now(UTC))
    for name, content in archive.files_below("home"):
        put(home, name, content)
    if (home / "broker/installation").exists():  # As `lineside prepare` leaves it.
        for folder in FOLDERS:
            private_folder(home / folder)
        publish_certificates(home)
    _note_head(home, archive.manifest)
    settings = list(archive.files_below("settings"))
    for name, content in settings:
        put(home, SETTINGS / name, content)
    return aside, home / SETTINGS if settings else None


def restore_database(archive: ArchiveReader, url: str, *, force: bool, progress: Progress) -> Restored:
    """Make the schemas and fill them, and compare with the manifest. `url` belongs to the owner of the database.

    Raises PlaceRefused, BackupRefused, BackupFailed (no pg_restore), RestoreFailed, MigrationError, DatabaseUnavailable.
    """
    manifest = archive.manifest
    with connect(
        url, application="lineside restore", autocommit=True, statement_timeout_s=STATEMENT_TIMEOUT_S
    ) as session:
        server = int(_value(session, "server"))
        require_known(manifest, server)
        program = restore_program(server, manifest.dumped_by)
        _make_room(session, force=force)
        session.execute(QUERIES["restoring"])
        ensure_roles(session)
        session.execute(QUERIES["make_ready"])
        let_all_create(session)
        try:
            _fill(program, url, archive, progress)
        finally:
            end_all_create(session)
        give_rights(session, manifest.rights)
        _compare(session, manifest, progress)
        applied = migrate(url, say=lambda _: None)
        note_restoration(session, manifest)
    return Restored(len(manifest.tables), manifest.rows, len(applied))


def note_restoration(session: psycopg.Connection, manifest: Manifest) -> None:
    """What others were told since the backup is forgotten here: the bridge tells nobody anything until a person says so."""
    session.execute(QUERIES["note_restoration"], {"backup_time": manifest.made})


def _note_head(home: Path, manifest: Manifest) -> None:
    """The head of the chain at the backup is one more anchor: `lineside audit verify` compares the restored chain."""
    if manifest.chain is None:
        return
    position, head = manifest.chain
    anchors = home / ANCHORS
    anchors.parent.mkdir(parents=True, exist_ok=True)
    with anchors.open("a", encoding="ascii") as lines:
        lines.write(f"{manifest.made.isoformat(timespec='seconds')} {position} {head}\n")


def _make_room(session: psycopg.Connection, *, force: bool) -> None:
    working = session.execute(QUERIES["working_here"]).fetchall()
    if working:
        names = ", ".join(name for (name,) in working)
        raise PlaceRefused(f"{names} work in this database: stop them first")
    there = [name for (name,) in session.execute(QUERIES["schemas_there"], {"schemas": list(SCHEMAS)})]
    if there and not force:
        raise PlaceRefused(
            f"the database holds the schemas {', '.join(there)} already: name an empty one, or say --force (what is there "
            "is lost; make a backup of it first)"
        )
    for schema in there:
        session.execute(sql.SQL("DROP SCHEMA {} CASCADE").format(sql.Identifier(schema)))


def _fill(program: Program, url: str, archive: ArchiveReader, progress: Progress) -> None:
    database, environment = connection_of(url)
    command = [str(program.path), "--exit-on-error", "--single-transaction", "--no-password"]
    command.append(f"--dbname={database}")
    _feed(command, environment, archive, lambda done: progress("database", done, archive.manifest.dump_bytes))


def _feed(
    command: Sequence[str],
    environment: Mapping[str, str],
    archive: ArchiveReader,
    told: Callable[[int], None],
) -> None:
    done = 0
    with (
        tempfile.TemporaryFile() as complaints,
        subprocess.Popen(command, env=environment, stdin=subprocess.PIPE, stderr=complaints) as process,
    ):
        assert process.stdin is not None  # noqa: S101  # a pipe was asked for
        deadline = threading.Timer(END_S, process.kill)
        deadline.start()
        try:
            for block in archive.blocks(DUMP):
                process.stdin.write(block)
                done += len(block)
                told(done)
        except BrokenPipeError:
            pass  # It ended early; its exit code and its words say why.
        except BackupError:
            process.kill()  # Else it would take the end of what it got for the end of the backup.
            raise
        finally:
            with suppress(BrokenPipeError):
                process.stdin.close()
            code = process.wait()
            deadline.cancel()
        if code != 0:
            complaints.seek(0)
            raise RestoreFailed(
                f"nothing was restored; pg_restore: {complaints.read().decode(errors='replace').strip()}"
            )


def _compare(session: psycopg.Connection, manifest: Manifest, progress: Progress) -> None:
    session.isolation_level = IsolationLevel.REPEATABLE_READ
    with session.transaction():
        found = table_contents(session, lambda done, total: progress("check", done, total))
    if wrong := differences(manifest.tables, found):
        raise RestoreFailed("the tables are not those of the backup:\n" + "\n".join(wrong))


def _value(session: psycopg.Connection, query: str) -> Any:
    row = session.execute(QUERIES[query]).fetchone()
    assert row is not None, query  # noqa: S101  # one row by nature
    return row[0]
