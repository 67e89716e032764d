"""An edge that is told to stop is soon gone, whatever hangs around it, and what it read is on disk. Real processes, SIGTERM."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from edge.delivery.entries import Readings
from edge.delivery.spool import Spool, SpoolLimits
from edge.delivery.spool_opening import open_spool
from plant_server.embedded.broker import Broker, running_broker
from plant_server.security.certificate_authority import CertificateAuthority
from tests.edge.delivery.small_disk import fill, small_disk
from tests.edge.onboarding.foreign_machines import Machine, modbus_machine

WAIT_S = 60.0
GONE_WITHIN_S = 20.0
"""Promised are 5 s; a busy computer gets more. A thing that is waited for without a bound takes longer than this."""
CONFIG = """\
edge: {{name: e1, group: demo}}
broker: {{urls: ["{broker}"], primary_host: null, {login}}}
spool: {{path: "{spool}", max_bytes: 1MiB}}
timing: {{heartbeat_s: 0.2}}
devices:
  - {{name: meter, profile: eastron_sdm630, url: "{meter}", path: demo, unit_id: 1, period_s: 0.2}}
  - {{name: mute, profile: modbus_cell, url: "modbus://127.0.0.1:{mute}", path: demo, timeout_s: 60, reply_s: 60}}
  - {{name: mute_opcua, profile: packml, url: "opc.tcp://127.0.0.1:{mute}", insecure: true, path: demo, timeout_s: 60}}
"""


@contextmanager
def mute_port() -> Iterator[int]:
    """Takes connections and never says a word."""
    with socket.create_server(("127.0.0.1", 0), backlog=64) as server:
        yield server.getsockname()[1]


@pytest.fixture
def meter(tmp_path: Path) -> Iterator[Machine]:
    with modbus_machine(tmp_path) as machine:
        yield machine


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[Broker]:
    with running_broker(
        tmp_path / "b", prefer="mosquitto", tls=False, port=0, edges=[("demo", "e1")], hosts=["plant"]
    ) as broker:
        yield broker


class RunningEdge:
    def __init__(self, folder: Path, spool: Path, broker: str, login: str, meter: Machine, mute: int) -> None:
        self._log = folder / "log"
        self._spool = spool
        config = folder / "edge.yaml"
        url = f"modbus://127.0.0.1:{meter.port}"
        config.write_text(CONFIG.format(broker=broker, login=login, spool=spool, meter=url, mute=mute))
        with self._log.open("wb") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "lineside", "edge", "run", "--config", str(config)],
                stdout=log,
                stderr=log,
            )

    def until(self, condition: Callable[[], object]) -> None:
        deadline = time.monotonic() + WAIT_S
        while not condition():
            assert self.process.poll() is None, self._log.read_text()
            assert time.monotonic() < deadline, self._log.read_text()
            time.sleep(0.05)

    def until_read(self, entries: int) -> None:
        self.until_said("edge_started")
        self.until(lambda: self.head() >= entries)

    def until_said(self, event: str) -> None:
        self.until(lambda: f'"event": "{event}"' in self._log.read_text())

    def head(self) -> int:
        spool = Spool(self._spool, SpoolLimits(), read_only=True)
        try:
            return spool.head
        finally:
            spool.close()

    def stop(self) -> None:
        """SIGTERM; gone in time, and by itself."""
        self.process.send_signal(signal.SIGTERM)
        try:
            assert self.process.wait(GONE_WITHIN_S) == 0, self._log.read_text()
        except subprocess.TimeoutExpired:
            raise AssertionError(f"still there:\n{self._log.read_text()}") from None
        assert '"event": "edge_stopped"' in self._log.read_text()


@contextmanager
def running(
    folder: Path, meter: Machine, broker: Broker | None = None, spool: Path | None = None
) -> Iterator[RunningEdge]:
    with ExitStack() as stack:
        mute = stack.enter_context(mute_port())
        ca = CertificateAuthority(folder / "ca").certificate
        url, login = (
            f"mqtts://127.0.0.1:{mute}",
            f'ca: "{ca}"',
        )  # paho waits in the handshake, without a bound.
        if broker is not None:
            credentials = broker.credentials_for_edge("demo", "e1")
            (folder / "password").write_text(credentials.password or "")
            url, login = broker.url, f"username: {credentials.username!r}, password_file: password"
        edge = RunningEdge(folder, spool or folder / "spool.db", url, login, meter, mute)
        try:
            yield edge
        finally:
            edge.process.kill()
            edge.process.wait(WAIT_S)


def sound(path: Path) -> bool:
    with open_spool(path, SpoolLimits()) as spool:
        return spool.is_sound()


def test_devices_and_a_broker_that_say_nothing_keep_no_edge(tmp_path: Path, meter: Machine) -> None:
    with running(tmp_path, meter) as edge:
        edge.until_read(5)
        edge.stop()
    assert sound(tmp_path / "spool.db")


def test_a_broker_that_freezes_while_it_is_used_keeps_no_edge(
    tmp_path: Path, meter: Machine, broker: Broker
) -> None:
    with running(tmp_path, meter, broker) as edge:
        edge.until_said("broker_connected")
        edge.until_read(5)
        assert broker.pid is not None
        os.kill(broker.pid, signal.SIGSTOP)
        try:
            edge.until_read(edge.head() + 5)
            edge.stop()
        finally:
            os.kill(broker.pid, signal.SIGCONT)
    assert sound(tmp_path / "spool.db")


def test_a_device_that_freezes_while_it_is_read_keeps_no_edge(tmp_path: Path, meter: Machine) -> None:
    with running(tmp_path, meter) as edge:
        edge.until_read(5)
        os.kill(meter.pid, signal.SIGSTOP)
        try:
            edge.until_said("device_unavailable")
            edge.stop()
        finally:
            os.kill(meter.pid, signal.SIGCONT)
    assert sound(tmp_path / "spool.db")


def test_a_spool_that_is_full_keeps_no_edge(tmp_path: Path, meter: Machine) -> None:
    """Full by its own bound, of entries that no plant took."""
    path = tmp_path / "spool.db"
    with open_spool(path, SpoolLimits(max_bytes=1 << 20)) as spool:
        while not spool.thinned_runs:
            readings = [Readings("old", 1_790_000_000_000 + n, [1], [0], ["x" * 200]) for n in range(100)]
            spool.append(list(readings))
        head = spool.head
    with running(tmp_path, meter) as edge:
        edge.until_read(head + 5)
        edge.stop()
    assert sound(path)


def test_a_disk_that_is_full_keeps_no_edge(tmp_path: Path, meter: Machine) -> None:
    with (
        small_disk(tmp_path / "disk", 8 << 20) as disk,
        running(tmp_path, meter, spool=disk / "spool.db") as edge,
    ):
        edge.until_read(5)
        fill(disk)
        edge.until_said("spool_unavailable")
        edge.stop()
        (disk / "filler").unlink()
        assert sound(disk / "spool.db")
