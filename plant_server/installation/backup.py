"""`lineside backup`: one file that holds the plant, made while it works.

All of the database is of one moment: a snapshot is opened, its tables are counted and hashed in it, and pg_dump reads the
same snapshot. The files come first, so that the anchors among them are never ahead of the Events in the dump. Nobody
waits for a backup but the keeper, which drops no old day meanwhile.
"""

import selectors
import subprocess
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

import psycopg
from psycopg import IsolationLevel

from plant_server.database import connect
from plant_server.installation.archive import BLOCK_BYTES, DUMP, ArchiveWriter, writing_archive
from plant_server.installation.dump_programs import Program, connection_of, dump_program
from plant_server.installation.errors import BackupFailed
from plant_server.installation.home_files import files_to_keep
from plant_server.installation.manifest import DatabaseOf, Manifest
from plant_server.installation.rights import read_rights
from plant_server.installation.table_contents import QUERIES, SCHEMAS, table_contents
from plant_server.security.secrets import private_folder

NAME = "lineside-{:%Y%m%d-%H%M%S}.zip"
PATTERN = "lineside-????????-??????.zip*"
ENCRYPTED = ".age"
"""What follows the name of an encrypted one, as age's own program has it."""
FOLDER = "backups"
STATEMENT_TIMEOUT_S = 4 * 3600
SILENT_S = 300
"""pg_dump that says nothing for so long is ended."""

Progress = Callable[[str, int, int], None]
"""Gets what is going on, how much is done, and how much there is (0: not known)."""


def back_up(
    home: Path,
    owner_url: str,
    place: DatabaseOf,
    target: Path,
    settings: Sequence[Path],
    progress: Progress,
    keys: Sequence[Any] = (),
) -> Manifest:
    """Write the backup, with `keys` encrypted; what fails leaves nothing. Raises BackupFailed, DatabaseUnavailable, OSError."""
    with (
        connect(owner_url, application="lineside backup", statement_timeout_s=STATEMENT_TIMEOUT_S) as session,
        writing_archive(target, keys) as archive,
    ):
        session.isolation_level = IsolationLevel.REPEATABLE_READ
        session.read_only = True
        _add_files(archive, home, settings)
        try:
            with session.transaction():
                return _add_database(archive, session, owner_url, place, progress)
        except psycopg.Error as error:
            raise BackupFailed(f"the database: {error}") from error


def new_file(home: Path, *, encrypted: bool = False) -> Path:
    """A name in the folder of backups, of now."""
    name = NAME.format(datetime.now(UTC)) + (ENCRYPTED if encrypted else "")
    return private_folder(home / FOLDER) / name


def backups_in(home: Path) -> list[Path]:
    """Backups under the names we give, oldest first."""
    return sorted((home / FOLDER).glob(PATTERN))


def forget_oldest(home: Path, keep: int) -> list[Path]:
    """Delete all but the newest `keep`; return the deleted ones."""
    old = backups_in(home)[:-keep]
    for path in old:
        path.unlink()
    return old


def _add_files(archive: ArchiveWriter, home: Path, settings: Sequence[Path]) -> None:
    for name, path in files_to_keep(home):
        archive.add(f"home/{name}", [path.read_bytes()])
    for path in settings:
        archive.add(f"settings/{path.name}", [path.read_bytes()])


def _add_database(
    archive: ArchiveWriter, session: psycopg.Connection, url: str, place: DatabaseOf, progress: Progress
) -> Manifest:
    session.execute("SET LOCAL idle_in_transaction_session_timeout = 0")
    (snapshot,), (server,) = _row(session, "snapshot"), _row(session, "server")
    _require_no_hypertables(session)
    program = dump_program(int(server))
    tables = table_contents(session, lambda done, total: progress("tables", done, total))
    archive.add(DUMP, _dumped(program, url, str(snapshot), lambda done: progress("database", done, 0)))
    head = session.execute(QUERIES["head"]).fetchone()
    bridge_has_tables = "bridge.applied" in tables
    return _finish(
        archive,
        Manifest(
            made=datetime.now(UTC),
            lineside=version("lineside"),
            postgresql=int(server),
            dumped_by=program.major,
            place=place,
            migrations=dict(session.execute(QUERIES["plant_migrations"]).fetchall()),
            bridge_migrations=dict(session.execute(QUERIES["bridge_migrations"]).fetchall())
            if bridge_has_tables
            else {},
            chain=(int(head[0]), bytes(head[1]).hex()) if head else None,
            tables=tables,
            files=archive.files,
            dump_bytes=archive.sizes[DUMP],
            rights=read_rights(session),
        ),
    )


def _finish(archive: ArchiveWriter, manifest: Manifest) -> Manifest:
    archive.finish(manifest)
    return manifest


def _require_no_hypertables(session: psycopg.Connection) -> None:
    if not _row(session, "timescale_catalog")[0]:
        return
    row = session.execute(QUERIES["hypertables"], {"schemas": list(SCHEMAS)}).fetchone()
    if row is not None and row[0] > 0:
        raise BackupFailed(
            "this database has hypertables, whose rows lie outside our schemas: this backup would miss them. Use "
            "pg_basebackup, or pg_dump of the whole database as TimescaleDB's manual says"
        )


def _dumped(program: Program, url: str, snapshot: str, told: Callable[[int], None]) -> Iterator[bytes]:
    """pg_dump's output, block by block. Raises BackupFailed."""
    database, environment = connection_of(url)
    schemas = [f"--schema={schema}" for schema in SCHEMAS]
    command = [str(program.path), "--format=custom", "--compress=1", "--no-password", *schemas]
    command += [f"--snapshot={snapshot}", "--lock-wait-timeout=60000", f"--dbname={database}"]
    done = 0
    for block in _output_of(command, environment):
        done += len(block)
        told(done)
        yield block


def _output_of(command: Sequence[str], environment: Mapping[str, str]) -> Iterator[bytes]:
    with (
        tempfile.TemporaryFile() as complaints,
        subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=complaints) as process,
        selectors.DefaultSelector() as waiting,
    ):
        assert process.stdout is not None  # noqa: S101  # a pipe was asked for
        waiting.register(process.stdout, selectors.EVENT_READ)
        try:
            while waiting.select(SILENT_S):
                block = process.stdout.read1(BLOCK_BYTES)  # type: ignore[attr-defined]
                if not block:
                    break
                yield block
            else:
                raise BackupFailed(f"pg_dump said nothing for {SILENT_S} s")
            code = process.wait(SILENT_S)
        finally:
            process.kill()  # No effect when it has ended.
        if code != 0:
            complaints.seek(0)
            raise BackupFailed(f"pg_dump: {complaints.read().decode(errors='replace').strip()}")


def _row(session: psycopg.Connection, query: str) -> tuple[Any, ...]:
    row = session.execute(QUERIES[query]).fetchone()
    assert row is not None, query  # noqa: S101  # one row by nature
    return row
