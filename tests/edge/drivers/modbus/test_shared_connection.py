"""Devices behind one address (libmodbus, and a proxy that counts connections): a gateway that takes a single one."""

import asyncio
from contextlib import asynccontextmanager

import pytest

from edge.acquisition.polling import DevicePoller
from edge.acquisition.timestamps import ClockGuard, wall_clock_ms
from edge.drivers.modbus import ModbusDriver
from edge.settings import Timing
from tests.edge.drivers.modbus import fault_proxy as faults

pytestmark = pytest.mark.system

FAST = Timing(backoff_first_s=0.05, backoff_max_s=0.1, heartbeat_s=3600)


@asynccontextmanager
async def polling(recorder, profile, devices):
    clock = ClockGuard()
    pollers = [
        DevicePoller(device, profile, ModbusDriver(device, profile, clock.now_ms), recorder, clock, FAST)
        for device in devices
    ]
    tasks = [asyncio.create_task(poller.run()) for poller in pollers]
    try:
        yield [poller.statistics for poller in pollers]
    finally:
        for task in tasks:
            task.cancel()
        ended = await asyncio.gather(*tasks, return_exceptions=True)
        assert all(isinstance(end, asyncio.CancelledError) for end in ended), ended


def silent_unit(number: int) -> faults.Fault:
    return lambda request, answer: [] if request[6] == number else [answer]


@pytest.fixture
def gateway(tcp_machine, modbus_device, register_tag, profile_with, recorder):
    """Units 1, 2 and 3 (or others) behind one proxy, polled."""

    @asynccontextmanager
    async def run(*units: int):
        for unit in range(1, 9):
            tcp_machine.put(unit, "holding", 10, f"{unit}")
        profile = profile_with((register_tag("value", 10),))
        async with faults.FaultProxy(tcp_machine.port) as proxy:
            devices = [
                modbus_device(proxy.port, name=f"unit{unit}", unit_id=unit, reply_s=1.0, timeout_s=10.0)
                for unit in units
            ]
            async with polling(recorder, profile, devices) as statistics:
                yield proxy, statistics

    return run


async def test_all_units_use_one_connection_and_get_their_own_values(gateway, recorder, until):
    async with gateway(1, 2, 3) as (proxy, statistics):
        await until(lambda: min(one.polls for one in statistics) >= 5)
        assert proxy.connections == 1
    assert [recorder.values(f"unit{unit}", "value") for unit in (1, 2, 3)] == [[1], [2], [3]]


async def test_a_unit_the_gateway_does_not_reach_is_no_loss_of_the_others(gateway, until):
    async with gateway(1, 20, 3) as (proxy, (one, gone, three)):
        await until(lambda: min(one.polls, three.polls) >= 10)
        assert (one.losses, gone.polls, three.losses, proxy.connections) == (0, 0, 0, 1)
        assert gone.last_error == "the gateway has no answer from unit 20"


async def test_a_unit_that_falls_silent_costs_neither_the_others_nor_the_connection(gateway, recorder, until):
    async with gateway(1, 2, 3) as (proxy, (one, two, three)):
        await until(lambda: min(one.polls, two.polls, three.polls) >= 2)
        proxy.fault = silent_unit(2)
        await until(lambda: False in recorder.online("unit2"))
        polls = one.polls, three.polls
        await until(lambda: one.polls >= polls[0] + 5 and three.polls >= polls[1] + 5)
        proxy.fault = None
        await until(lambda: recorder.online("unit2")[-1], "the unit to come back")
        assert (one.losses, three.losses, proxy.connections) == (0, 0, 1)


async def test_a_connection_on_which_nobody_answers_any_more_is_made_anew(gateway, until):
    async with gateway(1, 2, 3) as (proxy, statistics):
        await until(lambda: min(one.polls for one in statistics) >= 2)
        proxy.fault = faults.silence
        await until(lambda: proxy.connections >= 2, "a new connection")
        proxy.fault = None
        polls = [one.polls for one in statistics]
        await until(lambda: all(one.polls > before for one, before in zip(statistics, polls, strict=True)))


async def test_the_last_who_leaves_closes_the_connection(
    tcp_machine, modbus_device, register_tag, profile_with
):
    profile = profile_with((register_tag("value", 10),))
    async with faults.FaultProxy(tcp_machine.port) as proxy:
        first, second = (
            ModbusDriver(modbus_device(proxy.port, unit_id=unit), profile, wall_clock_ms) for unit in (1, 2)
        )
        async with first:
            async with second:
                await second.read(profile.polled)
            await first.read(profile.polled)
            assert proxy.connections == 1
        assert not first._bus.is_open
        async with second:
            await second.read(profile.polled)
        assert proxy.connections == 2


async def test_the_wait_for_the_turn_is_no_part_of_a_deadline(
    tcp_machine, modbus_device, register_tag, profile_with, recorder, until
):
    """Each poll of the slow unit takes longer than the other one's whole deadline."""
    tags = (register_tag("a", 10), register_tag("b", 100), register_tag("c", 200))
    slow, quick = profile_with(tags, pause_s=0.3), profile_with(tags[:1])
    clock = ClockGuard()
    devices = (
        (modbus_device(tcp_machine.port, name="slow", unit_id=1, timeout_s=10.0), slow),
        (modbus_device(tcp_machine.port, name="quick", unit_id=2, timeout_s=0.4, reply_s=0.4), quick),
    )
    pollers = [
        DevicePoller(device, profile, ModbusDriver(device, profile, clock.now_ms), recorder, clock, FAST)
        for device, profile in devices
    ]
    tasks = [asyncio.create_task(poller.run()) for poller in pollers]
    try:
        await until(lambda: min(poller.statistics.polls for poller in pollers) >= 3)
        assert [poller.statistics.losses for poller in pollers] == [0, 0]
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
