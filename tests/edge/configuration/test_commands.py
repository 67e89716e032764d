"""`lineside edge config …` as a person sees it, beside an edge that runs and after one that ended."""

import asyncio
import os

import pytest

from edge import reconfiguration
from tests.edge.changeable_edge import Changeable, Machine, changeable, counter, measured
from tests.edge.command_line import Ran, lineside_edge
from tests.edge.delivery.conftest import Place
from tests.edge.delivery.scripted_plant import eventually

pytestmark = pytest.mark.system


@pytest.fixture(autouse=True)
def _environment(monkeypatch):
    for name in [name for name in os.environ if name.startswith("LINESIDE_")]:
        monkeypatch.delenv(name)
    monkeypatch.setattr(reconfiguration, "LOOK_EVERY_S", 0.05)


@pytest.fixture
async def machine():
    machine = Machine()
    await machine.open()
    yield machine
    await machine.close()


@pytest.fixture
def edge(place: Place, tmp_path) -> Changeable:
    return changeable(tmp_path, place.broker, place.edge, None)


def command(edge: Changeable, *words: str) -> Ran:
    return lineside_edge("config", *words, "--config", str(edge.path))


async def beside(edge: Changeable, *words: str) -> Ran:
    """While the edge runs in this loop."""
    return await asyncio.to_thread(command, edge, *words)


async def test_a_change_is_shown_taken_listed_and_taken_back(edge, machine):
    edge.write(edge.device("press", machine))
    first = edge.path.read_text()
    async with edge.running():
        await eventually(lambda: edge.said("device_online"))
        await eventually(lambda: (edge.path.with_name("spool.db.accepted")).exists())
        edge.profile("cell", counter(), measured("speed"))
        edge.write(edge.device("press", machine, period_s=0.1))

        shown = await beside(edge, "diff")
        assert shown.exit_code == 0, shown.stderr
        lines = shown.stdout.splitlines()
        assert lines[0].startswith("changed since 20")
        assert lines[1:] == ["  press: period_s 0.05 → 0.1", "  press: tag added: speed (measurement)"]
        assert machine.connections == 1, "nothing was applied"

        taken = await beside(edge, "reload")
        assert taken.exit_code == 0, taken.stderr
        assert taken.stdout.splitlines() == ["taken:", *lines[1:]]
        assert (await beside(edge, "diff")).stdout.startswith("nothing that acts changed since 20")
        assert (await beside(edge, "reload")).stdout == "nothing changed\n"

        listed = (await beside(edge, "history")).stdout.splitlines()
        assert [line[:3] for line in listed if not line.startswith("   " * 2)] == ["  1", "  2"]
        assert "       press: tag added: speed (measurement)" in listed

        assert (await beside(edge, "restore", "2", "--yes")).exit_code == 0
        assert edge.path.read_text() == first
        assert "speed" in edge.path.with_name("cell.yaml.before-restore").read_text()
        back = await beside(edge, "reload")
        assert "  press: tag removed: speed" in back.stdout.splitlines()
    assert machine.connections == 3


async def test_a_refused_file_is_told_by_whoever_asked(edge, machine):
    edge.write(edge.device("press", machine))
    async with edge.running():
        await eventually(lambda: edge.said("device_online"))
        await eventually(lambda: (edge.path.with_name("spool.db.accepted")).exists())
        edge.write(edge.device("press", machine, unit_id=400), edge.device("press", machine))
        told = await beside(edge, "reload")
        assert told.exit_code == 1
        refused, *mistakes = told.stderr.splitlines()
        assert refused == "refused, the edge goes on with what it had:"
        checked = await asyncio.to_thread(lineside_edge, "check", "--offline", "--config", str(edge.path))
        assert [line.strip() for line in mistakes] == checked.stderr.splitlines()
        assert (await beside(edge, "diff")).stderr == checked.stderr

        edge.write(edge.device("press", machine), spool={"path": "other.db"})
        assert "(needs a restart)" in (await beside(edge, "diff")).stdout
        told = await beside(edge, "reload")
        assert (told.exit_code, told.stderr.splitlines()[0]) == (
            1,
            "needs a restart of the edge, nothing of it was taken:",
        )


def test_before_any_edge_ran_there_is_nothing_to_show(edge):
    edge.write()
    assert "no edge has run on it yet" in command(edge, "history").stdout
    assert command(edge, "diff").exit_code == 1
    assert command(edge, "restore", "1").exit_code == 1
    asked = command(edge, "reload")
    assert (asked.exit_code, "no edge runs on it" in asked.stderr) == (1, True)


@pytest.mark.parametrize("name", ["diff", "history", "restore", "reload"])
def test_help_gives_an_example(name):
    told = lineside_edge("config", name, "--help")
    assert told.exit_code == 0
    assert f"lineside edge config {name}" in " ".join(told.stdout.split())
