"""The two servers to measure clients with, in their own processes."""

import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from asyncua import Client, ua
from pymodbus.client import AsyncModbusTcpClient

DEADLINE_S = 30.0


@pytest.fixture
def launch() -> Iterator[Callable[..., int]]:
    """Start a module of this package as a process and return the port it prints."""
    processes: list[subprocess.Popen[bytes]] = []

    def start(module: str, *arguments: str) -> int:
        process = subprocess.Popen(
            [sys.executable, "-m", f"simulators.{module}", *arguments],
            stdout=subprocess.PIPE,
            cwd=Path(__file__).parents[2],
        )
        processes.append(process)
        assert process.stdout is not None
        return int(process.stdout.readline())

    yield start
    for process in processes:
        process.terminate()
        assert process.wait(DEADLINE_S) == 0
        assert process.stdout is not None
        process.stdout.close()


async def test_every_opcua_value_tells_its_node_and_too_long_reads_are_refused(
    launch: Callable[..., int],
) -> None:
    port = launch("opcua_plain", "--nodes", "20", "--still", "--max-nodes-per-read", "10")
    async with Client(
        f"opc.tcp://127.0.0.1:{port}", timeout=DEADLINE_S, watchdog_intervall=DEADLINE_S
    ) as client:
        index = await client.get_namespace_index("urn:lineside:sim:plain")
        nodes = [ua.NodeId(ua.String(f"t{number}"), ua.Int16(index)) for number in range(20)]
        values = await client.uaclient.read_attributes(nodes[5:15], ua.AttributeIds.Value)
        assert [data.Value.Value for data in values] == list(range(5, 15))
        assert {data.Value.VariantType.name for data in values} == {"Double", "UInt32"}
        with pytest.raises(ua.uaerrors.BadTooManyOperations):
            await client.uaclient.read_attributes(nodes[:11], ua.AttributeIds.Value)


async def test_every_opcua_value_changes_each_second(launch: Callable[..., int]) -> None:
    port = launch("opcua_plain", "--nodes", "4", "--types", "uint32")
    async with Client(
        f"opc.tcp://127.0.0.1:{port}", timeout=DEADLINE_S, watchdog_intervall=DEADLINE_S
    ) as client:
        index = await client.get_namespace_index("urn:lineside:sim:plain")
        nodes = [ua.NodeId(ua.String(f"t{number}"), ua.Int16(index)) for number in range(4)]
        first = await client.uaclient.read_attributes(nodes, ua.AttributeIds.Value)
        later = first
        while later[3].Value.Value == first[3].Value.Value:
            later = await client.uaclient.read_attributes(nodes, ua.AttributeIds.Value)
        ticks = {data.Value.Value - number for number, data in enumerate(later)}
        assert len(ticks) == 1
        assert ticks.pop() > first[0].Value.Value
        assert later[0].SourceTimestamp > first[0].SourceTimestamp


async def test_every_modbus_register_tells_its_address_and_changes_each_second(
    launch: Callable[..., int],
) -> None:
    port = launch("modbus_plain", "--registers", "300")
    client = AsyncModbusTcpClient("127.0.0.1", port=port, timeout=10, retries=0)
    assert await client.connect()
    ticks = set()
    while len(ticks) < 2:
        answer = await client.read_holding_registers(100, count=125, device_id=1)
        offsets = {value - 100 - offset for offset, value in enumerate(answer.registers)}
        assert len(offsets) == 1
        ticks |= offsets
    assert (await client.read_holding_registers(300, count=1, device_id=1)).exception_code == 2
    client.close()
