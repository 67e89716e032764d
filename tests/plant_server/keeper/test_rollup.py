"""What a minute says once the dirty log is empty, whatever happened on the way."""

import itertools
from collections.abc import AsyncIterator
from functools import partial

import pytest
from psycopg import AsyncConnection

from plant_server.keeper.rollup import recompute, roll_up, take_dirty
from tests.plant_server.database_fixture import PlantDatabase
from tests.plant_server.facts import BAD, add_device, add_sample, add_tag, at, mark, store

INTERLEAVINGS = sorted(set(itertools.permutations("WWWKKK")))


@pytest.fixture
async def tag(connection: AsyncConnection) -> int:
    return await add_tag(connection, await add_device(connection), "pressure")


async def minutes_of(connection: AsyncConnection, tag: int) -> list[tuple[object, ...]]:
    cursor = await connection.execute(
        "SELECT minute, n, n_bad, s, min_value, max_value, first_value, last_value FROM plant.rollup_1m"
        " WHERE tag_id = %s ORDER BY minute",
        (tag,),
    )
    return await cursor.fetchall()


async def catch_up(connection: AsyncConnection) -> None:
    while await roll_up(connection, marks_at_once=2):
        pass
    await roll_up(connection)


async def test_a_minute_is_what_its_samples_say(connection: AsyncConnection, tag: int) -> None:
    for seconds, value in [(30, 2.0), (10, 5.0), (59.999, 4.0), (60, 100.0)]:
        await store(connection, tag, at(seconds), value)
    await store(connection, tag, at(20), None, BAD)
    await catch_up(connection)
    assert await minutes_of(connection, tag) == [
        (at(0), 3, 1, 11.0, 2.0, 5.0, 5.0, 4.0),
        (at(60), 1, 0, 100.0, 100.0, 100.0, 100.0, 100.0),
    ]


async def test_late_data_heals_a_minute(connection: AsyncConnection, tag: int) -> None:
    await store(connection, tag, at(30), 1.0)
    await catch_up(connection)
    await store(connection, tag, at(10), 7.0)
    await catch_up(connection)
    assert await minutes_of(connection, tag) == [(at(0), 2, 0, 8.0, 1.0, 7.0, 7.0, 1.0)]


async def test_a_minute_of_bad_samples_has_no_value(connection: AsyncConnection, tag: int) -> None:
    await store(connection, tag, at(0), None, BAD)
    await catch_up(connection)
    assert await minutes_of(connection, tag) == [(at(0), 0, 1, None, None, None, None, None)]


async def test_only_rows_that_change_are_written(connection: AsyncConnection, tag: int) -> None:
    await store(connection, tag, at(0), 1.0)
    await store(connection, tag, at(60), 2.0)
    await catch_up(connection)
    versions = "SELECT minute, xmin::text FROM plant.rollup_1m ORDER BY minute"
    before = await (await connection.execute(versions)).fetchall()
    await mark(connection, tag, at(0))
    await store(connection, tag, at(61), 3.0)
    await catch_up(connection)
    after = await (await connection.execute(versions)).fetchall()
    assert after[0] == before[0]
    assert after[1] != before[1]


@pytest.mark.parametrize("steps", INTERLEAVINGS, ids="".join)
async def test_a_sample_stored_while_its_minute_is_recomputed_is_never_lost(
    plant_database: PlantDatabase, connection: AsyncConnection, tag: int, steps: tuple[str, ...]
) -> None:
    """W: insert sample, insert mark, commit. K: take marks, recompute, commit. In every order."""
    await store(connection, tag, at(1), 1.0)

    async def writer(writing: AsyncConnection) -> AsyncIterator[None]:
        async with writing.transaction():
            await add_sample(writing, tag, at(2), 10.0)
            yield
            await mark(writing, tag, at(2))
            yield
        yield

    async def keeper(keeping: AsyncConnection) -> AsyncIterator[None]:
        async with keeping.transaction():
            minutes, _ = await take_dirty(keeping, 100)
            yield
            await recompute(keeping, minutes)
            yield
        yield

    connect = partial(AsyncConnection.connect, plant_database.url, autocommit=True)
    async with await connect() as writing, await connect() as keeping:
        parts = {"W": writer(writing), "K": keeper(keeping)}
        for step in steps:
            await anext(parts[step])
        await catch_up(connection)
        assert await minutes_of(connection, tag) == [(at(0), 2, 0, 11.0, 1.0, 10.0, 1.0, 10.0)]


async def test_a_frozen_minute_is_left_alone(connection: AsyncConnection, tag: int) -> None:
    await store(connection, tag, at(0), 1.0)
    await catch_up(connection)
    await connection.execute("UPDATE plant.frozen SET before = %s", (at(60),))
    await store(connection, tag, at(1), 5.0)
    await store(connection, tag, at(60), 9.0)
    await catch_up(connection)
    assert [row[:2] for row in await minutes_of(connection, tag)] == [(at(0), 1), (at(60), 1)]
