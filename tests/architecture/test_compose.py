"""docker-compose.yml without an engine: whatever it names must be there, be ours, and mean what it says.

There is no Docker engine where these tests run. So each command goes through our command line, each variable through our
settings, each file is made by `lineside prepare` or lies in the repository, and every service is as closed as it can be.
"""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
import yaml
from cryptography import x509
from pydantic import BaseModel
from typer.testing import CliRunner

import lineside
from erp_bridge.settings import Settings as BridgeSettings
from plant_server.installation.doctor_texts import TEXTS
from plant_server.policy_table import POLICY
from plant_server.settings import Settings, load_settings

ROOT = Path(__file__).parents[2]
COMPOSE: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.yml").read_text(encoding="utf-8"))
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
OURS = {name: service for name, service in SERVICES.items() if service["image"].startswith("lineside-")}
TOOLS = {name for name, service in SERVICES.items() if "tools" in service.get("profiles", ())}
KEYS = {
    *(
        "build",
        "cap_add",
        "cap_drop",
        "command",
        "depends_on",
        "deploy",
        "entrypoint",
        "env_file",
        "environment",
    ),
    *(
        "healthcheck",
        "image",
        "logging",
        "network_mode",
        "networks",
        "ports",
        "profiles",
        "read_only",
        "restart",
    ),
    *("secrets", "security_opt", "shm_size", "stop_grace_period", "tmpfs", "user", "volumes"),
}
BY_A_PERSON = {"bridge.yaml": "bridge", "lineside.yaml": "edge"}
"""Files that the one who installs writes, and the profile that needs them."""
OPENS_AS_OWNER = ("postgres-lineside", "lineside.env", "roles.sql")
UNNAMED = {"LINESIDE_HOME"}
"""Variables that are no field of the settings."""


def service(*names: str) -> Any:
    return pytest.mark.parametrize("name", names or sorted(SERVICES))


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """`.lineside` as the service `prepare` makes it."""
    home = tmp_path_factory.mktemp("installation") / ".lineside"
    words = [
        *SERVICES["prepare"]["entrypoint"][1:],
        "--edge",
        "shop1:press-shop",
        "--server-name",
        "plant.local",
    ]
    done = CliRunner().invoke(lineside.app, words, env={"LINESIDE_HOME": str(home)})
    assert done.exit_code == 0, done.output
    return home


def words_of(service: dict[str, Any]) -> list[str]:
    """What comes after `lineside`."""
    entry: list[str] = service.get("entrypoint", ["lineside"])
    assert entry[0] == "lineside"
    return [*entry[1:], *service.get("command", [])]


def mounts_of(service: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """Source and target of each."""
    for volume in service.get("volumes", []):
        source, target, *_ = volume.split(":")
        yield source, target


def env_files_of(service: dict[str, Any]) -> list[str]:
    """Those that were prepared; `plant.env` is a person's."""
    return [one["path"] for one in service.get("env_file", []) if one["path"] != "plant.env"]


def variables_in(path: Path) -> dict[str, str]:
    lines = path.read_text(encoding="utf-8").splitlines()
    return dict(line.split("=", 1) for line in lines if line and not line.startswith("#"))


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


def test_it_holds_what_a_plant_is() -> None:
    assert {
        "database",
        "broker",
        "migrate",
        "ingest",
        "keeper",
        "api",
        "bridge",
        "grafana",
        "edge",
        "sim",
    } <= set(SERVICES)
    assert "wal_level=logical" in SERVICES["database"]["command"]


@service()
def test_a_service_has_keys_of_compose_only(name: str) -> None:
    assert set(SERVICES[name]) <= KEYS


@service(*OURS)
def test_a_command_is_one_of_ours(name: str) -> None:
    """An option that does not exist is found although --help stands behind it."""
    done = CliRunner().invoke(lineside.app, [*words_of(OURS[name]), "--help"])
    assert done.exit_code == 0, done.output


def test_an_option_that_does_not_exist_would_be_found() -> None:
    assert CliRunner().invoke(lineside.app, ["ingest", "--no-such-option", "--help"]).exit_code != 0
    assert CliRunner().invoke(lineside.app, ["no-such-command", "--help"]).exit_code != 0


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
def test_a_mounted_file_is_there(name: str, home: Path) -> None:
    for source, _ in mounts_of(SERVICES[name]):
        if source == "/dev/null":
            continue
        if not source.startswith("./"):
            assert source in COMPOSE["volumes"], source
        elif source.startswith("./.lineside"):
            assert (home.parent / source).exists(), source
        elif (written := source.removeprefix("./")) in BY_A_PERSON:
            assert SERVICES[name]["profiles"] == [BY_A_PERSON[written]]
        else:
            assert (ROOT / source).exists(), source


@service(*OURS)
def test_a_path_that_is_named_is_mounted(name: str) -> None:
    targets = [target for _, target in mounts_of(OURS[name])] + OURS[name].get("tmpfs", [])
    named = [*words_of(OURS[name]), *map(str, OURS[name].get("environment", {}).values())]
    for path in (word for word in named if word.startswith("/") and word != "/lineside"):
        assert any(path == target or path.startswith(f"{target}/") for target in targets), path


def test_the_key_of_the_authority_is_seen_by_those_alone_that_need_it() -> None:
    seeing = {
        name
        for name, one in SERVICES.items()
        for source, _ in mounts_of(one)
        if source in ("./.lineside", "./.lineside/ca", "./.lineside/ca/ca.key")
    }
    assert seeing == {"prepare", "doctor", "backup", "restore"}


def test_what_opens_the_database_as_its_owner_is_seen_by_those_alone_that_need_it() -> None:
    for name, one in SERVICES.items():
        mounted = dict(mounts_of(one))
        hidden = [target for source, target in mounts_of(one) if source == "/dev/null"]
        if "./.lineside/secrets" in mounted and name != "migrate":
            assert set(hidden) == {f"/lineside/secrets/{file}" for file in OPENS_AS_OWNER}, name


def test_certificates_name_the_hosts_that_are_asked_for(home: Path) -> None:
    certificate = x509.load_pem_x509_certificate((home / "broker/installation/server.pem").read_bytes())
    names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert {"broker", "api", "plant.local"} <= set(names.get_values_for_type(x509.DNSName))


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


@service()
def test_what_is_referred_to_is_declared(name: str) -> None:
    one = SERVICES[name]
    assert set(one.get("networks", [])) <= set(COMPOSE["networks"])
    assert set(one.get("secrets", [])) <= set(COMPOSE["secrets"])
    for other, how in one.get("depends_on", {}).items():
        condition = how["condition"]
        assert condition in ("service_healthy", "service_completed_successfully", "service_started")
        assert condition != "service_healthy" or "healthcheck" in SERVICES[other], other


@service()
def test_a_service_is_closed(name: str) -> None:
    one = SERVICES[name]
    assert one["read_only"] is True
    assert one["cap_drop"] == ["ALL"]
    assert one["security_opt"] == ["no-new-privileges:true"]
    assert one["deploy"]["resources"]["limits"].keys() == {"cpus", "memory", "pids"}
    assert one["restart"] == ("no" if name in TOOLS | {"migrate"} else "unless-stopped")
    if name == "database":  # Its entry point drops to an account of its own.
        assert set(one["cap_add"]) == {"CHOWN", "DAC_OVERRIDE", "FOWNER", "SETGID", "SETUID"}
    else:
        assert one["user"].startswith("${LINESIDE_UID:?")
        assert "cap_add" not in one


@service()
def test_an_image_is_pinned_or_built_here(name: str) -> None:
    if "build" in SERVICES[name]:
        assert (ROOT / SERVICES[name]["build"]["dockerfile"]).is_file()
    else:
        assert re.search(r":\d+\.\d+\.\d+(-\w+)?$", SERVICES[name]["image"])


def test_only_what_people_and_edges_use_is_open_to_the_network() -> None:
    published = {name: one["ports"] for name, one in SERVICES.items() if "ports" in one}
    assert {name for name, ports in published.items() if not ports[0].startswith("127.0.0.1:")} == {
        "broker",
        "api",
        "grafana",
    }
    assert COMPOSE["networks"]["inside"] == {"internal": True}


@service(*(name for name in SERVICES if name not in TOOLS | {"migrate", "sim", "edge"}))
def test_a_lasting_service_says_whether_it_is_well(name: str) -> None:
    test = SERVICES[name]["healthcheck"]["test"]
    if test[:2] == ["CMD", "lineside"]:
        done = CliRunner().invoke(lineside.app, [*test[2:], "--help"])
        assert done.exit_code == 0, done.output
        assert f"{test[-1]}-absent" in TEXTS, "the doctor knows the check"


def test_addresses_of_health_checks_are_routes_of_ours() -> None:
    asked = {
        name: re.findall(r'"(https?://[^"]+)"', str(one.get("healthcheck", ""))) for name, one in OURS.items()
    }
    found = {name: urlsplit(urls[0]) for name, urls in asked.items() if urls}
    assert set(found) == {"api", "bridge"}
    assert ("GET", found["api"].path) in POLICY
    of_bridge = (ROOT / "erp_bridge/api.py").read_text(encoding="utf-8")
    assert f'add_api_route("{found["bridge"].path}"' in of_bridge
    for name, url in found.items():
        assert str(url.port) in words_of(OURS[name]), "the port it listens on"
