"""The zone of the site: named, checked, and that of this machine when nobody names one."""

from pathlib import Path

import pytest

from plant_server import site_time
from plant_server.errors import ConfigError
from plant_server.settings import load_settings


def test_the_zone_of_the_site_is_read_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LINESIDE_TIME_ZONE", "Asia/Shanghai")
    assert load_settings().time_zone == "Asia/Shanghai"


@pytest.mark.parametrize("name", ["Nowhere/Here", "../etc/passwd", ""])
def test_a_zone_that_does_not_exist_is_a_mistake(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.setenv("LINESIDE_TIME_ZONE", name)
    with pytest.raises(ConfigError, match="LINESIDE_TIME_ZONE"):
        load_settings()


def test_without_a_word_it_is_that_of_this_machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    zone = tmp_path / "zoneinfo" / "Asia" / "Shanghai"
    zone.parent.mkdir(parents=True)
    zone.touch()
    localtime = tmp_path / "localtime"
    localtime.symlink_to(zone)
    monkeypatch.setattr(site_time, "_LOCALTIME", localtime)
    assert site_time.zone_of_this_machine() == "Asia/Shanghai"
    monkeypatch.setattr(site_time, "_LOCALTIME", tmp_path / "nothing")
    assert site_time.zone_of_this_machine() == "UTC"
