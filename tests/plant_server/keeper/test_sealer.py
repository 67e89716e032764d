"""Events get a gapless position and a hash that covers all before; kills and a second sealer change nothing."""

import asyncio
import signal
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest
from psycopg import AsyncConnection

from plant_server.async_database import ConnectionPool
from plant_server.events.chain import BEFORE_THE_FIRST, SealedRow, link
from plant_server.events.outward import events_after, head_position
from plant_server.keeper.sealer import QUERIES, anchor, seal
from tests.plant_server.database_fixture import PlantDatabase
from tests.plant_server.events.commands_of_tests import command, count, do, make_totals
from tests.plant_server.keeper.test_run import keeper, until


@pytest.fixture
async def pool(plant_database: PlantDatabase, connection: AsyncConnection) -> AsyncIterator[ConnectionPool]:
    await make_totals(connection)
    pool = ConnectionPool(plant_database.url, application="test", wait_s=60)
    yield pool
    await pool.close()


async def commands(pool: ConnectionPool, number: int) -> None:
    await asyncio.gather(*(do(pool, command()) for _ in range(number)))


async def positions(connection: AsyncConnection) -> list[int]:
    cursor = await connection.execute("SELECT position FROM plant.event_chain ORDER BY position")
    return [row[0] for row in await cursor.fetchall()]


async def test_events_are_sealed_in_the_order_in_which_they_were_recorded(
    pool: ConnectionPool, connection: AsyncConnection
) -> None:
    await commands(pool, 10)
    assert await seal(connection, events_at_once=4) is True
    assert await seal(connection, events_at_once=4) is True
    assert await seal(connection, events_at_once=4) is False
    assert await positions(connection) == list(range(1, 11))
    assert await count(connection, "unsealed") == 0
    events = await events_after(connection, 0, 100)
    order = [(event.recorded_time, str(event.event_id)) for event in events]
    assert order == sorted(order)


async def test_each_hash_covers_the_event_and_the_hash_before(
    pool: ConnectionPool, connection: AsyncConnection
) -> None:
    await commands(pool, 3)
    await seal(connection)
    cursor = await connection.execute(QUERIES["chain"], {"after": 0, "limit": 10})
    previous = BEFORE_THE_FIRST
    for row in await cursor.fetchall():
        assert row[1] == link(previous, row[0], SealedRow(*row[3:]))
        previous = row[1]


async def test_what_is_not_committed_is_sealed_later(
    pool: ConnectionPool, connection: AsyncConnection
) -> None:
    entered, leave = asyncio.Event(), asyncio.Event()

    async def slowly(_: object) -> dict[str, int]:
        entered.set()
        await leave.wait()
        return {}

    first = asyncio.create_task(do(pool, command(), slowly))
    await entered.wait()
    await commands(pool, 1)
    await seal(connection)
    assert await positions(connection) == [1]
    leave.set()
    await first
    await seal(connection)
    assert await positions(connection) == [1, 2]


async def test_two_sealers_at_once_give_each_position_once(
    pool: ConnectionPool, connection: AsyncConnection, second_connection: AsyncConnection
) -> None:
    async def seal_all(sealer: AsyncConnection) -> None:
        while await seal(sealer, events_at_once=7):
            pass

    await commands(pool, 100)
    await asyncio.gather(seal_all(connection), seal_all(second_connection), commands(pool, 50))
    while await seal(connection):
        pass
    assert await positions(connection) == list(range(1, 151))


async def test_killed_before_its_commit_the_sealer_lost_nothing_and_left_no_hole(
    pool: ConnectionPool, connection: AsyncConnection, plant_database: PlantDatabase
) -> None:
    await commands(pool, 20)
    async with keeper(plant_database.url, failpoint="keeper.seal.before_commit") as killed:
        assert await killed.ended() == -signal.SIGKILL
    assert (await count(connection, "unsealed"), await count(connection, "event_chain")) == (20, 0)

    async def done() -> bool:
        return await count(connection, "unsealed") == 0

    async with keeper(plant_database.url):
        await until(done)
    assert await positions(connection) == list(range(1, 21))


async def test_who_listens_is_woken_by_a_seal(pool: ConnectionPool, connection: AsyncConnection) -> None:
    await connection.execute("LISTEN plant_events")
    await commands(pool, 1)
    async with await AsyncConnection.connect(
        connection.info.dsn, autocommit=True, password=connection.info.password
    ) as sealer:
        await seal(sealer)
    notifications = [one async for one in connection.notifies(timeout=30, stop_after=1)]
    assert [(one.channel, one.payload) for one in notifications] == [("plant_events", "")]


async def test_a_reader_pages_by_position_and_misses_nothing(
    pool: ConnectionPool, connection: AsyncConnection
) -> None:
    position, seen = 0, []
    for _ in range(4):
        await commands(pool, 3)
        await seal(connection)
        while events := await events_after(connection, position, 2):
            seen += [event.position for event in events]
            position = events[-1].position
    assert seen == list(range(1, 13))
    assert await head_position(connection) == 12


async def test_the_head_is_anchored_in_table_and_file_once_in_a_period(
    pool: ConnectionPool, connection: AsyncConnection, tmp_path: Path
) -> None:
    file = tmp_path / "log" / "anchors.log"
    await anchor(connection, file)
    assert not file.exists()
    for _ in range(2):
        await commands(pool, 2)
        await seal(connection)
        await anchor(connection, file)
    (line,) = file.read_text().splitlines()
    cursor = await connection.execute("SELECT position, hash FROM plant.anchor")
    ((position, head),) = await cursor.fetchall()
    assert (line.split()[1:], position) == ([str(position), head.hex()], 2)
    await anchor(connection, file, period=timedelta(0))
    await anchor(connection, file, period=timedelta(0))
    assert [line.split()[1] for line in file.read_text().splitlines()] == ["2", "4"]


async def test_a_head_that_could_not_be_told_is_not_marked_as_told(
    pool: ConnectionPool, connection: AsyncConnection, tmp_path: Path
) -> None:
    (tmp_path / "log").write_text("no folder")
    await commands(pool, 1)
    await seal(connection)
    await anchor(connection, tmp_path / "log" / "anchors.log")
    assert await count(connection, "anchor") == 0
