"""A running edge, machines on sockets, a broker and a plant that keeps the contract: the file changes under it."""

import asyncio
import json
import time

import pytest

from edge import reconfiguration
from edge.configuration.accepted import AcceptedConfigurations
from edge.contract.datatypes import DataType
from edge.contract.payloads import Metric, encode
from edge.contract.topics import MessageType, edge_topic
from tests.edge.changeable_edge import (
    births,
    contacts,
    counted,
    counter,
    deaths,
    measured,
    stored,
    tags,
)
from tests.edge.delivery.scripted_plant import eventually

pytestmark = pytest.mark.system


async def test_only_devices_that_differ_are_stopped_and_the_others_are_polled_without_a_gap(
    edge, plant, machines
):
    steady, other = machines
    steady.works = True
    edge.write(edge.device("steady", steady), edge.device("other", other))
    plant.say_online()
    async with edge.running():
        await stored(plant, "parts", 2000)
        await eventually(lambda: births(plant, "steady") and births(plant, "other"))
        edge.profile("wider", counter(), measured("speed"))
        edge.write(edge.device("steady", steady), edge.device("other", other, "wider.yaml", period_s=0.1))
        line = await edge.changed()
        folder = edge.path.parent
        assert line["words"] == (
            f"other: profile {folder}/cell.yaml → {folder}/wider.yaml",
            "other: period_s 0.05 → 0.1",
            "other: tag added: speed (measurement)",
        )
        await stored(plant, "speed", 7)
        made = steady.parts
        await stored(plant, "parts", made + 3)
    assert (steady.connections, other.connections) == (1, 2)
    assert (len(plant.births()), len(births(plant, "steady"))) == (1, 1)
    assert tags(births(plant, "other")[-1]) >= {"parts", "speed"}
    assert contacts(edge, "steady") == [True]
    assert contacts(edge, "other") == [True, False, True]
    shown = counted(edge, "steady")
    assert shown == list(range(shown[0], shown[-1] + 1)), (
        "every poll found one more part, and none is missing"
    )


async def test_on_a_shared_line_the_others_keep_the_connection(edge, plant, machines):
    machine, _ = machines
    machine.works = True
    edge.write(edge.device("steady", machine), edge.device("other", machine))
    plant.say_online()
    async with edge.running():
        await eventually(lambda: births(plant, "steady") and births(plant, "other"))
        edge.write(edge.device("steady", machine), edge.device("other", machine, registers_per_read=2))
        await edge.changed()
        await eventually(lambda: len(births(plant, "other")) == 2)
        edge.write(edge.device("steady", machine))
        await edge.changed()
        await stored(plant, "parts", machine.parts + 3)
    assert machine.connections == 1
    assert contacts(edge, "steady") == [True]
    assert contacts(edge, "other") == [True, False, True, False]


async def test_a_device_is_added_and_another_removed_and_what_it_had_read_is_stored(edge, plant, machines):
    first, second = machines
    first.works = True
    edge.write(edge.device("first", first))
    plant.say_online()
    async with edge.running():
        await stored(plant, "parts", 1010)
        plant.is_silent = True  # What is read from now on waits in the spool.
        last = first.parts + 3
        await eventually(lambda: first.parts > last)
        edge.write(edge.device("second", second))
        line = await edge.changed()
        assert line["words"][0].startswith("device removed: first (")
        assert line["words"][1].startswith("device added: second (")
        polled = first.parts
        plant.is_silent = False
        await stored(plant, "parts", 2000)
        await eventually(lambda: deaths(plant, "first") and births(plant, "second"))
        await eventually(lambda: plant.committed[max(plant.committed)] == edge.entries()[-1].last)
    assert first.parts == polled, "nobody asks it any more"
    assert contacts(edge, "first") == [True, False]
    shown = counted(edge, "first")
    assert shown == list(range(shown[0], shown[-1] + 1))
    told = [value for value in plant.values("parts") if value < 2000]
    assert sorted(set(told)) == shown, "all of it reached the plant"


async def test_a_removed_tag_is_still_delivered_from_the_spool(edge, plant, machines):
    machine, _ = machines
    edge.profile("cell", counter(), measured("speed"))
    edge.write(edge.device("press", machine))
    async with edge.running():  # The plant is not there yet: all that is read waits.
        await eventually(lambda: edge.said("edge_started") and 1000 in counted(edge, "press"))
        edge.profile("cell", counter())
        line = await edge.changed()
        assert line["words"] == ("press: tag removed: speed",)
        plant.say_online()
        await stored(plant, "speed", 7)
    assert plant.values("speed") == [7]


async def test_a_changed_file_or_profile_is_taken_by_itself_and_a_touched_one_is_not(edge, plant, machines):
    machine, _ = machines
    edge.profile("cell", counter(), measured("speed"))
    edge.write(edge.device("press", machine))
    plant.say_online()
    async with edge.running(watch=True):
        await stored(plant, "speed", 7)
        edge.path.touch()
        edge.profile("cell", counter(), measured("speed", 5))  # The profile alone.
        await stored(plant, "speed", 9)
        edge.write(edge.device("press", machine, period_s=0.2))
        await eventually(lambda: len(edge.said("configuration_changed")) == 2)
        await eventually(lambda: len(AcceptedConfigurations(edge.spool).all()) == 3)
        accepted = AcceptedConfigurations(edge.spool).all()
        assert json.loads(accepted[0].texts.file)["devices"][0]["period_s"] == 0.2
        assert json.loads(accepted[2].texts.profiles["cell.yaml"])["tags"][1]["register"] == 4
    assert machine.connections == 3


async def test_an_edge_that_is_told_not_to_watch_waits_to_be_asked(edge, plant, machines):
    machine, other = machines
    edge.write(edge.device("press", machine))
    plant.say_online()
    async with edge.running(watch=False):
        await stored(plant, "parts", 1000)
        edge.write(edge.device("press", other))
        await asyncio.sleep(20 * reconfiguration.LOOK_EVERY_S)
        assert other.connections == 0
        await edge.changed()
        await stored(plant, "parts", 2000)


async def test_a_host_commands_the_devices_of_now(edge, plant, machines):
    machine, other = machines
    edge.profile("cell", counter(), measured("speed"))
    edge.write(edge.device("press", machine))
    plant.say_online()

    def command(device: str) -> None:
        metric = Metric(5, DataType.UINT16, "speed")
        body = encode([metric], timestamp_ms=time.time_ns() // 1_000_000, seq=None)
        plant._client.publish(str(edge_topic("demo", MessageType.DCMD, plant.edge, device)), body, qos=0)

    async with edge.running():
        await stored(plant, "speed", 7)
        edge.write(edge.device("press", machine), edge.device("new", other, writable=["speed"]))
        await edge.changed()
        await stored(plant, "parts", 2000)
        command("new")
        await eventually(
            lambda: edge.said("command_failed")
        )  # It was allowed; this machine can only be read.
        command("press")
        await eventually(lambda: edge.said("command_refused"))
        (failed,), (refused,) = edge.said("command_failed"), edge.said("command_refused")
        assert (failed["device"], refused["device"]) == ("new", "press")
