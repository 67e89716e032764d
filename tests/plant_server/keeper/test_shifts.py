"""Shifts laid out by the wall clock of the site, and what a changed pattern leaves alone."""

from datetime import UTC, date, datetime, timedelta
from itertools import pairwise

import pytest
from psycopg import AsyncConnection

from plant_server.keeper.shifts import DAYS_AHEAD, lay_out_shifts
from tests.plant_server.facts import add_device

SHANGHAI = "Asia/Shanghai"
THREE = [("early", "06:00", "14:00"), ("late", "14:00", "22:00"), ("night", "22:00", "06:00")]


async def state_patterns(connection: AsyncConnection, patterns: list[tuple[str, str, str]]) -> None:
    await connection.execute("DELETE FROM plant.shift_pattern")
    for code, start, end in patterns:
        await connection.execute(
            "INSERT INTO plant.shift_pattern (code, name_en, name_zh, start_time, end_time) VALUES (%s, %s, %s, %s, %s)",
            (code, code, code, start, end),
        )


async def works_since(connection: AsyncConnection, moment: datetime) -> None:
    device = await add_device(connection)
    await connection.execute(
        "INSERT INTO plant.machine_state_interval (device_id, state, from_ts) VALUES (%s, 'producing', %s)",
        (device, moment),
    )


async def shifts(connection: AsyncConnection) -> list[tuple[str, date, datetime, datetime]]:
    cursor = await connection.execute(
        "SELECT code, business_date, from_ts, to_ts FROM plant.shift ORDER BY from_ts"
    )
    return [
        (code, day, begin.astimezone(UTC), end.astimezone(UTC))
        for code, day, begin, end in await cursor.fetchall()
    ]


async def test_shifts_follow_one_another_from_the_first_fact_to_a_week_ahead(
    connection: AsyncConnection,
) -> None:
    first = datetime.now(UTC) - timedelta(days=3)
    await works_since(connection, first)
    await state_patterns(connection, THREE)
    assert await lay_out_shifts(connection, SHANGHAI) is False
    told = await shifts(connection)
    assert all(one[3] == after[2] for one, after in pairwise(told)), "no hole between them"
    assert told[0][2] <= first
    assert told[-1][1] - datetime.now(UTC).date() >= timedelta(days=DAYS_AHEAD - 1)
    _, day, begin, end = next(one for one in told if one[0] == "night")
    assert (begin.hour, end - begin) == (14, timedelta(hours=8))  # 22:00 in Shanghai
    assert (begin + timedelta(hours=8)).date() == day


async def test_a_night_over_the_change_of_the_clocks_is_as_long_as_it_was(
    connection: AsyncConnection,
) -> None:
    await works_since(connection, datetime(2026, 3, 27, tzinfo=UTC))
    await state_patterns(connection, THREE)
    await lay_out_shifts(connection, "Europe/Berlin")
    lengths = {day: end - begin for code, day, begin, end in await shifts(connection) if code == "night"}
    assert lengths[date(2026, 3, 27)] == timedelta(hours=8)
    assert lengths[date(2026, 3, 28)] == timedelta(hours=7)  # At two it became three.


async def test_a_changed_pattern_holds_from_the_next_shift_on(connection: AsyncConnection) -> None:
    now = datetime.now(UTC)
    await works_since(connection, now - timedelta(days=2))
    await state_patterns(connection, THREE)
    await lay_out_shifts(connection, SHANGHAI)
    before = await shifts(connection)
    await state_patterns(connection, [("one", "05:00", "06:00")])
    await lay_out_shifts(connection, SHANGHAI)
    after = await shifts(connection)
    assert [one for one in after if one[2] <= now] == [one for one in before if one[2] <= now]
    assert {one[0] for one in after if one[2] > now} == {"one"}


async def test_patterns_that_overlap_are_an_alarm_until_they_are_mended(connection: AsyncConnection) -> None:
    await state_patterns(connection, [("a", "06:00", "14:00"), ("b", "13:00", "22:00")])
    await lay_out_shifts(connection, SHANGHAI)
    assert await shifts(connection) == []
    open_alarm = "SELECT detail FROM plant.alarm WHERE kind = 'shifts_overlap' AND cleared_time IS NULL"
    (told,) = await (await connection.execute(open_alarm)).fetchall()
    assert "a and b" in told[0]
    await state_patterns(connection, THREE)
    await lay_out_shifts(connection, SHANGHAI)
    assert await (await connection.execute(open_alarm)).fetchall() == []
    assert len(await shifts(connection)) > 20


@pytest.mark.parametrize("times", [1, 3])
async def test_laying_out_again_changes_nothing(connection: AsyncConnection, times: int) -> None:
    await state_patterns(connection, THREE)
    await lay_out_shifts(connection, SHANGHAI)
    before = await shifts(connection)
    for _ in range(times):
        await lay_out_shifts(connection, SHANGHAI)
    assert await shifts(connection) == before
