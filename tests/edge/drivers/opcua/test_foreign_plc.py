"""The driver and an OPC UA server that is not ours: every value at its own tag, whatever the limits and the security."""

import pytest

from edge.acquisition.device_settings import Security
from edge.acquisition.timestamps import wall_clock_ms
from edge.contract.datatypes import DataType, Quality
from edge.drivers.opcua import OpcUaDriver
from tests.edge.drivers.opcua.plc import plc

pytestmark = pytest.mark.system

NODES = 2500


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    with plc(tmp_path_factory.mktemp("plc"), nodes=NODES) as machine:
        yield machine


@pytest.fixture
def read(plc_device, opcua_profile):
    async def once(machine, tags, **more):
        device = plc_device(machine, **more)
        async with OpcUaDriver(device, opcua_profile(tags), wall_clock_ms) as driver:
            return {reading.tag.name: reading for reading in await driver.read(tags)}

    return once


def values(readings):
    return {name: reading.value for name, reading in readings.items()}


@pytest.fixture(scope="module")
def password(tmp_path_factory):
    file = tmp_path_factory.mktemp("password") / "password"
    file.write_text("secret\n")
    return file


@pytest.mark.parametrize("per_read", [1000, 100, 0], ids=["at most 1000", "at most 100", "no limit stated"])
@pytest.mark.parametrize("secure", [False, True], ids=["open", "encrypted"])
async def test_each_of_2500_nodes_shows_its_own_value(per_read, secure, tmp_path, read, plc_tag, password):
    tags = tuple(plc_tag(f"t{number}") for number in range(NODES))
    with plc(tmp_path, nodes=NODES, perRead=per_read, secure=secure) as machine:
        more = {}
        if secure:
            trusted = tmp_path / "plc.pem"
            trusted.write_bytes(machine.certificate)
            more["security"] = Security(trust=trusted, user="lineside", password_file=password)
        readings = await read(machine, tags, **more)
    assert values(readings) == {f"t{number}": number for number in range(NODES)}


async def test_an_enumeration_is_told_as_its_number_or_as_its_text(server, read, plc_tag):
    tags = (
        plc_tag("number", node="stop_reason"),
        plc_tag("text", DataType.STRING, node="stop_reason"),
        plc_tag("mode", DataType.STRING),
        plc_tag("order", DataType.STRING),
    )
    server.set(("stop_reason", 2))
    assert values(await read(server, tags)) == {
        "number": 2,
        "text": "换模",
        "mode": "automatic",
        "order": "A-17",
    }
    server.set(("stop_reason", 17))  # The machine's maker forgot to say what it means.
    assert values(await read(server, tags))["text"] == "17"
    server.set(("stop_reason", 1))


async def test_elements_of_an_array_are_tags(server, read, plc_tag):
    tags = (
        plc_tag("first", DataType.FLOAT, node="zones", at=(0,)),
        plc_tag("third", DataType.FLOAT, node="zones", at=(2,)),
        plc_tag("fourth", DataType.FLOAT, node="zones", at=(3,)),
        plc_tag("whole", DataType.FLOAT, node="zones"),
        plc_tag("t1"),
    )
    readings = await read(server, tags)
    assert values(readings) == {"first": 180.5, "third": 200.0, "fourth": None, "whole": None, "t1": 1}
    assert readings["fourth"].quality is Quality.BAD
    assert readings["whole"].why == "no value"


async def test_counters_inside_the_structures_of_packml_are_tags(server, read, plc_count, plc_tag):
    node = "filler-Admin-ProdProcessedCount"
    tags = (
        plc_count("bottles", node=node, at=(0, "Count")),
        plc_count("bottles_ever", node=node, at=(0, "AccCount")),
        plc_count("crates_ever", node=node, at=(1, "AccCount")),
        plc_tag("name", DataType.STRING, node=node, at=(1, "Name")),
        plc_tag("unit", DataType.STRING, node=node, at=(0, "Unit", "DisplayName")),
        plc_count("no_such_member", node=node, at=(0, "Sum")),
        plc_count("no_such_row", node=node, at=(7, "Count")),
    )
    assert values(await read(server, tags)) == {
        "bottles": 41,
        "bottles_ever": 100_041,
        "crates_ever": 77,
        "name": "crates",
        "unit": "pcs",
        "no_such_member": None,
        "no_such_row": None,
    }
    server.set(("processed", [{"id": 1, "name": "bottles", "count": 42, "accCount": 100_042}]))
    assert values(await read(server, tags)) == {
        "bottles": 42,
        "bottles_ever": 100_042,
        "crates_ever": None,
        "name": None,
        "unit": None,
        "no_such_member": None,
        "no_such_row": None,
    }


async def test_half_of_the_nodes_lost_spoil_no_other_and_come_back_within_the_connection(
    server, plc_device, opcua_profile, plc_tag
):
    tags = tuple(plc_tag(f"t{number}") for number in range(200))
    async with OpcUaDriver(plc_device(server), opcua_profile(tags), wall_clock_ms) as driver:
        server.tell(lose=[100, 199])
        readings = await driver.read(tags)
        assert [reading.value for reading in readings] == [*range(100), *[None] * 100]
        assert {reading.why for reading in readings[100:]} == {"BadNodeIdUnknown"}
        server.tell(restore=True)
        assert [reading.value for reading in await driver.read(tags)] == [*range(200)]


async def test_a_plc_whose_clock_stands_at_2000_gives_no_times(server, read, plc_tag):
    server.set(("temperature", 70.5), source="2000-01-01")
    before_ms = wall_clock_ms()
    reading = (await read(server, (plc_tag("temperature", DataType.DOUBLE),)))["temperature"]
    assert (reading.value, reading.quality, reading.time_by_edge) == (70.5, Quality.GOOD, True)
    assert before_ms <= reading.time_ms <= wall_clock_ms()
    server.set(("temperature", 61.25))


async def test_a_late_answer_is_waited_for_and_belongs_to_its_own_request(
    server, plc_device, opcua_profile, plc_tag
):
    tags, others = (plc_tag("t1"), plc_tag("t2")), (plc_tag("t3"),)
    async with OpcUaDriver(plc_device(server), opcua_profile(tags), wall_clock_ms) as driver:
        server.tell(late=300)
        assert [reading.value for reading in await driver.read(tags)] == [1, 2]
        server.tell(late=0)
        assert [reading.value for reading in await driver.read(others)] == [3]
