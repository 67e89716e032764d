"""A machine that stays in fault calls maintenance by itself, once a fault, and takes it back when the fault is over."""

from datetime import UTC, datetime, timedelta

import pytest

from plant_server.andon.faults import call_for_faults
from tests.plant_server.andon.line import OVEN, PRESS, Line
from tests.plant_server.materials.hands import Hands

HELP = {"path": PRESS, "type": "maintenance"}


def ago(seconds: float) -> datetime:
    return datetime.now(UTC) - timedelta(seconds=seconds)


async def told(line: Line) -> list[tuple[str, str, str, bool]]:
    return [(one["path"], one["raised_by"], one["state"], one["is_late"]) for one in await line.calls()]


async def test_a_fault_of_a_minute_calls_maintenance_once(line: Line) -> None:
    begun = ago(90)
    await line.says(PRESS, "fault", begun)
    await line.says(OVEN, "fault", ago(30))
    for _ in range(3):
        await call_for_faults(line.connection)
    (call,) = await line.calls()
    assert (call["path"], call["type"], call["raised_by"], call["raised_time"]) == (
        PRESS,
        "maintenance",
        "keeper",
        begun,
    )
    assert call["is_late"] is False
    await call_for_faults(line.connection, datetime.now(UTC) + timedelta(seconds=40))
    assert [one["path"] for one in await line.calls()] == [PRESS, OVEN]


async def test_it_is_taken_back_when_the_machine_goes_on_unless_somebody_comes(
    line: Line, mechanic: Hands
) -> None:
    for path in (PRESS, OVEN):
        await line.says(path, "fault", ago(90))
    await call_for_faults(line.connection)
    press = next(one for one in await line.calls() if one["path"] == PRESS)
    await mechanic.do(f"/andon-calls/{press['call_id']}/acknowledge", {"eta_min": 5})
    for path in (PRESS, OVEN):
        await line.says(path, "producing", ago(10))
    for _ in range(2):
        await call_for_faults(line.connection)
    assert sorted(await told(line)) == [
        (OVEN, "keeper", "withdrawn", False),
        (PRESS, "keeper", "acknowledged", False),
    ]
    await line.says(OVEN, "fault", ago(5))
    await call_for_faults(line.connection, datetime.now(UTC) + timedelta(seconds=60))
    assert [state for path, _, state, _ in await told(line) if path == OVEN] == ["withdrawn", "open"]


async def test_where_a_person_has_called_the_machine_stays_silent_also_when_that_call_ended(
    line: Line, operator: Hands
) -> None:
    await line.says(PRESS, "fault", ago(90))
    call = (await operator.do("/andon-calls", HELP))["call"]
    await call_for_faults(line.connection)
    await operator.do(f"/andon-calls/{call['call_id']}/resolve")
    await call_for_faults(line.connection)
    assert len(await line.calls()) == 1
    assert len(await line.rows("SELECT FROM plant.event WHERE kind = 'andon.raise'")) == 1


async def test_a_fault_the_plant_hears_of_late_is_listed_and_stands_in_the_way_of_no_later_one(
    line: Line,
) -> None:
    await line.says(PRESS, "fault", ago(3000))
    await call_for_faults(line.connection)
    assert await told(line) == [(PRESS, "keeper", "open", True)]
    await line.says(PRESS, "producing", ago(200))
    await line.says(PRESS, "fault", ago(100))
    await call_for_faults(line.connection)
    assert await told(line) == [(PRESS, "keeper", "open", True), (PRESS, "keeper", "open", False)]


@pytest.mark.parametrize("age", [timedelta(days=1, minutes=1), timedelta(seconds=20)])
async def test_neither_what_is_over_for_a_day_nor_what_lasts_no_minute_calls(
    line: Line, age: timedelta
) -> None:
    await line.says(PRESS, "fault", datetime.now(UTC) - age)
    await call_for_faults(line.connection)
    assert await line.calls() == []


async def test_a_site_may_say_that_machines_do_not_call(line: Line, lead: Hands) -> None:
    await lead.do("/andon-settings", {"levels": [], "fault_after_s": None})
    await line.says(PRESS, "fault", ago(120))
    await call_for_faults(line.connection)
    assert await line.calls() == []
