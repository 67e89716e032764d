import threading
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from psycopg import sql

from plant_server.embedded.postgres import PostgresServer
from plant_server.errors import MigrationError, SchemaNotReady
from plant_server.schema.migrate import FOLDER, ensure_roles, migrate, read_migrations, require_migrated
from plant_server.schema.snapshot import SNAPSHOT, dump_schema
from tests.plant_server.database_fixture import PlantDatabase

FIRST = "SET ROLE lineside_plant; CREATE TABLE plant.one (x integer); RESET ROLE;"


def quiet(_: str) -> None:
    return None


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "0001_schema.sql").write_text("CREATE SCHEMA plant AUTHORIZATION lineside_plant;")
    (tmp_path / "0002_one.sql").write_text(FIRST)
    return tmp_path


@pytest.fixture
def newcomer(empty_database: PlantDatabase) -> Iterator[str]:
    """The URL of a role that may log in and nothing else."""
    name = f"newcomer_{empty_database.name}"
    with psycopg.connect(empty_database.superuser_url, autocommit=True) as connection:
        connection.execute(sql.SQL("CREATE ROLE {} LOGIN PASSWORD 'x'").format(sql.Identifier(name)))
    start = empty_database.owner_url.index("@")
    yield f"postgresql://{name}:x{empty_database.owner_url[start:]}"
    with psycopg.connect(empty_database.superuser_url, autocommit=True) as connection:
        connection.execute(sql.SQL("DROP ROLE {}").format(sql.Identifier(name)))


def test_each_file_is_applied_once_and_told(empty_database: PlantDatabase, folder: Path) -> None:
    told: list[str] = []
    assert [m.name for m in migrate(empty_database.owner_url, folder=folder, say=told.append)] == [
        "schema",
        "one",
    ]
    assert migrate(empty_database.owner_url, folder=folder, say=told.append) == []
    assert told == [
        "migrate: 0001_schema",
        "migrate: 0002_one",
        "migrate: 2 applied, 2 in all",
        "migrate: 0 applied, 2 in all",
    ]


def test_tables_belong_to_the_role_the_file_names(empty_database: PlantDatabase, folder: Path) -> None:
    migrate(empty_database.owner_url, folder=folder, say=quiet)
    with psycopg.connect(empty_database.url) as connection:
        row = connection.execute("SELECT tableowner FROM pg_tables WHERE tablename = 'one'").fetchone()
    assert row == ("lineside_plant",)


def test_a_file_changed_after_it_was_applied_is_refused(empty_database: PlantDatabase, folder: Path) -> None:
    migrate(empty_database.owner_url, folder=folder, say=quiet)
    (folder / "0002_one.sql").write_text(FIRST + "\n-- a harmless word")
    with pytest.raises(MigrationError, match="0002_one was changed after it was applied"):
        migrate(empty_database.owner_url, folder=folder, say=quiet)


def test_of_a_failing_file_nothing_is_kept_and_what_came_before_stays(
    empty_database: PlantDatabase, folder: Path
) -> None:
    (folder / "0003_two.sql").write_text("CREATE TABLE plant.two (x integer); SELECT 1 / 0;")
    with pytest.raises(MigrationError, match="0003_two: division by zero"):
        migrate(empty_database.owner_url, folder=folder, say=quiet)
    with psycopg.connect(empty_database.owner_url) as connection:
        row = connection.execute(
            "SELECT to_regclass('plant.one')::text, to_regclass('plant.two')::text"
        ).fetchone()
    assert row == ("plant.one", None)


def test_two_runners_at_once_apply_each_file_once(empty_database: PlantDatabase, folder: Path) -> None:
    applied: list[str] = []

    def run() -> None:
        applied.extend(m.name for m in migrate(empty_database.owner_url, folder=folder, say=quiet))

    runners = [threading.Thread(target=run) for _ in range(3)]
    for runner in runners:
        runner.start()
    for runner in runners:
        runner.join(timeout=60)
    assert sorted(applied) == ["one", "schema"]


def test_a_runner_that_waits_too_long_says_so(empty_database: PlantDatabase, folder: Path) -> None:
    with psycopg.connect(empty_database.owner_url) as connection:
        connection.execute("SELECT pg_advisory_lock(hashtext('lineside.migrate'))")
        with pytest.raises(MigrationError, match="another migration has been running"):
            migrate(empty_database.owner_url, folder=folder, say=quiet, lock_timeout_s=0.1)


def test_a_stray_file_name_and_a_number_used_twice_are_refused(folder: Path) -> None:
    (folder / "0002_other.sql").write_text("")
    with pytest.raises(MigrationError, match="two migrations have the number 0002"):
        read_migrations(folder)
    (folder / "later.sql").write_text("")
    with pytest.raises(MigrationError, match=r"later\.sql"):
        read_migrations(folder)


def test_a_program_asks_whether_the_tables_are_its_own(empty_database: PlantDatabase, folder: Path) -> None:
    with psycopg.connect(empty_database.url) as connection:
        with pytest.raises(SchemaNotReady, match="no tables yet"):
            require_migrated(connection, folder=folder)
        migrate(empty_database.owner_url, folder=folder, say=quiet)
        require_migrated(connection, folder=folder)
        (folder / "0003_three.sql").write_text("SELECT 1")
        with pytest.raises(SchemaNotReady, match="0003 is missing"):
            require_migrated(connection, folder=folder)
        (folder / "0003_three.sql").unlink()
        (folder / "0002_one.sql").unlink()
        with pytest.raises(SchemaNotReady, match="has migration 0002"):
            require_migrated(connection, folder=folder)


def test_who_may_not_make_roles_is_told_what_to_run(newcomer: str, folder: Path) -> None:
    with pytest.raises(MigrationError, match=r"run once as a superuser: GRANT \"lineside_plant\" TO"):
        migrate(newcomer, folder=folder, say=quiet)


def test_the_owner_becomes_a_member_of_the_roles(empty_database: PlantDatabase, newcomer: str) -> None:
    with psycopg.connect(empty_database.superuser_url, autocommit=True) as superuser:
        ensure_roles(superuser, member=newcomer.split(":")[1].removeprefix("//"))
    with psycopg.connect(newcomer, autocommit=True) as connection:
        ensure_roles(connection)
        connection.execute("SET ROLE lineside_bridge")


def test_the_snapshot_is_what_all_migrations_make(
    plant_database: PlantDatabase, empty_database: PlantDatabase, database_server: PostgresServer
) -> None:
    """Both are dumped by the same pg_dump, so the test does not depend on its version."""
    with psycopg.connect(empty_database.superuser_url, autocommit=True) as connection:
        connection.execute(SNAPSHOT.read_bytes())
    migrated, snapshot = dump_schema(plant_database.superuser_url), dump_schema(empty_database.superuser_url)
    assert snapshot == migrated, "write it anew: python -m plant_server.schema.snapshot"


def test_every_migration_starts_and_ends_as_the_owner() -> None:
    """Else the runner's own row would be written as somebody who may not."""
    for migration in read_migrations(FOLDER):
        text = migration.text.decode()
        assert text.count("SET ROLE lineside") == text.count("RESET ROLE"), migration
