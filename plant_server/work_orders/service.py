"""Commands on a work order, and lists of them. Each command locks the order's row first."""

from collections.abc import Callable, Mapping
from typing import Any

from psycopg import AsyncConnection

from plant_server.database import load_queries
from plant_server.domain import work_order as domain
from plant_server.domain.interlock import InterlockCaller
from plant_server.domain.operation import OperationCommand
from plant_server.domain.transition import TransitionRefused
from plant_server.domain.work_order import Hold, WorkOrder, WorkOrderState
from plant_server.events import CommandContext, Refused
from plant_server.master_data.rows import Row, row_of, rows_of
from plant_server.paging import Page, id_cursor, page_of
from plant_server.problems import Problem
from plant_server.runs.ending import end_runs_of_order
from plant_server.work_orders.holds import lift_hold, set_hold
from plant_server.work_orders.orders import (
    answer_of,
    as_domain,
    change_state,
    command_operation,
    lock_order,
    operations_of,
    refused,
)
from plant_server.work_orders.permission import permission_to_run
from plant_server.work_orders.releasing import release as pin_and_release
from plant_server.work_orders.schemas import (
    DispatchRow,
    EndBody,
    HoldBody,
    Operation,
    WorkOrderDetail,
    WorkOrderRow,
)

QUERIES = load_queries(__package__)
DISPATCH_MOST = 200
Told = Mapping[str, Any]


async def release(work_order_id: int, context: CommandContext) -> Told:
    """Problems: 404. Refused: see `releasing.release`."""
    order, _ = await lock_order(context, work_order_id)
    return answer_of(order, await pin_and_release(context, order))


async def hold(work_order_id: int, body: HoldBody, context: CommandContext) -> Told:
    order, locked = await lock_order(context, work_order_id)
    return answer_of(order, await set_hold(context, order, locked, Hold(body.reason, body.reference)))


async def lift(work_order_id: int, body: HoldBody, context: CommandContext) -> Told:
    order, _ = await lock_order(context, work_order_id)
    return answer_of(order, await lift_hold(context, order, Hold(body.reason, body.reference)))


async def pause(work_order_id: int, context: CommandContext) -> Told:
    """All its runs end; its machines' counts are nobody's until it goes on."""
    order, locked = await lock_order(context, work_order_id)
    after = _transition(domain.pause, await as_domain(context, order))
    await end_runs_of_order(context, order, locked)
    await change_state(context, order, after)
    return answer_of(order, after)


async def resume(work_order_id: int, context: CommandContext) -> Told:
    """Stations may go on with it; each starts its run itself."""
    order, _ = await lock_order(context, work_order_id)
    before = await as_domain(context, order)
    if before.state is not WorkOrderState.PAUSED:
        raise Refused(f"order-is-{before.state}", detail=order["number"])
    permission = await permission_to_run(context, order, InterlockCaller.RESUME)
    after = domain.resume(before, permission)
    await change_state(context, order, after)
    return answer_of(order, after)


async def complete(work_order_id: int, body: EndBody, context: CommandContext) -> Told:
    """A person or the ERP says so. Refused: `order-unfinished` unless confirmed, `order-is-…`."""
    order, locked = await lock_order(context, work_order_id)
    after = _transition(domain.complete, await as_domain(context, order))
    await end_runs_of_order(context, order, locked)
    rows = await operations_of(context, order)
    open_operations = [row["name_en"] for row in rows if row["state"] not in ("completed", "skipped")]
    counted = await as_domain(context, await _totals(context, order))
    missing = counted.remaining if counted.remaining > 0 else None
    if missing is not None and not body.confirm:
        raise Refused(
            "order-unfinished", detail=format(missing, "f"), remaining=missing, operations=open_operations
        )
    for row in rows:
        if row["state"] in ("running", "paused"):
            await command_operation(context, order, row["operation_id"], OperationCommand.COMPLETE)
    await change_state(context, order, after)
    return answer_of(order, counted_as(after, counted))


async def close(work_order_id: int, context: CommandContext) -> Told:
    """Refused: `postings-open` while documents of the order wait here, `order-is-…`."""
    order, _ = await lock_order(context, work_order_id)
    waiting = await row_of(context.connection, QUERIES["documents_waiting"], order)
    before = await as_domain(context, order)
    try:
        after = domain.close(before, postings_open=waiting["waiting"] if waiting else 0)
    except TransitionRefused as error:
        raise refused(error) from error
    await change_state(context, order, after)
    return answer_of(order, after)


async def cancel(work_order_id: int, context: CommandContext) -> Told:
    order, _ = await lock_order(context, work_order_id)
    after = _transition(domain.cancel, await as_domain(context, order))
    await context.connection.execute(QUERIES["lift_all_holds"], order)
    await change_state(context, order, after)
    return answer_of(order, after)


async def abort(work_order_id: int, context: CommandContext) -> Told:
    order, locked = await lock_order(context, work_order_id)
    after = _transition(domain.abort, await as_domain(context, order))
    await end_runs_of_order(context, order, locked)
    await context.connection.execute(QUERIES["lift_all_holds"], order)
    await change_state(context, order, after)
    return answer_of(order, after)


async def skip_operation(operation_id: int, context: CommandContext) -> Told:
    """Refused: `operation-is-not-optional`, `operation-is-…`."""
    found = await row_of(context.connection, QUERIES["operation_order"], {"operation_id": operation_id})
    if found is None:
        raise Problem(404, "unknown-operation", f"operation {operation_id}")
    order, _ = await lock_order(context, found["work_order_id"])
    await command_operation(context, order, operation_id, OperationCommand.SKIP)
    return answer_of(order, await as_domain(context, order))


def counted_as(state: WorkOrder, totals: WorkOrder) -> WorkOrder:
    """The state of the one with the totals of the other."""
    return WorkOrder(totals.order, totals.item, totals.quantity, totals.unit, state.state, good=totals.good)


async def _totals(context: CommandContext, order: Row) -> Row:
    """The row as it is after its runs were booked and ended."""
    _, locked = await lock_order(context, order["work_order_id"])
    return locked[order["work_order_id"]]


def _transition(how: Callable[[WorkOrder], WorkOrder], before: WorkOrder) -> WorkOrder:
    try:
        return how(before)
    except TransitionRefused as error:
        raise refused(error) from error


async def work_orders(
    connection: AsyncConnection,
    state: WorkOrderState | None,
    number: str | None,
    cursor: str | None,
    limit: int,
) -> Page[WorkOrderRow]:
    values = {"state": state, "number": number, "after": id_cursor(cursor, 0), "limit": limit + 1}
    rows = await rows_of(connection, QUERIES["orders"], values)
    return page_of([WorkOrderRow(**row) for row in rows], limit, "work_order_id")


async def work_order(connection: AsyncConnection, work_order_id: int) -> WorkOrderDetail:
    """Raises Problem 404."""
    values = {"work_order_id": work_order_id}
    row = await row_of(connection, QUERIES["order"], values)
    if row is None:
        raise Problem(404, "unknown-work-order", f"work order {work_order_id}")
    operations = await rows_of(connection, QUERIES["operations_of_order"], values)
    return WorkOrderDetail(**row, operations=[Operation(**one) for one in operations])


async def dispatch(connection: AsyncConnection, equipment_path: str | None) -> list[DispatchRow]:
    """What the station may do, in the order in which it should; without a path, all that is to be done."""
    values = {"path": equipment_path, "limit": DISPATCH_MOST}
    return [DispatchRow(**row) for row in await rows_of(connection, QUERIES["dispatch"], values)]
