"""The intervals in the database are what the facts say, whatever the order in which they came."""

import asyncio
import random
from collections.abc import Sequence
from datetime import datetime
from itertools import pairwise

import pytest
from psycopg import AsyncConnection

from plant_server.keeper.rollup import roll_up
from tests.plant_server.database_fixture import PlantDatabase
from tests.plant_server.facts import BAD, INT32, add_device, add_tag, at, store

PACKML = {"producing": 6.0, "idle": 4.0, "fault": 9.0, "stopped": 2.0}
Story = list[tuple[str, datetime, datetime | None]]


@pytest.fixture
async def device(connection: AsyncConnection) -> int:
    return await add_device(connection)


@pytest.fixture
async def tag(connection: AsyncConnection, device: int) -> int:
    return await add_tag(connection, device, "state", role="state", datatype=INT32, vocabulary="packml")


async def say(connection: AsyncConnection, tag: int, seconds: float, state: str) -> None:
    await store(connection, tag, at(seconds), PACKML[state])


async def lose(connection: AsyncConnection, device: int, seconds: float, online: bool = False) -> None:
    await connection.execute(
        "INSERT INTO plant.device_contact (device_id, ts, online) VALUES (%s, %s, %s)",
        (device, at(seconds), online),
    )


async def story_of(connection: AsyncConnection, device: int) -> Story:
    while await roll_up(connection, marks_at_once=1):
        pass
    cursor = await connection.execute(
        "SELECT state, from_ts, to_ts FROM plant.machine_state_interval WHERE device_id = %s ORDER BY from_ts",
        (device,),
    )
    return [(str(state), from_ts, to_ts) for state, from_ts, to_ts in await cursor.fetchall()]


def expected(*changes: tuple[str, float]) -> Story:
    ends: Sequence[datetime | None] = [*(at(seconds) for _, seconds in changes[1:]), None]
    return [(state, at(seconds), end) for (state, seconds), end in zip(changes, ends, strict=True)]


async def test_a_state_lasts_until_the_next_one(connection: AsyncConnection, device: int, tag: int) -> None:
    for seconds, state in [(0, "idle"), (10, "producing"), (70, "producing"), (130, "fault")]:
        await say(connection, tag, seconds, state)
    assert await story_of(connection, device) == expected(("idle", 0), ("producing", 10), ("fault", 130))


async def test_a_late_fact_splits_an_interval(connection: AsyncConnection, device: int, tag: int) -> None:
    await say(connection, tag, 0, "producing")
    await say(connection, tag, 300, "idle")
    await story_of(connection, device)
    await say(connection, tag, 120, "fault")
    await say(connection, tag, 125, "producing")
    assert await story_of(connection, device) == expected(
        ("producing", 0), ("fault", 120), ("producing", 125), ("idle", 300)
    )


async def test_a_late_fact_before_the_first_extends_the_story(
    connection: AsyncConnection, device: int, tag: int
) -> None:
    await say(connection, tag, 300, "idle")
    await story_of(connection, device)
    await say(connection, tag, 0, "idle")
    assert await story_of(connection, device) == expected(("idle", 0))


async def test_lost_contact_is_unknown_until_the_next_sample(
    connection: AsyncConnection, device: int, tag: int
) -> None:
    await say(connection, tag, 0, "producing")
    await lose(connection, device, 30)
    await lose(connection, device, 90, online=True)
    await say(connection, tag, 91, "producing")
    assert await story_of(connection, device) == expected(
        ("producing", 0), ("unknown", 30), ("producing", 91)
    )


async def test_a_gap_is_unknown_until_the_next_sample(
    connection: AsyncConnection, device: int, tag: int
) -> None:
    await say(connection, tag, 0, "producing")
    await say(connection, tag, 300, "idle")
    await story_of(connection, device)
    await connection.execute(
        "INSERT INTO plant.gap (edge_id, epoch, first, last, reason, device, tag, from_ts, to_ts, count)"
        " SELECT edge_id, gen_random_uuid(), 2, 3, 'dropped', 'press1', name, %s, %s, 2 FROM plant.edge,"
        " (VALUES ('state'), ('another')) AS tag (name)",
        (at(100), at(200)),
    )
    assert await story_of(connection, device) == expected(("producing", 0), ("unknown", 100), ("idle", 300))


async def test_a_bad_sample_is_unknown(connection: AsyncConnection, device: int, tag: int) -> None:
    await say(connection, tag, 0, "producing")
    await store(connection, tag, at(60), None, BAD)
    assert await story_of(connection, device) == expected(("producing", 0), ("unknown", 60))


async def test_a_mode_changes_what_a_code_means_from_then_on(
    connection: AsyncConnection, device: int, tag: int
) -> None:
    mode = await add_tag(connection, device, "mode", role="mode", datatype=INT32)
    await say(connection, tag, 0, "producing")
    await story_of(connection, device)
    await store(connection, mode, at(600), 3.0)
    assert await story_of(connection, device) == expected(("producing", 0), ("setup", 600))


async def test_only_intervals_that_change_are_written(
    connection: AsyncConnection, device: int, tag: int
) -> None:
    versions = "SELECT from_ts, xmin::text FROM plant.machine_state_interval ORDER BY from_ts"
    for seconds, state in [(0, "idle"), (60, "producing"), (120, "idle"), (180, "fault")]:
        await say(connection, tag, seconds, state)
    await story_of(connection, device)
    before = dict(await (await connection.execute(versions)).fetchall())
    await say(connection, tag, 150, "stopped")
    await story_of(connection, device)
    after = dict(await (await connection.execute(versions)).fetchall())
    rewritten = {from_ts for from_ts in before if after[from_ts] != before[from_ts]}
    assert rewritten == {at(120)}
    assert set(after) - set(before) == {at(150)}


@pytest.mark.parametrize("seed", range(12))
async def test_any_order_of_facts_gives_the_same_story(
    connection: AsyncConnection, device: int, tag: int, seed: int
) -> None:
    """Facts in a random order, projected in between at random, against the same facts in order, projected once."""
    choose = random.Random(seed)
    mode = await add_tag(connection, device, "mode", role="mode", datatype=INT32)
    twin = await add_device(connection, "twin")
    twin_tag = await add_tag(connection, twin, "state", role="state", datatype=INT32, vocabulary="packml")
    twin_mode = await add_tag(connection, twin, "mode", role="mode", datatype=INT32)
    facts = sorted(
        {(choose.randrange(600), choose.choice([*PACKML, "lost", "manual", "produce"])) for _ in range(14)}
    )

    async def tell(device: int, tag: int, mode: int, seconds: int, what: str) -> None:
        if what == "lost":
            await lose(connection, device, seconds)
        elif what in PACKML:
            await say(connection, tag, seconds, what)
        else:
            await store(connection, mode, at(seconds), {"manual": 3.0, "produce": 1.0}[what])

    for fact in facts:
        await tell(twin, twin_tag, twin_mode, *fact)
    for fact in choose.sample(facts, len(facts)):
        await tell(device, tag, mode, *fact)
        if choose.random() < 0.4:
            await roll_up(connection, marks_at_once=choose.choice([1, 2, 100]))
    story = await story_of(connection, device)
    assert story == await story_of(connection, twin)
    assert all(end == start for (_, _, end), (_, start, _) in pairwise(story))
    assert all(one[0] != other[0] for one, other in pairwise(story))


async def test_an_interval_somebody_puts_in_the_way_is_an_alarm_and_stops_no_other_device(
    connection: AsyncConnection, plant_database: PlantDatabase, device: int, tag: int
) -> None:
    other = await add_device(connection, "press2")
    other_tag = await add_tag(connection, other, "state", role="state", datatype=INT32, vocabulary="packml")
    await say(connection, tag, 0, "idle")
    await say(connection, other_tag, 0, "idle")
    async with await AsyncConnection.connect(plant_database.url) as person:
        await person.execute(
            "INSERT INTO plant.machine_state_interval (device_id, state, from_ts) VALUES (%s, 'off', %s)",
            (device, at(30)),
        )
        async with await AsyncConnection.connect(plant_database.url, autocommit=True) as keeping:
            rolling = asyncio.create_task(roll_up(keeping))
            await until_waiting(connection, keeping.info.backend_pid)
            await person.commit()
            await asyncio.wait_for(rolling, 30)
    assert await story_of(connection, device) == [("off", at(30), None)]
    assert await story_of(connection, other) == expected(("idle", 0))
    assert await open_alarms(connection) == [("state_intervals_overlap", f"device {device}")]
    await say(connection, tag, -60, "idle")
    assert await story_of(connection, device) == expected(("idle", -60))
    assert await open_alarms(connection) == []


async def open_alarms(connection: AsyncConnection) -> list[tuple[str, str]]:
    cursor = await connection.execute("SELECT kind, subject FROM plant.alarm WHERE cleared_time IS NULL")
    return [(str(kind), str(subject)) for kind, subject in await cursor.fetchall()]


async def until_waiting(connection: AsyncConnection, pid: int) -> None:
    async with asyncio.timeout(30):
        while True:
            cursor = await connection.execute("SELECT cardinality(pg_blocking_pids(%s)) > 0", (pid,))
            if await cursor.fetchone() == (True,):
                return
            await asyncio.sleep(0.01)
