"""A backup that only a key opens: whole there and back, and refused with another key, without one, and when it was cut."""

import stat
from datetime import UTC, datetime
from pathlib import Path

import psycopg
import pyrage
import pytest

from plant_server.installation.backup import backups_in
from plant_server.installation.check_files import check_backups
from plant_server.installation.encryption import encrypting, new_key, public_keys
from plant_server.installation.errors import BackupFailed
from tests.plant_server.database_fixture import PlantDatabase
from tests.plant_server.installation.running import lineside

LARGE = "INSERT INTO plant.text_sample SELECT now(), 1, 192, repeat(md5(n::text), 30) FROM generate_series(1, 3000) n"


@pytest.fixture
def key(home: Path, tmp_path: Path) -> Path:
    """Of a person, away from the plant's folder."""
    key = tmp_path / "usb" / "plant.key"
    key.parent.mkdir()
    made = lineside(home, "backup", "--new-key", str(key))
    assert made.returncode == 0, made.stderr
    assert made.stdout.startswith("age1")
    return key


@pytest.fixture
def encrypted(home: Path, plant: PlantDatabase, key: Path, tmp_path: Path) -> Path:
    """By the public key alone, as the timer makes it."""
    with psycopg.connect(plant.url, autocommit=True) as connection:
        connection.execute(
            "SELECT plant.ensure_sample_partition(current_date)"
        )  # So that it is more than a block.
        connection.execute(LARGE)
    public = lineside(home, "backup", "--new-key", str(tmp_path / "other.key"))
    ours = key.read_text().splitlines()[0].removeprefix("# public key: ")
    words = ("backup", "--encrypt", ours, "--encrypt", public.stdout.strip())
    made = lineside(home, *words, owner_url=plant.owner_url)
    assert made.returncode == 0, made.stderr
    assert "passwords" not in made.stderr
    (file,) = backups_in(home)
    return file


def test_it_is_restored_by_either_key_and_read_by_nobody_without(
    home: Path, key: Path, encrypted: Path, elsewhere: PlantDatabase, tmp_path: Path
) -> None:
    content = encrypted.read_bytes()
    assert encrypted.name.endswith(".zip.age")
    assert stat.S_IMODE(encrypted.stat().st_mode) == 0o600
    for secret in ("secrets/postgres-lineside", "ca/ca.key"):
        assert (home / secret).read_bytes().strip() not in content
    assert b"manifest.json" not in content
    words = ("restore", str(encrypted), "--home", str(tmp_path / "new"))
    done = lineside(home, *words, "--key", str(key), owner_url=elsewhere.owner_url)
    assert done.returncode == 0, done.stderr
    with psycopg.connect(elsewhere.url) as connection:
        assert connection.execute("SELECT count(*) FROM plant.sample").fetchone() == (5000,)
        assert connection.execute("SELECT count(*) FROM plant.text_sample").fetchone() == (3001,)
    again = lineside(home, *words, "--key", str(tmp_path / "other.key"), "--only", "files", "--force")
    assert again.returncode == 0, again.stderr
    assert not [path for path in encrypted.parent.iterdir() if path != encrypted], (
        "nothing in the clear is left"
    )


def test_another_key_opens_nothing(home: Path, encrypted: Path, tmp_path: Path) -> None:
    other = tmp_path / "stranger.key"
    other.write_text(str(pyrage.x25519.Identity.generate()))
    refused = lineside(tmp_path / "new", "restore", str(encrypted), "--embedded", "--key", str(other))
    assert refused.returncode == 1
    assert "is not opened by" in refused.stderr
    assert not (tmp_path / "new").exists()
    other.write_text("no key")
    refused = lineside(tmp_path / "new", "restore", str(encrypted), "--embedded", "--key", str(other))
    assert "holds no secret key" in refused.stderr


@pytest.mark.parametrize("left", [100, 200_000, -1])
def test_one_that_was_cut_or_changed_is_refused_before_anything_is_touched(
    encrypted: Path, key: Path, tmp_path: Path, left: int
) -> None:
    content = encrypted.read_bytes()
    assert len(content) > 250_000
    cut = tmp_path / "cut.zip.age"
    cut.write_bytes(content[:left])
    refused = lineside(tmp_path / "new", "restore", str(cut), "--embedded", "--key", str(key))
    assert refused.returncode == 1
    assert "cut off" in refused.stderr
    changed = bytearray(content)
    changed[left] ^= 1
    cut.write_bytes(changed)
    refused = lineside(tmp_path / "new", "restore", str(cut), "--embedded", "--key", str(key))
    assert refused.returncode == 1
    assert not (tmp_path / "new").exists()


def test_without_a_key_it_is_asked_for(home: Path, encrypted: Path, tmp_path: Path) -> None:
    asked = lineside(tmp_path / "new", "restore", str(encrypted), "--embedded")
    assert asked.returncode == 1
    assert "File of its secret key" in asked.stdout


def test_what_is_no_public_key_makes_no_backup(home: Path, plant: PlantDatabase, tmp_path: Path) -> None:
    wrong = tmp_path / "empty.txt"
    wrong.write_text("nothing\n")
    for word in ("age1nonsense", str(wrong)):
        done = lineside(home, "backup", "--encrypt", word, owner_url=plant.owner_url)
        assert done.returncode == 1, done.stdout
        assert "nothing was made" in done.stderr
    assert backups_in(home) == []


def test_a_disk_that_is_full_is_said(tmp_path: Path) -> None:
    keys = public_keys([new_key(tmp_path / "key")])

    def write_much() -> None:
        with Path("/dev/full").open("wb", buffering=0) as full, encrypting(full, keys) as stream:
            for _ in range(100):
                stream.write(bytes(1 << 20))

    with pytest.raises(BackupFailed, match="No space left"):
        write_much()


def test_a_key_is_never_written_over(home: Path, key: Path) -> None:
    before = key.read_text()
    again = lineside(home, "backup", "--new-key", str(key))
    assert again.returncode == 1
    assert key.read_text() == before
    assert stat.S_IMODE(key.stat().st_mode) == 0o600


def test_the_doctor_and_the_oldest_that_go_know_encrypted_ones(
    home: Path, plant: PlantDatabase, encrypted: Path
) -> None:
    (found,) = check_backups(encrypted.parent, datetime.now(UTC))
    assert found.code == "backup-ok"
    old = encrypted.rename(encrypted.with_name("lineside-20260101-020000.zip.age"))  # A name tells its time.
    done = lineside(home, "backup", "--keep", "1", owner_url=plant.owner_url)
    assert done.returncode == 0, done.stderr
    assert f"deleted {old.name}" in done.stdout
