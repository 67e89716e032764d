"""The desk at which a device's commands are taken, without a device."""

import asyncio
from dataclasses import replace

import pytest
from structlog.testing import capture_logs

from edge.acquisition.addresses import OpcUaAddress
from edge.acquisition.commanding import OLDEST_MS, WAITING_MAX, CommandDesk
from edge.acquisition.device_settings import Device
from edge.acquisition.profile import HEARTBEAT, Profile, Tag
from edge.contract.datatypes import DataType
from edge.contract.payloads import Metric, decode, encode
from edge.contract.roles import Role
from edge.errors import CommandRefused, DeviceUnavailable

NOW_MS = 1_800_000_000_000
LEVEL = Tag("level", Role.MEASUREMENT, DataType.INT16, OpcUaAddress("i=1"))
PROFILE = Profile("bench", "opcua", "d", "r", "p", "document", (LEVEL, HEARTBEAT))


class Machine:
    """Remembers what it was told to do, and fails as it is told to."""

    def __init__(self) -> None:
        self.written: list[object] = []
        self.error: Exception | None = None
        self.hangs = False

    async def write(self, tag, value) -> None:
        if self.hangs:
            await asyncio.sleep(3600)
        if self.error is not None:
            raise self.error
        self.written.append(value)

    async def call(self, method) -> None:
        raise AssertionError("no method is declared")


@pytest.fixture
def desk():
    device = Device(name="d", profile="bench", url="opc.tcp://h", path="demo", writable=["level"])
    desk = CommandDesk(device, PROFILE)
    desk.is_open = True
    return desk


def ask(desk, value: object, at_ms: int | None = NOW_MS) -> None:
    desk.ask("level", Metric(value, DataType.INT16, "level", timestamp_ms=at_ms), NOW_MS)


def counts(desk) -> tuple[int, int, int]:
    return desk.statistics.done, desk.statistics.refused, desk.statistics.failed


async def serve_all(desk, machine) -> None:
    while desk.arrived.is_set():
        await desk.serve(machine, 1.0)


async def test_commands_are_done_in_their_order(desk):
    machine = Machine()
    for value in (3, 1, 2):
        ask(desk, value)
    await serve_all(desk, machine)
    assert (machine.written, counts(desk), desk.arrived.is_set()) == ([3, 1, 2], (3, 0, 0), False)


@pytest.mark.parametrize("value", [40_000, -40_000, 1.5, float("nan"), "1", True, None])
async def test_a_value_that_the_tag_cannot_hold_is_refused(desk, value):
    ask(desk, value)
    assert counts(desk) == (0, 1, 0)


@pytest.mark.parametrize(
    ("value", "most", "done"),
    [(12.3, 12.3, 1), (0.1, 12.3, 1), (12.30001, 12.3, 0), (0.09999, 12.3, 0), (5.5, 1e300, 1)],
)
async def test_a_bound_that_comes_as_a_float_is_within_the_bounds(value, most, done):
    tag = Tag("feed", Role.MEASUREMENT, DataType.FLOAT, OpcUaAddress("i=2"))
    bounded = {"tag": "feed", "min": 0.1, "max": most}
    device = Device(name="d", profile="bench", url="opc.tcp://h", path="demo", writable=[bounded])
    desk = CommandDesk(device, replace(PROFILE, tags=(tag, HEARTBEAT)))
    desk.is_open = True
    sent = encode([Metric(value, DataType.FLOAT, "feed", timestamp_ms=NOW_MS)], timestamp_ms=NOW_MS, seq=None)
    desk.ask("feed", decode(sent).metrics[0], NOW_MS)
    await serve_all(desk, Machine())
    assert counts(desk) == (done, 1 - done, 0)


@pytest.mark.parametrize("at_ms", [None, NOW_MS - OLDEST_MS - 1, NOW_MS + OLDEST_MS + 1])
async def test_a_command_from_another_time_is_refused(desk, at_ms):
    ask(desk, 3, at_ms)
    assert counts(desk) == (0, 1, 0)


async def test_a_device_out_of_contact_is_asked_nothing_later(desk):
    machine = Machine()
    ask(desk, 3)
    desk.close("the device is out of contact")
    ask(desk, 4)
    desk.is_open = True
    await desk.serve(machine, 1.0)
    assert (machine.written, counts(desk)) == ([], (0, 2, 0))


async def test_a_flood_is_bounded(desk):
    for value in range(WAITING_MAX + 3):
        ask(desk, value)
    machine = Machine()
    await serve_all(desk, machine)
    assert (len(machine.written), counts(desk)) == (WAITING_MAX, (WAITING_MAX, 3, 0))


async def test_the_devices_no_is_counted_and_the_next_command_done(desk):
    machine = Machine()
    machine.error = CommandRefused("the device said BadNotWritable")
    ask(desk, 3)
    await desk.serve(machine, 1.0)
    machine.error = None
    ask(desk, 4)
    await desk.serve(machine, 1.0)
    assert (machine.written, counts(desk)) == ([4], (1, 0, 1))


async def test_a_command_without_an_answer_ends_the_connection_and_is_not_repeated(desk):
    machine = Machine()
    machine.hangs = True
    ask(desk, 3)
    with capture_logs() as lines, pytest.raises(DeviceUnavailable):
        await desk.serve(machine, 0.01)
    assert [line["event"] for line in lines] == ["command_unanswered"]
    machine.hangs = False
    await desk.serve(machine, 1.0)
    assert (machine.written, counts(desk)) == ([], (0, 0, 1))


async def test_a_driver_that_takes_no_commands_fails_them(desk):
    ask(desk, 3)
    await desk.serve(object(), 1.0)
    assert counts(desk) == (0, 0, 1)
