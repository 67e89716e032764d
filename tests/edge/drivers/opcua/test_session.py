"""A connection in trouble: servers that restart, freeze, forget the session; and polling through it all."""

import asyncio
import gc
from contextlib import asynccontextmanager

import pytest

from edge.acquisition.polling import DevicePoller
from edge.acquisition.timestamps import ClockGuard, wall_clock_ms
from edge.drivers.opcua import OpcUaDriver
from edge.errors import DeviceUnavailable
from edge.settings import Timing

FAST = Timing(backoff_first_s=0.05, backoff_max_s=0.2, heartbeat_s=3600)


@pytest.fixture(scope="module")
def shared_server(server_processes):
    return server_processes(5)


@pytest.fixture
def server(shared_server):
    """Alive and awake, whatever the test before did to it."""
    shared_server.revive()
    return shared_server


@asynccontextmanager
async def polled(sink, device, profile):
    clock = ClockGuard()
    driver = OpcUaDriver(device, profile, clock.now_ms)
    poller = DevicePoller(device, profile, driver, sink, clock, FAST)
    task = asyncio.create_task(poller.run())
    try:
        yield poller
    finally:
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task


async def test_a_killed_server_is_lost_and_found_again(
    server, opcua_device, opcua_profile, count_tag, recorder, until
):
    profile = opcua_profile((count_tag("value"),))
    async with polled(recorder, opcua_device(server.port), profile) as poller:
        await until(lambda: recorder.values("press", "value") == [1])
        server.kill()
        await until(lambda: recorder.online("press") == [True, False])
        await asyncio.to_thread(server.start)
        await until(lambda: recorder.values("press", "value") == [1, 1], "the first poll after the restart")
        assert poller.statistics.losses == 1
    assert recorder.online("press") == [True, False, True]


async def test_a_frozen_server_is_given_up_at_the_deadline_and_found_again(
    server, opcua_device, opcua_profile, count_tag, recorder, until
):
    profile = opcua_profile((count_tag("value"),))
    async with polled(recorder, opcua_device(server.port, timeout_s=1.0), profile):
        await until(lambda: recorder.values("press", "value") == [1])
        server.freeze()
        await until(lambda: False in recorder.online("press"), "the frozen server to be given up")
        server.thaw()
        await until(lambda: recorder.online("press")[-1] and len(recorder.values("press", "value")) >= 2)
    assert set(recorder.values("press", "value")) == {1}


async def test_leaving_a_frozen_server_takes_no_longer_than_a_goodbye(
    server, opcua_device, opcua_profile, count_tag
):
    tags = (count_tag("value"),)
    async with asyncio.timeout(30):  # The device's own time-out is longer.
        async with OpcUaDriver(
            opcua_device(server.port, timeout_s=60), opcua_profile(tags), wall_clock_ms
        ) as driver:
            await driver.read(tags)
            server.freeze()
    server.thaw()


async def test_a_connection_reset_by_the_server_is_unavailable_at_once(
    server, opcua_device, opcua_profile, count_tag, until
):
    tags = (count_tag("value"),)
    async with OpcUaDriver(
        opcua_device(server.port, timeout_s=60), opcua_profile(tags), wall_clock_ms
    ) as driver:
        await driver.read(tags)
        server.kill()
        with pytest.raises(DeviceUnavailable):
            async with asyncio.timeout(30):
                await driver.read(tags)


async def test_connecting_to_a_frozen_server_ends_with_the_callers_deadline_and_leaves_nothing_open(
    server, opcua_device, opcua_profile, count_tag
):
    driver = OpcUaDriver(
        opcua_device(server.port, timeout_s=60), opcua_profile((count_tag("value"),)), wall_clock_ms
    )
    server.freeze()
    tasks_before = asyncio.all_tasks()
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.3), driver:
            pytest.fail("a frozen server accepted a session")
    assert asyncio.all_tasks() == tasks_before
    gc.collect()  # An open socket would warn here, and warnings are errors.
    server.thaw()


async def test_a_driver_is_entered_again_after_a_loss(server, opcua_device, opcua_profile, count_tag):
    tags = (count_tag("value"),)
    driver = OpcUaDriver(opcua_device(server.port), opcua_profile(tags), wall_clock_ms)
    for _ in range(3):
        async with driver:
            assert [reading.value for reading in await driver.read(tags)] == [1]


async def test_a_server_that_does_not_state_its_limit_at_all_is_read(
    server, opcua_device, opcua_profile, count_tag
):
    server.tell(stated=None)
    tags = (count_tag("value"),)
    async with OpcUaDriver(opcua_device(server.port), opcua_profile(tags), wall_clock_ms) as driver:
        assert [reading.value for reading in await driver.read(tags)] == [1]
    server.kill()  # The node does not come back.
