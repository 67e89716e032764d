"""Every type in every order out of every table, tag by tag, from a server in C that puts the words in order itself."""

import itertools

import pytest

from edge.acquisition.addresses import ModbusAddress, RegisterType, Table, WordOrder
from edge.acquisition.profile import Tag
from edge.acquisition.timestamps import wall_clock_ms
from edge.contract.datatypes import DataType, Quality
from edge.contract.roles import Role
from edge.drivers.modbus import ModbusDriver

pytestmark = pytest.mark.system

ORDERS = ("ABCD", "CDAB", "BADC", "DCBA")
NUMBERS = {
    "uint16": (0, 1, 0xFF00, 65535),
    "int16": (-1, -32768, 258),
    "uint32": (0x01020304, 2**32 - 1),
    "int32": (-2, -(2**31), 0x01020304),
    "uint64": (0x0102030405060708, 2**64 - 1),
    "int64": (-3, -(2**63), 0x0102030405060708),
    "float32": (230.5, -1919.75, 2.0**-126),
    "float64": (12345678.5, -0.1, 2.0**-1022),
}
DATATYPES = {
    "uint16": DataType.UINT16, "int16": DataType.INT16, "uint32": DataType.UINT32, "int32": DataType.INT32,
    "uint64": DataType.UINT64, "int64": DataType.INT64, "float32": DataType.FLOAT, "float64": DataType.DOUBLE,
    "bcd16": DataType.UINT16, "bcd32": DataType.UINT32, "bit": DataType.BOOLEAN, "string": DataType.STRING,
}  # fmt: skip


class Map:
    """Puts values into a machine one after the other, and remembers which tag must show which."""

    def __init__(self, machine, unit: int) -> None:
        self.machine, self.unit = machine, unit
        self.tags: list[Tag] = []
        self.expected: dict[str, object] = {}
        self._next = {"holding": 3, "input": 1000, "coil": 5, "discrete": 70}

    def number(self, kind: str, order: str, table: str, value) -> None:
        start = self._place(kind, order, table, value)
        if kind == "float32":
            self.machine.order(f"float {self.unit} {table} {start} {order} {value!r}")
        elif kind == "float64":
            self.machine.order(f"double {self.unit} {table} {start} {order} {value!r}")
        else:
            bits = RegisterType(kind).bits
            self.machine.order(f"int {self.unit} {table} {start} {order} {bits} {value}")

    def words(self, kind: str, order: str, table: str, words: str, value, **more) -> None:
        start = self._place(kind, order, table, value, **more)
        self.machine.put(self.unit, table, start, words)

    def _place(self, kind: str, order: str, table: str, value, **more) -> int:
        start = self._next[table]
        address = ModbusAddress(Table(table), start, RegisterType(kind), WordOrder(order), **more)
        name = f"{table}{start}{kind}{order}"
        self._next[table] = address.end + len(self.tags) % 3  # Some with gaps between them.
        self.tags.append(Tag(name, Role.MEASUREMENT, DATATYPES[kind], address))
        self.expected[name] = value
        return start


def filled(machine, unit: int) -> Map:
    held = Map(machine, unit)
    for kind, order, table in itertools.product(NUMBERS, ORDERS, ("holding", "input")):
        for value in NUMBERS[kind]:
            held.number(kind, order, table, value)
    for table in ("holding", "input"):
        held.words("bcd16", "ABCD", table, "1234", 1234)
        held.words("bcd16", "BADC", table, "3412", 1234)
        held.words("bcd16", "ABCD", table, "12A4", None)
        for order, words in (
            ("ABCD", "0012 3456"),
            ("CDAB", "3456 0012"),
            ("BADC", "1200 5634"),
            ("DCBA", "5634 1200"),
        ):
            held.words("bcd32", order, table, words, 123456)
        held.words("bit", "ABCD", table, "0004", True, bit=2)
        held.words("bit", "BADC", table, "0400", True, bit=2)
        held.words("bit", "ABCD", table, "FFFB", False, bit=2)
        for order, words in (("ABCD", "5072 6573 7331"), ("BADC", "7250 7365 3173")):
            held.words("string", order, table, words, "Press1", length=3)
        held.words("string", "ABCD", table, "E58E 8BE6 9CBA 0000", "压机", length=4)
        for kind, words, nan in (
            ("int16", "8000", 0x8000),
            ("uint16", "FFFF", 0xFFFF),
            ("int32", "7FFF FFFF", 0x7FFFFFFF),
            ("uint64", "FFFF FFFF FFFF FFFF", 2**64 - 1),
            ("float32", "FFFF FFFF", 0xFFFFFFFF),
        ):
            held.words(kind, "ABCD", table, words, None, nan=(nan,))
        held.words("float32", "ABCD", table, "7FC0 0000", None)
        held.words("float64", "CDAB", table, "0000 0000 0000 7FF0", None)
    for table in ("coil", "discrete"):
        for bit in (1, 0, 0, 1, 1, 1, 0, 1, 0, 1):
            held.words("bit", "ABCD", table, str(bit), bool(bit))
    return held


async def check(held: Map, device, profile) -> None:
    async with ModbusDriver(device, profile, wall_clock_ms) as driver:
        readings = await driver.read(held.tags)
    got = {reading.tag.name: reading.value for reading in readings}
    assert got == held.expected
    assert {name: type(value) for name, value in got.items()} == {
        name: type(value) for name, value in held.expected.items()
    }
    bad = {reading.tag.name for reading in readings if reading.quality is Quality.BAD}
    assert bad == {name for name, value in held.expected.items() if value is None}


async def test_over_tcp(tcp_machine, modbus_device, profile_with):
    held = filled(tcp_machine, 3)
    await check(held, modbus_device(tcp_machine.port, unit_id=3), profile_with(tuple(held.tags)))


@pytest.mark.parametrize(
    "limits", [{"max_registers_per_read": 8, "gap_limit": 0}, {"max_registers_per_read": 50}]
)
async def test_a_device_that_takes_less_is_read_in_pieces(tcp_machine, modbus_device, profile_with, limits):
    held = filled(tcp_machine, 1)
    await check(held, modbus_device(tcp_machine.port), profile_with(tuple(held.tags), **limits))


async def test_over_a_serial_line(serial_bus, modbus_device, profile_with):
    async with serial_bus(7) as (wire, units):
        held = filled(units[7], 7)
        device = modbus_device(0, url=f"modbus+rtu://{wire.path}", unit_id=7, timeout_s=30.0, reply_s=5.0)
        await check(held, device, profile_with(tuple(held.tags)))
