"""The systemd units: commands are ours, files are those that `lineside prepare` makes, and every service is closed."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

import lineside
from edge.health_notify import LOOK_EVERY_S, ServiceManager
from tests.architecture.passwords_seen import roles_in

FOLDER = Path(__file__).parents[2] / "plant_server/installation/systemd"
UNITS = sorted(path.name for path in FOLDER.glob("*.service"))
PROGRAM = "/opt/lineside/bin/lineside"
STATE = "/var/lib/lineside"
BY_A_PERSON = {"/etc/lineside/ingest.env", "/etc/lineside/bridge.yaml", "/etc/lineside/lineside.yaml"}
CLOSED = {
    "NoNewPrivileges": "yes",
    "CapabilityBoundingSet": "",
    "ProtectSystem": "strict",
    "ProtectHome": "yes",
    "PrivateTmp": "yes",
    "RestrictAddressFamilies": "AF_INET AF_INET6 AF_UNIX",
    "MemoryDenyWriteExecute": "yes",
    "UMask": "0077",
}
EXPOSURE_MOST = 2.0
"""Of 10, as `systemd-analyze security` counts; a service without any of it has 9.6."""


def settings_of(unit: str) -> dict[str, list[str]]:
    """Every value of each name: systemd lets a name stand more than once."""
    found: dict[str, list[str]] = {}
    for line in (FOLDER / unit).read_text(encoding="utf-8").splitlines():
        name, equals, value = line.partition("=")
        if equals and not line.startswith("#"):
            found.setdefault(name, []).append(value)
    return found


def words_of(unit: str, name: str = "ExecStart") -> list[str]:
    (command,) = settings_of(unit)[name]
    program, *words = command.split()
    assert program == PROGRAM
    return words


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    home = tmp_path_factory.mktemp("systemd") / "lineside"
    words = ["prepare", "--edge", "shop1:press-shop", "--database-host", "localhost"]
    done = CliRunner().invoke(lineside.app, words, env={"LINESIDE_HOME": str(home)})
    assert done.exit_code == 0, done.output
    return home


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The units, with the program of this environment in the place of the installed one."""
    folder = tmp_path_factory.mktemp("units")
    program = str(Path(sys.executable).with_name("lineside"))
    for path in FOLDER.iterdir():
        (folder / path.name).write_text(
            path.read_text(encoding="utf-8").replace(PROGRAM, program), encoding="utf-8"
        )
    return folder


def test_every_process_has_a_unit() -> None:
    names = ("api", "ingest", "keeper", "bridge", "edge", "migrate", "backup")
    assert set(UNITS) == {f"lineside-{name}.service" for name in names}


@pytest.mark.parametrize("unit", UNITS)
def test_a_command_is_one_of_ours(unit: str) -> None:
    done = CliRunner().invoke(lineside.app, [*words_of(unit), "--help"])
    assert done.exit_code == 0, done.output


def test_an_edge_takes_a_changed_file_where_it_reads_it() -> None:
    start, reload = (words_of("lineside-edge.service", name) for name in ("ExecStart", "ExecReload"))
    assert reload[:3] == ["edge", "config", "reload"]
    assert reload[3:] == start[2:]
    assert CliRunner().invoke(lineside.app, [*reload, "--help"]).exit_code == 0


@pytest.mark.parametrize("unit", UNITS)
def test_a_file_it_names_is_prepared_or_written_by_a_person(unit: str, home: Path) -> None:
    settings = settings_of(unit)
    files = [file for file in settings.get("EnvironmentFile", []) if not file.startswith("-")]
    named = [*words_of(unit), *files, *settings.get("ReadWritePaths", [])]
    for path in (word for word in named if word.startswith("/")):
        if path not in BY_A_PERSON:
            assert (home / Path(path).relative_to(STATE)).exists(), path


def test_the_files_of_the_example_environment_are_prepared(home: Path) -> None:
    text = (FOLDER / "ingest.env").read_text(encoding="utf-8")
    paths = re.findall(rf"={STATE}/(.*)", text)
    assert len(paths) == 3
    assert [path for path in paths if not (home / path).exists()] == []


def test_an_edge_keeps_its_state_where_it_may_write_and_is_stopped_later_than_it_promises() -> None:
    settings = settings_of("lineside-edge.service")
    (folder,) = settings["StateDirectory"]
    assert settings["Environment"] == [f"LINESIDE_HOME=/var/lib/{folder}"]
    assert settings["WorkingDirectory"] == [f"/var/lib/{folder}"]
    assert float(settings["TimeoutStopSec"][0]) > 5


def test_the_watchdog_of_an_edge_is_patient_enough_to_be_fed() -> None:
    settings = settings_of("lineside-edge.service")
    assert settings["Type"] == ["notify"]
    manager = ServiceManager(
        {"NOTIFY_SOCKET": "/run/x", "WATCHDOG_USEC": f"{settings['WatchdogSec'][0]}000000"}
    )
    assert LOOK_EVERY_S < manager.feed_every_s < float(settings["WatchdogSec"][0])


@pytest.mark.parametrize("unit", UNITS)
def test_a_service_is_closed(unit: str) -> None:
    settings = settings_of(unit)
    assert {name: settings[name][-1] for name in CLOSED} == CLOSED
    assert settings["User"] == ["lineside"]
    assert STATE not in settings.get("ReadWritePaths", []), "only what it writes"


@pytest.mark.parametrize(
    ("unit", "roles"), [("api", {"lineside_plant"}), ("bridge", {"lineside_bridge"}), ("keeper", set())]
)
def test_a_lasting_service_sees_no_password_of_another_role(unit: str, roles: set[str], home: Path) -> None:
    hidden = [
        Path(path.removeprefix("-")) for path in settings_of(f"lineside-{unit}.service")["InaccessiblePaths"]
    ]
    names = [path.name for path in (home / "secrets").iterdir()]
    seen = [
        name for name in names if not any(Path(STATE, "secrets", name).is_relative_to(one) for one in hidden)
    ]
    assert roles_in(home, seen) == roles


@pytest.mark.parametrize("unit", [unit for unit in UNITS if not re.search("migrate|backup", unit)])
def test_what_opens_everything_is_hidden_from_a_lasting_service(unit: str, home: Path) -> None:
    hidden = [Path(path.removeprefix("-")) for path in settings_of(unit)["InaccessiblePaths"]]
    opens = ["ca/ca.key", "backups", "secrets/postgres-lineside", "secrets/lineside.env", "secrets/roles.sql"]
    for path in opens:
        assert (home / path).exists(), path
        assert any(Path(STATE, path).is_relative_to(one) for one in hidden), path


@pytest.mark.parametrize("unit", [unit for unit in UNITS if not re.search("migrate|backup", unit)])
def test_a_lasting_service_is_started_again_for_ever(unit: str) -> None:
    settings = settings_of(unit)
    assert settings["Restart"] == ["always"]
    assert settings["StartLimitIntervalSec"] == ["0"]
    assert settings["WantedBy"] == ["multi-user.target"]


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="systemd-analyze is not installed")
def test_systemd_understands_every_line(installed: Path) -> None:
    units = [str(path) for path in installed.glob("lineside-*")]
    done = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", *units],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (done.returncode, done.stdout + done.stderr) == (0, "")


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="systemd-analyze is not installed")
def test_systemd_finds_little_exposed(installed: Path) -> None:
    units = [str(path) for path in installed.glob("*.service")]
    command = ["systemd-analyze", "security", "--offline=yes", "--no-pager", *units]
    told = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True).stdout
    levels = [float(level) for level in re.findall(r"Overall exposure level for .*: ([\d.]+)", told)]
    assert len(levels) == len(UNITS)
    assert max(levels) <= EXPOSURE_MOST


NO_WRITABLE_CODE = """
import ctypes, sys
PR_SET_MDWE = 65
if ctypes.CDLL(None).prctl(PR_SET_MDWE, 1, 0, 0, 0) != 0:
    sys.exit(77)
import edge.run, edge.drivers.modbus, edge.drivers.opcua, erp_bridge.run, numpy
import plant_server.api, plant_server.ingest.run, plant_server.keeper.run
from argon2 import PasswordHasher
PasswordHasher().hash("739105")
numpy.ones((64, 64)).dot(numpy.ones((64, 64)))
"""


def test_every_process_works_without_memory_that_is_both_written_and_run(tmp_path: Path) -> None:
    """What MemoryDenyWriteExecute forbids, forbidden by the kernel itself (Linux 6.3 and later)."""
    done = subprocess.run(
        [sys.executable, "-c", NO_WRITABLE_CODE],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    if done.returncode == 77:
        pytest.skip("this kernel cannot forbid it")
    assert done.returncode == 0, done.stderr
