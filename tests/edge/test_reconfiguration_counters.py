"""Which counters begin anew by a changed configuration, and what is told of it. Real machines, broker and spool."""

import pytest

from edge.configuration.accepted import AcceptedConfigurations
from edge.contract.spool_metrics import REDEFINED
from tests.edge.changeable_edge import OTHER_PARTS, births, contacts, counter, stored
from tests.edge.delivery.scripted_plant import eventually

pytestmark = pytest.mark.system


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


async def test_what_could_not_be_kept_as_accepted_is_said_again_at_the_next_start(
    edge, plant, machines, monkeypatch
):
    """As after a kill in between: rather once too often than a step that nobody made."""
    machine, _ = machines
    edge.write(edge.device("press", machine))
    plant.say_online()

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    async with edge.running():
        await stored(plant, "parts", 1000)
        await eventually(lambda: AcceptedConfigurations(edge.spool).newest())
        edge.profile("cell", counter(OTHER_PARTS))
        with monkeypatch.context() as patched:
            patched.setattr(AcceptedConfigurations, "keep", full)
            await edge.changed()
            await stored(plant, "parts", 1040)
            await eventually(lambda: edge.said("configuration_not_kept"))
    assert edge.told("press").count(REDEFINED) == 2
    async with edge.running():
        await eventually(lambda: edge.told("press")[-3:] == [True, REDEFINED, "1040"])
        await eventually(lambda: len(AcceptedConfigurations(edge.spool).all()) == 2)
    assert edge.told("press").count(REDEFINED) == 4


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
