"""What was accepted is kept beside the spool, and found again for a file too broken to say where that is."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from edge.configuration import accepted as accepted_module
from edge.configuration.accepted import KEPT_MAX, AcceptedConfigurations, accepted_for
from edge.configuration.reading import Texts
from edge.configuration.starting import starting_configuration
from edge.errors import ConfigError

NOW = datetime(2026, 11, 24, 21, 0, tzinfo=UTC)
GOOD = '{edge: {name: e, group: g}, broker: {urls: ["mqtt://b"]}, spool: {path: SPOOL}, devices: [DEVICES]}'
DEVICE = '{name: press, profile: cell.yaml, url: "modbus://h", path: demo}'
CELL = {
    "name": "cell",
    "driver": "modbus",
    "document": "d",
    "revision": "r",
    "page": "p",
    "verified": "device",
    "tags": [{"name": "speed", "register": 4, "role": "measurement"}],
}


@pytest.fixture(autouse=True)
def _home(tmp_path, monkeypatch):
    monkeypatch.setenv("LINESIDE_HOME", str(tmp_path / "home"))
    monkeypatch.delenv("LINESIDE_SPOOL__PATH", raising=False)
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def file(tmp_path) -> Path:
    (tmp_path / "etc").mkdir()
    (tmp_path / "etc" / "cell.yaml").write_text(json.dumps(CELL))
    return tmp_path / "etc" / "lineside.yaml"


def write(file: Path, spool: str = "spool.db", devices: str = DEVICE) -> None:
    file.write_text(GOOD.replace("SPOOL", spool).replace("DEVICES", devices))


def accept(file: Path) -> AcceptedConfigurations:
    """As an edge does that started on the file."""
    start = starting_configuration(file)
    kept = AcceptedConfigurations(start.configuration.settings.spool.path)
    kept.keep(file, start.configuration.texts, NOW)
    return kept


def test_the_newest_are_kept_and_the_same_is_kept_once(tmp_path) -> None:
    kept = AcceptedConfigurations(tmp_path / "spool.db")
    file = tmp_path / "lineside.yaml"
    for number in range(KEPT_MAX + 5):
        at = NOW + timedelta(seconds=number)
        assert kept.keep(file, Texts(f"# {number}", {"p.yaml": "x"}), at) == at
        assert kept.keep(file, Texts(f"# {number}", {"p.yaml": "x"}), at + timedelta(hours=1)) == at
    found = kept.all()
    assert [one.texts.file for one in found] == [f"# {number}" for number in range(KEPT_MAX + 4, 4, -1)]
    assert found[0].at == NOW + timedelta(seconds=KEPT_MAX + 4)
    assert {path.stat().st_mode & 0o777 for path in kept.folder.iterdir()} == {0o600}


def test_the_last_is_the_newest_also_after_the_clock_went_back(tmp_path) -> None:
    kept = AcceptedConfigurations(tmp_path / "spool.db")
    file = tmp_path / "lineside.yaml"
    for number in range(KEPT_MAX + 2):
        kept.keep(file, Texts(f"# {number}"), NOW - timedelta(days=number))
    found = kept.all()
    assert [one.texts.file for one in found] == [f"# {number}" for number in range(KEPT_MAX + 1, 1, -1)]


def test_what_rotted_is_passed_over(tmp_path) -> None:
    kept = AcceptedConfigurations(tmp_path / "spool.db")
    for number in range(3):
        kept.keep(tmp_path / "lineside.yaml", Texts(f"# {number}"), NOW + timedelta(seconds=number))
    newest, middle, _ = sorted(kept.folder.iterdir(), reverse=True)
    newest.write_text('{"file": "/x"')
    middle.write_bytes(b"\xff\xfe")
    assert kept.newest().texts.file == "# 0"


def test_a_write_that_fails_leaves_what_was_there(tmp_path, monkeypatch) -> None:
    kept = AcceptedConfigurations(tmp_path / "spool.db")
    kept.keep(tmp_path / "lineside.yaml", Texts("# 0"), NOW)

    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(accepted_module.os, "fsync", full)
    with pytest.raises(OSError, match="No space"):
        kept.keep(tmp_path / "lineside.yaml", Texts("# 1"), NOW + timedelta(seconds=1))
    assert [one.texts.file for one in kept.all()] == ["# 0"]


@pytest.mark.parametrize("spool", ["spool.db", "../home/spool/press.db", "../elsewhere/spool.db"])
@pytest.mark.parametrize("broken", ["half", "no YAML", "another spool"])
def test_a_broken_file_gives_way_to_what_was_accepted(file, spool, broken) -> None:
    write(file, spool)
    accept(file)
    whole = file.read_text()
    file.write_text(
        {"half": whole[: whole.index("devices")], "no YAML": whole + "}", "another spool": whole[:-1]}[broken]
    )
    start = starting_configuration(file)
    assert [device.name for device in start.configuration.settings.devices] == ["press"]
    assert start.mistakes
    assert start.accepted_at == NOW


@pytest.mark.parametrize("spool", ["spool.db", "../home/spool/press.db"])
def test_so_does_a_file_that_is_gone(file, spool) -> None:
    write(file, spool)
    accept(file)
    file.unlink()
    start = starting_configuration(file)
    assert "cannot be read" in str(start.mistakes[0])
    assert list(start.configuration.profiles) == ["press"]


def test_a_broken_profile_gives_way_too(file) -> None:
    write(file)
    accept(file)
    file.with_name("cell.yaml").write_text("name: cell\n")
    start = starting_configuration(file)
    assert [tag.name for tag in start.configuration.profiles["press"].polled] == ["speed"]
    assert {mistake.source for mistake in start.mistakes} == {str(file.with_name("cell.yaml"))}
    assert file.with_name("cell.yaml") in start.read, "it is watched, so that mending it is enough"


def test_what_another_file_ran_on_takes_no_ones_place(file) -> None:
    write(file)
    accept(file)
    other = file.with_name("other.yaml")
    other.write_text(file.read_text()[:-1])
    with pytest.raises(ConfigError):
        starting_configuration(other)


def test_what_was_accepted_and_is_wrong_now_does_not_hide_the_mistakes_of_the_file(file) -> None:
    certificate = file.with_name("ca.pem")
    certificate.write_text("x")
    file.write_text(
        GOOD.replace('["mqtt://b"]', '["mqtts://b"], ca: ca.pem')
        .replace("SPOOL", "s.db")
        .replace("DEVICES", "")
    )
    kept = accept(file)
    certificate.unlink()
    file.write_text(file.read_text().replace("name: e", "name: e/1"))
    with pytest.raises(ConfigError, match="should not contain"):
        starting_configuration(file)
    assert accepted_for(file).folder == kept.folder


def test_a_start_knows_what_the_edge_ran_on_before(file) -> None:
    write(file)
    accept(file)
    write(file, devices="")
    start = starting_configuration(file)
    assert list(start.before.profiles) == ["press"]
    assert list(start.configuration.profiles) == []
    assert start.mistakes == ()
