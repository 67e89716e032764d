"""A small feature of the tests' own: a table of totals, and commands that add to them."""

import asyncio
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

from psycopg import AsyncConnection, sql

from plant_server.async_database import ConnectionPool
from plant_server.events import Actor, Answer, Command, CommandContext, Handler, execute

NOON = datetime(2026, 1, 31, 12, tzinfo=UTC)
LI = Actor("person:7", person_id=7, device="station:3")


async def make_totals(connection: AsyncConnection) -> None:
    await connection.execute("CREATE TABLE plant.total (name text PRIMARY KEY, good integer NOT NULL)")
    await connection.execute("INSERT INTO plant.total VALUES ('a', 0)")


async def total(connection: AsyncConnection) -> int:
    row = await (await connection.execute("SELECT good FROM plant.total")).fetchone()
    assert row is not None
    return int(row[0])


async def count(connection: AsyncConnection, table: str) -> int:
    query = sql.SQL("SELECT count(*) FROM plant.{}").format(sql.Identifier(table))
    row = await (await connection.execute(query)).fetchone()
    assert row is not None
    return int(row[0])


def command(
    key: UUID | None = None, *, good: int = 1, actor: Actor = LI, route: str = "POST /totals/a/add"
) -> Command:
    return Command(key or uuid4(), "total.add", route, {"good": good}, actor, NOON)


async def add(context: CommandContext, good: int = 1) -> Mapping[str, Any]:
    cursor = await context.connection.execute(
        "UPDATE plant.total SET good = good + %s WHERE name = 'a' RETURNING good", (good,)
    )
    row = await cursor.fetchone()
    assert row is not None
    context.facts["added"] = good
    return {"good": row[0]}


async def do(pool: ConnectionPool, what: Command, handler: Handler = add) -> Answer:
    return await execute(pool, what, handler)


async def until_somebody_waits(connection: AsyncConnection) -> None:
    async with asyncio.timeout(30):
        while True:
            waiting = await connection.execute(
                "SELECT count(*) FROM pg_stat_activity"
                " WHERE datname = current_database() AND wait_event_type = 'Lock'"
            )
            if await waiting.fetchone() != (0,):
                return
            await asyncio.sleep(0.01)
