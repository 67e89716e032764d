"""The pool is bounded, and outlives the sessions it holds."""

import asyncio

import psycopg
import pytest

from plant_server.api import create_app
from plant_server.async_database import ConnectionPool, connect_async
from plant_server.errors import DatabaseUnavailable
from plant_server.settings import Settings
from tests.plant_server.api_fixture import asking
from tests.plant_server.database_fixture import PlantDatabase, database_server, empty_database, plant_database

__all__ = ["database_server", "empty_database", "plant_database"]

NOWHERE = "postgresql://lineside_plant@127.0.0.1:1/lineside"


async def pid_of(pool: ConnectionPool) -> int:
    async with pool.connection() as connection:
        return connection.info.backend_pid


async def test_a_session_is_used_again(plant_database: PlantDatabase) -> None:
    pool = ConnectionPool(plant_database.url, application="test")
    assert await pid_of(pool) == await pid_of(pool)
    await pool.close()


async def test_a_session_the_server_ended_is_replaced(plant_database: PlantDatabase) -> None:
    pool = ConnectionPool(plant_database.url, application="test")
    before = await pid_of(pool)
    with psycopg.connect(plant_database.superuser_url, autocommit=True) as admin:
        admin.execute("SELECT pg_terminate_backend(%s, 10000)", (before,))
    assert await pid_of(pool) != before
    await pool.close()


async def test_a_session_left_in_a_transaction_is_not_used_again(plant_database: PlantDatabase) -> None:
    pool = ConnectionPool(plant_database.url, application="test")
    async with pool.connection() as connection:
        before = connection.info.backend_pid
        await connection.execute("BEGIN")
    assert await pid_of(pool) != before
    await pool.close()


async def test_who_finds_no_session_free_is_told_in_time(plant_database: PlantDatabase) -> None:
    pool = ConnectionPool(plant_database.url, application="test", size=1, wait_s=0.05)
    async with pool.connection():
        with pytest.raises(DatabaseUnavailable, match="busy"):
            await pid_of(pool)
    assert await pid_of(pool)
    await pool.close()


async def test_a_cancelled_borrower_frees_its_slot(plant_database: PlantDatabase) -> None:
    pool = ConnectionPool(plant_database.url, application="test", size=1, wait_s=30)
    borrowed = asyncio.Event()

    async def sleep_in_the_database() -> None:
        async with pool.connection() as connection:
            borrowed.set()
            await connection.execute("SELECT pg_sleep(600)")

    task = asyncio.create_task(sleep_in_the_database())
    await asyncio.wait_for(borrowed.wait(), 30)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert await pid_of(pool)
    await pool.close()


async def test_an_absent_database_is_an_expected_failure() -> None:
    with pytest.raises(DatabaseUnavailable):
        await connect_async(NOWHERE, application="test")
    pool = ConnectionPool(NOWHERE, application="test", size=1, wait_s=1)
    for _ in range(3):
        with pytest.raises(DatabaseUnavailable):
            await pid_of(pool)


async def test_a_session_has_deadlines_and_sees_what_others_commit(plant_database: PlantDatabase) -> None:
    async with (
        await connect_async(plant_database.url, application="test", statement_timeout_s=7) as connection,
        connection.transaction(),
    ):
        row = await (
            await connection.execute(
                "SELECT current_setting('statement_timeout'), current_setting('transaction_isolation'),"
                " current_setting('TimeZone')"
            )
        ).fetchone()
    assert row == ("7s", "read committed", "UTC")


async def test_a_database_without_tables_is_told_apart_from_an_absent_one(
    empty_database: PlantDatabase,
) -> None:
    app = create_app(Settings(database_url=empty_database.url), api_token="token")
    async with asking(app) as client:
        health, devices = await client.get("/healthz"), await client.get("/api/v1/devices")
    await app.state.pool.close()
    assert (health.status_code, health.json()["status"]) == (503, "schema-not-ready")
    assert (devices.status_code, devices.json()["code"]) == (503, "schema-not-ready")
