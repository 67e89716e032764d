"""Several libmodbus units on one serial wire that is disturbed."""

import asyncio
from contextlib import asynccontextmanager

import pytest

from edge.acquisition.modbus_url import endpoint_of
from edge.acquisition.polling import DevicePoller
from edge.acquisition.timestamps import ClockGuard, wall_clock_ms
from edge.drivers.modbus import ModbusDriver
from edge.drivers.modbus.bus import bus_of
from edge.errors import DeviceUnavailable
from edge.settings import Timing

pytestmark = pytest.mark.system

FAST = Timing(backoff_first_s=0.2, backoff_max_s=0.4, heartbeat_s=3600)


@pytest.fixture
def unit(modbus_device):
    def make(wire, number: int, **more):
        settings = {"timeout_s": 20.0, "reply_s": 0.3, "period_s": 0.05, **more}
        return modbus_device(
            0, name=f"unit{number}", url=f"modbus+rtu://{wire.path}", unit_id=number, **settings
        )

    return make


def counts_of(wire):
    return bus_of(endpoint_of(f"modbus+rtu://{wire.path}")).counts


def values(readings):
    return {reading.tag.name: reading.value for reading in readings}


@asynccontextmanager
async def polling(recorder, profile, devices):
    clock = ClockGuard()
    pollers = [
        DevicePoller(device, profile, ModbusDriver(device, profile, clock.now_ms), recorder, clock, FAST)
        for device in devices
    ]
    tasks = [asyncio.create_task(poller.run()) for poller in pollers]
    try:
        yield pollers
    finally:
        for task in tasks:
            task.cancel()
        ended = await asyncio.gather(*tasks, return_exceptions=True)
        assert all(isinstance(end, asyncio.CancelledError) for end in ended), ended


async def test_one_dead_unit_of_four_does_not_stall_the_others(
    serial_bus, unit, register_tag, profile_with, recorder, until
):
    profile = profile_with((register_tag("value", 10),))
    async with serial_bus(1, 2, 3, 4) as (wire, units):
        for number, machine in units.items():
            machine.put(number, "holding", 10, f"{number}00")
        wire.mute.add(3)
        devices = [unit(wire, number, reply_s=1.0) for number in (1, 2, 3, 4)]
        async with polling(recorder, profile, devices) as pollers:
            one, two, dead, four = (poller.statistics for poller in pollers)
            await until(
                lambda: sum(request[0] == 3 for request in wire.requests) >= 4, "the dead unit to be asked"
            )
            await until(lambda: min(one.polls, two.polls, four.polls) >= 10)
            assert (one.losses, two.losses, four.losses, dead.polls) == (0, 0, 0, 0)
            assert dead.last_error == "no answer from unit 3 within 1 s"
            wire.mute.clear()
            await until(lambda: dead.polls >= 3, "the dead unit to come back")
        assert [recorder.values(f"unit{number}", "value") for number in (1, 2, 3, 4)] == [
            [0x100], [0x200], [0x300], [0x400],
        ]  # fmt: skip
        assert recorder.online("unit1") == recorder.online("unit4") == [True]


async def test_turns_are_given_in_order(serial_bus, unit, register_tag, profile_with, recorder, until):
    """Each poll takes two requests and a rest, and all units together longer than their period: all wait all the time."""
    tags = (register_tag("a", 10), register_tag("b", 200))
    async with serial_bus(1, 2, 3) as (wire, _):
        devices = [unit(wire, number) for number in (1, 2, 3)]
        async with polling(recorder, profile_with(tags, pause_s=0.03), devices) as pollers:
            await until(lambda: all(poller.statistics.polls >= 3 for poller in pollers))
            wire.requests.clear()
            await until(lambda: len(wire.requests) >= 30)
    speakers = [request[0] for request in wire.requests][:30]
    turns = [
        speakers[at]
        for at in range(speakers[0] != speakers[1], 30)
        if at == 0 or speakers[at] != speakers[at - 1]
    ]
    assert all({1, 2, 3} <= set(turns[at : at + 5]) for at in range(len(turns) - 4)), turns


async def test_a_reply_that_comes_while_the_next_question_is_out_is_not_its_answer(
    serial_bus, unit, register_tag, profile_with
):
    first, second = (register_tag("first", 10),), (register_tag("second", 20),)
    async with serial_bus(1) as (wire, units):
        units[1].put(1, "holding", 10, "000B")
        units[1].put(1, "holding", 20, "0016")
        async with ModbusDriver(unit(wire, 1), profile_with(first), wall_clock_ms) as driver:
            wire.held.add(1)
            with pytest.raises(DeviceUnavailable, match="no answer"):
                await driver.read(first)
        wire.held.clear()
        wire.late = True  # What is held is said when the master speaks: before the answer to that.
        async with ModbusDriver(unit(wire, 1), profile_with(first), wall_clock_ms) as driver:
            assert values(await driver.read(second)) == {"second": 0x16}
        counts = counts_of(wire)
        assert (counts.late, counts.silent, counts.foreign) == (1, 1, 0)


async def test_a_unit_that_always_answers_one_question_late_gives_no_value_at_all(
    serial_bus, unit, register_tag, profile_with
):
    tags = [(register_tag(f"t{register}", register),) for register in range(10, 16)]
    async with serial_bus(1) as (wire, units):
        units[1].put(1, "holding", 10, "0000 0001 0002 0003 0004 0005")
        wire.held.add(1)
        wire.late = True
        driver = ModbusDriver(unit(wire, 1), profile_with(tags[0]), wall_clock_ms)
        for tag in tags:
            async with driver:
                with pytest.raises(DeviceUnavailable):
                    await driver.read(tag)
        wire.held.clear()
        async with driver:
            assert values(await driver.read(tags[5])) == {"t15": 5}
        assert driver._bus.counts.late >= 5


async def test_words_of_other_units_are_not_taken(serial_bus, unit, register_tag, profile_with):
    tags = (register_tag("value", 10),)
    async with serial_bus(1, 2) as (wire, units):
        for number, machine in units.items():
            machine.put(number, "holding", 10, f"{number}00")
        one = ModbusDriver(unit(wire, 1), profile_with(tags), wall_clock_ms)
        two = ModbusDriver(unit(wire, 2), profile_with(tags), wall_clock_ms)
        async with one:
            wire.held.add(2)
            async with two:
                with pytest.raises(DeviceUnavailable):
                    await two.read(tags)
            wire.late = True
            assert values(await one.read(tags)) == {"value": 0x100}
        counts = counts_of(wire)
        assert (counts.foreign, counts.silent) == (1, 1)


async def test_noise_before_a_word_does_not_hide_it(serial_bus, unit, register_tag, profile_with):
    tags = (register_tag("value", 10),)
    async with serial_bus(1) as (wire, units):
        units[1].put(1, "holding", 10, "1234")
        async with ModbusDriver(unit(wire, 1), profile_with(tags), wall_clock_ms) as driver:
            for noise in (b"\x00", b"\xff" * 9, b"\x01\x03\x00\x0a\x00\x01\xa4\x08", b"\x01\x03\x02\x12"):
                wire.noise.append(noise)
                assert values(await driver.read(tags)) == {"value": 0x1234}, noise
        assert counts_of(wire).silent == 0


async def test_a_collision_is_asked_again_and_never_believed(serial_bus, unit, register_tag, profile_with):
    tags = tuple(register_tag(f"t{register}", register) for register in range(10, 14))
    async with serial_bus(1) as (wire, units):
        units[1].put(1, "holding", 10, "0001 0002 0003 0004")
        async with ModbusDriver(unit(wire, 1), profile_with(tags), wall_clock_ms) as driver:
            wire.spoil = 1
            assert values(await driver.read(tags)) == {"t10": 1, "t11": 2, "t12": 3, "t13": 4}
            counts = counts_of(wire)
            assert (counts.garbled, counts.silent) == (1, 0)
            wire.spoil = 2
            with pytest.raises(DeviceUnavailable, match="garbled"):
                await driver.read(tags)
            assert values(await driver.read(tags)) == {"t10": 1, "t11": 2, "t12": 3, "t13": 4}


async def test_a_port_that_is_taken_or_gone_is_unavailable(
    serial_bus, unit, register_tag, profile_with, modbus_device
):
    tags = (register_tag("value", 10),)
    async with (
        serial_bus(1) as (wire, _),
        ModbusDriver(unit(wire, 1), profile_with(tags), wall_clock_ms) as driver,
    ):
        await driver.read(tags)
        taken = modbus_device(0, url=f"modbus+rtu://{wire.path}?baud=19200")
        with pytest.raises(DeviceUnavailable, match="cannot connect"):
            async with ModbusDriver(taken, profile_with(tags), wall_clock_ms):
                pass
        for socat in wire._socats:
            socat.kill()
        with pytest.raises(DeviceUnavailable):
            await driver.read(tags)
    gone = modbus_device(0, url="modbus+rtu:///dev/no_such_port")
    with pytest.raises(DeviceUnavailable, match="no_such_port"):
        async with ModbusDriver(gone, profile_with(tags), wall_clock_ms):
            pass
