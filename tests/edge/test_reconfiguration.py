"""A running edge, machines on sockets, a broker and a plant that keeps the contract: the file changes under it."""

import asyncio
import json
import time
from contextlib import AsyncExitStack

import httpx
import pytest

from edge import reconfiguration
from edge.configuration.accepted import AcceptedConfigurations
from edge.configuration.state import Outcome, read_state
from edge.contract.datatypes import DataType
from edge.contract.payloads import Metric, encode
from edge.contract.spool_metrics import REDEFINED
from edge.contract.topics import MessageType, edge_topic
from edge.delivery.spool_writer import SpoolWriter
from edge.errors import ConfigError, SpoolUnavailable
from edge.settings import load_settings
from plant_server.embedded.free_port import free_port
from tests.edge.changeable_edge import OTHER_PARTS, Changeable, Machine, changeable, counter, measured
from tests.edge.delivery.conftest import Place
from tests.edge.delivery.scripted_plant import ScriptedPlant, Told, eventually

pytestmark = pytest.mark.system


@pytest.fixture(autouse=True)
def _often(monkeypatch):
    monkeypatch.setattr(reconfiguration, "LOOK_EVERY_S", 0.05)


@pytest.fixture
async def machines():
    async with AsyncExitStack() as stack:
        opened = [Machine(), Machine(2000)]
        for machine in opened:
            await machine.open()
            stack.push_async_callback(machine.close)
        yield opened


@pytest.fixture
def edge(place: Place, tmp_path) -> Changeable:
    return changeable(tmp_path, place.broker, place.edge, place.host)


def births(plant: ScriptedPlant, device: str) -> list[Told]:
    return [told for told in plant.of(MessageType.DBIRTH) if told.device == device]


def deaths(plant: ScriptedPlant, device: str) -> list[Told]:
    return [told for told in plant.of(MessageType.DDEATH) if told.device == device]


def tags(birth: Told) -> set[str]:
    return {metric.name or "" for metric in birth.payload.metrics if "/" not in (metric.name or "")}


async def stored(plant: ScriptedPlant, tag: str, value: object) -> None:
    await eventually(lambda: value in plant.values(tag), f"{tag} = {value}")


def contacts(edge: Changeable, device: str) -> list[bool]:
    return [told for told in edge.told(device) if isinstance(told, bool)]


def counted(edge: Changeable, device: str) -> list[int]:
    return [int(told) for told in edge.told(device) if told not in (True, False, REDEFINED)]


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


async def test_a_file_with_mistakes_is_refused_with_all_of_them_and_the_edge_goes_on(edge, plant, machines):
    machine, other = machines
    machine.works = True
    edge.write(edge.device("press", machine))
    plant.say_online()
    async with edge.running():
        await stored(plant, "parts", 1005)
        edge.profile("broken", counter(width=None), measured("speed", register=70000))
        edge.write(edge.device("press", machine), edge.device("new", other, "broken.yaml", unit_id=300))
        line = await edge.changed("configuration_refused")
        with pytest.raises(ConfigError) as checked:
            load_settings(edge.path)
        assert line["words"] == tuple(str(mistake) for mistake in checked.value.mistakes)
        assert len(line["words"]) >= 3
        await stored(plant, "parts", machine.parts + 3)
        folder = AcceptedConfigurations(edge.spool).folder
        await eventually(lambda: read_state(folder).outcome is Outcome.REFUSED)
        edge.write(edge.device("press", machine), edge.device("new", other))
        await edge.changed()
        await stored(plant, "parts", 2000)
        await eventually(lambda: read_state(folder).outcome is Outcome.CHANGED)
    assert machine.connections == 1


@pytest.mark.parametrize(
    ("blocks", "words"),
    [
        ({"edge": {"name": "other", "group": "demo"}}, "edge.name "),
        ({"spool": {"path": "other.db"}}, "spool.path "),
        ({"timing": {"heartbeat_s": 3}}, "timing."),
    ],
)
async def test_what_only_a_restart_can_change_is_refused_whole(edge, plant, machines, blocks, words):
    machine, other = machines
    edge.write(edge.device("press", machine))
    plant.say_online()
    async with edge.running():
        await stored(plant, "parts", 1000)
        edge.write(edge.device("press", machine, period_s=1), edge.device("new", other), **blocks)
        line = await edge.changed("configuration_refused")
        assert line["why"] == Outcome.NEEDS_RESTART
        assert any(said.startswith(words) for said in line["words"])
    assert (machine.connections, other.connections) == (1, 0)
    assert not edge.spool.with_name("other.db").exists()
    async with edge.running():
        await eventually(lambda: other.connections)


@pytest.mark.parametrize(
    "change",
    [
        {"rate_max": 900.0},
        {"width": 31},
        {"unit": "cycles", "counts": "cycles"},
    ],
)
async def test_a_counter_that_is_only_called_otherwise_goes_on(edge, plant, machines, change):
    machine, _ = machines
    machine.works = True
    edge.write(edge.device("press", machine))
    plant.say_online()
    async with edge.running():
        await stored(plant, "parts", 1005)
        edge.profile("cell", counter(**change))
        await edge.changed()
        await stored(plant, "parts", machine.parts + 3)
    assert REDEFINED not in edge.told("press")
    name, value = next(iter(change.items()))
    (metric,) = [m for m in births(plant, "press")[-1].payload.metrics if m.name == "parts"]
    assert metric.properties[name] == value


@pytest.mark.parametrize("change", [{"register": OTHER_PARTS}, {"scale": 10}])
async def test_a_counter_of_which_the_number_changes_begins_anew(edge, plant, machines, change):
    machine, _ = machines
    edge.write(edge.device("press", machine))
    plant.say_online()
    shown = 1040 if "register" in change else 10_000
    async with edge.running():
        await stored(plant, "parts", 1000)
        edge.profile("cell", counter(**change))
        line = await edge.changed()
        assert line["words"][-1] == "press: counts anew from its next reading: parts"
        await stored(plant, "parts", shown)
    told = edge.told("press")
    assert told == [True, "1000", False, REDEFINED, True, REDEFINED, str(shown)]
    rows = [row for told in plant.stored if told.gap for row in told.gap.tags]
    assert {(row.device, row.tag) for row in rows} == {("press", "parts")}
    (last,) = [t for t in plant.stored if any(m.value == shown for m in t.readings if m.name == "parts")]
    (reading,) = [m for m in last.readings if m.name == "parts"]
    assert rows[0].from_ms <= rows[1].from_ms <= reading.timestamp_ms <= rows[1].to_ms


async def test_a_counter_that_changed_while_the_edge_was_off_begins_anew(edge, plant, machines):
    machine, _ = machines
    edge.write(edge.device("press", machine))
    plant.say_online()
    async with edge.running():
        await stored(plant, "parts", 1000)
    edge.profile("cell", counter(OTHER_PARTS))
    async with edge.running():
        await stored(plant, "parts", 1040)
    assert edge.told("press").count(REDEFINED) == 2
    async with edge.running():
        await eventually(lambda: machine.connections == 3)
        await eventually(lambda: contacts(edge, "press")[-1] and len(contacts(edge, "press")) == 5)
    assert edge.told("press").count(REDEFINED) == 2, "it is said once"


async def test_a_device_that_comes_back_with_another_counter_begins_anew(edge, plant, machines):
    machine, other = machines
    edge.write(edge.device("press", machine), edge.device("other", other))
    plant.say_online()
    async with edge.running():
        await stored(plant, "parts", 1000)
        edge.write(edge.device("other", other))
        await edge.changed()
        edge.profile("own", counter(OTHER_PARTS))
        edge.write(edge.device("press", machine, "own.yaml"), edge.device("other", other))
        line = await edge.changed()
        assert line["words"][-1] == "press: counts anew from its next reading: parts"
        await stored(plant, "parts", 1040)
    assert edge.told("press") == [True, "1000", False, REDEFINED, True, REDEFINED, "1040"]


async def test_a_machine_at_another_address_goes_on_counting(edge, plant, machines):
    machine, other = machines
    other.show(1003)
    edge.write(edge.device("press", machine))
    plant.say_online()
    async with edge.running():
        await stored(plant, "parts", 1000)
        edge.write(edge.device("press", other))
        await edge.changed()
        await stored(plant, "parts", 1003)
    assert edge.told("press") == [True, "1000", False, True, "1003"]


async def test_after_a_restart_a_broken_file_gives_way_to_the_last_accepted_one_and_it_is_said(
    edge, plant, machines
):
    machine, other = machines
    edge.write(edge.device("press", machine))
    plant.say_online()
    async with edge.running():
        await stored(plant, "parts", 1000)
        edge.profile("own", counter(OTHER_PARTS))
        edge.write(edge.device("press", machine, "own.yaml"))
        await edge.changed()
        await stored(plant, "parts", 1040)
    edge.path.write_text(edge.path.read_text()[:-40])  # Half a file.
    edge.profile("own", {"name": "parts"})  # Its profile is broken too; the one that was accepted is kept.
    machine.show(1007)
    async with edge.running(watch=True):
        await stored(plant, "parts", 1047)
        (line,) = edge.said("configuration_refused")
        assert line["running_on"]
        assert any("lineside.yaml" in word for word in line["words"])
        edge.profile("own", counter())
        edge.write(edge.device("press", machine, "own.yaml"), edge.device("new", other))
        await stored(plant, "parts", 2000)  # Mended, it is taken by itself.
        assert len(edge.said("configuration_refused")) == 1, "said once"


async def test_without_anything_accepted_a_broken_file_does_not_start(edge):
    edge.path.write_text("edge: {name: e/1}")
    with pytest.raises(ConfigError):
        async with edge.running():
            pass


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


async def test_a_spool_without_room_for_new_tags_keeps_the_old_configuration_until_there_is_some(
    edge, plant, machines, monkeypatch
):
    machine, other = machines
    edge.write(edge.device("press", machine))
    plant.say_online()
    register, refusals = SpoolWriter.register, iter(range(3))

    async def full(writer, definitions):
        if next(refusals, None) is not None:
            raise SpoolUnavailable("the disk is full")
        await register(writer, definitions)

    async with edge.running():
        await stored(plant, "parts", 1000)
        monkeypatch.setattr(SpoolWriter, "register", full)
        edge.write(edge.device("new", other))
        line = await edge.changed("configuration_refused")
        assert (line["why"], line["words"]) == (Outcome.NO_ROOM, ("the disk is full",))
        await stored(plant, "parts", 2000)  # Nobody has asked again.
        assert len(edge.said("configuration_refused")) == 1
    assert machine.connections == 1
    assert contacts(edge, "press") == [True, False]


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


async def test_health_says_which_configuration_runs_and_why_the_file_is_not_taken(edge, plant, machines):
    machine, _ = machines
    port = free_port(0)
    metrics = {"host": "127.0.0.1", "port": port}
    edge.write(edge.device("press", machine), metrics=metrics)
    plant.say_online()

    async def until(**wanted: object) -> None:
        async def seen() -> dict[str, object]:
            async with httpx.AsyncClient() as client:
                told = (await client.get(f"http://127.0.0.1:{port}/healthz")).json()
            return {name: told[name] for name in wanted}

        async with asyncio.timeout(30):
            while await seen() != wanted:  # noqa: ASYNC110 - a page is no event
                await asyncio.sleep(0.05)

    async with edge.running():
        await stored(plant, "parts", 1000)
        await until(configuration="running", configuration_changes=0, status="ok")
        edge.write(edge.device("press", machine, wrong=1), metrics=metrics)
        await edge.changed("configuration_refused")
        await until(configuration="refused", status="degraded")
        edge.write(edge.device("press", machine, period_s=0.1), metrics=metrics)
        await edge.changed()
        await until(configuration="changed", configuration_changes=1, status="ok")
