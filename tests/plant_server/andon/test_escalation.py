"""Who is told of a call that nobody answers: by a clock of the test, once a level, whatever the keeper goes through."""

from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from typing import Any

import psycopg
import pytest
from fastapi import FastAPI
from psycopg import AsyncConnection

from plant_server.andon.escalation import escalate
from plant_server.people.roles import Role
from tests.plant_server.andon.line import OVEN, PRESS, Line
from tests.plant_server.database_fixture import PlantDatabase
from tests.plant_server.materials.hands import Hands, signed_in


@pytest.fixture
async def manager(app: FastAPI, connection: AsyncConnection) -> AsyncIterator[Hands]:
    async with signed_in(app, connection, Role.MANAGER, name="Mona") as hands:
        yield hands


async def raised(line: Line, operator: Hands, **more: str) -> dict[str, Any]:
    told: dict[str, Any] = (await operator.do("/andon-calls", {"path": PRESS, "type": "maintenance"} | more))[
        "call"
    ]
    return told


def when(call: dict[str, Any]) -> datetime:
    return datetime.fromisoformat(call["raised_time"])


async def told(line: Line) -> list[tuple[int, list[str], list[int]]]:
    rows = await line.rows("SELECT level, roles, people FROM plant.andon_told ORDER BY call_id, level")
    return [(row["level"], row["roles"], row["people"]) for row in rows]


async def test_levels_are_told_at_3_5_15_and_30_minutes_to_the_people_of_their_roles(
    line: Line, operator: Hands, mechanic: Hands, lead: Hands, manager: Hands
) -> None:
    call = await raised(line, operator)
    steps: list[tuple[float, int]] = []
    known = 0
    for minute in (0, 2.99, 3, 4.99, 5, 14.99, 15, 29.99, 30, 90):
        await escalate(line.connection, when(call) + timedelta(minutes=minute))
        now = len(await told(line))
        if now != known:
            steps.append((minute, now))
            known = now
    assert steps == [(3, 1), (5, 2), (15, 3), (30, 4)]
    assert await told(line) == [
        (1, ["maintenance"], [mechanic.person_id]),
        (2, ["lead"], [lead.person_id]),
        (3, ["lead", "maintenance", "quality"], sorted([mechanic.person_id, lead.person_id])),
        (4, ["manager"], [manager.person_id]),
    ]
    (shown,) = (await lead.get("/andon-calls", open_only=True))["items"]
    assert shown["level"] == 4
    events = await line.rows("SELECT actor, facts FROM plant.event WHERE kind = 'andon.escalate'")
    assert [row["actor"] for row in events] == ["keeper"] * 4
    assert {row["facts"]["andon_told"]["level"] for row in events} == {1, 2, 3, 4}


async def test_a_keeper_that_was_away_tells_what_is_due_and_one_that_tells_again_tells_nothing(
    line: Line, operator: Hands, lead: Hands, plant_database: PlantDatabase
) -> None:
    call = await raised(line, operator)
    at = when(call) + timedelta(minutes=16)
    await escalate(line.connection, at)
    before = await told(line)
    assert [level for level, _, _ in before] == [1, 2, 3]
    async with await AsyncConnection.connect(plant_database.url, autocommit=True) as another:
        await escalate(another, at)
    await escalate(line.connection, at)
    assert await told(line) == before
    assert len(await line.rows("SELECT FROM plant.event WHERE kind = 'andon.escalate'")) == 3


async def test_one_that_dies_between_two_levels_goes_on_where_it_was(line: Line, operator: Hands) -> None:
    """The second level cannot be written; the first stands, and a later pass tells the second alone."""
    call = await raised(line, operator)
    at = when(call) + timedelta(minutes=6)
    await line.connection.execute("ALTER TABLE plant.andon_told ADD CONSTRAINT dies CHECK (level <> 2)")
    with pytest.raises(psycopg.errors.CheckViolation):
        await escalate(line.connection, at)
    assert [level for level, _, _ in await told(line)] == [1]
    await line.connection.execute("ALTER TABLE plant.andon_told DROP CONSTRAINT dies")
    await escalate(line.connection, at)
    assert [level for level, _, _ in await told(line)] == [1, 2]


async def test_nobody_is_told_of_what_was_answered_withdrawn_or_came_late(
    line: Line, operator: Hands, lead: Hands
) -> None:
    answered = await raised(line, operator)
    await lead.do(f"/andon-calls/{answered['call_id']}/acknowledge", {"eta_min": 5})
    withdrawn = await raised(line, operator, type="quality")
    await operator.do(f"/andon-calls/{withdrawn['call_id']}/withdraw")
    headers = {"X-Client-Time": (when(answered) - timedelta(minutes=10)).isoformat()}
    late = (await operator.post("/andon-calls", {"path": OVEN, "type": "lead"}, **headers)).json()["call"]
    assert late["is_late"]
    await escalate(line.connection, when(answered) + timedelta(hours=2))
    assert await told(line) == []


async def test_an_answer_between_the_look_and_the_lock_wins(line: Line, operator: Hands, lead: Hands) -> None:
    """The keeper has seen the call and waits for its row, which somebody holds who is about to answer."""
    call = await raised(line, operator)
    await line.connection.execute(
        "CREATE FUNCTION plant.answered_meanwhile() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN"
        " UPDATE plant.andon_call SET state = 'acknowledged', acknowledged_by = 'person:1', acknowledged_time = now(),"
        " eta_time = now(); RETURN NEW; END $$"
    )
    await line.connection.execute(
        "CREATE TRIGGER meanwhile AFTER INSERT ON plant.event FOR EACH ROW WHEN (NEW.kind = 'andon.escalate')"
        " EXECUTE FUNCTION plant.answered_meanwhile()"
    )
    await escalate(line.connection, when(call) + timedelta(minutes=3))
    assert await told(line) == []
    (event,) = await line.rows("SELECT refused, answer FROM plant.event WHERE kind = 'andon.escalate'")
    assert (event["refused"], event["answer"]["code"]) == (True, "level-was-told")


async def test_levels_of_the_site_hold_from_now_on(line: Line, operator: Hands, lead: Hands) -> None:
    call = await raised(line, operator)
    wanted = {
        "levels": [{"after_s": 30, "roles": []}, {"after_s": 40, "roles": ["lead"]}],
        "fault_after_s": 60,
    }
    await lead.do("/andon-settings", wanted)
    await escalate(line.connection, when(call) + timedelta(seconds=40))
    assert [(level, roles) for level, roles, _ in await told(line)] == [(1, ["maintenance"]), (2, ["lead"])]
    await lead.do("/andon-settings", {"levels": [], "fault_after_s": 60})
    await raised(line, operator, type="quality")
    await escalate(line.connection, when(call) + timedelta(hours=1))
    assert len(await told(line)) == 2
