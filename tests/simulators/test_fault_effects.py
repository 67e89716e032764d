"""Each fault, as a real Modbus client sees it and as the ledger tells it."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from pymodbus.client import AsyncModbusTcpClient
from pymodbus.exceptions import ModbusException

from simulators import truth
from simulators.faults import FaultOrder, FaultRefused
from simulators.machine import RunningMachine

RunsMachine = Callable[..., AbstractAsyncContextManager[RunningMachine]]
Waits = Callable[[Callable[[], bool], str], Any]

CELL = """
name: cell1
kind: modbus_cell
cycle_time_s: 0.05
counters: {good: 1000, total: 1000}
meter:
  kind: eastron_sdm630
  power_w: {standby: 7, idle: 100, running: 3600000, fault: 100, setup: 100}
  energy_wh: 5000
"""


@asynccontextmanager
async def client_of(machine: RunningMachine, timeout_s: float = 10) -> AsyncIterator[AsyncModbusTcpClient]:
    client = AsyncModbusTcpClient(
        "127.0.0.1", port=machine.machine.gate.port, timeout=timeout_s, retries=0, reconnect_delay=0
    )
    try:
        assert await client.connect()
        yield client
    finally:
        client.close()


async def total(client: AsyncModbusTcpClient) -> int:
    answer = await client.read_holding_registers(3, count=1, device_id=1)
    assert not answer.isError(), answer
    return answer.registers[0]


async def refused(machine: RunningMachine) -> bool:
    try:
        _, writer = await asyncio.open_connection("127.0.0.1", machine.machine.gate.port)
    except ConnectionRefusedError:
        return True
    writer.transport.abort()
    return False


def made(state_dir: Path) -> int:
    return truth.made(state_dir).get(("cell1", "parts"), 0)


def happened(state_dir: Path, event: str) -> bool:
    return event in truth.event_counts(state_dir)


async def test_restart_refuses_then_counts_from_zero(
    run_machine: RunsMachine, wait_until: Waits, tmp_path: Path
) -> None:
    async with run_machine(CELL) as cell:
        await cell.start()
        await wait_until(lambda: made(tmp_path) >= 5, "5 parts")
        await cell.strike(FaultOrder.of("restart", 1.0))
        before = made(tmp_path)
        assert await refused(cell)
        assert cell.status()["faults"] == {"cell1": "restart"}
        await wait_until(lambda: happened(tmp_path, "fault_over"), "the end of the restart")
        await wait_until(lambda: made(tmp_path) > before, "a part after the restart")
        await cell.stop()
        async with client_of(cell) as client:
            assert await total(client) == made(tmp_path) - before
    lines = list(truth.read_all(tmp_path))
    cut = next(
        index for index, line in enumerate(lines) if isinstance(line, truth.Event) and line.event == "restart"
    )
    back = next(
        index
        for index, line in enumerate(lines)
        if isinstance(line, truth.Event) and line.event == "fault_over"
    )
    assert not [line for line in lines[cut:back] if isinstance(line, truth.Step) and line.unit == "parts"]
    event = lines[cut]
    assert isinstance(event, truth.Event)
    assert event.facts["before"]["total"] == 1000 + before


async def test_refused_keeps_producing_and_counting(
    run_machine: RunsMachine, wait_until: Waits, tmp_path: Path
) -> None:
    async with run_machine(CELL) as cell:
        await cell.start()
        await cell.strike(FaultOrder.of("refused", 1.0))
        assert await refused(cell)
        before = made(tmp_path)
        await wait_until(lambda: happened(tmp_path, "fault_over"), "the end of the outage")
        assert made(tmp_path) > before
        assert not await refused(cell)
        await cell.stop()
        async with client_of(cell) as client:
            assert await total(client) == 1000 + made(tmp_path)
    assert truth.event_counts(tmp_path)["outage"] == 1


async def test_glitch_reads_zero_and_then_goes_on(
    run_machine: RunsMachine, wait_until: Waits, tmp_path: Path
) -> None:
    async with run_machine(CELL) as cell, client_of(cell) as client:
        await cell.start()
        await cell.strike(FaultOrder.of("glitch", 1.5))
        assert await total(client) == 0
        await wait_until(lambda: happened(tmp_path, "fault_over"), "the end of the glitch")
        await cell.stop()
        assert await total(client) == 1000 + made(tmp_path)
    shown = [step.shown for step in truth.steps(tmp_path) if step.unit == "parts"]
    assert 0 in shown


async def test_frozen_accepts_but_does_not_answer(
    run_machine: RunsMachine, wait_until: Waits, tmp_path: Path
) -> None:
    async with run_machine(CELL) as cell:
        async with client_of(cell, timeout_s=0.2) as impatient:
            await cell.strike(FaultOrder.of("frozen", 1.0))
            with pytest.raises(ModbusException):
                await total(impatient)
        async with client_of(cell) as patient:
            assert await total(patient) == 1000
        assert happened(tmp_path, "fault_over")


async def test_slow_answers_late(run_machine: RunsMachine, wait_until: Waits, tmp_path: Path) -> None:
    async with run_machine(CELL) as cell, client_of(cell) as client:
        await cell.strike(FaultOrder.of("slow", 2.0, 0.3))
        began = asyncio.get_running_loop().time()
        assert await total(client) == 1000
        assert asyncio.get_running_loop().time() - began >= 0.3
        await wait_until(lambda: happened(tmp_path, "fault_over"), "the end of the slowness")
        assert cell.machine.gate.delay_s == 0


async def test_a_second_fault_on_the_same_device_is_refused(run_machine: RunsMachine) -> None:
    async with run_machine(CELL) as cell:
        await cell.strike(FaultOrder.of("glitch", 60))
        with pytest.raises(FaultRefused, match="cell1 already has the fault glitch"):
            await cell.strike(FaultOrder.of("restart"))
        await cell.strike(FaultOrder.of("glitch", 60, device="meter"))
        assert cell.status()["faults"] == {"cell1": "glitch", "cell1-meter": "glitch"}


@pytest.mark.parametrize(
    ("fault", "device"), [("fire", "machine"), ("glitch", "roof"), ("job_reset", "machine")]
)
async def test_a_fault_that_does_not_fit_is_refused(
    run_machine: RunsMachine, fault: str, device: str
) -> None:
    async with run_machine(CELL) as cell:
        with pytest.raises(FaultRefused):
            await cell.strike(FaultOrder.of(fault, device=device))


async def test_a_meter_counts_on_through_the_restart_of_its_machine_and_its_own(
    run_machine: RunsMachine, wait_until: Waits, tmp_path: Path
) -> None:
    async with run_machine(CELL) as cell:
        assert cell.meter is not None
        await cell.start()
        await wait_until(lambda: ("cell1", "Wh") in truth.made(tmp_path), "some energy")
        await cell.strike(FaultOrder.of("restart", 0.1, device="meter"))
        await wait_until(lambda: happened(tmp_path, "fault_over"), "the end of the restart")
        await cell.stop()
        energy_wh = truth.made(tmp_path)["cell1", "Wh"]
        assert cell.meter.shown() == {"import_wh": 5000 + energy_wh}
    last = [step for step in truth.steps(tmp_path) if step.unit == "Wh"][-1]
    assert (last.device, last.total, last.shown) == ("cell1-meter", energy_wh, 5000 + energy_wh)


async def test_scripted_faults_strike_after_production_starts_and_again(
    run_machine: RunsMachine, wait_until: Waits, tmp_path: Path
) -> None:
    events = "events: [{at_s: 0.1, fault: glitch, duration_s: 0.05, every_s: 0.2}]"
    async with run_machine(CELL + events) as cell:
        await cell.start()
        await wait_until(lambda: truth.event_counts(tmp_path).get("glitch", 0) >= 2, "two glitches")
        await cell.stop()
    at_ms = [
        event.time_ms for event in truth.events(tmp_path) if event.event in ("production_start", "glitch")
    ]
    assert at_ms[1] - at_ms[0] >= 99
    assert at_ms[2] - at_ms[0] >= 299
