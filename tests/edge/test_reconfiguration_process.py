"""Signals to an edge in a process of its own: asked to read its file anew, told to end meanwhile, its terminal gone."""

import fcntl
import os
import signal
import socket
import subprocess
import sys
import termios
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.edge.drivers.opcua.plc import Plc, plc

pytestmark = pytest.mark.system

WAIT_S = 60.0
GONE_WITHIN_S = 20.0
"""Promised are 5 s; a busy computer gets more. A thing that is waited for without a bound takes longer than this."""
PROFILE = """\
name: bench
driver: opcua
document: d
revision: r
page: p
verified: draft
namespace: urn:not-ours:plc
tags:
  - {name: order, node: s=order, datatype: String, role: text}
"""


@pytest.fixture(scope="module")
def machine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Plc]:
    with plc(tmp_path_factory.mktemp("plc")) as machine:
        yield machine


@pytest.fixture
def mute_port() -> Iterator[int]:
    """Takes connections and never says a word: a broker that hangs."""
    with socket.create_server(("127.0.0.1", 0), backlog=64) as server:
        yield server.getsockname()[1]


class RunningEdge:
    def __init__(self, folder: Path, machine: Plc, broker_port: int) -> None:
        self._log = folder / "log"
        self._url = f"opc.tcp://127.0.0.1:{machine.port}"
        self.broker_port = broker_port
        self.file = folder / "lineside.yaml"
        (folder / "bench.yaml").write_text(PROFILE)
        self.write()

    def write(self, period_s: float = 0.1, broken: bool = False) -> None:
        self.file.write_text(
            f'edge: {{name: e1, group: demo}}\nbroker: {{urls: ["mqtt://127.0.0.1:{self.broker_port}"]}}\n'
            f'devices:\n  - {{name: press, profile: bench.yaml, url: "{self._url}", insecure: true, path: demo, '
            f"timeout_s: 60, period_s: {period_s}{', wrong: 1' if broken else ''}}}\n"
        )

    def start(self, *words: str, terminal: int | None = None) -> None:
        def own_terminal() -> None:
            os.setsid()
            if terminal is not None:
                fcntl.ioctl(terminal, termios.TIOCSCTTY, 0)

        with self._log.open("wb") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "lineside", "edge", "run", "--config", str(self.file), *words],
                stdin=subprocess.DEVNULL if terminal is None else terminal,
                stdout=log,
                stderr=log,
                preexec_fn=own_terminal,
            )

    def said(self, event: str) -> int:
        return self._log.read_text().count(f'"event": "{event}"')

    def until(self, condition: Callable[[], object]) -> None:
        deadline = time.monotonic() + WAIT_S
        while not condition():
            assert self.process.poll() is None, self._log.read_text()
            assert time.monotonic() < deadline, self._log.read_text()
            time.sleep(0.02)

    def gone(self) -> None:
        """By itself, in time and in order."""
        try:
            assert self.process.wait(GONE_WITHIN_S) == 0, self._log.read_text()
        except subprocess.TimeoutExpired:
            raise AssertionError(f"still there:\n{self._log.read_text()}") from None
        assert self.said("edge_stopped") == 1

    def stop(self) -> None:
        self.process.send_signal(signal.SIGTERM)
        self.gone()


@pytest.fixture
def nobody() -> Iterator[int]:
    """A port on which nobody listens, and nobody else will."""
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        yield held.getsockname()[1]


@pytest.fixture
def edge(tmp_path: Path, machine: Plc, nobody: int) -> Iterator[RunningEdge]:
    edge = RunningEdge(tmp_path, machine, nobody)
    try:
        yield edge
    finally:
        edge.process.kill()
        edge.process.wait(WAIT_S)


@contextmanager
def frozen(machine: Plc) -> Iterator[None]:
    machine.freeze()
    try:
        yield
    finally:
        machine.thaw()


def test_a_hangup_has_the_file_read_again_until_the_terminal_is_gone(edge: RunningEdge) -> None:
    ours, its = os.openpty()
    edge.start("--no-watch", terminal=its)
    os.close(its)
    edge.until(lambda: edge.said("device_online") == 1)
    edge.write(broken=True)
    edge.process.send_signal(signal.SIGHUP)
    edge.until(lambda: edge.said("configuration_refused") == 1)
    edge.write(period_s=0.2)
    edge.process.send_signal(signal.SIGHUP)
    edge.until(lambda: edge.said("configuration_changed") == 1 and edge.said("device_online") == 2)
    os.close(ours)
    edge.gone()


def test_a_stop_while_a_device_that_hangs_is_exchanged_waits_for_nobody(
    edge: RunningEdge, machine: Plc, mute_port: int
) -> None:
    edge.broker_port = mute_port
    edge.write()
    edge.start("--no-watch")
    edge.until(lambda: edge.said("device_online") == 1)
    with frozen(machine):
        edge.write(period_s=0.2)
        edge.process.send_signal(signal.SIGHUP)
        edge.until(
            lambda: edge.said("profile_is_a_draft") == 2
        )  # The new one is made, the old one is being closed.
        edge.stop()
