"""The keeper as a process: killed at its failpoint, stopped, doubled, and without its database."""

import asyncio
import json
import os
import signal
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import psycopg
import pytest
from psycopg import AsyncConnection, sql

from plant_server.embedded.postgres import PostgresServer
from plant_server.keeper.run import jobs_of
from plant_server.schema.migrate import migrate
from plant_server.settings import Settings
from tests.plant_server.database_fixture import PlantDatabase
from tests.plant_server.facts import INT32, add_device, add_tag, at, store

DEADLINE_S = 60.0
COUNT = sql.SQL("SELECT count(*) FROM plant.{}")
PROGRAM = """
import structlog
structlog.configure(processors=[structlog.processors.JSONRenderer()])
from plant_server.keeper.run import run
from plant_server.settings import load_settings
run(load_settings())
"""


class Keeper:
    """A keeper process and the events it logs."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self.process = process
        self.events: list[str] = []
        self._reading = asyncio.create_task(self._read())

    async def _read(self) -> None:
        assert self.process.stdout is not None
        async for line in self.process.stdout:
            self.events.append(str(json.loads(line)["event"]))

    async def logged(self, event: str, times: int = 1) -> None:
        async def is_there() -> bool:
            return self.events.count(event) >= times

        await until(is_there)

    async def ended(self) -> int:
        await asyncio.wait_for(self._reading, DEADLINE_S)
        return await asyncio.wait_for(self.process.wait(), DEADLINE_S)


@asynccontextmanager
async def keeper(url: str, failpoint: str = "") -> AsyncIterator[Keeper]:
    environment = os.environ | {
        "LINESIDE_DATABASE_URL": url,
        "LINESIDE_FAILPOINT": failpoint,
        "LINESIDE_BACKOFF_MIN_S": "0.05",
        "LINESIDE_BACKOFF_MAX_S": "0.2",
    }
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", PROGRAM, stdout=asyncio.subprocess.PIPE, env=environment
    )
    running = Keeper(process)
    try:
        yield running
    finally:
        if process.returncode is None:
            process.kill()
        await running.ended()


async def until(condition: Callable[[], Awaitable[bool]]) -> None:
    async with asyncio.timeout(DEADLINE_S):
        while not await condition():  # noqa: ASYNC110  # another process's state, which tells nobody here
            await asyncio.sleep(0.02)


async def count(connection: AsyncConnection, table: str) -> int:
    row = await (await connection.execute(COUNT.format(sql.Identifier(table)))).fetchone()
    assert row is not None
    return int(row[0])


@pytest.fixture
async def state_tag(connection: AsyncConnection) -> int:
    device = await add_device(connection)
    return await add_tag(connection, device, "state", role="state", datatype=INT32, vocabulary="packml")


async def test_killed_before_its_commit_it_lost_nothing_and_does_it_again(
    connection: AsyncConnection, plant_database: PlantDatabase, state_tag: int
) -> None:
    await store(connection, state_tag, at(0), 6.0)
    async with keeper(plant_database.url, failpoint="keeper.rollup.before_commit") as killed:
        assert await killed.ended() == -signal.SIGKILL
    assert (await count(connection, "dirty"), await count(connection, "rollup_1m")) == (1, 0)
    assert await count(connection, "machine_state_interval") == 0

    async def done() -> bool:
        return await count(connection, "dirty") == 0

    async with keeper(plant_database.url):
        await until(done)
    assert (await count(connection, "rollup_1m"), await count(connection, "machine_state_interval")) == (1, 1)


async def test_a_stop_ends_it_cleanly_even_in_the_middle_of_a_statement(
    connection: AsyncConnection, plant_database: PlantDatabase, state_tag: int
) -> None:
    async with connection.transaction(), keeper(plant_database.url) as stopped:
        await stopped.logged("keeper_active")
        await connection.execute("LOCK TABLE plant.dirty")

        async def waits() -> bool:
            cursor = await connection.execute(
                "SELECT count(*) FROM pg_locks JOIN pg_database ON database = pg_database.oid"
                " WHERE NOT granted AND datname = current_database()"
            )
            return await cursor.fetchone() == (1,)

        await until(waits)
        stopped.process.terminate()
        assert await stopped.ended() == 0
        assert stopped.events[-1] == "keeper_stopped"


async def test_a_second_keeper_stands_by_and_takes_over(
    connection: AsyncConnection, plant_database: PlantDatabase, state_tag: int
) -> None:
    async with keeper(plant_database.url) as first:
        await first.logged("keeper_active")
        async with keeper(plant_database.url) as second:
            await second.logged("keeper_standby")
            assert "keeper_active" not in second.events
            first.process.kill()
            await second.logged("keeper_active")
            await store(connection, state_tag, at(0), 6.0)

            async def done() -> bool:
                return await count(connection, "rollup_1m") == 1

            await until(done)


async def test_a_lost_session_is_one_line_and_a_new_session(
    connection: AsyncConnection, plant_database: PlantDatabase, state_tag: int
) -> None:
    async with keeper(plant_database.url) as running:
        await running.logged("keeper_active")
        await connection.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE application_name = 'lineside keeper' AND datname = current_database()"
        )
        await running.logged("keeper_active", times=2)
        assert running.events.count("database_lost") == 1


async def test_an_absent_database_is_waited_for_and_told_once(
    plant_database: PlantDatabase, database_server: PostgresServer
) -> None:
    with psycopg.connect(database_server.url("postgres", "postgres"), autocommit=True) as admin:
        name = plant_database.name.encode()
        admin.execute(b"ALTER DATABASE " + name + b" ALLOW_CONNECTIONS false")
        async with keeper(plant_database.url) as waiting:
            await waiting.logged("database_lost")
            admin.execute(b"ALTER DATABASE " + name + b" ALLOW_CONNECTIONS true")
            await waiting.logged("keeper_active")
            assert waiting.events.count("database_lost") == 1


async def test_it_waits_for_the_migrations(empty_database: PlantDatabase) -> None:
    async with keeper(empty_database.url) as waiting:
        await waiting.logged("database_lost")
        migrate(empty_database.owner_url, say=lambda _: None)
        await waiting.logged("keeper_active")


def test_every_job_has_a_name_of_its_own() -> None:
    names = [job.name for job in jobs_of(Settings())]
    machine_side = {"partitions", "rollup", "retention", "commit_log"}
    work = {"seal", "anchor", "sessions", "booking", "stops", "energy", "andon_faults", "andon_levels"}
    figures = {"shifts", "hours", "commit_minutes"}
    assert sorted(names) == sorted(machine_side | work | figures)
