"""docker-compose.yml without an engine: whatever it names must be there, be ours, and mean what it says.

There is no Docker engine where these tests run. So each command goes through our command line, each variable through our
settings (test_compose_variables), each file is made by `lineside prepare` or lies in the repository (test_compose_files),
each health check is run (test_compose_health says where), and every service is as closed as it can be.
"""

import re

from typer.testing import CliRunner

import lineside
from tests.architecture.compose_file import COMPOSE, OURS, ROOT, SERVICES, TOOLS, service, words_of

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
