"""What is on its way to the plant is on the disk already, on `flash` as on `disk`."""

import asyncio
from contextlib import closing

import pytest

from edge.delivery.spool import Spool, SpoolLimits
from edge.run import COMMIT_EVERY_S
from tests.edge.delivery.conftest import Place
from tests.edge.delivery.running_edge import running_edge, settings_for
from tests.edge.delivery.scripted_plant import ScriptedPlant, Told, eventually

LIMITS = {"disk": SpoolLimits(), "flash": SpoolLimits(storage="flash")}


@pytest.mark.parametrize("storage", ["disk", "flash"])
async def test_whatever_the_plant_is_told_another_process_finds_in_the_file(
    place: Place, plant: ScriptedPlant, storage: str
) -> None:
    told_and_kept: list[tuple[int, int]] = []

    def looks(told: Told) -> bool:
        with closing(Spool(place.spool, SpoolLimits(), read_only=True)) as looking:
            told_and_kept.append((told.last or 0, looking.head))
        return True

    plant.stores = looks
    settings = settings_for(place.broker, place.edge, place.host, place.spool)
    plant.say_online()
    every_s = COMMIT_EVERY_S[storage]
    async with running_edge(settings, "press", limits=LIMITS[storage], commit_every_s=every_s) as edge:
        await eventually(lambda: len(plant.births()) == 1)
        for number in range(1, 121):
            await edge.count("press", range(number, number + 1))
            await asyncio.sleep(0.005)  # Readings come one after the other.
        await eventually(lambda: plant.values("count") == list(range(1, 121)))
    assert len(told_and_kept) >= 2
    assert all(last <= kept for last, kept in told_and_kept)
