"""A backup of a database server and of the files beside it, taken back elsewhere."""

import stat
from pathlib import Path

import psycopg
import pytest

from plant_server.embedded.postgres import running_postgres
from plant_server.installation.errors import BackupFailed
from plant_server.installation.table_contents import differences, table_contents
from plant_server.schema.snapshot import dump_schema
from tests.plant_server.database_fixture import PlantDatabase
from tests.plant_server.installation.running import lineside, manifest_of, tables_of


def test_what_was_backed_up_is_there_again_on_another_server(
    home: Path, plant: PlantDatabase, file: Path, elsewhere: PlantDatabase, tmp_path: Path
) -> None:
    new = tmp_path / "new"
    done = lineside(home, "restore", str(file), "--home", str(new), owner_url=elsewhere.owner_url)
    assert done.returncode == 0, done.stderr
    rows = "SELECT string_agg(whole::text, E'\\n' ORDER BY whole::text) FROM {} AS whole"
    with psycopg.connect(plant.url) as before, psycopg.connect(elsewhere.url) as now:
        for table in (
            "plant.sample",
            "plant.text_sample",
            "plant.person",
            "plant.edge_cursor",
            "migration.applied",
        ):
            query = rows.format(table).encode()
            assert before.execute(query).fetchone() == now.execute(query).fetchone(), table
        numbered = now.execute(
            "INSERT INTO plant.edge (group_id, node) VALUES ('a', 'b') RETURNING edge_id"
        ).fetchone()
        assert numbered == (2,), "the next number follows"
    for path in (
        "ca/ca.key",
        "ca/clients/shop1%3Apress-shop.pem",
        "secrets/postgres-lineside",
        "broker/installation/acl",
    ):
        assert (new / path).read_bytes() == (home / path).read_bytes(), path
    assert (new / "settings-of-backup/bridge.yaml").read_text() == "connectors: {}\n"


def objects_and_rights(database: PlantDatabase) -> list[str]:
    """What there is, whose it is, and who may use it. Not the texts of views, which PostgreSQL words anew each time."""
    lines = dump_schema(database.superuser_url).splitlines()
    return sorted(line for line in lines if line.startswith(("CREATE ", "ALTER ", "GRANT ", "REVOKE ")))


def test_the_restored_schema_is_the_same_down_to_rights(
    home: Path, plant: PlantDatabase, file: Path, elsewhere: PlantDatabase, tmp_path: Path
) -> None:
    reset = "ALTER ROLE lineside_bi RESET ALL"
    told = "SELECT setconfig FROM pg_db_role_setting WHERE setrole = 'lineside_bi'::regrole"
    with psycopg.connect(plant.superuser_url, autocommit=True) as connection:
        before = connection.execute(told).fetchall()
        connection.execute(reset)  # As on a server of its own, where nobody made the role before.
    new = tmp_path / "new"
    assert (
        lineside(home, "restore", str(file), "--home", str(new), owner_url=elsewhere.owner_url).returncode
        == 0
    )
    assert objects_and_rights(elsewhere) == objects_and_rights(plant)
    with psycopg.connect(elsewhere.superuser_url) as connection:
        assert connection.execute(told).fetchall() == before != []
        defaults = connection.execute("SELECT count(*) FROM pg_default_acl").fetchone()
    assert defaults == (0,), "what was allowed for the time of the restore is over"


def test_a_second_backup_of_what_was_restored_has_the_same_hashes(
    home: Path, file: Path, elsewhere: PlantDatabase, tmp_path: Path
) -> None:
    new, second = tmp_path / "new", tmp_path / "second.zip"
    assert (
        lineside(home, "restore", str(file), "--home", str(new), owner_url=elsewhere.owner_url).returncode
        == 0
    )
    assert lineside(new, "backup", "--out", str(second), owner_url=elsewhere.owner_url).returncode == 0
    assert tables_of(second) == tables_of(file)


def test_a_restore_leaves_a_row_that_says_of_when_the_backup_was(
    home: Path, file: Path, elsewhere: PlantDatabase
) -> None:
    done = lineside(home, "restore", str(file), "--only", "database", owner_url=elsewhere.owner_url)
    assert done.returncode == 0, done.stderr
    assert "lineside bridge release" in done.stdout
    with psycopg.connect(elsewhere.url) as connection:
        ((backup, restored),) = connection.execute(
            "SELECT backup_time, restored_time FROM plant.restoration"
        ).fetchall()
    assert backup.isoformat() == manifest_of(file)["made"]
    assert restored > backup


def test_a_restore_is_practised_in_a_folder_that_needs_no_server(
    plant: PlantDatabase, file: Path, tmp_path: Path
) -> None:
    practice = tmp_path / "practice" / "plant"
    refused = lineside(practice, "restore", str(file))
    assert refused.returncode == 1
    assert "set LINESIDE_OWNER_DATABASE_URL, or say --embedded" in refused.stderr
    assert not practice.exists()
    done = lineside(practice, "restore", str(file), "--embedded")
    assert done.returncode == 0, done.stderr
    with running_postgres(practice) as server, psycopg.connect(server.url("lineside_plant")) as connection:
        assert connection.execute("SELECT count(*) FROM plant.sample").fetchone() == (5000,)


def test_files_first_then_the_database_as_containers_need_it(
    file: Path, elsewhere: PlantDatabase, tmp_path: Path
) -> None:
    new = tmp_path / "machine" / ".lineside"
    files = lineside(new, "restore", str(file), "--only", "files")
    assert files.returncode == 0, files.stderr
    assert (new / "secrets/postgres-lineside").exists()
    for folder in ("log", "backups", "spool", "grafana", "public/clients"):
        assert (new / folder).is_dir(), "else a container engine makes it as root"
    certificates = sorted(path.name for path in (new / "ca/clients").glob("*.pem"))
    assert certificates == sorted(path.name for path in (new / "public/clients").iterdir())
    database = lineside(new, "restore", str(file), "--only", "database", owner_url=elsewhere.owner_url)
    assert database.returncode == 0, database.stderr
    assert "tables, " in database.stdout


def test_only_the_owner_reads_a_backup_and_what_comes_of_it(
    home: Path, file: Path, elsewhere: PlantDatabase, tmp_path: Path
) -> None:
    new = tmp_path / "new"
    assert (
        lineside(home, "restore", str(file), "--home", str(new), owner_url=elsewhere.owner_url).returncode
        == 0
    )
    files = [file, *(path for path in new.rglob("*") if path.is_file() and path.name != "anchors.log")]
    assert len(files) > 10
    assert [path for path in files if stat.S_IMODE(path.stat().st_mode) & 0o077] == []


def test_a_hash_differs_when_one_value_does(plant: PlantDatabase) -> None:
    with psycopg.connect(plant.owner_url) as connection:
        before = table_contents(connection, lambda done, total: None)
        connection.execute(
            "UPDATE plant.sample SET value = value + 1e-9 WHERE tag_id = 3 AND ts < '2026-01-02 00:00:05Z'"
        )
        connection.execute("DELETE FROM plant.edge_cursor")
        after = table_contents(connection, lambda done, total: None)
    assert differences(before, after) == [
        "plant.edge_cursor: 0 rows instead of 1",
        "plant.sample: 5000 rows, but not the same ones",
    ]


def test_the_newest_backups_stay(home: Path, plant: PlantDatabase) -> None:
    folder = home / "backups"
    folder.mkdir(exist_ok=True)
    for day in (1, 2, 3):
        (folder / f"lineside-2026010{day}-010000.zip").touch()
    (folder / "before-the-move.zip").touch()
    made = lineside(home, "backup", "--keep", "2", owner_url=plant.owner_url)
    assert made.returncode == 0, made.stderr
    names = sorted(path.name for path in folder.iterdir())
    assert names[:2] == ["before-the-move.zip", "lineside-20260103-010000.zip"]
    assert len(names) == 3


def test_a_failed_backup_leaves_nothing_and_deletes_none(home: Path, plant: PlantDatabase) -> None:
    folder = home / "backups"
    folder.mkdir(exist_ok=True)
    (folder / "lineside-20260101-010000.zip").touch()
    with psycopg.connect(plant.superuser_url, autocommit=True) as connection:
        connection.execute(
            "CREATE TABLE plant.foreign_one (x integer)"
        )  # Not the owner's, so it cannot be read.
    failed = lineside(home, "backup", "--keep", "1", owner_url=plant.owner_url)
    assert failed.returncode == 1
    assert "permission denied for table foreign_one" in failed.stderr
    assert [path.name for path in folder.iterdir()] == ["lineside-20260101-010000.zip"]


def test_hypertables_are_refused_since_their_rows_lie_elsewhere(home: Path, plant: PlantDatabase) -> None:
    """As TimescaleDB's catalog tells them; there is no such server here."""
    with psycopg.connect(plant.superuser_url, autocommit=True) as connection:
        connection.execute(
            "CREATE SCHEMA _timescaledb_catalog; GRANT USAGE ON SCHEMA _timescaledb_catalog TO public;"
            "CREATE TABLE _timescaledb_catalog.hypertable (schema_name name);"
            "GRANT SELECT ON _timescaledb_catalog.hypertable TO public"
        )
    assert lineside(home, "backup", owner_url=plant.owner_url).returncode == 0
    with psycopg.connect(plant.superuser_url, autocommit=True) as connection:
        connection.execute("INSERT INTO _timescaledb_catalog.hypertable VALUES ('plant')")
    refused = lineside(home, "backup", owner_url=plant.owner_url)
    assert refused.returncode == 1
    assert "has hypertables" in refused.stderr


def test_a_server_without_a_fitting_pg_dump_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    from plant_server.installation.dump_programs import dump_program, restore_program

    for name in ("pg_dump", "pg_restore"):
        (tmp_path / name).write_text(f"#!/bin/sh\necho '{name} (PostgreSQL) 18.6'\n")
        (tmp_path / name).chmod(0o755)
    monkeypatch.setenv("LINESIDE_PG_BIN", str(tmp_path))
    assert dump_program(17).major == 18
    assert restore_program(18, dumped_by=15).major == 18
    with pytest.raises(BackupFailed, match=r"pg_dump 16 is needed.*postgresql-client-16"):
        dump_program(16)
    with pytest.raises(BackupFailed, match="pg_dump 19 is needed"):
        dump_program(19)
