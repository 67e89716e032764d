import json
import os
import select
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from edge.acquisition.addresses import OpcUaAddress
from edge.acquisition.device_settings import Device
from edge.acquisition.profile import HEARTBEAT, Profile, Tag
from edge.contract.datatypes import DataType
from edge.contract.roles import Counts, Role

START_S = 60.0


class ServerProcess:
    """A server that can be told what to do, frozen, killed and started again on its port."""

    def __init__(self, nodes: int, secure: Path | None = None) -> None:
        self._arguments = [str(nodes), *([str(secure)] if secure else [])]
        self.port = 0
        self.process: subprocess.Popen | None = None

    def start(self) -> None:
        self.launch()
        self.wait()

    def launch(self) -> None:
        script = Path(__file__).with_name("server_process.py")
        self.process = subprocess.Popen(
            [sys.executable, str(script), str(self.port), *self._arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )

    def wait(self) -> None:
        self.port = int(self._line())

    def tell(self, **command) -> None:
        self.process.stdin.write(json.dumps(command) + "\n")
        self.process.stdin.flush()
        assert self._line() == "done"

    def freeze(self) -> None:
        os.kill(self.process.pid, signal.SIGSTOP)

    def thaw(self) -> None:
        os.kill(self.process.pid, signal.SIGCONT)

    def kill(self) -> None:
        if self.process is not None:
            self.process.kill()
            self.process.communicate()
            self.process = None

    def revive(self) -> None:
        if self.process is None:
            self.start()
        else:
            self.thaw()

    def _line(self) -> str:
        ready, _, _ = select.select([self.process.stdout], [], [], START_S)
        assert ready, f"the server said nothing within {START_S:g} s"
        line = self.process.stdout.readline().strip()
        assert line, f"the server ended with {self.process.wait()}"
        return line


@pytest.fixture(scope="session")
def server_processes():
    """Start servers; all are killed in the end."""
    started: list[ServerProcess] = []

    def start(nodes: int, secure: Path | None = None) -> ServerProcess:
        server = ServerProcess(nodes, secure)
        started.append(server)
        server.start()
        return server

    yield start
    for server in started:
        server.kill()


@pytest.fixture(autouse=True)
def _own_state_folder(tmp_path, monkeypatch):
    monkeypatch.setenv("LINESIDE_HOME", str(tmp_path / "home"))


@pytest.fixture
def node_tag():
    def make(name: str, datatype: DataType = DataType.INT32, role: Role = Role.MEASUREMENT, **more) -> Tag:
        return Tag(name, role, datatype, OpcUaAddress(f"nsu=urn:lineside:test;s={name}"), **more)

    return make


@pytest.fixture
def count_tag(node_tag):
    def make(name: str) -> Tag:
        return node_tag(
            name, DataType.INT32, Role.COUNTER, unit="parts", width=31, rate_max=100.0, counts=Counts.PARTS
        )

    return make


@pytest.fixture
def opcua_profile():
    def make(tags) -> Profile:
        return Profile("bench", "opcua", "d", "r", "p", "document", (*tags, HEARTBEAT))

    return make


@pytest.fixture
def opcua_device():
    def make(port: int, **more) -> Device:
        settings = {
            "name": "press",
            "profile": "bench",
            "path": "demo",
            "url": f"opc.tcp://127.0.0.1:{port}/test/",
            "insecure": "security" not in more,
            "period_s": 0.1,
            "timeout_s": 20.0,
        }
        return Device(**{**settings, **more})

    return make


@pytest.fixture
def plc_tag():
    """A tag of the foreign PLC; `node` if it is not called like the tag."""

    def make(name: str, datatype: DataType = DataType.INT32, role: Role = Role.MEASUREMENT, **more) -> Tag:
        node, at = more.pop("node", name), more.pop("at", ())
        return Tag(name, role, datatype, OpcUaAddress(f"nsu=urn:not-ours:plc;s={node}", at), **more)

    return make


@pytest.fixture
def plc_count(plc_tag):
    def make(name: str, **more) -> Tag:
        known = {"unit": "parts", "width": 31, "rate_max": 1000.0, "counts": Counts.PARTS}
        return plc_tag(name, DataType.INT32, Role.COUNTER, **{**known, **more})

    return make


@pytest.fixture
def plc_device(opcua_device):
    """The foreign PLC as a device of the edge."""

    def make(plc, **more) -> Device:
        return opcua_device(plc.port, **{"name": "plc", "url": f"opc.tcp://127.0.0.1:{plc.port}", **more})

    return make
