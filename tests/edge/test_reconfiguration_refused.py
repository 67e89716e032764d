"""What a running edge does not take, and what a start on a broken file does. Real machines, broker and spool."""

import asyncio

import httpx
import pytest

from edge.configuration.accepted import AcceptedConfigurations
from edge.configuration.state import Outcome, read_state
from edge.delivery.spool_writer import SpoolWriter
from edge.errors import ConfigError, SpoolUnavailable
from edge.settings import load_settings
from plant_server.embedded.free_port import free_port
from tests.edge.changeable_edge import (
    OTHER_PARTS,
    contacts,
    counter,
    measured,
    stored,
)
from tests.edge.delivery.scripted_plant import eventually

pytestmark = pytest.mark.system


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
