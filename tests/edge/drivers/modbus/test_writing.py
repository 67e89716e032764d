"""What a host may have written to a Modbus device: what the configuration names, and nothing else."""

import asyncio
import itertools
import struct
from fractions import Fraction

import pytest
from structlog.testing import capture_logs

from edge.acquisition.addresses import ModbusAddress, RegisterType, Table, WordOrder
from edge.acquisition.commanding import Commandable, CommandDesk
from edge.acquisition.polling import DevicePoller
from edge.acquisition.profile import Tag
from edge.acquisition.profile_file import load_profile
from edge.acquisition.timestamps import ClockGuard, wall_clock_ms
from edge.contract.datatypes import DataType
from edge.contract.payloads import Metric, decode, encode
from edge.contract.roles import Role
from edge.drivers.modbus import ModbusDriver
from edge.drivers.modbus.orders import order_of
from edge.errors import CommandRefused, ConfigError, DeviceUnavailable
from edge.settings import Timing, load_settings
from tests.edge.drivers.modbus import fault_proxy as faults

ORDERS = ("ABCD", "CDAB", "BADC", "DCBA")
VALUES = {
    "uint16": 0x1234, "int16": -2, "uint32": 0x01020304, "int32": -70000, "uint64": 0x0102030405060708,
    "int64": -(2**40), "float32": 230.5, "float64": 0.1, "bcd16": 1234, "bcd32": 12345678,
}  # fmt: skip


DATATYPES = {
    **dict.fromkeys(("uint16", "uint32", "uint64", "bcd16", "bcd32"), DataType.UINT64),
    **dict.fromkeys(("int16", "int32", "int64"), DataType.INT64),
    **dict.fromkeys(("float32", "float64"), DataType.DOUBLE),
}


def tag(register: int, kind: str = "uint16", order: str = "ABCD", table: str = "holding", **more) -> Tag:
    address = ModbusAddress(Table(table), register, RegisterType(kind), WordOrder(order))
    datatype = DATATYPES.get(kind, DataType.BOOLEAN)
    return Tag(f"{kind}{order}{register}", Role.MEASUREMENT, datatype, address, **more)


@pytest.mark.system
async def test_every_type_in_every_order_is_read_back_as_it_was_written(
    tcp_machine, modbus_device, profile_with
):
    kinds = list(itertools.product(VALUES, ORDERS))
    tags = [tag(8 * place, kind, order) for place, (kind, order) in enumerate(kinds)]
    tags.append(tag(5, "bit", table="coil"))
    async with ModbusDriver(
        modbus_device(tcp_machine.port), profile_with(tuple(tags)), wall_clock_ms
    ) as driver:
        for one, (kind, _) in zip(tags, [*kinds, ("bit", "")], strict=True):
            await driver.write(one, VALUES.get(kind, True))
        got = [
            reading.value
            for reading in sorted(await driver.read(tags), key=lambda reading: tags.index(reading.tag))
        ]
    assert got == [VALUES[kind] for kind, _ in kinds] + [True]
    assert tcp_machine.look(1, "holding", 8 * kinds.index(("uint32", "CDAB")), 2) == [0x0304, 0x0102]
    assert tcp_machine.look(1, "holding", 8 * kinds.index(("uint32", "BADC")), 2) == [0x0201, 0x0403]
    assert tcp_machine.look(1, "coil", 5) == [1]


@pytest.mark.system
async def test_a_value_is_written_over_a_serial_line(serial_bus, modbus_device, profile_with):
    async with serial_bus(4) as (wire, units):
        device = modbus_device(0, url=f"modbus+rtu://{wire.path}", unit_id=4)
        one = tag(3, "float32", "CDAB")
        async with ModbusDriver(device, profile_with((one,)), wall_clock_ms) as driver:
            await driver.write(one, 12.5)
        assert units[4].look(4, "holding", 3, 2) == [0x0000, 0x4148]


def test_a_value_is_written_in_the_steps_of_the_device():
    speed = tag(7, "int16", scale=Fraction(1, 10), offset=Fraction(-40))
    assert order_of(speed, -16.5).count == 235
    assert order_of(speed, 12.3).count == 523
    assert struct.unpack(">h", struct.pack(">H", order_of(speed, -50).count)) == (-100,)
    with pytest.raises(CommandRefused, match="between two steps"):
        order_of(speed, 12.34)
    with pytest.raises(CommandRefused, match="beyond a int16"):
        order_of(speed, 5000)


@pytest.mark.parametrize(
    ("value", "scale", "offset", "count"),
    [
        (12.3, "0.1", 0, 123),
        (12.3, "0.1", -40, 523),
        (1000.1, "0.1", 1000, 1),
        (65535.0, "1", 0, 65535),
        (0.1, "0.001", 0, 100),
    ],
)
def test_a_number_that_came_as_a_float_is_written_as_the_steps_it_was_meant_to_be(
    value, scale, offset, count
):
    sent = Metric(value, DataType.FLOAT, "setpoint", timestamp_ms=1)
    (came,) = decode(encode([sent], timestamp_ms=1, seq=None)).metrics
    one = tag(7, scale=Fraction(scale), offset=Fraction(offset))
    assert order_of(one, came.value).count == count


def test_a_great_value_between_two_steps_is_refused_however_near_it_seems():
    with pytest.raises(CommandRefused, match="between two steps"):
        order_of(tag(7, "uint32"), 3_000_000.4)


@pytest.mark.parametrize(
    ("one", "value", "why"),
    [
        (tag(1, table="input"), 1, "read only"),
        (tag(1, "bit", table="discrete"), True, "read only"),
        (tag(1, "bit"), True, "registers of their own"),
        (tag(1), -1, "beyond"),
        (tag(1, "bcd16"), 10000, "beyond 4 decimals"),
        (tag(1, "float32"), 1e39, "beyond a float32"),
        (tag(1), "7", "no number"),
        (tag(1), True, "no number"),
    ],
)
def test_what_cannot_be_written_is_refused(one, value, why):
    with pytest.raises(CommandRefused, match=why):
        order_of(one, value)


CONFIG = """\
edge: {{name: e, group: g}}
broker: {{urls: ["mqtt://127.0.0.1"], primary_host: null}}
devices:
  - {{name: cell, profile: modbus_cell, url: "modbus://127.0.0.1:{port}", path: demo{more}}}
"""


@pytest.fixture
def configured(tmp_path):
    def make(port: int, more: str = ""):
        path = tmp_path / "edge.yaml"
        path.write_text(CONFIG.format(port=port, more=more))
        return load_settings(path).devices[0]

    return make


def metric(value, now_ms: int) -> Metric:
    return Metric(name="order", value=value, datatype=DataType.UINT32, timestamp_ms=now_ms)


@pytest.mark.system
async def test_only_what_the_configuration_names_and_only_within_its_bounds(tcp_machine, configured):
    profile = load_profile("modbus_cell")
    now_ms = wall_clock_ms()
    allowed = configured(tcp_machine.port, ", writable: [{tag: order, min: 1, max: 999999}]")
    for device, value, done in (
        (configured(tcp_machine.port), 5, 0),
        (allowed, 0, 0),
        (allowed, 1_000_000, 0),
        (allowed, 100_001, 1),
    ):
        async with ModbusDriver(device, profile, wall_clock_ms) as driver:
            assert isinstance(driver, Commandable)
            desk = CommandDesk(device, profile)
            desk.is_open = True
            with capture_logs() as logs:
                desk.ask("order", metric(value, now_ms), now_ms)
                await desk.serve(driver, 5.0)
        assert (desk.statistics.done, desk.statistics.refused) == (done, 1 - done)
        assert [log["event"] for log in logs] == ["tag_written" if done else "command_refused"]
        assert tcp_machine.look(1, "holding", 5, 2) == ([1, 0x86A1] if done else [0, 0])


@pytest.mark.system
async def test_an_order_that_gets_no_answer_is_not_given_twice(tcp_machine, modbus_device, profile_with):
    one = tag(10)
    async with faults.FaultProxy(tcp_machine.port) as proxy:
        device = modbus_device(proxy.port, reply_s=0.2)
        async with ModbusDriver(device, profile_with((one,)), wall_clock_ms) as driver:
            proxy.fault = faults.silence
            with pytest.raises(DeviceUnavailable):
                await driver.write(one, 7)
            assert proxy.counted == 1
        proxy.fault = faults.exception(4)
        async with ModbusDriver(device, profile_with((one,)), wall_clock_ms) as driver:
            with pytest.raises(CommandRefused, match="exception 4"):
                await driver.write(one, 8)
            assert proxy.counted == 2


@pytest.mark.system
async def test_a_host_writes_to_a_device_that_is_polled_on_a_line_it_shares(
    tcp_machine, configured, modbus_device, recorder, until
):
    profile, clock = load_profile("modbus_cell"), ClockGuard()
    url = f"modbus://127.0.0.1:{tcp_machine.port}"
    cell = configured(tcp_machine.port, ", period_s: 0.05, writable: [{tag: order, min: 1, max: 999999}]")
    other = modbus_device(tcp_machine.port, name="other", url=url, unit_id=2)
    pollers = [
        DevicePoller(device, profile, ModbusDriver(device, profile, clock.now_ms), recorder, clock, Timing())
        for device in (cell, other)
    ]
    tasks = [asyncio.create_task(poller.run()) for poller in pollers]
    try:
        await until(lambda: min(poller.statistics.polls for poller in pollers) >= 2)
        now_ms = clock.now_ms()
        pollers[0].desk.ask("order", metric(100_001, now_ms), now_ms)
        pollers[0].desk.ask("parts", metric(7, now_ms), now_ms)
        await until(lambda: recorder.values("cell", "order")[-1:] == [100_001], "the order to be read again")
        statistics = pollers[0].desk.statistics
        assert (statistics.done, statistics.refused, statistics.failed) == (1, 1, 0)
        assert [poller.statistics.losses for poller in pollers] == [0, 0]
        assert tcp_machine.look(2, "holding", 5, 2) == [0, 0], "the other unit was not written to"
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


def test_counters_and_methods_of_a_modbus_device_are_not_for_hosts(configured):
    with pytest.raises(ConfigError, match="nobody but the machine counts"):
        configured(502, ", writable: [good]")
    with pytest.raises(ConfigError, match="is for OPC UA"):
        configured(502, ', methods: [{name: Reset, object: "s=a", method: "s=b"}]')
