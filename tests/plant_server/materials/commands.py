"""Commands as reports run them: the order's row locked, then the hook, in one transaction with an Event."""

from collections.abc import Awaitable, Callable, Mapping
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID, uuid4

from psycopg.conninfo import make_conninfo

from plant_server.async_database import ConnectionPool
from plant_server.events import Actor, Answer, Command, CommandContext, execute
from plant_server.materials.backflush import consume_for_report, reverse_for_report
from tests.plant_server.materials.floor import Floor


async def report(
    floor: Floor,
    run_id: int,
    good: Decimal | int = 0,
    scrap: Decimal | int = 0,
    *,
    event_time: datetime | None = None,
) -> UUID:
    """The key of the report."""

    async def handler(context: CommandContext) -> Mapping[str, Any]:
        await _lock_order_of(context, run_id)
        await consume_for_report(context, run_id, Decimal(good), Decimal(scrap))
        return {}

    return await command(floor, handler, event_time)


async def reverse(floor: Floor, run_id: int, event_id: UUID) -> UUID:
    async def handler(context: CommandContext) -> Mapping[str, Any]:
        await _lock_order_of(context, run_id)
        await reverse_for_report(context, event_id)
        return {}

    return await command(floor, handler, None)


async def command(
    floor: Floor,
    handler: Callable[[CommandContext], Awaitable[Mapping[str, Any]]],
    event_time: datetime | None,
) -> UUID:
    password = floor.connection.info.password
    pool = ConnectionPool(
        make_conninfo(floor.connection.info.dsn, password=password), application="test", size=1
    )
    key = uuid4()
    at = event_time or datetime.now(UTC)
    try:
        answer = await execute(
            pool, Command(key, "test.report", "POST /t", {}, Actor("person:1"), at), handler
        )
        assert isinstance(answer, Answer)
        assert answer.status == 200
    finally:
        await pool.close()
    return key


async def _lock_order_of(context: CommandContext, run_id: int) -> None:
    await context.connection.execute(
        "SELECT FROM plant.work_order JOIN plant.run USING (work_order_id) WHERE run_id = %s"
        " FOR NO KEY UPDATE OF work_order",
        (run_id,),
    )
