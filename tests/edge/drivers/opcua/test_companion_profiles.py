"""Each profile by companion specification, read from a server that is not ours.

What stands here was worked out by hand from the documents: the numbers of states and modes, that a Duration is in
milliseconds, that a state is named by its node. The server was written from the tables of the same documents, by no code of
the edge; none of this was seen on a real machine.
"""

from dataclasses import replace

import pytest

from edge.acquisition.device_settings import Device, MachineChoice
from edge.acquisition.profile import Watch
from edge.acquisition.profile_file import load_profile
from edge.acquisition.timestamps import wall_clock_ms
from edge.contract.datatypes import Quality
from edge.drivers.opcua import OpcUaDriver
from plant_server.domain.machine_state import MachineState, machine_state
from tests.edge.drivers.opcua.hall import hall

pytestmark = pytest.mark.system

EXAMPLES = {
    "machinery": {
        "state": 3,  # Executing
        "mode": 3,  # Processing
        "cycles": 4_294_967_290,
        "power_on": 3600.0,
        "operation": 1800.0,
        "serial_number": "P-4711",
    },
    "machinetool": {
        "state": 1,  # Running
        "mode": 1,  # Automatic
        "program": "O1001.NC",
        "parts": 1234,
        "feed_override": 95.5,
        "serial_number": "M-0815",
    },
    "euromap77_imm": {
        "state": 6,  # JOB_IN_PRODUCTION
        "mode": 1,  # AUTOMATIC
        "job": "J-17",
        "job_cycles": 100,
        "parts": 400,
        "good": 390,
        "reject": 8,
        "cycles": 2**32 + 5,
        "cycle_time": 12.5,
        "stop_reason": "",
    },
}


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    with hall(tmp_path_factory.mktemp("hall")) as machine:
        yield machine


@pytest.fixture
def device(server):
    return Device(
        name="d",
        profile="x",
        path="demo",
        url=server.url,
        insecure=True,
        timeout_s=20.0,
    )


def chosen(device: Device, profile) -> Device:
    """The hall has two machines with an identification."""
    choice = MachineChoice(serial_number="P-4711") if profile.name == "machinery" else None
    return device.model_copy(update={"machine": choice})


@pytest.mark.parametrize("name", EXAMPLES)
async def test_a_machine_by_its_document_is_read_by_the_profile_of_that_document(device, name):
    profile = load_profile(name)
    async with OpcUaDriver(chosen(device, profile), profile, wall_clock_ms) as driver:
        readings = {one.tag.name: one for one in await driver.read(profile.polled)}
    assert {tag: one.value for tag, one in readings.items()} == EXAMPLES[name]
    assert {one.quality for one in readings.values()} == {Quality.GOOD}
    states = [one for one in readings.values() if one.tag.role == "state"]
    modes = [one for one in readings.values() if one.tag.role == "mode"]
    assert machine_state(states[0].tag.vocabulary, states[0].value, modes[0].value) is MachineState.PRODUCING


@pytest.mark.parametrize(
    ("name", "key", "numbers"),
    [
        ("machinery", "press.state", (0, 1, 2, 3)),
        ("machinetool", "mill.program", (0, 1, 2, 3, 4)),
        ("euromap77_imm", "moulder.job", (1, 7, 6)),
    ],
)
async def test_a_state_is_told_by_the_number_of_its_document(server, device, name, key, numbers):
    profile = load_profile(name)
    (tag,) = [tag for tag in profile.polled if tag.role == "state"]
    tags = (tag,)
    async with OpcUaDriver(chosen(device, profile), profile, wall_clock_ms) as driver:
        told = []
        for number in numbers:
            server.order(set={key: number})
            told += [one.value for one in await driver.read(tags)]
    assert tuple(told) == numbers
    server.order(set={key: EXAMPLES[name]["state"]})


async def test_a_state_that_the_server_tells_by_itself_is_a_number_too(server, device):
    profile = load_profile("machinery")
    watch = Watch(sampling_ms=50, publishing_ms=100)
    (state,) = [replace(tag, watch=watch) for tag in profile.polled if tag.role == "state"]
    watched = replace(profile, tags=(state,))
    async with OpcUaDriver(chosen(device, profile), watched, wall_clock_ms) as driver:
        await driver.watch(watched.watched)
        told: list[object] = []
        server.order(set={"press.state": 1})
        while told[-1:] != [1]:
            await driver.arrived.wait()
            told += [one.value for one in driver.take().readings]
    server.order(set={"press.state": 3})
    assert set(told) <= {3, 1}


async def test_a_machine_tool_of_the_version_before_has_its_parts_among_the_statistics(server, device):
    profile = load_profile("machinetool")
    parts = tuple(tag for tag in profile.polled if tag.name == "parts")
    told = []
    for old in (True, False):
        server.order(remove="mill")
        server.order(oldMill=old, add="mill")
        async with OpcUaDriver(device, profile, wall_clock_ms) as driver:
            told += [one.value for one in await driver.read(parts)]
    assert told == [77, 1234]
