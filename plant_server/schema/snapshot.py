"""schema.sql: what all migrations together make, to be read by people; a test keeps it true.

python -m plant_server.schema.snapshot    writes it anew, on a database server started for that
"""

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import psycopg

from plant_server.embedded.postgres import running_postgres
from plant_server.errors import MigrationError
from plant_server.schema.migrate import ensure_roles, migrate

SNAPSHOT = Path(__file__).parent / "schema.sql"


def dump_schema(url: str) -> str:
    """The tables of a database as pg_dump tells them, without what differs from dump to dump. Raises MigrationError."""
    program = shutil.which("pg_dump", path=os.environ.get("LINESIDE_PG_BIN"))
    if program is None:
        raise MigrationError("pg_dump is not installed")
    command = [program, "--schema-only", "--no-password", "--exclude-schema=migration", f"--dbname={url}"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    if done.returncode != 0:
        raise MigrationError(f"pg_dump: {done.stderr.strip()}")
    return "\n".join(_stable_lines(done.stdout)) + "\n"


def _stable_lines(dump: str) -> Iterator[str]:
    """Without comments, blank lines, and the \\restrict marks, whose word is random."""
    for line in dump.splitlines():
        if line and not line.startswith(("--", "\\restrict", "\\unrestrict")):
            yield line


def write_snapshot() -> None:
    with (
        tempfile.TemporaryDirectory() as home,
        running_postgres(Path(home), prefer="installed") as server,
    ):
        with psycopg.connect(server.url("postgres", "postgres"), autocommit=True) as superuser:
            ensure_roles(superuser, member="lineside")
        migrate(server.url())
        SNAPSHOT.write_text(dump_schema(server.url()), encoding="utf-8")


if __name__ == "__main__":
    write_snapshot()
