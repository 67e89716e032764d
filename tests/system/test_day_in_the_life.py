"""A day in the life: a change is released, an order comes, two people make it at a terminal, and it stands in the ERP to
the last decimal. Everything is real: the processes, the database, the broker, the bridge, and Chromium at the press."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from tests.system.day import evening, morning, shift
from tests.system.day.day import Day, day_at
from tests.system.day.factory import Factory, living_factory

pytestmark = [pytest.mark.system, pytest.mark.timeout(400)]


@pytest.fixture
def factory(tmp_path: Path) -> Iterator[Factory]:
    with living_factory(tmp_path / "plant") as factory:
        yield factory


@pytest.fixture(params=["en", "zh-CN"])
async def day(request: pytest.FixtureRequest, factory: Factory, tmp_path: Path) -> AsyncIterator[Day]:
    async with day_at(factory, request.param, tmp_path) as day:
        yield day


async def test_a_day_in_the_life(day: Day) -> None:
    await morning.orders_of_the_old_revision_wait(day)
    await morning.the_change_stops_them(day)
    await morning.the_order_of_the_day_arrives(day)
    await morning.material_arrives(day)
    await morning.the_operator_starts(day)
    await morning.an_old_lot_needs_a_waiver_of_a_second_person(day)
    await shift.production_is_reported(day)
    await shift.a_stop_gets_its_reason(day)
    await shift.the_shift_changes(day)
    await shift.the_order_is_completed(day)
    await evening.all_is_told(day)
    await evening.the_books_hold_what_was_made(day)
    await evening.the_books_hold_time_and_energy(day)
    await evening.everything_stands_there_once(day)
