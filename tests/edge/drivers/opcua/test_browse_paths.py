"""Tags by browse path, and the machine that is meant, on a server that is not ours."""

import asyncio
from dataclasses import replace

import pytest

from edge.acquisition.addresses import OpcUaAddress
from edge.acquisition.browse_path import browse_path
from edge.acquisition.device_settings import Device, MachineChoice
from edge.acquisition.profile import Tag, Watch
from edge.acquisition.profile_file import load_profile
from edge.acquisition.timestamps import wall_clock_ms
from edge.contract.datatypes import DataType
from edge.contract.roles import Role
from edge.drivers.opcua import OpcUaDriver
from edge.errors import DeviceRefused
from tests.edge.drivers.opcua.hall import hall

pytestmark = pytest.mark.system

NAMESPACES = {
    "m": "http://opcfoundation.org/UA/Machinery/",
    "mt": "http://opcfoundation.org/UA/MachineTool/",
    "di": "http://opcfoundation.org/UA/DI/",
    "gt": "http://opcfoundation.org/UA/PlasticsRubber/GeneralTypes/",
    "imm": "http://opcfoundation.org/UA/PlasticsRubber/IMM2MES/",
    "own": "urn:not-ours:hall",
    "nowhere": "urn:nobody",
}
SERIAL = "m:Machines/own:Mill&/2/di:Identification/di:SerialNumber"
CYCLES = "di:DeviceSet/own:IMM_MUSTER_0123456/imm:Jobs/gt:ActiveJobValues/gt:MachineCycleCounter"
JOB = "di:DeviceSet/own:IMM_MUSTER_0123456/imm:Jobs/gt:ActiveJob/gt:JobName"
QUICK = Watch(sampling_ms=50, publishing_ms=100)


def tag(name: str, *paths: str, datatype: DataType = DataType.STRING, **more) -> Tag:
    ways = tuple(browse_path(path, NAMESPACES) for path in paths)
    return Tag(name, Role.TEXT, datatype, OpcUaAddress(paths=ways), **more)


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    with hall(tmp_path_factory.mktemp("hall"), perTranslate=2) as machine:
        yield machine


@pytest.fixture
def device(server):
    def make(**more) -> Device:
        said = {"name": "d", "profile": "x", "path": "demo", "url": server.url, "insecure": True}
        return Device(**{**said, "timeout_s": 20.0, **more})

    return make


async def read(device, profile):
    async with OpcUaDriver(device, profile, wall_clock_ms) as driver:
        return {reading.tag.name: reading for reading in await driver.read(profile.polled)}


async def test_paths_lead_to_their_nodes_however_few_the_server_takes_at_once(device, opcua_profile):
    tags = (tag("serial", SERIAL), tag("job", JOB), tag("cycles", CYCLES, datatype=DataType.UINT64))
    readings = await read(device(), opcua_profile(tags))
    assert {name: one.value for name, one in readings.items()} == {
        "serial": "M-0815",
        "job": "J-17",
        "cycles": 2**32 + 5,
    }


async def test_a_path_that_leads_nowhere_disables_its_tag_alone_and_the_next_best_is_taken(
    device, opcua_profile
):
    tags = (
        tag("wrong", "m:Machines/own:No such machine"),
        tag("foreign", "nowhere:Thing"),
        tag("other_namespace", JOB.replace("gt:JobName", "own:JobName")),
        tag("second", "m:Machines/own:No such machine", SERIAL),
        tag("job", JOB),
    )
    readings = await read(device(), opcua_profile(tags))
    assert [readings[one.name].value for one in tags] == [None, None, None, "M-0815", "J-17"]
    assert readings["wrong"].why == "the path leads nowhere (BadNoMatch)"
    assert readings["foreign"].why == "the server has no namespace urn:nobody"


async def test_a_path_to_several_nodes_is_refused_with_the_candidates(server, device, opcua_profile):
    tags = (tag("cycles", CYCLES, JOB), tag("job", JOB))
    server.order(twin=True)
    readings = await read(device(), opcua_profile(tags))
    server.order(remove="twin")
    assert readings["job"].value == "J-17"
    why = readings["cycles"].why
    assert why.startswith("the path leads to 2 nodes: ns=")
    assert why.count("i=") == 2


async def test_a_path_may_begin_at_a_node_of_the_profile(device, opcua_profile):
    inside = replace(opcua_profile((tag("job", "gt:JobName"),)), start="i=85")
    assert (await read(device(), inside))["job"].value is None
    missing = replace(inside, start="nsu=urn:nobody;i=1")
    with pytest.raises(DeviceRefused, match="no node nsu=urn:nobody;i=1"):
        await read(device(), missing)


@pytest.mark.parametrize(
    ("choice", "serial"),
    [
        ({"serial_number": "M-0815"}, "M-0815"),
        ({"name": "Press 1"}, "P-4711"),
        ({"product_instance_uri": "https://muster.example/P-4711"}, "P-4711"),
        ({"name": "Mill/2", "serial_number": "M-0815"}, "M-0815"),
    ],
)
async def test_the_machine_that_is_meant_is_read_among_several(device, choice, serial):
    readings = await read(device(machine=MachineChoice(**choice)), load_profile("machinery"))
    assert readings["serial_number"].value == serial


async def test_which_machine_is_meant_is_never_guessed(device):
    profile = load_profile("machinery")
    with pytest.raises(DeviceRefused) as several:
        await read(device(), profile)
    assert "2 machines below m:Machines could be meant" in str(several.value)
    assert "'Mill/2', serial number M-0815" in str(several.value)
    with pytest.raises(DeviceRefused, match="fits `machine:`; there are 'Press 1', serial number P-4711"):
        await read(device(machine=MachineChoice(serial_number="X")), profile)
    assert (await read(device(), load_profile("machinetool")))["program"].value == "O1001.NC"


async def test_a_server_without_machines_says_so(server, device):
    server.order(remove="press")
    server.order(remove="mill")
    with pytest.raises(DeviceRefused, match="no machine below m:Machines"):
        await read(device(), load_profile("machinery"))
    server.order(add="press")
    server.order(add="mill")


async def test_a_node_that_comes_again_is_found_within_the_connection(
    server, device, opcua_profile, monkeypatch
):
    monkeypatch.setattr("edge.drivers.opcua.nodes.LOOK_AGAIN_S", 0.0)
    profile = opcua_profile((tag("job", JOB),))
    async with OpcUaDriver(device(), profile, wall_clock_ms) as driver:

        async def job():
            (reading,) = await driver.read(profile.polled)
            return reading.value

        assert await job() == "J-17"
        server.order(remove="moulder")
        assert await job() is None
        assert await job() is None
        server.order(add="moulder")  # With other node ids.
        assert await job() == "J-17"


async def test_a_machine_that_went_is_missed_and_found_again_under_another_node(server, device, monkeypatch):
    monkeypatch.setattr("edge.drivers.opcua.nodes.LOOK_AGAIN_S", 0.0)
    profile = load_profile("euromap77_imm")
    async with OpcUaDriver(device(), profile, wall_clock_ms) as driver:
        server.order(remove="moulder")
        assert {one.value for one in await driver.read(profile.polled)} == {None}
        server.order(add="moulder")
        assert None not in {one.value for one in await driver.read(profile.polled)}
        server.order(remove="moulder")
        await driver.read(profile.polled)
        with pytest.raises(DeviceRefused, match="no machine below di:DeviceSet"):
            await driver.read(profile.polled)
        server.order(add="moulder")


async def test_paths_are_followed_anew_in_each_connection(server, device, opcua_profile):
    profile = opcua_profile((tag("job", JOB),))
    driver = OpcUaDriver(device(), profile, wall_clock_ms)
    for _ in range(2):
        async with driver:
            (reading,) = await driver.read(profile.polled)
            assert reading.value == "J-17"
        server.order(remove="moulder")
        server.order(add="moulder")


async def test_a_watched_path_is_found_again_when_its_node_went_and_came_with_another_id(
    server, device, opcua_profile, monkeypatch
):
    monkeypatch.setattr("edge.drivers.opcua.watching.ASK_AGAIN_S", 0.1)
    monkeypatch.setattr("edge.drivers.opcua.subscribing.KEEP_ALIVE_MS", 100)
    profile = opcua_profile((tag("job", JOB, watch=QUICK),))
    async with OpcUaDriver(device(), profile, wall_clock_ms) as driver:
        await driver.watch(profile.watched)

        async def told(value):
            async with asyncio.timeout(20):
                while True:
                    await driver.arrived.wait()
                    if [one.value for one in driver.take().readings][-1:] == [value]:
                        return

        await told("J-17")
        server.order(remove="moulder")
        await told(None)
        server.order(add="moulder")
        await told("J-17")
