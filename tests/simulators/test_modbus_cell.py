"""A cell in this process, read by a real Modbus client while it produces."""

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from typing import Any

from pymodbus.client import AsyncModbusTcpClient

from simulators import truth
from simulators.machine import RunningMachine

RunsMachine = Callable[..., AbstractAsyncContextManager[RunningMachine]]
Waits = Callable[[Callable[[], bool], str], Any]

CELL = """
name: cell1
kind: modbus_cell
cycle_time_s: 0.02
order_number: 100417
scrap: {ratio: 0.2, causes: {tool_mark: 1, porosity: 1}}
counters: {good: 65530, reject: 65535, total: 65526}
"""


@asynccontextmanager
async def client_of(machine: RunningMachine) -> AsyncIterator[AsyncModbusTcpClient]:
    client = AsyncModbusTcpClient("127.0.0.1", port=machine.machine.gate.port, timeout=10, retries=0)
    try:
        assert await client.connect()
        yield client
    finally:
        client.close()


async def registers(client: AsyncModbusTcpClient) -> list[int]:
    answer = await client.read_holding_registers(0, count=7, device_id=1)
    assert not answer.isError(), answer
    return answer.registers


def parts(state_dir: Path) -> list[truth.Step]:
    return [step for step in truth.steps(state_dir) if step.unit == "parts"]


async def test_before_production_the_start_values_and_idle_are_shown(run_machine: RunsMachine) -> None:
    async with run_machine(CELL) as cell, client_of(cell) as client:
        assert await registers(client) == [65530, 65535, 1, 65526, 0, 100417 >> 16, 100417 & 0xFFFF]


async def test_counters_advance_by_what_the_ledger_says_over_the_16_bit_wrap(
    run_machine: RunsMachine, wait_until: Waits, tmp_path: Path
) -> None:
    async with run_machine(CELL) as cell, client_of(cell) as client:
        await cell.start()
        await wait_until(lambda: len(parts(tmp_path)) >= 60, "60 cycles")
        await cell.stop()
        good, reject, state, total, cycle_ms, *_ = await registers(client)
    made = parts(tmp_path)
    assert (total - 65526) % 65536 == sum(step.made for step in made) >= 60
    assert (good - 65530) % 65536 == sum(step.good for step in made)
    assert (reject - 65535) % 65536 == sum(step.reject for step in made) > 0
    assert total < 65526
    assert made[-1].counters == {"good": good, "reject": reject, "total": total}
    assert made[-1].shown == total
    assert (state, 18 <= cycle_ms <= 22) == (0, True)
    wrapped = [event.facts["counter"] for event in truth.events(tmp_path) if event.event == "wrap"]
    assert sorted(wrapped) == ["good", "reject", "total"]


async def test_what_a_counter_shows_is_already_in_the_ledger(
    run_machine: RunsMachine, wait_until: Waits, tmp_path: Path
) -> None:
    async with run_machine(CELL) as cell, client_of(cell) as client:
        await cell.start()
        seen = set()
        while len(seen) < 30:
            total = (await registers(client))[3]
            written = {step.shown for step in parts(tmp_path)} | {65526}
            assert total in written
            seen.add(total)


async def test_after_stop_nothing_is_made_and_start_goes_on(
    run_machine: RunsMachine, wait_until: Waits, tmp_path: Path
) -> None:
    async with run_machine(CELL) as cell, client_of(cell) as client:
        await cell.start()
        await wait_until(lambda: len(parts(tmp_path)) >= 3, "3 cycles")
        await cell.stop()
        stopped = parts(tmp_path)
        before = await registers(client)
        assert truth.event_counts(tmp_path)["production_stop"] == 1
        assert await registers(client) == before
        assert parts(tmp_path) == stopped
        await cell.start()
        await wait_until(lambda: len(parts(tmp_path)) > len(stopped), "one more cycle")
        assert parts(tmp_path)[len(stopped)].total > stopped[-1].total


async def test_the_ledger_of_the_same_seed_has_the_same_causes(
    run_machine: RunsMachine, wait_until: Waits, tmp_path: Path
) -> None:
    for _ in range(2):
        async with run_machine(CELL, seed=5) as cell:
            begin = len(parts(tmp_path))
            await cell.start()
            await wait_until(lambda begin=begin: len(parts(tmp_path)) >= begin + 40, "40 cycles")
            await cell.stop()
    made = parts(tmp_path)
    again = next(index for index, step in enumerate(made) if index and step.total == 1)
    assert [step.cause for step in made[:40]] == [step.cause for step in made[again : again + 40]]
    assert {step.cause for step in made[:40]} == {None, "tool_mark", "porosity"}
