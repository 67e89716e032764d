"""What a command tells an ERP lies in the outbox with it: numbered in the order of commits, and the bridge's to claim."""

import asyncio
from collections.abc import Mapping
from datetime import timedelta
from decimal import Decimal
from typing import Any

import psycopg
import pytest
from psycopg import AsyncConnection

from plant_server.async_database import ConnectionPool
from plant_server.events import CommandContext
from tests.plant_server.database_fixture import PlantDatabase
from tests.plant_server.events.commands_of_tests import NOON, add, command, do, make_totals


@pytest.fixture(autouse=True)
async def totals(connection: AsyncConnection) -> None:
    await make_totals(connection)


async def test_documents_of_an_order_are_numbered_in_the_order_of_commits(
    plant_database: PlantDatabase, connection: AsyncConnection
) -> None:
    async def tell(context: CommandContext) -> Mapping[str, Any]:
        context.work_order_id = 5
        total_now = await add(context)
        await context.tell_erp("completion", 5, {"total": total_now["good"]}, NOON + timedelta(seconds=10))
        return total_now

    pool = ConnectionPool(plant_database.url, application="test", size=8, wait_s=60)
    await asyncio.gather(*(do(pool, command(), tell) for _ in range(40)))
    await pool.close()
    rows = await connection.execute(
        "SELECT order_seq, (outbox.body ->> 'total')::int, event.work_order_id FROM plant.outbox"
        " JOIN plant.event USING (event_id) ORDER BY order_seq"
    )
    assert await rows.fetchall() == [(number, number, 5) for number in range(1, 41)]


async def test_documents_without_an_order_have_no_number(
    pool: ConnectionPool, connection: AsyncConnection
) -> None:
    async def tell(context: CommandContext) -> Mapping[str, Any]:
        await context.tell_erp("energy_cost", None, {"wh": Decimal("12.500")}, NOON)
        return {}

    await do(pool, command(), tell)
    rows = await connection.execute("SELECT work_order_id, order_seq, body, not_before FROM plant.outbox")
    assert await rows.fetchall() == [(None, None, {"wh": "12.500"}, NOON)]


async def test_the_bridge_may_claim_the_outbox_and_see_nothing_else(
    plant_database: PlantDatabase, connection: AsyncConnection, pool: ConnectionPool
) -> None:
    async def tell(context: CommandContext) -> Mapping[str, Any]:
        await context.tell_erp("completion", 5, {}, NOON)
        return {}

    await do(pool, command(), tell)
    async with await AsyncConnection.connect(plant_database.owner_url, autocommit=True) as bridge:
        await bridge.execute("SET ROLE lineside_bridge")
        claimed = await bridge.execute("DELETE FROM plant.outbox RETURNING kind, order_seq")
        assert await claimed.fetchall() == [("completion", 1)]
        for statement in (b"SELECT FROM plant.event", b"UPDATE plant.outbox SET kind = ''"):
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                await bridge.execute(statement)
