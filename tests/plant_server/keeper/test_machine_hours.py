"""Hours of machines and meters: how they grow, stop growing, and heal. What they mean for OEE: tests/dashboards/test_oee.py."""

from datetime import UTC, datetime, timedelta

import pytest
from psycopg import AsyncConnection

from plant_server.keeper import machine_hours
from plant_server.keeper.commit_minutes import roll_up_commits
from plant_server.keeper.machine_hours import make_hours
from plant_server.keeper.rollup import roll_up
from plant_server.keeper.shifts import lay_out_shifts
from tests.plant_server.facts import INT32, NOON, add_device, add_tag, at, mark


async def machine(connection: AsyncConnection, heard: datetime) -> int:
    device = await add_device(connection)
    await add_tag(connection, device, "state", "state", INT32)
    await connection.execute("UPDATE plant.edge SET last_message = %s", (heard,))
    return device


async def does(
    connection: AsyncConnection, device: int, state: str, begin: datetime, end: datetime | None
) -> None:
    await connection.execute(
        "INSERT INTO plant.machine_state_interval (device_id, state, from_ts, to_ts) VALUES (%s, %s, %s, %s)",
        (device, state, begin, end),
    )


async def catch_up(connection: AsyncConnection) -> None:
    while await make_hours(connection):
        pass


async def hours(connection: AsyncConnection, columns: str) -> list[tuple[object, ...]]:
    query = "SELECT {} FROM plant.machine_hour ORDER BY from_ts".replace("{}", columns)
    return await (await connection.execute(query.encode())).fetchall()


async def test_a_machine_that_goes_on_grows_as_its_edge_is_heard_and_no_further(
    connection: AsyncConnection,
) -> None:
    device = await machine(connection, heard=at(600))
    await does(connection, device, "producing", at(0), None)
    await catch_up(connection)
    assert await hours(connection, "producing_s, unknown_s, as_of") == [(600, 0, at(600))]
    await connection.execute("UPDATE plant.edge SET last_message = %s", (at(3900),))
    await catch_up(connection)
    assert await hours(connection, "producing_s, unknown_s, as_of") == [
        (3600, 0, at(3600)),
        (300, 0, at(3900)),
    ]


async def test_the_time_before_the_first_fact_is_nobody_s(connection: AsyncConnection) -> None:
    device = await machine(connection, heard=at(3600))
    await does(connection, device, "producing", at(1800), at(2400))
    await does(connection, device, "producing", at(3000), None)
    await catch_up(connection)
    assert await hours(connection, "producing_s, unknown_s") == [(1200, 600)]


async def test_a_state_that_ended_while_nobody_was_in_contact_heals_its_hours(
    connection: AsyncConnection,
) -> None:
    device = await machine(connection, heard=at(600))
    await does(connection, device, "producing", at(0), None)
    await catch_up(connection)
    await connection.execute("UPDATE plant.edge SET last_message = %s", (at(7200),))
    await connection.execute("UPDATE plant.machine_state_interval SET to_ts = %s", (at(1800),))
    await does(connection, device, "fault", at(1800), at(5400))
    await does(connection, device, "unknown", at(5400), None)
    await catch_up(connection)
    told = await hours(connection, "producing_s, unexplained_s, unknown_s")
    assert told == [(1800, 1800, 0), (0, 1800, 1800)]


async def test_hours_are_cut_where_shifts_change_and_put_together_when_they_do_not(
    connection: AsyncConnection,
) -> None:
    device = await machine(connection, heard=at(7200))
    await does(connection, device, "producing", at(0), at(7200))
    await connection.execute("DELETE FROM plant.shift_pattern")
    await connection.execute(
        "INSERT INTO plant.shift (code, name_en, name_zh, business_date, from_ts, to_ts, is_stated)"
        " VALUES ('a', 'A', 'A', %s, %s, %s, true)",
        (NOON.date(), at(-3600), at(1200)),
    )
    await catch_up(connection)
    told = await hours(connection, "from_ts, producing_s, shift_id IS NOT NULL")
    assert told == [(at(0), 1200, True), (at(1200), 2400, False), (at(3600), 3600, False)]
    await connection.execute("DELETE FROM plant.shift")
    await catch_up(connection)
    told = await hours(connection, "from_ts, producing_s, shift_id IS NOT NULL")
    assert told == [(at(0), 3600, False), (at(3600), 3600, False)]


async def test_what_stands_in_a_break_was_not_meant_to_work_and_what_works_through_it_is_busy(
    connection: AsyncConnection,
) -> None:
    device = await machine(connection, heard=at(3600))
    for state, begin, end in (
        ("producing", 0, 900),
        ("fault", 900, 1500),
        ("producing", 1500, 2100),
        ("idle", 2100, 3600),
    ):
        await does(connection, device, state, at(begin), at(end))
    await connection.execute("DELETE FROM plant.shift_pattern")
    await connection.execute(
        "INSERT INTO plant.shift (code, name_en, name_zh, business_date, from_ts, to_ts, is_stated)"
        " VALUES ('a', 'A', 'A', %s, %s, %s, true)",
        (NOON.date(), at(0), at(3600)),
    )
    await connection.execute(
        "INSERT INTO plant.shift_break SELECT shift_id, break.* FROM plant.shift,"
        " (VALUES (%s, %s), (%s, %s)) AS break",
        (at(1200), at(1800), at(2400), at(2700)),
    )
    await catch_up(connection)
    # Of the fault 300 s lie in the first break, of idling the whole second one.
    assert await hours(connection, "producing_s, unexplained_s, planned_s, unknown_s") == [
        (1500, 1500, 600, 0)
    ]


async def test_more_hours_than_fit_into_a_transaction_are_made_in_several(
    connection: AsyncConnection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(machine_hours, "HOURS_AT_ONCE", 10)
    device = await machine(connection, heard=NOON)
    await does(connection, device, "producing", NOON - timedelta(hours=35), NOON)
    assert await make_hours(connection) is True
    assert 0 < len(await hours(connection, "1")) <= 10
    await catch_up(connection)
    (total,) = await (
        await connection.execute("SELECT sum(producing_s), count(*) FROM plant.machine_hour")
    ).fetchall()
    assert total == (35 * 3600, 35)


async def test_an_hour_that_would_not_change_is_not_written(connection: AsyncConnection) -> None:
    device = await machine(connection, heard=at(3600))
    await does(connection, device, "producing", at(0), at(3600))
    await catch_up(connection)
    before = await hours(connection, "xmin::text")
    await connection.execute("INSERT INTO plant.hour_dirty VALUES (%s, %s, %s)", (device, at(0), at(60)))
    await catch_up(connection)
    assert await hours(connection, "xmin::text") == before


async def meter(connection: AsyncConnection) -> int:
    device = await add_device(connection, "meter1")
    return await add_tag(connection, device, "energy", "meter", INT32, unit="Wh")


async def reads(connection: AsyncConnection, tag: int, seconds: float, total: int) -> None:
    async with connection.transaction():
        await connection.execute(
            "INSERT INTO plant.odometer_log VALUES (%s, %s, %s)", (tag, at(seconds), total)
        )
        await mark(connection, tag, at(seconds))


async def energy(connection: AsyncConnection) -> list[tuple[object, ...]]:
    await roll_up(connection)
    cursor = await connection.execute(
        "SELECT hour, energy_wh::int FROM plant.meter_hour WHERE energy_wh <> 0 ORDER BY hour"
    )
    return await cursor.fetchall()


async def test_energy_of_an_hour_is_between_the_last_readings_not_later_than_its_ends(
    connection: AsyncConnection,
) -> None:
    tag = await meter(connection)
    for seconds, total in ((10, 0), (3500, 900), (3600, 1000), (3700, 1100), (11000, 4000)):
        await reads(connection, tag, seconds, total)
    # What was used between 3700 and 11000 goes to the hour of the later reading: nobody knows more.
    assert await energy(connection) == [(at(0), 1000), (at(3600), 100), (at(10800), 2900)]


async def test_a_late_reading_moves_energy_between_hours_and_loses_none(connection: AsyncConnection) -> None:
    tag = await meter(connection)
    for seconds, total in ((10, 0), (11000, 4000)):
        await reads(connection, tag, seconds, total)
    assert await energy(connection) == [(at(10800), 4000)]
    await reads(connection, tag, 5000, 1500)
    assert await energy(connection) == [(at(3600), 1500), (at(10800), 2500)]


async def test_minutes_of_commits_tell_how_much_and_how_late(connection: AsyncConnection) -> None:
    await add_device(connection)
    minute = datetime.now(UTC).replace(second=0, microsecond=0) - timedelta(minutes=3)

    async def commit(seconds: float, samples: int, lag_s: float) -> None:
        stored = minute + timedelta(seconds=seconds)
        await connection.execute(
            "INSERT INTO plant.commit_log (edge_id, epoch, first, last, samples, newest, stored_time)"
            " SELECT edge_id, gen_random_uuid(), 1, 1, %s, %s, %s FROM plant.edge",
            (samples, stored - timedelta(seconds=lag_s), stored),
        )

    await commit(1, 10, 0.5)
    await commit(2, 20, 1.5)
    await commit(61, 5, 4)
    query = "SELECT minute, commits::int, samples::int, lag_p50_s FROM plant.commit_minute ORDER BY minute"
    await roll_up_commits(connection, keep_days=30)
    assert await (await connection.execute(query)).fetchall() == [
        (minute, 2, 30, 1.0),
        (minute + timedelta(minutes=1), 1, 5, 4.0),
    ]
    await commit(3, 30, 2.5)  # Committed a little later than its stored_time.
    await connection.execute(
        "INSERT INTO plant.commit_minute SELECT edge_id, now() - interval '31 days', 1, 1, 0, 0 FROM plant.edge"
    )
    await roll_up_commits(connection, keep_days=30)
    told = await (await connection.execute(query)).fetchall()
    assert told[0] == (minute, 3, 60, 1.5)
    assert len(told) == 2


async def test_until_the_first_shift_is_laid_out_nothing_is_planned_and_then_it_is(
    connection: AsyncConnection,
) -> None:
    device = await machine(connection, heard=at(3600))
    await does(connection, device, "producing", at(0), at(3600))
    await catch_up(connection)
    assert await hours(connection, "shift_id") == [(None,)]
    await lay_out_shifts(connection, "UTC")
    await catch_up(connection)
    assert [row for row in await hours(connection, "shift_id") if row == (None,)] == []
