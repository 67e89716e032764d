"""A backup of a database server and of the files beside it, taken back elsewhere; and all that is refused."""

import json
import stat
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg
import pytest

from plant_server.embedded.postgres import PostgresServer, running_postgres
from plant_server.installation.errors import BackupFailed
from plant_server.installation.table_contents import differences, table_contents
from plant_server.schema.snapshot import dump_schema
from plant_server.security.access_control import EdgeNode, Host
from plant_server.security.installation import prepare
from tests.plant_server.database_fixture import PlantDatabase, fresh_database
from tests.plant_server.installation.running import lineside

FACTS = """
SELECT plant.ensure_sample_partition('2026-01-02');
INSERT INTO plant.sample SELECT '2026-01-02'::timestamptz + n * interval '1 s', n / 3.0, n % 7, 192 FROM generate_series(1, 5000) n;
INSERT INTO plant.text_sample VALUES ('2026-01-02 08:00Z', 1, 192, 'Störung: 压机 "1"\n\\.');
INSERT INTO plant.edge (group_id, node) VALUES ('shop1', 'press-shop');
INSERT INTO plant.device (edge_id, name, path) VALUES (1, 'press1', 'demo/plant1/area1/line1/press1');
INSERT INTO plant.tag (device_id, name, datatype) VALUES (1, 'parts', 8);
INSERT INTO plant.person (name, roles, badge_hash) VALUES ('王芳', ARRAY['operator'], '\\x00ff');
INSERT INTO plant.edge_cursor (edge_id, epoch, committed) VALUES (1, gen_random_uuid(), 42);
"""


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A folder as `lineside prepare` makes it, with a file of settings and anchors."""
    home = tmp_path / "site" / ".lineside"
    home.parent.mkdir()
    prepare(
        home, edges=[EdgeNode("shop1", "press-shop")], hosts=[Host("plant")], server_names=["plant.local"]
    )
    (home.parent / "bridge.yaml").write_text("connectors: {}\n")
    return home


@pytest.fixture
def plant(plant_database: PlantDatabase) -> PlantDatabase:
    with psycopg.connect(plant_database.url, autocommit=True) as connection:
        connection.execute(FACTS)
    return plant_database


@pytest.fixture
def file(home: Path, plant: PlantDatabase, tmp_path: Path) -> Path:
    """A backup of both."""
    file = tmp_path / "plant.zip"
    made = lineside(home, "backup", "--out", str(file), owner_url=plant.owner_url)
    assert made.returncode == 0, made.stderr
    return file


@pytest.fixture
def elsewhere(database_server: PostgresServer) -> Iterator[PlantDatabase]:
    with fresh_database(database_server, template="template0") as database:
        yield database


def manifest_of(file: Path) -> dict[str, object]:
    with zipfile.ZipFile(file) as archive:
        told: dict[str, object] = json.loads(archive.read("manifest.json"))
    return told


def rewritten(file: Path, change: Callable[[str, bytes], bytes]) -> Path:
    """A copy whose members went through `change`."""
    copy = file.with_name("changed.zip")
    with zipfile.ZipFile(file) as old, zipfile.ZipFile(copy, "w") as new:
        for name in old.namelist():
            new.writestr(name, change(name, old.read(name)))
    return copy


def with_manifest(file: Path, **changes: object) -> Path:
    def change(name: str, content: bytes) -> bytes:
        return json.dumps(json.loads(content) | changes).encode() if name == "manifest.json" else content

    return rewritten(file, change)


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
    assert manifest_of(second)["tables"] == manifest_of(file)["tables"]


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
    for folder in ("log", "backups", "spool", "grafana"):
        assert (new / folder).is_dir(), "else a container engine makes it as root"
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


def test_a_place_that_is_not_empty_is_left_alone_unless_forced(
    home: Path, plant: PlantDatabase, file: Path, elsewhere: PlantDatabase, tmp_path: Path
) -> None:
    refused = lineside(home, "restore", str(file), "--home", str(tmp_path / "new"), owner_url=plant.owner_url)
    assert refused.returncode == 1
    assert "holds the schemas bi, bridge, migration, plant already" in refused.stderr
    refused = lineside(home, "restore", str(file), "--only", "files")
    assert refused.returncode == 1
    assert "holds broker, ca, secrets of a plant already" in refused.stderr
    key = (home / "ca/ca.key").read_bytes()
    with psycopg.connect(plant.url, autocommit=True) as connection:
        connection.execute("DELETE FROM plant.sample")
    forced = lineside(home, "restore", str(file), "--force", owner_url=plant.owner_url)
    assert forced.returncode == 0, forced.stderr
    with psycopg.connect(plant.url) as connection:
        assert connection.execute("SELECT count(*) FROM plant.sample").fetchone() == (5000,)
    (aside,) = home.glob("before-restore-*")
    assert (aside / "ca/ca.key").read_bytes() == key


def test_nothing_is_restored_under_the_feet_of_a_working_plant(
    home: Path, plant: PlantDatabase, file: Path
) -> None:
    with psycopg.connect(plant.url, application_name="lineside ingest plant"):
        refused = lineside(
            home, "restore", str(file), "--only", "database", "--force", owner_url=plant.owner_url
        )
    assert refused.returncode == 1
    assert "lineside ingest plant work in this database: stop them first" in refused.stderr


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"format": 2, "lineside": "9.1"}, "has format 2, made by Lineside 9.1; this version reads format 1"),
        (
            {"migrations": {"9999": "0" * 64}, "lineside": "9.1"},
            "has migration 9999, which this version does not know",
        ),
        ({"migrations": {"1": "0" * 64}}, "migration 0001 of the backup is not the one of this version"),
        ({"postgresql": 99}, "was made on PostgreSQL 99, and here is"),
        ({"files": {}}, "does not hold what its manifest lists"),
    ],
)
def test_a_backup_of_another_version_says_which_one_is_needed(
    home: Path, file: Path, elsewhere: PlantDatabase, tmp_path: Path, changes: dict[str, object], words: str
) -> None:
    changed = with_manifest(file, **changes)
    new = tmp_path / "new"
    refused = lineside(home, "restore", str(changed), "--home", str(new), owner_url=elsewhere.owner_url)
    assert refused.returncode == 1
    assert words in refused.stderr
    with psycopg.connect(elsewhere.owner_url) as connection:
        assert connection.execute("SELECT to_regnamespace('plant')").fetchone() == (None,)
    assert not new.exists()


def test_a_damaged_or_cut_backup_is_refused_before_anything_is_touched(
    home: Path, file: Path, elsewhere: PlantDatabase, tmp_path: Path
) -> None:
    cut = tmp_path / "cut.zip"
    cut.write_bytes(file.read_bytes()[:-1000])
    bitten = tmp_path / "bitten.zip"
    content = bytearray(file.read_bytes())
    content[content.index(b"PGDMP") + 2000] ^= 1
    bitten.write_bytes(content)
    replaced = rewritten(file, lambda name, content: b"other" if name == "home/ca/ca.key" else content)
    for damaged, words in (
        (cut, "is no backup, or was cut off"),
        (bitten, "database.dump of the backup is damaged"),
        (replaced, "home/ca/ca.key of the backup is not what its manifest says"),
    ):
        new = tmp_path / "new"
        refused = lineside(home, "restore", str(damaged), "--home", str(new), owner_url=elsewhere.owner_url)
        assert refused.returncode == 1
        assert words in refused.stderr
        assert not new.exists()


def test_rows_that_are_not_those_of_the_manifest_are_told(
    home: Path, file: Path, elsewhere: PlantDatabase, tmp_path: Path
) -> None:
    tables = manifest_of(file)["tables"]
    assert isinstance(tables, dict)
    tables["plant.sample"]["rows"] = 4999
    tables["plant.person"]["hash"] = "0"
    changed = with_manifest(file, tables=tables)
    failed = lineside(
        home, "restore", str(changed), "--home", str(tmp_path / "new"), owner_url=elsewhere.owner_url
    )
    assert failed.returncode == 1
    assert "plant.sample: 5000 rows instead of 4999" in failed.stderr
    assert "plant.person: 1 rows, but not the same ones" in failed.stderr


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
