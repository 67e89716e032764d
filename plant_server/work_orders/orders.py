"""A work order in a command: its row locked, what it is as an object of the domain, what a change of it leaves behind.

Every change of a state goes through `change_state` and `change_operations`: they write the row, count the order's
version, put both into the Event's facts, and tell the ERP.
"""

from collections.abc import Iterable, Sequence
from typing import Any

from plant_server.contract.outbox import OrderProgress
from plant_server.database import load_queries
from plant_server.domain import operation as operations_of_domain
from plant_server.domain.operation import Operation, OperationState
from plant_server.domain.transition import TransitionRefused
from plant_server.domain.work_order import Hold, HoldReason, WorkOrder, WorkOrderState
from plant_server.events import CommandContext, Refused
from plant_server.master_data.rows import Row, row_of, rows_of
from plant_server.problems import Problem

QUERIES = load_queries(__package__)


async def lock_orders(
    context: CommandContext,
    order_ids: Iterable[int],
    tag_ids: Iterable[int] = (),
    run_ids: Iterable[int] = (),
) -> dict[int, Row]:
    """The rows of the orders, of the runs' orders and of those at the same counters, locked until the commit. This is
    the first of all locks."""
    values = {"order_ids": list(order_ids), "tag_ids": list(tag_ids), "run_ids": list(run_ids)}
    rows = await rows_of(context.connection, QUERIES["lock_orders"], values)
    return {row["work_order_id"]: row for row in rows}


async def lock_order(context: CommandContext, work_order_id: int) -> tuple[Row, dict[int, Row]]:
    """The order's row, and all rows that were locked with it. Raises Problem 404."""
    locked = await lock_orders(context, [work_order_id])
    if work_order_id not in locked:
        raise Problem(404, "unknown-work-order", f"work order {work_order_id}")
    context.work_order_id = work_order_id
    return locked[work_order_id], locked


async def as_domain(context: CommandContext, order: Row) -> WorkOrder:
    holds = await rows_of(context.connection, QUERIES["holds_of_order"], order)
    return WorkOrder(
        order["number"],
        order["item"],
        order["quantity"],
        order["unit"],
        WorkOrderState(order["state"]),
        order["item_revision"],
        str(order["routing_id"]) if order["routing_id"] else None,
        frozenset(Hold(HoldReason(hold["reason"]), hold["reference"]) for hold in holds),
        order["has_started"],
        order["good"],
        order["scrap"],
        order["rework"],
    )


async def change_state(context: CommandContext, order: Row, after: WorkOrder) -> None:
    """Write the state that a transition of the domain led to; nothing if it led nowhere."""
    if (order["state"], order["has_started"]) == (after.state.value, after.has_started):
        return
    values = {
        "work_order_id": order["work_order_id"],
        "state": after.state.value,
        "has_started": after.has_started,
    }
    row = await row_of(context.connection, QUERIES["set_state"], values)
    assert row is not None, "the row is locked"  # noqa: S101
    order |= values | row
    context.facts.setdefault("orders", []).append(values | row)
    progress = OrderProgress(
        event_time=context.event_time, work_order=order["number"], state=after.state.value
    )
    await context.tell_erp(progress.kind, order["work_order_id"], _body(progress), context.recorded_time)


async def operations_of(context: CommandContext, order: Row) -> list[Row]:
    return await rows_of(context.connection, QUERIES["operations_of_order"], order)


def operation_as_domain(order: Row, row: Row) -> Operation:
    return Operation(
        order["number"],
        row["position"],
        row["name_en"],
        OperationState(row["state"]),
        row["transfer_quantity"],
        row["is_optional"],
        max(row["good"], 0),
    )


async def change_operations(
    context: CommandContext, order: Row, rows: Sequence[Row], after: Sequence[Operation]
) -> None:
    """Write the states that differ. `rows` and `after` are the same operations, in the same order."""
    for row, one in zip(rows, after, strict=True):
        if row["state"] == one.state.value:
            continue
        values = {
            "operation_id": row["operation_id"],
            "work_order_id": order["work_order_id"],
            "state": one.state.value,
        }
        told = await row_of(context.connection, QUERIES["set_operation_state"], values)
        row |= values
        context.facts.setdefault("operations", []).append(values | (told or {}))


async def command_operation(
    context: CommandContext, order: Row, operation_id: int, what: operations_of_domain.OperationCommand
) -> Row:
    """Start, pause, resume, complete or skip one operation. Raises Refused, Problem 404."""
    rows = await operations_of(context, order)
    target = next((row for row in rows if row["operation_id"] == operation_id), None)
    if target is None:
        raise Problem(404, "unknown-operation", f"operation {operation_id}")
    before = [operation_as_domain(order, row) for row in rows]
    try:
        after = operations_of_domain.command(before, target["position"], target["name_en"], what)
    except TransitionRefused as error:
        raise refused(error) from error
    await change_operations(context, order, rows, after)
    return target


async def refresh_operations(context: CommandContext, order: Row) -> None:
    """What may begin now, after what was made."""
    rows = await operations_of(context, order)
    after = operations_of_domain.refresh([operation_as_domain(order, row) for row in rows])
    await change_operations(context, order, rows, after)


def refused(error: TransitionRefused) -> Refused:
    """The domain's refusal as one that is kept and answered: `order_is_held` becomes `order-is-held`."""
    params: dict[str, Any] = dict(error.params)
    detail = ", ".join(error.params.values()) or None
    return Refused(error.code.replace("_", "-"), detail=detail, **params)


def answer_of(order: Row, after: WorkOrder) -> dict[str, Any]:
    return {
        "work_order_id": order["work_order_id"],
        "state": after.state.value,
        "over_run": format(after.over_run, "f"),
        "remaining": format(after.remaining, "f"),
    }


def _body(document: OrderProgress) -> dict[str, Any]:
    return document.model_dump(mode="json")
