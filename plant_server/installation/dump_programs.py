"""Which pg_dump and pg_restore fit a server.

pg_dump reads servers up to its own version. From 17 on its script sets `transaction_timeout`, which servers before 17
do not know, so what it made of an older server could not be restored there: those need a program of their own version.
"""

import os
import re
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from psycopg.conninfo import conninfo_to_dict, make_conninfo

from plant_server.embedded.postgres_binaries import program_folders
from plant_server.installation.errors import BackupFailed

_SAME_SCRIPT_SINCE = 17
_VERSION = re.compile(r"\b(\d+)(?:\.\d+)?")


@dataclass(frozen=True, slots=True)
class Program:
    path: Path
    major: int


def dump_program(server: int) -> Program:
    """The pg_dump for a server of this major version. Raises BackupFailed with what to install."""
    return _best("pg_dump", server, server)


def restore_program(server: int, dumped_by: int) -> Program:
    """The pg_restore that reads what pg_dump `dumped_by` wrote, for this server. Raises BackupFailed."""
    return _best("pg_restore", max(server, dumped_by), server)


def connection_of(url: str) -> tuple[str, Mapping[str, str]]:
    """`--dbname` and environment for a program: the password is not for everybody's list of processes."""
    parts = conninfo_to_dict(url)
    password = str(parts.pop("password", None) or "")
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PG")}
    return make_conninfo("", **parts), environment | {"PGPASSWORD": password, "PGCONNECT_TIMEOUT": "10"}


def _best(name: str, at_least: int, server: int) -> Program:
    found = sorted(_found(name), key=lambda program: program.major)
    for program in found:
        if program.major == at_least or (program.major > at_least and server >= _SAME_SCRIPT_SINCE):
            return program
    has = ", ".join(f"{program.major} ({program.path})" for program in found) or "none"
    raise BackupFailed(
        f"{name} {at_least} is needed, and here there is {has}: install postgresql-client-{at_least}, or set "
        "LINESIDE_PG_BIN to the folder that holds it"
    )


def _found(name: str) -> list[Program]:
    programs = []
    for folder in dict.fromkeys(program_folders()):
        path = folder / name
        if os.access(path, os.X_OK) and (major := _major_of(path)) is not None:
            programs.append(Program(path, major))
    return programs


def _major_of(path: Path) -> int | None:
    told = subprocess.run([str(path), "--version"], capture_output=True, text=True, timeout=10, check=False)
    number = _VERSION.search(told.stdout)
    return int(number[1]) if number else None
