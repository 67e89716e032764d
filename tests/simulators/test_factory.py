"""The whole factory in its processes, over its control port."""

import asyncio
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from pymodbus.client import AsyncModbusTcpClient

from simulators import truth
from simulators.faults import FactoryControl, FactoryRefused

DEADLINE_S = 30.0
SIM_RUN = (sys.executable, "-c", "from simulators.commands import app; app()", "run")
SMALL = ("--scenario", "tests_small", "--ports", "any", "--speed", "4")
CELLS = """
name: cells
machines:
  - {name: cell1, kind: modbus_cell, cycle_time_s: 0.1}
  - {name: cell2, kind: modbus_cell, cycle_time_s: 0.1}
ports: {modbus: %d}
"""


@pytest.fixture(scope="module")
def small(launch_factory: Callable[..., Any]) -> Any:
    return launch_factory(*SMALL)


@pytest.fixture
def cells(launch_factory: Callable[..., Any], tmp_path: Path) -> Callable[..., Any]:
    """A light factory: Modbus only, so its processes are up in a moment."""

    def launch(*arguments: str, first_port: int = 5020) -> Any:
        path = tmp_path / "cells.yaml"
        path.write_text(CELLS % first_port)
        return launch_factory("--scenario", str(path), "--speed", "1", *arguments)

    return launch


def machine_processes(factory: Any) -> list[int]:
    listed = subprocess.run(
        ["ps", "-o", "pid=", "--ppid", str(factory.process.pid)],
        capture_output=True,
        check=True,
        timeout=DEADLINE_S,
    )
    return [int(pid) for pid in listed.stdout.split()]


def gone(pid: int) -> bool:
    try:
        return "State:\tZ" in Path(f"/proc/{pid}/status").read_text()
    except FileNotFoundError:
        return True


def wait_for(condition: Callable[[], bool], what: str) -> None:
    ends = time.monotonic() + DEADLINE_S
    while not condition():
        assert time.monotonic() < ends, what
        time.sleep(0.02)


async def until_made(control: FactoryControl, parts: int) -> dict[str, Any]:
    async with asyncio.timeout(DEADLINE_S):
        while True:
            status = await control.status()
            if all(machine["parts"] >= parts and machine["energy_wh"] > 0 for machine in status["machines"]):
                return status
            await asyncio.sleep(0.05)


def test_endpoints_name_every_device_with_its_profile(small: Any) -> None:
    devices = small.endpoints["devices"]
    assert [(d["name"], d["profile"], d["machine"], d["unit_id"]) for d in devices] == [
        ("press1", "packml", "press1", None),
        ("press1-meter", "abb_b23", "press1", 1),
        ("cell1", "modbus_cell", "cell1", 1),
        ("cell1-meter", "eastron_sdm630", "cell1", 1),
    ]
    assert devices[1]["path"] == "test/plant1/area1/line1/press1"
    assert devices[0]["url"].startswith("opc.tcp://127.0.0.1:")
    assert devices[3]["url"].startswith("modbus://127.0.0.1:")


async def test_production_starts_and_stops_on_command_and_the_ledger_has_it_all(small: Any) -> None:
    async with small.control() as control:
        assert [machine["producing"] for machine in (await control.status())["machines"]] == [False, False]
        assert truth.made(small.state_dir) == {}
        await control.start()
        await until_made(control, 15)
        stopped = await control.stop()
    made = truth.made(small.state_dir)
    for machine in stopped["machines"]:
        assert machine["parts"] == made[machine["name"], "parts"]
        assert machine["energy_wh"] == made[machine["name"], "Wh"]
    assert made["press1", "Wh"] % 10 == 0
    assert truth.event_counts(small.state_dir)["production_stop"] == 2


async def test_meters_show_what_the_ledger_says(small: Any) -> None:
    async with small.control() as control:
        await control.start()
        await until_made(control, 1)
        await control.stop()
    made = truth.made(small.state_dir)
    client = AsyncModbusTcpClient("127.0.0.1", port=small.port("press1-meter"), timeout=10, retries=0)
    assert await client.connect()
    answer = await client.read_holding_registers(0x5000, count=4, device_id=1)
    client.close()
    centi_kwh = int.from_bytes(b"".join(word.to_bytes(2, "big") for word in answer.registers), "big")
    assert centi_kwh * 10 == 1000 + made["press1", "Wh"]


async def test_what_the_factory_cannot_do_is_answered_with_a_reason(small: Any) -> None:
    async with small.control() as control:
        with pytest.raises(FactoryRefused, match="no machine 'press9'; there are press1, cell1"):
            await control.fault("press9", "restart")
        with pytest.raises(FactoryRefused, match="no jobs to reset"):
            await control.fault("press1", "job_reset")
    reader, writer = await asyncio.open_connection("127.0.0.1", small.endpoints["control"]["port"])
    writer.write(b'{"command": "dance"}\nnot json\n[1]\n')
    async with asyncio.timeout(DEADLINE_S):
        answers = [json.loads(await reader.readline()) for _ in range(3)]
    writer.transport.abort()
    assert [answer["ok"] for answer in answers] == [False, False, False]
    assert "want command start" in answers[0]["error"]


async def test_shutdown_ends_every_process_and_removes_the_endpoints(cells: Callable[..., Any]) -> None:
    factory = cells("--ports", "any", "--start")
    machines = machine_processes(factory)
    assert len(machines) == 2
    async with factory.control() as control:
        await control.shutdown()
    assert factory.process.wait(DEADLINE_S) == 0
    assert all(gone(pid) for pid in machines)
    assert not (factory.state_dir / "endpoints.json").exists()


def test_sigterm_ends_it_cleanly(cells: Callable[..., Any]) -> None:
    factory = cells("--ports", "any", "--start")
    machines = machine_processes(factory)
    factory.process.send_signal(signal.SIGTERM)
    assert factory.process.wait(DEADLINE_S) == 0
    assert all(gone(pid) for pid in machines)
    assert truth.event_counts(factory.state_dir)["production_stop"] == 2


def test_machines_die_with_a_killed_factory(cells: Callable[..., Any]) -> None:
    factory = cells("--ports", "any", "--start")
    machines = machine_processes(factory)
    factory.process.kill()
    factory.process.wait(DEADLINE_S)
    wait_for(lambda: all(gone(pid) for pid in machines), "the machines live on")


def test_a_dead_machine_ends_the_factory_with_an_error(cells: Callable[..., Any]) -> None:
    factory = cells("--ports", "any", "--start")
    os.kill(machine_processes(factory)[0], signal.SIGKILL)
    assert factory.process.wait(DEADLINE_S) == 1
    assert "machine cell1 ended with exit code -9" in (factory.state_dir / "stderr.txt").read_text()


def test_a_taken_preferred_port_gives_the_next_free_one(cells: Callable[..., Any]) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        factory = cells(first_port=port)
        assert port < factory.port("cell1") < port + 200
        assert factory.port("cell2") > port


def test_a_broken_scenario_is_refused_in_words(tmp_path: Path) -> None:
    path = tmp_path / "broken.yaml"
    path.write_text("name: broken\nmachines: []\n")
    ended = subprocess.run(
        [*SIM_RUN, "--scenario", str(path), "--state-dir", str(tmp_path)],
        capture_output=True,
        text=True,
        timeout=DEADLINE_S,
        cwd=Path(__file__).parents[2],
        check=False,
    )
    assert ended.returncode == 1
    assert ended.stderr.strip() == f"{path}: scenario: Value error, a factory needs a machine"
