import asyncio
import socket

import pytest
from pymodbus.server import ModbusTcpServer
from pymodbus.simulator import DataType as SimType
from pymodbus.simulator import SimData, SimDevice

from edge.acquisition.timestamps import wall_clock_ms
from edge.contract.datatypes import Quality
from edge.drivers.modbus import ModbusDriver
from edge.errors import DeviceUnavailable


def values(readings):
    return {reading.tag.name: reading.value for reading in readings}


async def test_every_tag_gets_its_own_value(modbus_server, modbus_device, register_tag, profile_with):
    tags = tuple(register_tag(f"t{at}", at) for at in range(0, 1900, 7))
    async with modbus_server() as server:
        driver = ModbusDriver(modbus_device(server.port), profile_with(tags), wall_clock_ms)
        async with driver:
            before_ms = wall_clock_ms()
            readings = await driver.read(tags)
    assert values(readings) == {f"t{at}": at for at in range(0, 1900, 7)}
    assert all(r.quality is Quality.GOOD and r.time_by_edge and r.time_ms >= before_ms for r in readings)
    assert len(server.requests) < 20


async def test_all_four_tables_are_read(modbus_server, modbus_device, register_tag, profile_with):
    tags = (
        register_tag("h", 5),
        register_tag("i", 6, table="input"),
        register_tag("c", 3, "bit", "coil"),
        register_tag("d", 4, "bit", "discrete"),
    )
    async with (
        modbus_server() as server,
        ModbusDriver(modbus_device(server.port), profile_with(tags), wall_clock_ms) as driver,
    ):
        assert values(await driver.read(tags)) == {"h": 5, "i": 6, "c": 1, "d": 0}
    assert {function for function, _, _ in server.requests} == {1, 2, 3, 4}


async def test_a_hole_in_the_map_is_found_once_and_remembered(
    modbus_server, modbus_device, register_tag, profile_with
):
    tags = tuple(register_tag(f"t{at}", at) for at in range(0, 100, 5))
    async with modbus_server() as server:
        server.holes = {52, 53}
        driver = ModbusDriver(modbus_device(server.port), profile_with(tags), wall_clock_ms)
        async with driver:
            first = await driver.read(tags)
            server.requests.clear()
            assert (
                values(await driver.read(tags)) == values(first) == {f"t{at}": at for at in range(0, 100, 5)}
            )
            learned = list(server.requests)
        async with driver:
            server.requests.clear()
            await driver.read(tags)
    assert server.requests == learned
    assert not any(start <= 52 < start + count for _, start, count in learned)


async def test_a_register_the_device_lacks_makes_its_own_tag_bad_and_no_other(
    modbus_server, modbus_device, register_tag, profile_with
):
    tags = tuple(register_tag(f"t{at}", at) for at in range(40))
    async with modbus_server() as server:
        server.holes = {17}
        driver = ModbusDriver(modbus_device(server.port), profile_with(tags), wall_clock_ms)
        async with driver:
            readings = await driver.read(tags)
            again = await driver.read(tags)
            assert (
                values(readings) == values(again) == {f"t{at}": None if at == 17 else at for at in range(40)}
            )
            assert [r.quality for r in again if r.tag.name == "t17"] == [Quality.BAD]
        server.holes = set()
        async with driver:
            assert values(await driver.read(tags))["t17"] == 17


async def test_a_device_that_refuses_everything_is_unavailable(
    modbus_server, modbus_device, register_tag, profile_with
):
    tags = (register_tag("a", 0), register_tag("b", 100))
    async with modbus_server() as server:
        server.refusal = 2
        driver = ModbusDriver(modbus_device(server.port), profile_with(tags), wall_clock_ms)
        async with driver:
            with pytest.raises(DeviceUnavailable, match="refuses every address"):
                await driver.read(tags)
        server.refusal = None
        async with driver:
            assert values(await driver.read(tags)) == {"a": 0, "b": 100}


async def test_a_busy_device_gives_bad_readings_and_its_map_is_kept(
    modbus_server, modbus_device, register_tag, profile_with
):
    tags = tuple(register_tag(f"t{at}", at) for at in range(10))
    async with (
        modbus_server() as server,
        ModbusDriver(modbus_device(server.port), profile_with(tags), wall_clock_ms) as driver,
    ):
        server.refusal = 6
        assert set(values(await driver.read(tags)).values()) == {None}
        server.refusal = None
        server.requests.clear()
        await driver.read(tags)
    assert len(server.requests) == 1


@pytest.mark.parametrize("code", [0x0A, 0x0B])
async def test_a_gateway_without_its_device_is_unavailable(
    modbus_server, modbus_device, register_tag, profile_with, code
):
    tags = (register_tag("a", 0),)
    async with modbus_server() as server:
        server.refusal = code
        async with ModbusDriver(modbus_device(server.port), profile_with(tags), wall_clock_ms) as driver:
            with pytest.raises(DeviceUnavailable, match="unit 1"):
                await driver.read(tags)


async def test_a_late_reply_never_answers_the_next_request(
    modbus_server, modbus_device, register_tag, profile_with
):
    """Each answer is held back until the next request: an answer taken by order would be that of the read before."""
    first, second = (register_tag("first", 11),), (register_tag("second", 22),)
    async with modbus_server() as server:
        driver = ModbusDriver(modbus_device(server.port, timeout_s=0.3), profile_with(first), wall_clock_ms)
        server.late = True
        async with driver:
            with pytest.raises(DeviceUnavailable):
                await driver.read(first)
            with pytest.raises(DeviceUnavailable):
                await driver.read(second)
        server.late = False
        async with driver:
            assert values(await driver.read(second)) == {"second": 22}
    assert server.connections == 2


async def test_a_frozen_device_does_not_hold_the_caller_beyond_its_deadline(
    modbus_server, modbus_device, register_tag, profile_with
):
    tags = (register_tag("a", 0),)
    async with (
        modbus_server() as server,
        ModbusDriver(
            modbus_device(server.port, timeout_s=60, reply_s=60), profile_with(tags), wall_clock_ms
        ) as driver,
    ):
        server.frozen = True
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.2):
                await driver.read(tags)


async def test_a_connection_lost_in_the_middle_of_a_request_is_noticed_at_once(
    modbus_server, modbus_device, register_tag, profile_with, until
):
    tags = (register_tag("a", 0),)
    async with (
        modbus_server() as server,
        ModbusDriver(
            modbus_device(server.port, timeout_s=60, reply_s=60), profile_with(tags), wall_clock_ms
        ) as driver,
    ):
        server.frozen = True
        reading = asyncio.create_task(driver.read(tags))
        await until(lambda: server.requests, "the request")
        server.drop_connections()
        async with asyncio.timeout(30):  # Half of what the time-out of the request would take.
            with pytest.raises(DeviceUnavailable, match="closed the connection"):
                await reading


async def test_a_connection_closed_between_polls_is_unavailable(
    modbus_server, modbus_device, register_tag, profile_with, until
):
    tags = (register_tag("a", 0),)
    async with (
        modbus_server() as server,
        ModbusDriver(modbus_device(server.port), profile_with(tags), wall_clock_ms) as driver,
    ):
        await driver.read(tags)
        server.drop_connections()
        await until(lambda: not server._writers, "the server to drop the connection")
        with pytest.raises(DeviceUnavailable, match="closed"):
            await driver.read(tags)


async def test_an_answer_that_is_too_short_is_no_answer(
    modbus_server, modbus_device, register_tag, profile_with
):
    tags = (register_tag("a", 0), register_tag("b", 1))
    async with modbus_server() as server:
        server.short = True
        async with ModbusDriver(modbus_device(server.port), profile_with(tags), wall_clock_ms) as driver:
            with pytest.raises(DeviceUnavailable, match="answered 1 of 2"):
                await driver.read(tags)


async def test_a_port_where_nobody_listens_is_unavailable(modbus_device, register_tag, profile_with):
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        port = unused.getsockname()[1]
        driver = ModbusDriver(modbus_device(port), profile_with((register_tag("a", 0),)), wall_clock_ms)
        with pytest.raises(DeviceUnavailable, match="cannot connect"):
            async with driver:
                pass


async def test_a_pymodbus_server_is_read_too(modbus_device, register_tag, profile_with):
    data = SimData(0, values=[10, 11, 12, 13], datatype=SimType.REGISTERS)
    server = ModbusTcpServer(SimDevice(1, [data]), address=("127.0.0.1", 0))
    await server.serve_forever(background=True)
    try:
        port = server.transport.sockets[0].getsockname()[1]
        tags = tuple(register_tag(f"t{at}", at) for at in range(4))
        async with ModbusDriver(modbus_device(port), profile_with(tags), wall_clock_ms) as driver:
            assert values(await driver.read(tags)) == {"t0": 10, "t1": 11, "t2": 12, "t3": 13}
    finally:
        await server.shutdown()
