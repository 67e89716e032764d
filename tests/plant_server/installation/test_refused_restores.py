"""What is not restored, and what is said instead; and that nothing was touched."""

import json
import zipfile
from collections.abc import Callable
from pathlib import Path

import psycopg
import pytest

from tests.plant_server.database_fixture import PlantDatabase
from tests.plant_server.installation.running import lineside, manifest_of


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
