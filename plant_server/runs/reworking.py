"""Parts in rework that are settled: good now, or scrap after all, in the runs of the operation that made them.

Nothing is made by it: what was rework of a run becomes good or scrap of that run, told to the ERP as such. It is taken
back like a report (`reports.undo`, `reports.reverse`).
"""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from psycopg import AsyncConnection

from plant_server.database import load_queries
from plant_server.domain.production_entry import EntryKind
from plant_server.domain.reason import ReasonKind
from plant_server.domain.rework import Became, InRework, Move, settle
from plant_server.domain.run import CountSource
from plant_server.domain.transition import TransitionRefused
from plant_server.events import CommandContext
from plant_server.master_data.routings import check_reason
from plant_server.master_data.rows import Row, row_of, rows_of
from plant_server.problems import Problem
from plant_server.runs.differences import state_difference, state_surplus
from plant_server.runs.ending import run_of
from plant_server.runs.ledger import enter
from plant_server.runs.reports import UNDO_TIME, must_be_countable, must_take_counts
from plant_server.runs.rework_schemas import ReworkBody, ReworkRow
from plant_server.runs.starting import order_of_operation
from plant_server.runs.telling import Telling, tell
from plant_server.work_orders.orders import lock_order, refresh_operations, refused

QUERIES = load_queries(__package__, "rework.sql")


async def in_rework(connection: AsyncConnection, operation_id: int) -> list[ReworkRow]:
    """By run and reason, the oldest first. Raises Problem 404."""
    values = {"operation_id": operation_id, "reason": None}
    if await row_of(connection, QUERIES["operation_is_there"], values) is None:
        raise Problem(404, "unknown-operation", f"operation {operation_id}")
    rows = await rows_of(connection, QUERIES["in_rework"], values)
    return [ReworkRow(**row, equipment=row["path"]) for row in rows]


async def settle_rework(operation_id: int, body: ReworkBody, context: CommandContext) -> Mapping[str, Any]:
    """Move parts from rework to good or to scrap, the oldest first. Problems: 404. Refused: `more-than-in-rework`,
    `order-is-…`, `unknown-reason`, `too-many-decimals`."""
    order_id = await order_of_operation(context, operation_id)
    order, _ = await lock_order(context, order_id)
    must_take_counts(order)
    values = {"operation_id": operation_id, "reason": body.rework_reason}
    rows = await rows_of(context.connection, QUERIES["in_rework"], values)
    waiting = [InRework(row["run_id"], row["reason"], row["quantity"]) for row in rows]
    became = [Became(EntryKind.GOOD, body.good)] if body.good else []
    became += [Became(EntryKind.SCRAP, one.quantity, one.reason) for one in body.scrap]
    for one in became:
        must_be_countable(one.quantity, order)
    try:
        moves = settle(waiting, became)
    except TransitionRefused as error:
        raise refused(error) from error
    after: Row = {}
    for run_id in sorted({move.run_id for move in moves}):
        after = await _move(context, order, run_id, [move for move in moves if move.run_id == run_id])
    if not after["is_last"]:
        await refresh_operations(context, order)
    await state_surplus(context, order, after)
    left = sum((one.quantity for one in waiting), Decimal(0)) - sum(one.quantity for one in became)
    return {
        "report_id": context.event_id,
        "operation_id": operation_id,
        "runs": sorted({move.run_id for move in moves}),
        "good": body.good,
        "scrap": sum((one.quantity for one in body.scrap), Decimal(0)),
        "in_rework": left,
        "order_good": after["order_good"],
        "order_scrap": after["order_scrap"],
        "order_rework": after["order_rework"],
        "undo_until": context.recorded_time + UNDO_TIME,
    }


async def _move(context: CommandContext, order: Row, run_id: int, moves: list[Move]) -> Row:
    """Within one run; returns it with the order's new totals."""
    run = await run_of(context, run_id)
    for move in moves:
        if move.reason is not None:
            await check_reason(context, ReasonKind.SCRAP, move.reason, run["path"])
    credited = await enter(context, run_id, CountSource(run["count_source"]), _lines(order, moves))
    run = await run_of(context, run_id)
    await tell(context, order, run, Telling(context.recorded_time + UNDO_TIME))
    await state_difference(context, run)
    return run | credited


def _lines(order: Row, moves: list[Move]) -> list[Row]:
    """Two for each move: less in rework, and as much more of what it became."""
    lines = []
    for move in moves:
        of_run = {
            "run_id": move.run_id,
            "work_order_id": order["work_order_id"],
            "among_rejects": False,
        }
        rework = {"kind": EntryKind.REWORK, "quantity": -move.quantity, "reason": move.rework_reason}
        lines += [of_run | rework]
        lines += [of_run | {"kind": move.kind, "quantity": move.quantity, "reason": move.reason}]
    return lines
