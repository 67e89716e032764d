"""The poller with the real Modbus driver and servers on sockets."""

import asyncio
from contextlib import asynccontextmanager

from edge.acquisition.polling import DevicePoller
from edge.acquisition.timestamps import ClockGuard
from edge.drivers import driver_of
from edge.settings import Timing

FAST = Timing(backoff_first_s=0.02, backoff_max_s=0.05, heartbeat_s=0.2)


@asynccontextmanager
async def polled(sink, *devices_and_profiles):
    """Pollers of these devices at work."""
    clock = ClockGuard()
    pollers = [
        DevicePoller(device, profile, driver_of(device, profile, clock.now_ms), sink, clock, FAST)
        for device, profile in devices_and_profiles
    ]
    tasks = [asyncio.create_task(poller.run()) for poller in pollers]
    try:
        yield pollers
    finally:
        for task in tasks:
            task.cancel()
        ended = await asyncio.gather(*tasks, return_exceptions=True)
        assert all(isinstance(end, asyncio.CancelledError) for end in ended), ended


async def test_changes_are_told_and_nothing_else(
    modbus_server, modbus_device, counter_tag, profile_with, recorder, until
):
    profile = profile_with((counter_tag("parts", 3),))
    async with modbus_server() as server:
        async with polled(recorder, (modbus_device(server.port), profile)) as (poller,):
            await until(lambda: poller.statistics.polls >= 5)
            server.registers[3] = 8
            await until(lambda: recorder.values("cell", "parts")[-1:] == [8])
            polls = poller.statistics.polls
            await until(lambda: poller.statistics.polls >= polls + 5)
        assert recorder.values("cell", "parts") == [3, 8]
        assert recorder.online("cell") == [True]


async def test_silence_and_standstill_differ_by_a_heartbeat(
    modbus_server, modbus_device, counter_tag, profile_with, recorder, until
):
    profile = profile_with((counter_tag("parts", 3),))
    async with modbus_server() as server, polled(recorder, (modbus_device(server.port), profile)):
        await until(lambda: len(recorder.values("cell", "heartbeat")) >= 4)
    beats = recorder.values("cell", "heartbeat")
    assert beats == sorted(set(beats))
    assert recorder.values("cell", "parts") == [3]


async def test_a_connection_lost_inside_one_period_is_told_as_lost_and_made(
    modbus_server, modbus_device, counter_tag, profile_with, recorder, until
):
    profile = profile_with((counter_tag("parts", 3),))
    async with modbus_server() as server, polled(recorder, (modbus_device(server.port), profile)):
        await until(lambda: recorder.values("cell", "parts"))
        server.drop_connections()
        await until(lambda: len(recorder.contacts) >= 3)
        await until(lambda: len(recorder.values("cell", "parts")) >= 2, "all tags after the reconnection")
    assert recorder.online("cell")[:3] == [True, False, True]
    assert recorder.values("cell", "parts") == [3, 3]


async def test_a_device_that_restarts_comes_back_by_itself(
    modbus_server, modbus_device, counter_tag, profile_with, recorder, until
):
    profile = profile_with((counter_tag("parts", 3),))
    async with (
        modbus_server() as server,
        polled(recorder, (modbus_device(server.port), profile)) as (poller,),
    ):
        await until(lambda: recorder.values("cell", "parts") == [3])
        await server.stop()
        await until(lambda: recorder.online("cell") == [True, False])
        server.registers[3] = 0
        await server.start()
        await until(lambda: recorder.values("cell", "parts")[-1] == 0)
        assert poller.statistics.losses == 1


async def test_a_frozen_device_is_given_up_and_found_again(
    modbus_server, modbus_device, counter_tag, profile_with, recorder, until
):
    profile = profile_with((counter_tag("parts", 3),))
    async with (
        modbus_server() as server,
        polled(recorder, (modbus_device(server.port, timeout_s=0.2), profile)) as (poller,),
    ):
        await until(lambda: recorder.values("cell", "parts") == [3])
        server.frozen = True
        await until(lambda: recorder.online("cell") == [True, False])
        assert poller.statistics.last_error.startswith("no answer")
        server.frozen = False
        server.registers[3] = 4
        await until(lambda: recorder.values("cell", "parts") == [3, 4])
    assert recorder.online("cell") == [True, False, True]


async def test_a_dead_device_does_not_slow_another(
    modbus_server, modbus_device, counter_tag, profile_with, recorder, until
):
    profile = profile_with((counter_tag("parts", 3),))
    async with modbus_server() as alive, modbus_server() as dead:
        dead.frozen = True
        devices = (
            (modbus_device(alive.port, name="alive"), profile),
            (modbus_device(dead.port, name="dead", timeout_s=30, reply_s=30), profile),
        )
        async with polled(recorder, *devices) as (living, dying):
            await until(lambda: dead.requests, "the dead device to be asked")
            await until(lambda: living.statistics.polls >= 20)
            assert dying.statistics.polls == 0
            assert living.statistics.losses == 0
            assert len(dead.requests) == 1, "the living one was polled 20 times while one request was open"


async def test_readings_of_a_tag_carry_times_that_only_grow(
    modbus_server, modbus_device, counter_tag, profile_with, recorder, until
):
    profile = profile_with((counter_tag("parts", 3),))
    async with modbus_server() as server, polled(recorder, (modbus_device(server.port), profile)):
        for value in range(100, 110):
            server.registers[3] = value
            await until(lambda value=value: recorder.values("cell", "parts")[-1:] == [value])
    times = [r.time_ms for _, readings in recorder.entries for r in readings if r.tag.name == "parts"]
    assert times == sorted(set(times))
