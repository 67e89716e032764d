"""Shifts stated by a manager or by the command: from the next shift on, with an Event, and taken back by the former."""

import asyncio
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from fastapi import FastAPI
from psycopg import AsyncConnection
from typer.testing import CliRunner

import lineside
from plant_server.keeper.shifts import lay_out_shifts
from plant_server.people.roles import Role
from tests.plant_server.database_fixture import PlantDatabase
from tests.plant_server.materials.hands import Hands, signed_in

ZONE = "Asia/Shanghai"


def shift(code: str, start: str, end: str, *breaks: str) -> dict[str, Any]:
    return {
        "code": code,
        "name_en": code,
        "name_zh": code,
        "start": start,
        "end": end,
        "breaks": list(breaks),
    }


THREE = [
    shift("early", "06:00", "14:00", "09:00-09:15"),
    shift("late", "14:00", "22:00"),
    shift("night", "22:00", "06:00", "23:50-00:10"),
]
TWO = [shift("day", "07:00", "19:00"), shift("dark", "19:00", "07:00")]


async def rows(connection: AsyncConnection, query: str) -> list[tuple[Any, ...]]:
    return await (await connection.execute(query.encode())).fetchall()


async def running(connection: AsyncConnection) -> list[tuple[Any, ...]]:
    query = "SELECT code, from_ts, to_ts, is_stated FROM plant.shift WHERE from_ts <= now() AND to_ts > now()"
    return await rows(connection, query)


async def test_the_first_statement_takes_the_place_of_the_day_nobody_stated(
    manager: Hands, connection: AsyncConnection
) -> None:
    await lay_out_shifts(connection, "UTC")
    assert [row[3] for row in await running(connection)] == [False]
    assert (await manager.get("/shifts"))["is_stated"] is False
    # The day of the site is one shift, so one of it runs whenever this test does.
    told = await manager.do("/shifts", {"shifts": [shift("all", "00:00", "00:00", "09:00-09:15")]})
    ((code, begins, _, is_stated),) = await running(connection)
    assert (code, is_stated) == ("all", True)
    assert datetime.fromisoformat(told["holds_from"]) == begins
    (rest,) = await rows(
        connection,
        "SELECT rest.from_ts - shift.from_ts, rest.to_ts - rest.from_ts FROM plant.shift_break AS rest"
        " JOIN plant.shift USING (shift_id) WHERE shift.from_ts <= now() AND shift.to_ts > now()",
    )
    assert rest == (timedelta(hours=9), timedelta(minutes=15))


async def test_a_changed_pattern_holds_from_the_next_shift_on_and_can_be_taken_back(
    manager: Hands, connection: AsyncConnection
) -> None:
    laid = "SELECT code, from_ts, to_ts FROM plant.shift WHERE from_ts > now() ORDER BY from_ts"
    rests = "SELECT from_ts, to_ts FROM plant.shift_break WHERE from_ts > now() + interval '1 day' ORDER BY from_ts"
    await manager.do("/shifts", {"shifts": THREE})
    on, first, breaks = await running(connection), await rows(connection, laid), await rows(connection, rests)
    former = await manager.get("/shifts")
    told = await manager.do("/shifts", {"shifts": TWO})
    assert await running(connection) == on
    assert {row[0] for row in await rows(connection, laid)} == {"day", "dark"}
    assert await rows(connection, rests) == []
    assert datetime.fromisoformat(told["holds_from"]) >= on[0][2]
    await manager.do("/shifts", former["pattern"])
    assert (await manager.get("/shifts")) == former
    assert (await rows(connection, laid), await rows(connection, rests)) == (first, breaks)
    kept = "SELECT answer -> 'pattern' FROM plant.event WHERE kind = 'shifts.state' ORDER BY recorded_time"
    assert [len(row[0]["shifts"]) for row in await rows(connection, kept)] == [3, 2, 3]


async def test_stating_again_by_the_keeper_changes_no_break(
    manager: Hands, connection: AsyncConnection
) -> None:
    await manager.do("/shifts", {"shifts": THREE})
    query = "SELECT shift_id, from_ts, to_ts FROM plant.shift_break ORDER BY from_ts"
    before = await rows(connection, query)
    assert len(before) >= 14
    await lay_out_shifts(connection, "UTC")
    assert await rows(connection, query) == before


async def test_what_is_wrong_is_refused_and_leaves_the_former(manager: Hands) -> None:
    await manager.do("/shifts", {"shifts": THREE})
    former = await manager.get("/shifts")
    status, code, _ = await manager.refused("/shifts", {"shifts": [*THREE, shift("x", "13:00", "13:30")]})
    assert (status, code) == (422, "invalid-request")
    assert await manager.get("/shifts") == former


@pytest.mark.parametrize("role", [Role.OPERATOR, Role.LEAD, Role.PLANNER, Role.INTEGRATOR])
async def test_others_may_look_and_not_state(app: FastAPI, connection: AsyncConnection, role: Role) -> None:
    async with signed_in(app, connection, role, name="Otto") as hands:
        assert (await hands.refused("/shifts", {"shifts": TWO}))[:2] == (403, "role-missing")
        assert (await hands.get("/shifts"))["time_zone"]


async def test_the_command_shows_what_would_change_states_it_and_says_how_to_take_it_back(
    plant_database: PlantDatabase, connection: AsyncConnection, tmp_path: Path
) -> None:
    environment = {
        "LINESIDE_DATABASE_URL": plant_database.url,
        "LINESIDE_HOME": str(tmp_path),
        "LINESIDE_TIME_ZONE": ZONE,
    }

    async def lineside_shifts(*words: str) -> tuple[int, str]:
        runner = CliRunner()
        done = await asyncio.to_thread(runner.invoke, lineside.app, ["shifts", *words], env=environment)
        return done.exit_code, done.stdout

    file = tmp_path / "shifts.yaml"
    file.write_text(
        "shifts: [{code: one, name_en: One, name_zh: 一班, start: 08:00, end: 17:00, breaks: [12:00-13:00]}]"
    )
    code, told = await lineside_shifts("set", str(file), "--dry-run")
    assert (code, "+- code: one" in told, "nothing was written" in told) == (0, True, True)
    assert "code: day" in (await lineside_shifts("show"))[1]
    assert (await lineside_shifts("set", str(file)))[0] == 0
    one = (await lineside_shifts("show"))[1]
    (laid,) = await rows(
        connection, "SELECT DISTINCT from_ts::time, to_ts - from_ts FROM plant.shift WHERE code = 'one'"
    )
    assert (str(laid[0]), laid[1]) == ("00:00:00", timedelta(hours=9)), "08:00 in Shanghai"
    assert "nothing to change" in (await lineside_shifts("set", str(file)))[1]

    file.write_text("shifts: [{code: two, name_en: Two, name_zh: 二班, start: 09:00, end: 18:00}]")
    code, told = await lineside_shifts("set", str(file))
    assert (code, ZONE in told) == (0, True)
    kept = told.strip().rsplit("lineside shifts set ", 1)[1]
    assert (await lineside_shifts("set", kept))[0] == 0
    assert (await lineside_shifts("show"))[1] == one
    file.write_text("shifts: [{code: two}]")
    code, _ = await lineside_shifts("set", str(file))
    assert (code, (await lineside_shifts("show"))[1]) == (1, one)
    told_events = await rows(connection, "SELECT actor FROM plant.event WHERE kind = 'shifts.state'")
    assert told_events == [("lineside shifts",)] * 3
    assert all(
        ts[0] <= datetime.now(UTC) for ts in await rows(connection, "SELECT recorded_time FROM plant.event")
    )
