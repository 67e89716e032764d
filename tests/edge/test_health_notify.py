"""What systemd hears of an edge: a real process with a socket in systemd's place, and the rules of the watchdog."""

import asyncio
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import cast

import pytest

from edge.delivery.spool import SpoolLimits
from edge.delivery.spool_opening import open_spool
from edge.health import Health
from edge.health_notify import ServiceManager, keep_told
from edge.health_turns import GRACE_S, Turn

WAIT_S = 60.0
CONFIG = """\
edge: {name: e1, group: g}
broker: {urls: ["mqtt://127.0.0.1:9"], primary_host: null}
spool: {path: spool.db}
devices:
  - {name: dead, profile: modbus_cell, url: "modbus://127.0.0.1:9", path: demo}
"""


class Manager:
    """Listens where systemd would."""

    def __init__(self, address: str) -> None:
        self.address = address
        self.channel = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.channel.bind(f"\0{address[1:]}" if address.startswith("@") else address)
        self.channel.settimeout(1.0)

    def next(self) -> str:
        deadline = time.monotonic() + WAIT_S
        while time.monotonic() < deadline:
            try:
                return self.channel.recv(4096).decode()
            except TimeoutError:
                continue
        raise AssertionError("nothing was told")

    def until(self, line: str) -> list[str]:
        """What is told up to `line`, that included."""
        told = []
        while line not in told:
            told.append(self.next())
        return told

    def rest(self) -> list[str]:
        """What was told and not heard yet."""
        told = []
        self.channel.setblocking(False)
        try:
            while True:
                told.append(self.channel.recv(4096).decode())
        except BlockingIOError:
            return told
        finally:
            self.channel.settimeout(1.0)


@pytest.fixture(params=["path", "abstract"])
def manager(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Manager]:
    by_path = request.param == "path"
    manager = Manager(
        str(tmp_path / "notify") if by_path else f"@lineside-test-{os.getpid()}-{tmp_path.name}"
    )
    yield manager
    manager.channel.close()


@contextmanager
def edge_process(folder: Path, manager: Manager) -> Iterator["subprocess.Popen[bytes]"]:
    (folder / "edge.yaml").write_text(CONFIG)
    environment = {**os.environ, "NOTIFY_SOCKET": manager.address, "WATCHDOG_USEC": "600000"}
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "lineside", "edge", "run", "--config", str(folder / "edge.yaml")],
            env=environment,
            stdout=log,
            stderr=log,
        )
        try:
            yield process
        finally:
            process.kill()
            process.wait(WAIT_S)


def test_an_edge_is_ready_once_its_loops_run_feeds_the_watchdog_and_says_when_it_stops(
    manager: Manager, tmp_path: Path
) -> None:
    """Neither a device nor a broker is there: that is no reason not to be ready."""
    with edge_process(tmp_path, manager) as process:
        before = manager.until("READY=1")
        assert "WATCHDOG=1" not in before
        assert (tmp_path / "spool.db").exists()
        told = manager.until("WATCHDOG=1") + manager.until("WATCHDOG=1") + manager.until("WATCHDOG=1")
        assert any(line.startswith("STATUS=0 of 1 devices in contact, no broker") for line in before + told)
        process.send_signal(signal.SIGTERM)
        manager.until("STOPPING=1")
        assert process.wait(WAIT_S) == 0
        assert "WATCHDOG=1" not in manager.rest()


def test_an_edge_that_cannot_have_its_spool_never_says_it_is_ready(tmp_path: Path) -> None:
    manager = Manager(str(tmp_path / "notify"))
    with open_spool(tmp_path / "spool.db", SpoolLimits()), edge_process(tmp_path, manager) as process:
        assert process.wait(WAIT_S) == 1
        assert manager.rest() == []
    manager.channel.close()


def test_a_process_that_is_frozen_feeds_no_watchdog(tmp_path: Path) -> None:
    manager = Manager(str(tmp_path / "notify"))
    with edge_process(tmp_path, manager) as process:
        manager.until("WATCHDOG=1")
        process.send_signal(signal.SIGSTOP)
        os.waitid(os.P_PID, process.pid, os.WSTOPPED)
        manager.rest()
        with pytest.raises(TimeoutError):
            manager.channel.recv(4096)
        process.send_signal(signal.SIGCONT)
        manager.until("WATCHDOG=1")
    manager.channel.close()


async def test_a_loop_that_hangs_stops_the_feeding_although_all_others_turn(tmp_path: Path) -> None:
    manager = Manager(str(tmp_path / "notify"))
    turns = {"spool": Turn(), "delivery": Turn(), "device press": Turn()}
    health = _health_of(turns)
    told = ServiceManager({"NOTIFY_SOCKET": manager.address, "WATCHDOG_USEC": "150000"})
    stop = asyncio.Event()
    telling = asyncio.create_task(keep_told(told, health, stop))
    try:
        turns["spool"].within(60)
        turns["delivery"].within(60)
        await asyncio.sleep(0.3)
        assert not any("READY" in line for line in manager.rest()), "a device's loop has not begun"
        turns["device press"].within(60)
        await asyncio.to_thread(manager.until, "WATCHDOG=1")
        turns["device press"].within(-GRACE_S - 1)
        said = await asyncio.to_thread(manager.until, "STATUS=hangs: device press")
        assert said[-1] == "STATUS=hangs: device press"
        await asyncio.sleep(0.5)
        assert manager.rest() == []
        turns["device press"].within(60)
        await asyncio.to_thread(manager.until, "WATCHDOG=1")
    finally:
        stop.set()
        await asyncio.wait_for(telling, WAIT_S)
        manager.channel.close()


def _health_of(turns: dict[str, Turn]) -> Health:
    """Of these loops alone."""
    running = SimpleNamespace(
        turns=lambda: turns,
        writer=None,
        pollers=[],
        publisher=SimpleNamespace(brokers=SimpleNamespace(known=[])),
    )
    return Health(cast("object", running))  # type: ignore[arg-type]


async def test_nobody_is_told_where_nobody_listens(tmp_path: Path) -> None:
    stop = asyncio.Event()
    await asyncio.wait_for(keep_told(ServiceManager({}), _health_of({}), stop), WAIT_S)
    ServiceManager({"NOTIFY_SOCKET": str(tmp_path / "gone")}).tell("READY=1")


@pytest.mark.parametrize(
    ("environment", "every_s"),
    [
        ({"WATCHDOG_USEC": "30000000"}, 10.0),
        ({"WATCHDOG_USEC": "30000000", "WATCHDOG_PID": str(os.getpid())}, 10.0),
        ({"WATCHDOG_USEC": "30000000", "WATCHDOG_PID": "1"}, 0.0),
        ({"WATCHDOG_USEC": "soon"}, 0.0),
        ({}, 0.0),
    ],
)
def test_the_watchdog_is_fed_thrice_in_its_time_if_it_is_ours(
    environment: dict[str, str], every_s: float
) -> None:
    assert ServiceManager(environment).feed_every_s == every_s
