"""The table of faults, row by row: a Modbus TCP device of others (libmodbus), a proxy that does harm, and the edge's poller.

Before the fault the device shows 41 and 7, during it it makes one more part, after it the edge must have said 42. What it
said in between is the row: values, whether the contact was lost, and what the line counted.
"""

import asyncio
from dataclasses import dataclass, field
from itertools import groupby

import pytest

from edge.acquisition.addresses import ModbusAddress, RegisterType, Table
from edge.acquisition.modbus_url import endpoint_of
from edge.acquisition.polling import DevicePoller
from edge.acquisition.profile import Tag
from edge.acquisition.timestamps import ClockGuard
from edge.contract.datatypes import DataType, Quality
from edge.contract.roles import Counts, Role
from edge.drivers.modbus import ModbusDriver
from edge.drivers.modbus.bus import bus_of
from edge.errors import DeviceUnavailable
from edge.settings import Timing
from tests.edge.drivers.modbus import fault_proxy as faults

pytestmark = pytest.mark.system

FAST = Timing(backoff_first_s=0.02, backoff_max_s=0.05, heartbeat_s=3600)
PARTS = Tag(
    "parts", Role.COUNTER, DataType.UINT64, ModbusAddress(Table.HOLDING, 10, nan=(0xFFFF,)), "parts",
    width=16, rate_max=100.0, counts=Counts.PARTS,
)  # fmt: skip
LEVEL = Tag(
    "level",
    Role.MEASUREMENT,
    DataType.INT16,
    ModbusAddress(Table.HOLDING, 11, RegisterType.INT16, nan=(0x8000,)),
)
TEMPERATURE = Tag(
    "temperature", Role.MEASUREMENT, DataType.FLOAT, ModbusAddress(Table.HOLDING, 12, RegisterType.FLOAT32)
)
TAGS = (PARTS, LEVEL, TEMPERATURE)


@dataclass(frozen=True)
class Row:
    """`parts`, `level`, `temperature`: what is told from the beginning to the end; None is BAD, and has no value.
    `lost`: whether the contact is. `counts`: what the line counts at least once; all else it must not count."""

    name: str
    fault: object
    lost: bool
    counts: set[str] = field(default_factory=set)
    parts: tuple = (41, 42)
    level: tuple = (7,)
    temperature: tuple = (61.25,)


def lost(name: str, fault: object, *counts: str) -> Row:
    """After a new contact everything is told again."""
    return Row(name, fault, True, set(counts), (41, 42), (7, 7), (61.25, 61.25))


def bad(name: str, fault: object, *counts: str) -> Row:
    return Row(name, fault, False, set(counts), (41, None, 42), (7, None, 7), (61.25, None, 61.25))


ROWS = [
    lost("connection cut", "cut"),
    lost("frozen", faults.silence, "silent"),
    lost("each answer one question late", faults.OneLate(), "silent", "late"),
    lost("wrong transaction number", faults.wrong_transaction, "silent", "late"),
    lost("wrong unit", faults.wrong_unit, "silent", "foreign"),
    lost("wrong function", faults.wrong_function, "silent", "foreign"),
    lost("fewer registers than asked for", faults.fewer_registers),
    lost("frame cut short", faults.cut_short, "silent"),
    lost("no Modbus at all", faults.garbage),
    lost("exception 1, illegal function, to everything", faults.exception(1), "exceptions"),
    lost("exception 2, illegal address, to everything", faults.exception(2), "exceptions"),
    lost("exception 3, illegal value, to everything", faults.exception(3), "exceptions"),
    bad("exception 4, device failure", faults.exception(4), "exceptions"),
    bad("exception 5, acknowledge", faults.exception(5), "exceptions"),
    bad("exception 6, busy", faults.exception(6), "exceptions"),
    bad("exception 8, memory parity", faults.exception(8), "exceptions"),
    lost("exception 0A, no path behind the gateway", faults.exception(0x0A), "exceptions"),
    lost("exception 0B, no answer behind the gateway", faults.exception(0x0B), "exceptions"),
    Row("sentinel 0x8000", faults.showing(0x29, 0x8000, 0x4275, 0), False, set(), level=(7, None, 7)),
    Row("sentinel 0xFFFF", faults.showing(0xFFFF, 7, 0x4275, 0), False, set(), parts=(41, None, 42)),
    Row("NaN", faults.showing(0x29, 7, 0x7FC0, 0), False, set(), temperature=(61.25, None, 61.25)),
    Row("NaN of all ones", faults.showing(0x29, 7, 0xFFFF, 0xFFFF), False, set(), temperature=(61.25, None, 61.25)),
    Row("infinity", faults.showing(0x29, 7, 0x7F80, 0), False, set(), temperature=(61.25, None, 61.25)),
    # What is 0 for a moment is told as it is: the plant's odometer knows a glitch from a restart by the reading after it.
    Row("a momentary 0", faults.showing(0, 7, 0x4275, 0), False, set(), parts=(41, 0, 42)),
]  # fmt: skip


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
async def test_the_table(row, tcp_machine, modbus_device, profile_with, recorder, until):
    tcp_machine.put(1, "holding", 10, "0029 0007 4275 0000")
    profile = profile_with(TAGS)
    async with faults.FaultProxy(tcp_machine.port) as proxy:
        device = modbus_device(proxy.port, reply_s=0.2)
        clock = ClockGuard()
        poller = DevicePoller(
            device, profile, ModbusDriver(device, profile, clock.now_ms), recorder, clock, FAST
        )
        counts = bus_of(endpoint_of(device.url)).counts
        task = asyncio.create_task(poller.run())
        try:
            await until(lambda: recorder.values("cell", "parts") == [41])
            if row.fault == "cut":
                proxy.cut()
            else:
                proxy.fault = row.fault
                await until(lambda: proxy.counted >= 3 and (not row.lost or False in recorder.online("cell")))
            tcp_machine.put(1, "holding", 10, "002A")
            if row.lost:
                proxy.heals = True  # In the middle of a poll some tags would be spoilt, and some not.
            else:
                proxy.fault = None
            await until(lambda: recorder.values("cell", "parts")[-1:] == [42], "the part made meanwhile")
            await until(lambda: recorder.values("cell", "temperature")[-1:] == [61.25])
        finally:
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
    told = {name: tuple(recorder.values("cell", name)) for name in ("parts", "level", "temperature")}
    told["parts"] = tuple(
        value for value, _ in groupby(told["parts"])
    )  # A count that fell is told until it is settled.
    assert told == {"parts": row.parts, "level": row.level, "temperature": row.temperature}
    # A contact that is lost is told as lost and made: what was counted in between nobody watched.
    assert recorder.online("cell") == ([True, False, True] if row.lost else [True])
    assert all(
        (reading.value is None) == (reading.quality is Quality.BAD) == bool(reading.why)
        for _, readings in recorder.entries
        for reading in readings
    )
    happened = {
        name for name in ("silent", "late", "foreign", "garbled", "exceptions") if getattr(counts, name)
    }
    assert happened == row.counts
    assert recorder.gaps == []


async def test_an_answer_that_is_late_once_is_thrown_away_and_the_right_one_taken(
    tcp_machine, modbus_device, profile_with, register_tag
):
    """Two units of one connection: the first is late, the connection is kept, the second gets its own answer."""
    tcp_machine.put(1, "holding", 10, "0001")
    tcp_machine.put(2, "holding", 10, "0002")
    tags = (register_tag("value", 10),)
    async with faults.FaultProxy(tcp_machine.port) as proxy:
        clock = ClockGuard()
        one, two = (
            ModbusDriver(
                modbus_device(proxy.port, unit_id=unit, reply_s=0.2), profile_with(tags), clock.now_ms
            )
            for unit in (1, 2)
        )
        async with one, two:
            proxy.fault = faults.LateOnce()
            with pytest.raises(DeviceUnavailable, match="no answer from unit 1"):
                await one.read(tags)
            assert [reading.value for reading in await two.read(tags)] == [2]
            assert [reading.value for reading in await one.read(tags)] == [1]
            counts = bus_of(endpoint_of(f"modbus://127.0.0.1:{proxy.port}")).counts
            assert (counts.late, counts.silent, proxy.connections) == (1, 1, 1)
