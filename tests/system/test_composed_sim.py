"""Profiles `sim` and `edge` of docker-compose.yml without an engine: their very commands, and their health checks.

They run in a network namespace of their own, where every port is free as in a container. What stands for another
container is another address of that network: 127.0.0.2 instead of the name `sim`.
"""

import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).parents[2]
SERVICES: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.yml").read_text(encoding="utf-8"))[
    "services"
]
EXAMPLE = ROOT / "plant_server/installation/lineside.yaml"
ANOTHER = "127.0.0.2"
WITHIN_S = 90.0
pytestmark = [pytest.mark.system, pytest.mark.timeout(300)]


class Network:
    """A namespace that a sleeping process keeps."""

    def __init__(self, keeper: "subprocess.Popen[bytes]") -> None:
        self._inside = ["nsenter", f"--target={keeper.pid}", "--user", "--net", "--preserve-credentials"]

    def run(self, *words: str) -> "subprocess.CompletedProcess[str]":
        return subprocess.run(
            [*self._inside, sys.executable, *words],
            cwd=ROOT,
            capture_output=True,
            text=True,
            timeout=WITHIN_S,
            check=False,
        )

    @contextmanager
    def running(self, log: Path, *words: str) -> Iterator["subprocess.Popen[bytes]"]:
        """`lineside …`, until the block ends."""
        with log.open("wb") as said:
            process = subprocess.Popen(
                [*self._inside, sys.executable, "-m", "lineside", *words],
                cwd=ROOT,
                stdout=said,
                stderr=subprocess.STDOUT,
            )
        try:
            yield process
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(WITHIN_S)

    def is_well(self, name: str) -> bool:
        """The health check of the service, word for word."""
        kind, program, *words = SERVICES[name]["healthcheck"]["test"]
        assert (kind, program) == ("CMD", "python")
        return self.run(*words).returncode == 0

    def wait_until_well(self, name: str, process: "subprocess.Popen[bytes]", log: Path) -> None:
        ends = time.monotonic() + WITHIN_S
        while not self.is_well(name):
            assert process.poll() is None, log.read_text()
            assert time.monotonic() < ends, log.read_text()
            time.sleep(0.2)


@pytest.fixture(scope="module")
def network() -> Iterator[Network]:
    inside = ["sh", "-c", "ip link set lo up && echo up && exec sleep 600"]
    keeper = subprocess.Popen(
        ["unshare", "--user", "--map-root-user", "--net", *inside], stdout=subprocess.PIPE
    )
    try:
        assert keeper.stdout is not None
        assert keeper.stdout.readline() == b"up\n", "no network namespace of its own"
        yield Network(keeper)
    finally:
        keeper.kill()
        keeper.communicate(timeout=WITHIN_S)


@pytest.fixture
def configuration(tmp_path: Path) -> Path:
    """The example with this place's folder, the other address, and no broker, which an edge may lack."""
    example = yaml.safe_load(EXAMPLE.read_text(encoding="utf-8").replace("//sim:", f"//{ANOTHER}:"))
    example["broker"] = {"urls": [f"mqtt://{ANOTHER}:1883"]}
    example["spool"]["path"] = str(tmp_path / "spool.db")
    file = tmp_path / "lineside.yaml"
    file.write_text(yaml.safe_dump(example), encoding="utf-8")
    return file


def words_of(name: str, **instead: Path) -> list[str]:
    """The command of the service, with other paths."""
    paths = {"/tmp/demo": instead.get("state"), "/lineside.yaml": instead.get("configuration")}  # noqa: S108
    return [str(paths.get(word) or word) for word in SERVICES[name]["command"]]


def test_an_edge_elsewhere_reads_every_simulated_machine(
    network: Network, configuration: Path, tmp_path: Path
) -> None:
    assert not network.is_well("sim"), "nothing runs yet"
    log = tmp_path / "sim.log"
    with network.running(log, *words_of("sim", state=tmp_path / "demo")) as process:
        network.wait_until_well("sim", process, log)
        ends = time.monotonic() + WITHIN_S
        # A fault of the demonstration's own may keep one machine away for some seconds.
        while (
            read := network.run("-m", "lineside", "edge", "check", "--config", str(configuration))
        ).returncode:
            assert time.monotonic() < ends, read.stdout + log.read_text()
        assert "6 of 6 devices are well" in read.stdout
    assert not network.is_well("sim"), "it is gone"


def test_a_simulator_that_listens_at_loopback_would_be_found(
    network: Network, configuration: Path, tmp_path: Path
) -> None:
    log = tmp_path / "sim.log"
    words = words_of("sim", state=tmp_path / "demo")
    words[words.index("--host") + 1] = "127.0.0.1"
    with network.running(log, *words) as process:
        network.wait_until_well("sim", process, log)
        read = network.run("-m", "lineside", "edge", "check", "--config", str(configuration))
        assert read.returncode == 2
        assert "0 of 6 devices are well" in read.stdout


def test_the_health_check_of_an_edge_is_true(network: Network, configuration: Path, tmp_path: Path) -> None:
    assert not network.is_well("edge"), "nothing runs yet"
    log = tmp_path / "edge.log"
    with network.running(log, *words_of("edge", configuration=configuration)) as process:
        network.wait_until_well("edge", process, log)
    assert not network.is_well("edge"), "it is gone"
