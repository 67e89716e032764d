"""`lineside edge check` as a person and as a script sees it."""

import json
import os
import re

import pytest

from tests.edge.command_line import Ran, lineside_edge
from tests.edge.onboarding.foreign_machines import modbus_machine

CONFIG = """\
edge: {{name: e, group: g}}
broker: {{urls: ["mqtt://127.0.0.1"], primary_host: null}}
devices:
  - {{name: meter, profile: eastron_sdm630, url: "{url}", path: demo, unit_id: 1}}
  - {{name: cell, profile: modbus_cell, url: "{url}", path: demo, unit_id: {unit}, timeout_s: 2}}
"""
WRONG = """\
edge: {name: e/1, group: g}
broker: {urls: ["http://x"], primary_host: null}
devices:
  - {name: cell, profile: cell.yaml, url: "modbus://h", path: demo}
  - {name: cell, profile: nonsense, url: "modbus://h", path: ""}
"""
CELL = """\
name: cell
driver: modbus
document: d
revision: r
page: p
verified: device
tags:
  - {name: parts, register: 3, role: counter, counts: parts, unit: parts}
"""


@pytest.fixture(autouse=True)
def _folder(tmp_path, monkeypatch):
    for name in [name for name in os.environ if name.startswith("LINESIDE_")]:
        monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def bus(tmp_path):
    with modbus_machine(tmp_path) as machine:
        yield machine


def check(*words: str) -> Ran:
    return lineside_edge("check", *words)


def test_every_tag_is_shown_with_value_unit_quality_and_age(tmp_path, bus):
    (tmp_path / "lineside.yaml").write_text(CONFIG.format(url=bus.url, unit=5))
    result = check()
    assert result.exit_code == 0, result.stderr
    (row,) = [line for line in result.stdout.splitlines() if "voltage_l1" in line]
    *cells, age = [cell.strip() for cell in row.strip("│").split("│")]
    assert cells == ["voltage_l1", "230.5", "V", "good"]
    assert re.fullmatch(r"\d+\.\d s", age)
    assert "2 of 2 devices are well" in result.stdout


def test_a_device_that_does_not_answer_is_exit_code_2_and_the_others_are_read(tmp_path, bus):
    (tmp_path / "lineside.yaml").write_text(CONFIG.format(url=bus.url, unit=9))
    result = check("--json")
    assert result.exit_code == 2
    told = json.loads(result.stdout)
    assert (told["well"], told["mistakes"]) == (False, [])
    meter, cell = told["devices"]
    assert (meter["well"], meter["failure"]) == (True, None)
    assert {
        "name": "voltage_l1",
        "role": "measurement",
        "value": 230.5,
        "unit": "V",
        "quality": "good",
    }.items() <= next(tag for tag in meter["tags"] if tag["name"] == "voltage_l1").items()
    assert (cell["well"], cell["tags"]) == (False, [])
    assert "no answer from unit 9" in cell["failure"]


PLACES = {
    ("lineside.yaml", 1, "edge.name"),
    ("lineside.yaml", 2, "broker.urls"),
    ("lineside.yaml", 5, "devices[1].name"),
    ("lineside.yaml", 5, "devices[1].profile"),
    ("lineside.yaml", 5, "devices[1].path"),
    ("cell.yaml", 8, "tags[0].width"),
    ("cell.yaml", 8, "tags[0].rate_max"),
}


def test_all_mistakes_are_told_at_once_with_file_and_line(tmp_path):
    (tmp_path / "lineside.yaml").write_text(WRONG)
    (tmp_path / "cell.yaml").write_text(CELL)
    told = json.loads(check("--json").stdout)
    places = {(one["file"].rpartition("/")[2], one["line"], one["path"]) for one in told["mistakes"]}
    assert places == PLACES
    assert (told["well"], told["devices"]) == (False, [])
    result = check()
    assert result.exit_code == 1
    for file, line, path in PLACES:
        assert f"{file}:{line}: {path}: " in result.stderr


def test_offline_opens_nothing(tmp_path):
    (tmp_path / "lineside.yaml").write_text(CONFIG.format(url="modbus://127.0.0.1:9", unit=5))
    assert check("--offline").exit_code == 0
    assert json.loads(check("--offline", "--json").stdout)["devices"] == []
