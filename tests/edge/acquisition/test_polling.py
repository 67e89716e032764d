"""The poller with a driver that follows a script, and a clock that we set."""

import asyncio
from collections.abc import Iterable
from contextlib import asynccontextmanager
from dataclasses import replace

import pytest
from structlog.testing import capture_logs

from edge.acquisition.addresses import EdgeMade, ModbusAddress, Table
from edge.acquisition.device_settings import Device
from edge.acquisition.driver import Reading
from edge.acquisition.polling import Anew, DevicePoller
from edge.acquisition.profile import HEARTBEAT, Profile, Tag
from edge.acquisition.timestamps import ClockGuard, wall_clock_ms
from edge.contract.datatypes import DataType, Quality
from edge.contract.roles import Role
from edge.contract.spool_metrics import REDEFINED
from edge.errors import DeviceRefused, DeviceUnavailable
from edge.settings import Timing

SPEED = Tag("speed", Role.SPEED, DataType.INT32, ModbusAddress(Table.HOLDING, 0))
PROFILE = Profile("bench", "modbus", "d", "r", "p", "document", (SPEED, HEARTBEAT))
DEVICE = Device(
    name="press", profile="bench", url="modbus://127.0.0.1", path="demo", period_s=0.05, timeout_s=0.2
)
FAST = Timing(backoff_first_s=0.02, backoff_max_s=0.04, heartbeat_s=3600)
WAIT_S = 20.0


class ScriptedDriver:
    """Each step is a value to read, an error to raise, or a number of seconds to hang."""

    def __init__(self, steps: Iterable[object], clock=wall_clock_ms) -> None:
        self._steps = iter(steps)
        self._clock = clock
        self.log: list[str] = []

    async def __aenter__(self):
        self.log.append("open")
        return self

    async def __aexit__(self, kind, error, trace) -> None:
        self.log.append("close")

    async def read(self, tags):
        step = next(self._steps, 7)
        self.log.append("read")
        if isinstance(step, Exception):
            raise step
        if isinstance(step, float):
            await asyncio.sleep(step)
        return [Reading(tag, step, self._clock(), Quality.GOOD, True) for tag in tags]


class Sink:
    def __init__(self) -> None:
        self.told: list[object] = []

    async def entry(self, device, readings) -> None:
        self.told += [reading.value for reading in readings if reading.tag is not HEARTBEAT]

    async def contact(self, device, online, time_ms) -> None:
        self.told.append("online" if online else "offline")

    async def gap(self, device, reason, tags, from_ms, to_ms) -> None:
        self.told.append((reason, tuple(tags), to_ms - from_ms))


@asynccontextmanager
async def polling(driver, sink, clock=None, device=DEVICE, timing=FAST):
    poller = DevicePoller(device, PROFILE, driver, sink, clock or ClockGuard(), timing)
    task = asyncio.create_task(poller.run())
    try:
        yield poller
    finally:
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task


async def until(condition) -> None:
    async with asyncio.timeout(WAIT_S):
        while not condition():  # noqa: ASYNC110 - of any kind, also one that sends no event
            await asyncio.sleep(0.002)


async def test_contact_is_made_by_the_first_answer_and_told_before_its_readings():
    sink, driver = Sink(), ScriptedDriver([5, 5, 6])
    async with polling(driver, sink) as poller:
        await until(lambda: poller.statistics.polls >= 3)
    assert sink.told == ["online", 5, 6]
    assert driver.log[-1] == "close"


async def test_a_device_that_never_answered_is_told_once_as_lost():
    sink, driver = Sink(), ScriptedDriver([DeviceUnavailable("off")] * 50)
    async with polling(driver, sink):
        await until(lambda: driver.log.count("open") >= 5)
    assert sink.told == ["offline"]


@pytest.mark.parametrize("then", [5, DeviceUnavailable("closed meanwhile")])
async def test_a_poller_that_is_over_polls_no_more_though_a_library_swallowed_its_end(then):
    class Swallowing(ScriptedDriver):
        async def read(self, tags):
            try:
                await asyncio.sleep(WAIT_S)
            except asyncio.CancelledError:
                self.log.append("swallowed")
            return await super().read(tags)

    driver = Swallowing([then])
    device = DEVICE.model_copy(update={"timeout_s": WAIT_S})
    slow = Timing(backoff_first_s=WAIT_S)
    poller = DevicePoller(device, PROFILE, driver, Sink(), ClockGuard(), slow)
    task = asyncio.create_task(poller.run())
    await until(lambda: "open" in driver.log)
    await asyncio.sleep(0)
    poller.is_over = True
    task.cancel()
    async with asyncio.timeout(WAIT_S / 2):
        await task
    assert driver.log == ["open", "swallowed", "read", "close"]


async def test_the_counters_that_begin_anew_are_told_before_the_first_reading_and_once():
    sink, driver = Sink(), ScriptedDriver([5, 6, DeviceUnavailable("off"), 7])
    poller = DevicePoller(DEVICE, PROFILE, driver, sink, ClockGuard(), FAST)
    poller.anew = Anew(("speed",), wall_clock_ms() - 1000)
    task = asyncio.create_task(poller.run())
    await until(lambda: 7 in sink.told)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    online, (reason, tags, lasted_ms), *rest = sink.told
    assert (online, reason, tags) == ("online", REDEFINED, ("speed",))
    assert lasted_ms >= 1000
    assert rest == [5, 6, "offline", "online", 7]


async def test_a_value_dated_before_the_contact_was_made_counts_from_then():
    """The state has not changed over the loss: the source still dates it before."""
    told: list[tuple[bool | int, int, bool]] = []

    class DatedSink(Sink):
        async def entry(self, device, readings) -> None:
            told.extend((r.value, r.time_ms, r.time_by_edge) for r in readings if r.tag is SPEED)

        async def contact(self, device, online, time_ms) -> None:
            told.append((online, time_ms, True))

    class DatedDriver(ScriptedDriver):
        async def read(self, tags):
            return [replace(r, time_ms=changed_ms, time_by_edge=False) for r in await super().read(tags)]

    changed_ms = wall_clock_ms() - 2_000
    async with polling(DatedDriver([5, DeviceUnavailable("cable"), 5]), DatedSink()):
        await until(lambda: len(told) >= 5)
    online, first, offline, again, second = told[:5]
    assert [online[0], first[0], offline[0], again[0], second[0]] == [True, 5, False, True, 5]
    assert offline[1] <= again[1] <= second[1], "the value seems older than the loss"
    assert second[2], "the time is the edge's, and does not say so"


async def test_one_log_line_when_a_device_goes_and_one_when_it_is_back():
    steps = [5, *[DeviceUnavailable("cable")] * 4, 5]
    sink, driver = Sink(), ScriptedDriver(steps)
    with capture_logs() as lines:
        async with polling(driver, sink):
            await until(lambda: sink.told.count("online") == 2)
    assert [line["event"] for line in lines] == ["device_online", "device_unavailable", "device_online"]
    assert lines[1]["reason"] == "cable"
    assert sink.told == ["online", 5, "offline", "online", 5]


async def test_every_loss_closes_the_connection_before_the_next_is_opened():
    driver = ScriptedDriver([DeviceUnavailable("x")] * 3)
    async with polling(driver, Sink()):
        await until(lambda: "read" in driver.log[9:])
    assert driver.log[:9] == ["open", "read", "close"] * 3


async def test_a_poll_that_hangs_is_ended_by_the_deadline():
    sink, driver = Sink(), ScriptedDriver([5, 3600.0, 6])
    async with polling(driver, sink) as poller:
        await until(lambda: sink.told.count("online") == 2)
        assert poller.statistics.last_error == "no answer within 0.2 s"
    assert sink.told == ["online", 5, "offline", "online", 6]


async def test_a_poll_longer_than_a_period_skips_slots_and_keeps_the_grid():
    sink, driver = Sink(), ScriptedDriver([5, 0.12, 6])
    async with polling(driver, sink) as poller:
        await until(lambda: poller.statistics.polls >= 3)
        assert poller.statistics.skipped_slots >= 2
        assert poller.statistics.losses == 0
    assert sink.told[0] == "online"


def backoffs(error, timing):
    poller = DevicePoller(DEVICE, PROFILE, ScriptedDriver([]), Sink(), ClockGuard(), timing)
    return [poller._backoff_s(error, failures) for failures in range(8)]


def test_the_backoff_doubles_up_to_its_limit():
    assert backoffs(DeviceUnavailable("x"), Timing()) == [0.0, 1, 2, 4, 8, 16, 30, 30]


def test_a_device_that_refuses_is_asked_rarely():
    assert set(backoffs(DeviceRefused("wrong password"), Timing())) == {30.0}


async def test_a_surprise_ends_the_task():
    poller = DevicePoller(DEVICE, PROFILE, ScriptedDriver([ZeroDivisionError()]), Sink(), ClockGuard(), FAST)
    with pytest.raises(ZeroDivisionError):
        async with asyncio.timeout(WAIT_S):
            await poller.run()


async def test_nothing_is_stamped_while_the_clock_is_wrong_and_the_hole_is_a_gap():
    wall = [wall_clock_ms()]
    guard = ClockGuard(wall_ms=lambda: wall[0])
    sink, driver = Sink(), ScriptedDriver(range(1, 1000), guard.now_ms)
    with capture_logs() as lines:
        async with polling(driver, sink, guard) as poller:
            await until(lambda: sink.told)
            wall[0] -= 3_600_000
            await until(lambda: "clock_not_ready" in [line["event"] for line in lines])
            told, polls = len(sink.told), poller.statistics.polls
            await asyncio.sleep(0)
            assert (len(sink.told), poller.statistics.polls) == (told, polls)
            wall[0] += 3_600_000 + 90_000
            await until(lambda: len(sink.told) > told + 1)
    gap = sink.told[told]
    assert gap == ("clock", ("speed",), 90_000)
    assert [line["event"] for line in lines if "clock" in line["event"]] == ["clock_not_ready", "clock_ready"]


async def test_a_clock_that_jumps_an_hour_ahead_loses_nothing_and_makes_no_gap():
    wall = [wall_clock_ms()]
    guard = ClockGuard(wall_ms=lambda: wall[0])
    sink, driver = Sink(), ScriptedDriver(range(1, 1000), guard.now_ms)
    async with polling(driver, sink, guard) as poller:
        await until(lambda: len(sink.told) >= 3)
        wall[0] += 3_600_000
        told = len(sink.told)
        await until(lambda: len(sink.told) >= told + 3)
        assert (poller.statistics.gaps, poller.statistics.losses) == (0, 0)
    values = [told for told in sink.told if isinstance(told, int)]
    assert values == list(range(1, len(values) + 1))
    assert not [told for told in sink.told if isinstance(told, tuple)], "a gap"


async def test_a_device_lost_while_the_clock_is_wrong_is_still_told():
    wall = [wall_clock_ms()]
    guard = ClockGuard(wall_ms=lambda: wall[0])
    sink = Sink()

    class Clockless(ScriptedDriver):
        async def read(self, tags):
            wall[0] -= 3_600_000 if self.log.count("read") == 1 else 0
            return await super().read(tags)

    driver = Clockless([1, DeviceUnavailable("x")], guard.now_ms)
    async with polling(driver, sink, guard):
        await until(lambda: "offline" in sink.told)


async def test_the_heartbeat_counts_polls():
    class Beats(Sink):
        async def entry(self, device, readings) -> None:
            self.told += [reading.value for reading in readings if reading.tag is HEARTBEAT]

        async def contact(self, device, online, time_ms) -> None:
            pass

    sink = Beats()
    timing = FAST.model_copy(update={"heartbeat_s": 0.05})
    async with polling(ScriptedDriver([]), sink, timing=timing) as poller:
        await until(lambda: len(sink.told) >= 3)
        assert sink.told[0] == 1
        assert sink.told == sorted(set(sink.told))
        assert sink.told[-1] <= poller.statistics.polls


def test_a_tag_of_the_edge_itself_is_not_asked_from_the_device():
    assert [tag.name for tag in PROFILE.polled] == ["speed"]
    assert isinstance(HEARTBEAT.address, EdgeMade)
