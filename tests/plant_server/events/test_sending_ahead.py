"""Statements that are sent without a wait for each: their errors come later, and undo the command all the same."""

from collections.abc import Mapping
from typing import Any

import psycopg
import pytest
from psycopg import AsyncConnection

from plant_server.async_database import ConnectionPool
from plant_server.events import CommandContext, Refused, execute
from tests.plant_server.events.commands_of_tests import add, command, count, do, make_totals, total


@pytest.fixture(autouse=True)
async def totals(connection: AsyncConnection) -> None:
    await make_totals(connection)


@pytest.mark.parametrize("ahead", [False, True])
async def test_what_fails_only_at_the_commit_is_not_answered(
    pool: ConnectionPool, connection: AsyncConnection, ahead: bool
) -> None:
    """The last statement goes out together with COMMIT; the answer waits for both."""
    await connection.execute("CREATE TABLE plant.late (number int UNIQUE DEFERRABLE INITIALLY DEFERRED)")

    async def twice(context: CommandContext) -> Mapping[str, Any]:
        if ahead:
            await context.send_ahead()
        await context.connection.execute("INSERT INTO plant.late VALUES (1), (1)")
        return {}

    with pytest.raises(psycopg.errors.UniqueViolation):
        await execute(pool, command(), twice)
    assert (await count(connection, "late"), await count(connection, "event")) == (0, 0)
    assert (await do(pool, command())).status == 200


async def test_the_error_of_a_statement_that_was_sent_ahead_undoes_the_command(
    pool: ConnectionPool, connection: AsyncConnection
) -> None:
    async def divide(context: CommandContext) -> Mapping[str, Any]:
        await add(context)
        await context.send_ahead()
        await context.connection.execute("SELECT 1 / 0")
        return {}

    with pytest.raises(psycopg.errors.DivisionByZero):
        await execute(pool, command(), divide)
    assert (await total(connection), await count(connection, "event")) == (0, 0)
    assert (await do(pool, command())).status == 200


async def test_who_refuses_after_sending_ahead_leaves_the_refusal_alone(
    pool: ConnectionPool, connection: AsyncConnection
) -> None:
    async def refuse(context: CommandContext) -> Mapping[str, Any]:
        await context.send_ahead()
        await add(context)
        raise Refused("over-run")

    answer = await execute(pool, command(), refuse)
    assert (answer.status, await total(connection), await count(connection, "event")) == (409, 0, 1)
