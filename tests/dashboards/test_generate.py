"""The files that Grafana reads: as the code makes them, and as Grafana documents them."""

import json
import re
import shutil
from itertools import combinations
from pathlib import Path
from typing import Any

import pytest
import yaml
from typer.testing import CliRunner

from dashboards import generate
from dashboards.alerts import RULES
from dashboards.board import LANGUAGES
from dashboards.boards import BOARDS
from dashboards.commands import app

FOLDER = Path(generate.__file__).parent
ALL = [json.loads(path.read_text(encoding="utf-8")) for path in sorted(generate.GRAFANA.rglob("*.json"))]
PANELS = [(board, panel) for board in ALL for panel in board["panels"]]
# https://grafana.com/docs/grafana/latest/panels-visualizations/ and the names of its units.
TYPES = {"stat", "table", "timeseries", "barchart", "state-timeline"}
UNITS = {
    "none",
    "short",
    "locale",
    "percentunit",
    "s",
    "m",
    "h",
    "watth",
    "kwatth",
    "kwatt",
    "bytes",
    "dateTimeAsLocal",
}
HAN = re.compile(r"[一-鿿]")


def test_committed_is_what_the_code_makes() -> None:
    assert generate.differing() == [], "write them anew: lineside dashboards generate"


def test_a_file_changed_by_hand_and_one_too_many_are_found_and_put_right(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.copytree(generate.GRAFANA, tmp_path / "grafana")
    shutil.copy(generate.ALERTING, tmp_path / "rules.yaml")
    monkeypatch.setattr(generate, "GRAFANA", tmp_path / "grafana")
    monkeypatch.setattr(generate, "ALERTING", tmp_path / "rules.yaml")
    run = CliRunner().invoke
    assert run(app, ["generate", "--check"]).exit_code == 0
    by_hand = tmp_path / "grafana" / "en" / "lineside-line-en.json"
    by_hand.write_text(by_hand.read_text().replace("Producing", "Working", 1))
    (tmp_path / "grafana" / "en" / "old.json").write_text("{}")
    checked = run(app, ["generate", "--check"])
    assert checked.exit_code == 1
    assert "lineside-line-en.json" in checked.output
    assert "old.json" in checked.output
    assert run(app, ["generate"]).exit_code == 0
    assert run(app, ["generate", "--check"]).exit_code == 0


def test_there_is_each_board_in_each_language() -> None:
    assert len(ALL) == len(BOARDS) * len(LANGUAGES)
    uids = [board["uid"] for board in ALL]
    assert len(set(uids)) == len(uids)
    assert all(re.fullmatch(r"[a-z0-9-]{8,40}", uid) for uid in uids)


@pytest.mark.parametrize("board", ALL, ids=[board["uid"] for board in ALL])
def test_a_board_is_classic_json_that_is_complete(board: dict[str, Any]) -> None:
    """The fields of https://grafana.com/docs/grafana/latest/dashboards/build-dashboards/view-dashboard-json-model/."""
    documented = {
        "id",
        "uid",
        "title",
        "tags",
        "timezone",
        "editable",
        "graphTooltip",
        "panels",
        "time",
        "timepicker",
    }
    documented |= {"templating", "annotations", "refresh", "schemaVersion", "version", "links"}
    assert documented <= set(board)
    assert board["id"] is None
    assert board["schemaVersion"] >= 39, "Grafana 11"
    assert "spec" not in board, "a V2 resource is not taken from files"
    assert board["editable"] is False
    assert len(board["panels"]) <= 24
    assert int(board["refresh"].rstrip("sm")) * (60 if board["refresh"].endswith("m") else 1) >= 10
    assert len({panel["id"] for panel in board["panels"]}) == len(board["panels"])
    assert "${DS_" not in json.dumps(board)


@pytest.mark.parametrize("board", ALL, ids=[board["uid"] for board in ALL])
def test_panels_lie_within_24_columns_and_beside_one_another(board: dict[str, Any]) -> None:
    places = [panel["gridPos"] for panel in board["panels"]]
    assert all(place["x"] + place["w"] <= 24 for place in places)
    for one, other in combinations(places, 2):
        apart_x = one["x"] + one["w"] <= other["x"] or other["x"] + other["w"] <= one["x"]
        apart_y = one["y"] + one["h"] <= other["y"] or other["y"] + other["h"] <= one["y"]
        assert apart_x or apart_y


@pytest.mark.parametrize(
    ("board", "panel"), PANELS, ids=[f"{board['uid']}-{panel['id']}" for board, panel in PANELS]
)
def test_a_panel_says_what_it_means_and_asks_the_contract_alone(
    board: dict[str, Any], panel: dict[str, Any]
) -> None:
    assert panel["type"] in TYPES
    assert panel["title"]
    assert len(panel["description"]) >= 5
    (target,) = panel["targets"]
    assert target["datasource"]["uid"] == panel["datasource"]["uid"] == "lineside-pg"
    assert target["format"] in ("table", "time_series")
    sql = target["rawSql"]
    asked = set(re.findall(r"(?:FROM|JOIN)\s+([a-z_]+(?:\.[a-z_]+)?)", sql.replace("epoch FROM", "")))
    assert {name for name in asked if not name.startswith("bi.")} <= {"summed", "loss", "unexplained"}, (
        "only schema bi"
    )
    assert not re.search(r"SELECT\s+(DISTINCT\s+)?\*", sql)
    assert panel["type"] != "table" or "LIMIT" in sql
    assert not re.search(r"'\$line'", sql), "Grafana quotes the values itself"
    assert not re.search(r"\$__timeGroup\([^)]*\)\s*,\s*\d", sql), "a comma behind it makes it an alias"
    units = [panel["fieldConfig"]["defaults"]["unit"]]
    units += [
        one["value"]
        for override in panel["fieldConfig"]["overrides"]
        for one in override["properties"]
        if one["id"] == "unit"
    ]
    assert set(units) <= UNITS


@pytest.mark.parametrize("board", ALL, ids=[board["uid"] for board in ALL])
def test_a_board_speaks_one_language(board: dict[str, Any]) -> None:
    text = json.dumps(board, ensure_ascii=False)
    if board["uid"].endswith("-en"):
        assert not HAN.search(text)
        assert not re.search(r"(name|item|operation)_zh", text)
    else:
        assert all(HAN.search(panel["description"]) for panel in board["panels"])
        titles = [panel["title"] for panel in board["panels"] if not HAN.search(panel["title"])]
        assert set(titles) <= {"OEE"}
        assert not re.search(r"(name|item|operation)_en", text)
    assert "_LANG" not in text


def test_alert_rules_are_as_grafana_reads_them_from_files() -> None:
    """https://grafana.com/docs/grafana/latest/alerting/set-up/provision-alerting-resources/file-provisioning/."""
    told = yaml.safe_load(generate.ALERTING.read_text(encoding="utf-8"))
    assert told["apiVersion"] == 1
    (group,) = told["groups"]
    assert set(group) == {"orgId", "name", "folder", "interval", "rules"}
    assert len({rule["uid"] for rule in group["rules"]}) == len(group["rules"]) == len(RULES)
    boards = {board["uid"].removesuffix("-en") for board in ALL}
    for rule in group["rules"]:
        assert {"uid", "title", "condition", "data", "for", "noDataState", "execErrState"} <= set(rule)
        assert rule["condition"] in {query["refId"] for query in rule["data"]}
        assert re.search(r"bi\.", rule["data"][0]["model"]["rawSql"])
        assert HAN.search(rule["annotations"]["summary"])
        assert rule["annotations"]["board"] in boards
        assert not re.search(r"(?<!\$)\$(?!\$)", rule["annotations"]["summary"]), "one $ would be a variable"


def test_provisioning_names_the_data_source_of_the_boards_and_no_secret() -> None:
    (source,) = yaml.safe_load((FOLDER / "provisioning/datasources/lineside.yaml").read_text())["datasources"]
    assert source["uid"] == "lineside-pg"
    assert source["user"] == "lineside_bi"
    assert source["jsonData"]["timescaledb"] is False
    assert source["secureJsonData"] == {"password": "${LINESIDE_BI_PASSWORD}"}
    named = set(re.findall(r"\$\{(\w+)\}", json.dumps(source)))
    readme = (FOLDER / "README.md").read_text(encoding="utf-8")
    assert [name for name in named if name not in readme] == []
    providers = yaml.safe_load((FOLDER / "provisioning/dashboards/lineside.yaml").read_text())["providers"]
    folders = {Path(one["options"]["path"]).name for one in providers}
    assert folders == set(LANGUAGES)


def test_the_readme_names_every_board_and_view() -> None:
    readme = (FOLDER / "README.md").read_text(encoding="utf-8")
    for board, panel in PANELS:
        assert board["uid"].rsplit("-", 1)[0] in readme
        for view in re.findall(r"bi\.\w+", panel["targets"][0]["rawSql"]):
            assert view in readme, view
