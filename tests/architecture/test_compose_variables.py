"""Variables of docker-compose.yml: each is a setting of ours, and arrives where it is read."""

import re
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from pydantic import BaseModel

from erp_bridge.settings import Settings as BridgeSettings
from plant_server.settings import Settings, load_settings
from tests.architecture.compose_file import (
    OURS,
    ROOT,
    SERVICES,
    env_files_of,
    environment_of,
    mounts_of,
    service,
    variables_in,
)

EXAMPLE = ROOT / "plant_server/installation/plant.env"
UNNAMED = {"LINESIDE_HOME"}
"""Variables that are no field of the settings."""


def given_to_grafana() -> set[str]:
    """Names of variables that its provisioned data source asks for."""
    text = (ROOT / "dashboards/provisioning/datasources/lineside.yaml").read_text(encoding="utf-8")
    return set(re.findall(r"\$\{(\w+)\}", text))


def is_setting(variable: str, model: type[BaseModel]) -> bool:
    """Whether LINESIDE_A__B is a field of the settings."""
    fields: Any = model.model_fields
    for part in variable.removeprefix("LINESIDE_").lower().split("__"):
        if part not in fields:
            return False
        fields = getattr(fields[part].annotation, "model_fields", {})
    return True


@service(*OURS)
def test_a_variable_is_a_setting(name: str, home: Path) -> None:
    model = BridgeSettings if name == "bridge" else Settings
    told = dict(OURS[name].get("environment", {}))
    for file in env_files_of(OURS[name]):
        told |= variables_in(home.parent / file)
    wrong = [variable for variable in told if variable not in UNNAMED and not is_setting(variable, model)]
    assert wrong == []


def test_the_example_of_settings_holds_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    told = variables_in(ROOT / "plant_server/installation/plant.env")
    assert set(told) >= {"LINESIDE_TIME_ZONE", "LINESIDE_RETENTION_DAYS"}
    assert [variable for variable in told if not is_setting(variable, Settings)] == []
    for variable, value in told.items():
        monkeypatch.setenv(variable, value)
    assert load_settings().time_zone == told["LINESIDE_TIME_ZONE"]
    using = {
        name
        for name, one in OURS.items()
        if {"path": "plant.env", "required": False} in one.get("env_file", [])
    }
    assert using == {"ingest", "keeper", "api", "doctor"}


def test_boards_get_what_their_data_source_asks_for(home: Path) -> None:
    grafana = SERVICES["grafana"]
    told = set(grafana["environment"]) | set(variables_in(home.parent / grafana["env_file"][0]["path"]))
    assert {name for name in told if name.startswith("LINESIDE_")} == given_to_grafana()
    paths = re.findall(
        r"path: (/[^}\s]+)", (ROOT / "dashboards/provisioning/dashboards/lineside.yaml").read_text()
    )
    mounted = {target: source for source, target in mounts_of(grafana)}
    for path in paths:
        folder = Path(path)
        assert list((ROOT / mounted[str(folder.parent)] / folder.name).glob("*.json")), path


def test_each_process_gets_the_password_of_its_own_role_and_no_other(home: Path) -> None:
    users = {}
    for name, one in OURS.items():
        for file in env_files_of(one):
            users[name] = {urlsplit(url).username for url in variables_in(home.parent / file).values()}
    assert users == {
        **{name: {"lineside_plant"} for name in ("ingest", "keeper", "api", "doctor")},
        **{name: {"lineside"} for name in ("migrate", "backup", "restore")},
        "bridge": {"lineside_bridge"},
    }


@service()
def test_whoever_is_asked_for_is_on_the_same_network(name: str, home: Path) -> None:
    told = dict(SERVICES[name].get("environment", {}))
    for file in env_files_of(SERVICES[name]):
        told |= variables_in(home.parent / file)
    hosts = {urlsplit(value).hostname for value in told.values() if "://" in value}
    hosts |= {value.split(":")[0] for value in told.values() if re.fullmatch(r"[a-z]+:\d+", value)}
    for host in hosts:
        assert host in SERVICES
        assert set(SERVICES[name]["networks"]) & set(SERVICES[host]["networks"]), host


@service("ingest", "keeper", "api", "doctor")
@pytest.mark.parametrize(
    "told", [{}, {"LINESIDE_TIME_ZONE": "Europe/Berlin"}], ids=["no .env", "in .env too"]
)
def test_what_a_person_sets_in_plant_env_arrives(name: str, told: dict[str, str], home: Path) -> None:
    files = {file: (home.parent / file).read_text() for file in env_files_of(SERVICES[name])}
    files["plant.env"] = EXAMPLE.read_text(encoding="utf-8")
    found = environment_of(SERVICES[name], files, told)
    documented = variables_in(EXAMPLE)
    assert {variable: found.get(variable) for variable in documented} == documented
    assert "LINESIDE_DATABASE_URL" in found


def test_variables_are_resolved_as_compose_does() -> None:
    one = {
        "environment": {"ZONE": "${ZONE:-UTC}", "PLACE": "${PLACE}"},
        "env_file": [{"path": "first"}, {"path": "second"}, {"path": "absent"}],
    }
    files = {"first": "ZONE=a\nLEFT=1\nBOTH=1", "second": "# Why\nBOTH=2"}
    assert environment_of(one, files, {"LEFT": "9"}) == {"ZONE": "UTC", "PLACE": "", "LEFT": "1", "BOTH": "2"}
    assert environment_of(one, files, {"ZONE": "b"})["ZONE"] == "b"
