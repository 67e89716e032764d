"""The press and the moulding machine in a factory of their own, read by real OPC UA clients."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from asyncua import Client, ua

from simulators import opcua_moulding, opcua_press, truth

DEADLINE_S = 30.0
SCENARIO = """
name: two
machines:
  - name: press1
    kind: opcua_press
    cycle_time_s: 0.1
    scrap: {ratio: 0.2, causes: {burr: 1}}
    counters: {Admin.ProdProcessedCount: 2147483645, Admin.ProdDefectiveCount: 11}
  - name: mould1
    kind: opcua_moulding
    cycle_time_s: 0.2
    cavities: 4
    scrap: {ratio: 0.2, causes: {flash: 1}}
    counters: {Jobs.ActiveJobValues.JobPartsCounter: 400, Jobs.ActiveJobValues.MachineCycleCounter: 5138277}
"""
JOB = "Jobs.ActiveJobValues."


@pytest.fixture(scope="module")
def factory(launch_factory: Callable[..., Any], tmp_path_factory: pytest.TempPathFactory) -> Any:
    path = tmp_path_factory.mktemp("scenario") / "two.yaml"
    path.write_text(SCENARIO)
    return launch_factory("--scenario", str(path), "--ports", "any", "--speed", "1", "--start")


@asynccontextmanager
async def client_of(factory: Any, name: str) -> AsyncIterator[Client]:
    async with Client(
        factory.device(name)["url"], timeout=DEADLINE_S, watchdog_intervall=DEADLINE_S
    ) as client:
        yield client


async def read(client: Client, namespace: str, ids: list[str]) -> list[ua.Variant]:
    index = await client.get_namespace_index(namespace)
    nodes = [ua.NodeId(ua.String(id_), ua.Int16(index)) for id_ in ids]
    return [data.Value for data in await client.uaclient.read_attributes(nodes, ua.AttributeIds.Value)]


def steps(state_dir: Path, machine: str) -> list[truth.Step]:
    return [step for step in truth.steps(state_dir) if step.machine == machine and step.unit == "parts"]


async def some_steps(factory: Any, machine: str, more_than: int) -> list[truth.Step]:
    async with asyncio.timeout(DEADLINE_S):
        while len(made := steps(factory.state_dir, machine)) <= more_than:  # noqa: ASYNC110 (another process)
            await asyncio.sleep(0.05)
    return made


async def test_press_shows_packml_nodes_in_their_types(factory: Any) -> None:
    await some_steps(factory, "press1", 0)
    async with client_of(factory, "press1") as client:
        values = await read(client, opcua_press.NAMESPACE_URI, list(opcua_press.NODES))
    assert [value.VariantType.name for value in values] == list(opcua_press.NODES.values())
    state, mode, speed, *_, reason = (value.Value for value in values)
    assert (state, mode, reason) == (6, 1, 0)
    assert speed == pytest.approx(600, rel=0.06)


async def test_press_rolls_over_after_31_bits_and_the_ledger_knows_first(factory: Any) -> None:
    ids = ["Admin.ProdProcessedCount", "Admin.ProdDefectiveCount"]
    async with client_of(factory, "press1") as client:
        await some_steps(factory, "press1", 5)
        for _ in range(20):
            counters = [value.Value for value in await read(client, opcua_press.NAMESPACE_URI, ids)]
            made = steps(factory.state_dir, "press1")
            assert counters[0] in [step.counters[ids[0]] for step in made]
            assert counters[1] in [step.counters[ids[1]] for step in made]
            assert 0 <= counters[0] < 2**31
    first_round = made[:6]
    assert [step.shown for step in first_round] == [2147483646, 2147483647, 0, 1, 2, 3]
    assert truth.event_counts(factory.state_dir)["wrap"] == 1


async def test_moulding_machine_shows_euromap_nodes_in_their_types(factory: Any) -> None:
    await some_steps(factory, "mould1", 0)
    async with client_of(factory, "mould1") as client:
        values = await read(client, opcua_moulding.NAMESPACE_URI, list(opcua_moulding.NODES))
    assert [value.VariantType.name for value in values] == list(opcua_moulding.NODES.values())
    by_name = dict(zip(opcua_moulding.NODES, (value.Value for value in values), strict=True))
    assert by_name[JOB + "LastCycleTime"] == pytest.approx(0.2, rel=0.06)
    assert (by_name[JOB + "JobStatus"], by_name["MachineStatus.MachineMode"]) == (6, 1)


async def test_moulding_cycles_step_the_parts_by_the_open_cavities(factory: Any) -> None:
    made = await some_steps(factory, "mould1", 3)
    first = made[0].counters
    assert first[JOB + "JobPartsCounter"] == 404
    assert first[JOB + "JobCycleCounter"] == 1
    for before, after in pairwise(made):
        moved = {name: after.counters[name] - before.counters[name] for name in after.counters}
        assert moved == {
            JOB + "JobCycleCounter": 1,
            JOB + "JobPartsCounter": 4,
            JOB + "JobGoodPartsCounter": after.good,
            JOB + "JobBadPartsCounter": after.reject,
            JOB + "MachineCycleCounter": 1,
        }


async def test_job_reset_brings_job_counters_to_zero_on_the_same_connection(factory: Any) -> None:
    ids = [JOB + "JobPartsCounter", JOB + "MachineCycleCounter"]
    async with client_of(factory, "mould1") as client, factory.control() as control:
        before = len(await some_steps(factory, "mould1", 2))
        await control.fault("mould1", "job_reset")
        parts, cycles = [value.Value for value in await read(client, opcua_moulding.NAMESPACE_URI, ids)]
    made = steps(factory.state_dir, "mould1")
    assert parts < 400
    assert parts % 4 == 0
    assert 5138277 + before <= cycles <= 5138277 + len(made)
    assert truth.event_counts(factory.state_dir)["job_reset"] == 1


async def test_a_session_outlives_an_outage_but_not_a_restart(factory: Any) -> None:
    async with Client(factory.device("press1")["url"], timeout=5, auto_reconnect=True) as client:
        count = ["Admin.ProdProcessedCount"]
        await read(client, opcua_press.NAMESPACE_URI, count)
        await client.create_subscription(
            500, Silent()
        )  # Without one, asyncua ends a session with its connection.
        session = client.uaclient.session.authentication_token
        await strike_and_wait(factory, "refused")
        await read_again(client, count)
        assert client.uaclient.session.authentication_token == session
        await strike_and_wait(factory, "restart")
        assert (await read_again(client, count))[0].Value < 10_000
        assert client.uaclient.session.authentication_token != session


class Silent:
    """A subscription handler that is not interested."""

    def datachange_notification(self, node: Any, value: Any, data: Any) -> None:
        """Nothing to do."""


async def strike_and_wait(factory: Any, fault: str) -> None:
    async with factory.control() as control:
        await control.fault("press1", fault, duration_s=0.3)
        async with asyncio.timeout(DEADLINE_S):
            while "press1" in (await control.status())["machines"][0]["faults"]:  # noqa: ASYNC110 (another process)
                await asyncio.sleep(0.05)


async def read_again(client: Client, ids: list[str]) -> list[ua.Variant]:
    """Read as soon as the client has reconnected."""
    async with asyncio.timeout(DEADLINE_S):
        while True:
            try:
                return await read(client, opcua_press.NAMESPACE_URI, ids)
            except (ConnectionError, TimeoutError, ua.UaError):
                await asyncio.sleep(0.1)
