import socket
from dataclasses import replace

import pytest
from asyncua import ua
from asyncua.client.client import Client
from structlog.testing import capture_logs

from edge.acquisition.addresses import OpcUaAddress
from edge.acquisition.timestamps import wall_clock_ms
from edge.contract.datatypes import DataType, Quality
from edge.drivers.opcua import OpcUaDriver
from edge.errors import DeviceUnavailable

NODES = 2500


@pytest.fixture(scope="module")
def server(server_processes):
    return server_processes(NODES)


@pytest.fixture
def driver_for(server, opcua_device, opcua_profile):
    def make(tags, clock=wall_clock_ms) -> OpcUaDriver:
        return OpcUaDriver(opcua_device(server.port), opcua_profile(tags), clock)

    return make


def values(readings):
    return {reading.tag.name: reading.value for reading in readings}


@pytest.mark.parametrize(
    ("stated", "enforced"),
    [(0, 0), (100, 100), (1000, 1000), (0, 60), (10_000, 300)],
    ids=["states none", "100", "1000", "states none, has one", "states too much"],
)
async def test_each_of_2500_nodes_gets_its_own_value_whatever_the_limit(
    server, driver_for, node_tag, stated, enforced
):
    server.tell(stated=stated, enforced=enforced)
    tags = tuple(node_tag(f"t{number}") for number in range(NODES))
    async with driver_for(tags) as driver:
        readings = await driver.read(tags)
    assert values(readings) == {f"t{number}": number for number in range(NODES)}
    assert len(readings) == NODES
    server.tell(stated=0, enforced=0)


async def test_a_limit_that_had_to_be_learned_is_remembered_over_a_reconnection(server, driver_for, node_tag):
    server.tell(stated=0, enforced=60)
    tags = tuple(node_tag(f"t{number}") for number in range(500))
    driver = driver_for(tags)
    with capture_logs() as lines:
        async with driver:
            await driver.read(tags)
        learned = len(lines)
        async with driver:
            await driver.read(tags)
    assert learned == len(lines) > 0
    assert lines[-1]["nodes_per_read"] <= 60
    server.tell(stated=0, enforced=0)


async def test_many_texts_are_read_although_the_server_takes_less_than_it_states(
    server, driver_for, node_tag
):
    server.tell(stated=0, enforced=30)
    tags = tuple(
        replace(node_tag(f"text{number}", DataType.STRING), address=node_tag("text").address)
        for number in range(100)
    )
    async with driver_for(tags) as driver:
        assert set(values(await driver.read(tags)).values()) == {"A-17"}
    server.tell(stated=0, enforced=0)


async def test_an_unknown_node_makes_its_own_tag_bad_and_is_named_once(driver_for, node_tag):
    tags = (node_tag("t1"), node_tag("no_such_node"), node_tag("t2"))
    driver = driver_for(tags)
    with capture_logs() as lines:
        async with driver:
            for _ in range(3):
                readings = await driver.read(tags)
    assert values(readings) == {"t1": 1, "no_such_node": None, "t2": 2}
    assert {reading.tag.name: reading.quality for reading in readings}["no_such_node"] is Quality.BAD
    assert [(line["event"], line["tag"]) for line in lines] == [("tag_not_in_device", "no_such_node")]


async def test_a_namespace_the_server_lacks_makes_its_tags_bad_and_no_other(driver_for, node_tag):
    strange = replace(node_tag("t1"), name="strange", address=OpcUaAddress("nsu=urn:elsewhere;s=t1"))
    broken = replace(node_tag("t1"), name="broken", address=OpcUaAddress("ns=zwei;q=t1"))
    tags = (strange, node_tag("t2"), broken)
    async with driver_for(tags) as driver:
        assert values(await driver.read(tags)) == {"strange": None, "t2": 2, "broken": None}


async def test_all_kinds_of_values_are_read(driver_for, node_tag):
    tags = (
        node_tag("text", DataType.STRING),
        node_tag("double", DataType.DOUBLE),
        node_tag("flag", DataType.BOOLEAN),
        node_tag("big", DataType.UINT64),
        node_tag("moment", DataType.DATETIME),
        node_tag("nothing", DataType.INT32),
    )
    async with driver_for(tags) as driver:
        assert values(await driver.read(tags)) == {
            "text": "A-17",
            "double": 2.5,
            "flag": True,
            "big": 2**63 + 5,
            "moment": 1_772_323_200_000,
            "nothing": None,
        }


async def test_values_that_only_asyncua_can_decode_do_not_spoil_the_others(driver_for, node_tag):
    tags = (
        node_tag("t7"),
        node_tag("array", DataType.INT32),
        node_tag("localized", DataType.STRING),
        node_tag("moment", DataType.DATETIME),
        node_tag("t8"),
    )
    async with driver_for(tags) as driver:
        assert values(await driver.read(tags)) == {
            "t7": 7,
            "array": None,
            "localized": "Halt",
            "moment": 1_772_323_200_000,
            "t8": 8,
        }


async def test_the_batched_read_says_what_asyncua_says(server, opcua_device, opcua_profile, node_tag):
    names = [f"t{number}" for number in range(1000, 1050)] + ["double", "flag", "big", "text"]
    kinds = {
        "double": DataType.DOUBLE,
        "flag": DataType.BOOLEAN,
        "big": DataType.UINT64,
        "text": DataType.STRING,
    }
    tags = tuple(node_tag(name, kinds.get(name, DataType.INT32)) for name in names)
    device = opcua_device(server.port)
    async with OpcUaDriver(device, opcua_profile(tags), wall_clock_ms) as driver:
        ours = values(await driver.read(tags))
    async with Client(device.url) as client:
        index = await client.get_namespace_index("urn:lineside:test")
        nodes = [ua.NodeId(name, index) for name in names]
        theirs = await client.uaclient.read_attributes(nodes, ua.AttributeIds.Value)
    assert ours == {name: result.Value.Value for name, result in zip(names, theirs, strict=True)}


async def test_a_bad_status_has_no_value_although_the_server_sends_one(server, driver_for, node_tag):
    tags = (node_tag("value"),)
    async with driver_for(tags) as driver:
        server.tell(set=["value", 41, ua.StatusCodes.BadSensorFailure, 0])
        (reading,) = await driver.read(tags)
        assert (reading.value, reading.quality) == (None, Quality.BAD)
        server.tell(set=["value", 42, 0, 0])
        (reading,) = await driver.read(tags)
        assert (reading.value, reading.quality) == (42, Quality.GOOD)


async def test_an_uncertain_sample_is_stale_and_an_uncertain_count_is_bad(
    server, driver_for, node_tag, count_tag
):
    server.tell(set=["value", 43, ua.StatusCodes.UncertainLastUsableValue, 0])
    sample, count = (node_tag("value"),), (count_tag("value"),)
    async with driver_for(sample) as driver:
        (reading,) = await driver.read(sample)
        assert (reading.value, reading.quality) == (43, Quality.STALE)
        (reading,) = await driver.read(count)
        assert (reading.value, reading.quality) == (None, Quality.BAD)


@pytest.mark.parametrize(("age_s", "by_edge"), [(1, False), (3600, True), (-3600, True), (None, True)])
async def test_the_source_time_is_taken_if_it_is_credible(server, driver_for, node_tag, age_s, by_edge):
    tags = (node_tag("value"),)
    server.tell(set=["value", 5, 0, age_s])
    read_ms = wall_clock_ms()
    async with driver_for(tags, clock=lambda: read_ms) as driver:
        (reading,) = await driver.read(tags)
    assert reading.time_by_edge is by_edge
    assert (reading.time_ms == read_ms) is by_edge


async def test_counts_carry_the_edges_read_time(server, driver_for, count_tag):
    tags = (count_tag("value"),)
    server.tell(set=["value", 5, 0, 1])
    read_ms = wall_clock_ms()
    async with driver_for(tags, clock=lambda: read_ms) as driver:
        (reading,) = await driver.read(tags)
    assert (reading.value, reading.time_ms, reading.time_by_edge) == (5, read_ms, True)


async def test_a_port_where_nobody_listens_is_unavailable(opcua_device, opcua_profile, node_tag):
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        device = opcua_device(unused.getsockname()[1])
        with pytest.raises(DeviceUnavailable, match="ConnectionRefusedError"):
            async with OpcUaDriver(device, opcua_profile((node_tag("t1"),)), wall_clock_ms):
                pass
