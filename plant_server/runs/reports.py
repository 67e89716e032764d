"""What people report of a run: good, scrap and rework with their reasons; taken back within the undo time, or reversed.

Where the machine counts, a report confirms what it has shown: its good parts are set beside the machine's and change no
total, its bad parts are named among them. A number is never edited; it is reversed as a whole and reported anew.
"""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

from plant_server.database import load_queries
from plant_server.domain.production_entry import EntryKind
from plant_server.domain.reason import ReasonKind
from plant_server.domain.run import CountSource
from plant_server.domain.work_order import TAKES_COUNTS, WorkOrderState
from plant_server.events import CommandContext, Refused
from plant_server.master_data.routings import check_reason
from plant_server.master_data.rows import Row, row_of, rows_of
from plant_server.materials.backflush import reverse_for_report
from plant_server.problems import Problem
from plant_server.runs.booking import book
from plant_server.runs.differences import state_difference, state_surplus
from plant_server.runs.ending import run_of, tags_of
from plant_server.runs.ledger import enter, good_of
from plant_server.runs.schemas import BadBody, ReportBody, ReverseBody
from plant_server.runs.service import lock_run
from plant_server.runs.telling import Telling, tell, tell_back, withdraw
from plant_server.work_orders.orders import refresh_operations

QUERIES = load_queries(__package__)
UNDO_TIME = timedelta(seconds=30)
_NONE = Decimal(0)
Told = Mapping[str, Any]


async def report(run_id: int, body: ReportBody, context: CommandContext) -> Told:
    """Problems: 404. Refused: `order-is-…`, `unknown-reason`, `too-many-decimals`, `nothing-to-report`,
    `more-than-made`."""
    run, order, locked = await lock_run(context, run_id)
    must_take_counts(order)
    if run["tag_id"] is not None:
        await book(context, locked, await tags_of(context, run_id))
        run = await run_of(context, run_id)
    return await _report(context, order, run, body)


async def undo(run_id: int, event_id: UUID, context: CommandContext) -> Told:
    """Within 30 s: as if it had never been said. Refused: `undo-time-over`, `already-reversed`, `rework-was-settled`.
    Problems: 404."""
    _, order, _ = await lock_run(context, run_id)
    event = await _reported(context, run_id, event_id)
    if context.recorded_time - event["recorded_time"] > UNDO_TIME:
        raise Refused("undo-time-over", detail=str(event_id), report=event_id)
    run = await _take_back(context, order, run_id, event_id, event["facts"])
    return _answer(context, run, [], None)


async def reverse(run_id: int, event_id: UUID, body: ReverseBody, context: CommandContext) -> Told:
    """At any time while the order takes counts; `instead` is reported in the same step. A settlement of rework is taken
    back the same way, in all runs that it moved parts of. Problems: 404. Refused: `already-reversed`,
    `rework-was-settled`, `order-is-…`, and what a report refuses."""
    run, order, locked = await lock_run(context, run_id)
    must_take_counts(order)
    event = await _reported(context, run_id, event_id)
    after = await _take_back(context, order, run_id, event_id, event["facts"])
    if body.instead is None:
        return _answer(context, after, [], None)
    if run["tag_id"] is not None:
        await book(context, locked, await tags_of(context, run_id))
    return await _report(context, order, await run_of(context, run_id), body.instead)


async def _report(context: CommandContext, order: Row, run: Row, body: ReportBody) -> Told:
    lines = await _lines(context, order, run, body)
    if not lines:
        raise Refused("nothing-to-report", detail=f"run {run['run_id']}")
    after = run | await enter(context, run["run_id"], CountSource(run["count_source"]), lines)
    after["entered"] = run["entered"] + [line for line in lines if line["kind"] != EntryKind.GOOD]
    await _must_be_made(context, after)
    await context.send_ahead()
    if not after["is_last"]:
        await refresh_operations(context, order)
    await tell(context, order, after, Telling(context.recorded_time + UNDO_TIME))
    await state_difference(context, after)
    await state_surplus(context, order, after)
    return _answer(context, after, lines, context.recorded_time + UNDO_TIME)


async def _lines(context: CommandContext, order: Row, run: Row, body: ReportBody) -> list[Row]:
    """The lines of the report. Good parts that nobody stated are what the machine made since the last report."""
    of_run = {"run_id": run["run_id"], "work_order_id": order["work_order_id"]}
    lines: list[Row] = []
    for kind, named in ((EntryKind.SCRAP, body.scrap), (EntryKind.REWORK, body.rework)):
        for one in named:
            must_be_countable(one.quantity, order)
            await check_reason(context, ReasonKind(kind.value), one.reason, run["path"])
    lines += _scrap_lines(run, body.scrap)
    lines += [_line(EntryKind.REWORK, one.quantity, one.reason) for one in body.rework]
    good = since_last_report(run, lines) if body.good is None else body.good
    must_be_countable(good, order)
    if good > 0:
        lines.insert(0, _line(EntryKind.GOOD, good, None))
    return [of_run | line for line in lines]


def since_last_report(run: Row, lines: Sequence[Row] = ()) -> Decimal:
    """Good parts that no report has confirmed; `lines` are about to be named bad among them."""
    if run["count_source"] == CountSource.OPERATOR:
        return _NONE
    bad = sum((line["quantity"] for line in lines if not line["among_rejects"]), _NONE)
    waiting: Decimal = good_of(run) - run["entered_good"] - bad
    return max(waiting, _NONE)


def unexplained_rejects(run: Row) -> int:
    """What the machine's reject counter has shown and nobody has named a reason for."""
    return int(max(run["booked_scrap"] + run["booked_rejected"] - run["among_rejects"], 0))


def _scrap_lines(run: Row, scrap: Sequence[BadBody]) -> list[Row]:
    """Scrap that the reject counter has counted already is explained, not counted again."""
    unexplained = Decimal(unexplained_rejects(run))
    lines = []
    for one in scrap:
        among = one.quantity if one.among_rejects else _NONE
        if one.among_rejects is None:
            among = min(one.quantity, unexplained)
        unexplained = max(unexplained - among, _NONE)
        if among:
            lines.append(_line(EntryKind.SCRAP, among, one.reason, among_rejects=True))
        if one.quantity > among:
            lines.append(_line(EntryKind.SCRAP, one.quantity - among, one.reason))
    return lines


def _line(kind: EntryKind, quantity: Decimal, reason: str | None, *, among_rejects: bool = False) -> Row:
    return {"kind": kind, "quantity": quantity, "reason": reason, "among_rejects": among_rejects}


async def _take_back(context: CommandContext, order: Row, run_id: int, event_id: UUID, facts: Row) -> Row:
    """Entries, documents and consumption of a report or a settlement of rework, all of it. Returns the run asked for."""
    if await row_of(context.connection, QUERIES["is_reversed"], {"event_id": event_id}) is not None:
        raise Refused("already-reversed", detail=str(event_id), report=event_id)
    said = await rows_of(context.connection, QUERIES["entries_of_event"], {"event_id": event_id})
    was_withdrawn = await withdraw(context, order, event_id)
    credited: dict[int, Row] = {}
    for of_run in sorted({line["run_id"] for line in said}):
        run = await run_of(context, of_run)
        lines = [
            line | {"quantity": -line["quantity"], "reverses": event_id}
            for line in said
            if line["run_id"] == of_run
        ]
        credited[of_run] = await enter(context, of_run, CountSource(run["count_source"]), lines)
        await tell_back(context, order, run, event_id, facts, was_withdrawn=was_withdrawn)
    if order["bom_id"] is not None:
        await reverse_for_report(context, event_id, not_before=context.recorded_time)
    after: Row = {}
    for of_run, totals in credited.items():
        run = await run_of(context, of_run)
        _rework_must_be_there(run)
        if run["to_time"] is not None:  # Nobody reports it again, so what is left of it is told at once.
            await tell(context, order, run, Telling(context.recorded_time))
        await state_difference(context, run)
        after = run | totals if of_run == run_id else after
    if not after["is_last"]:
        await refresh_operations(context, order)
    await state_surplus(context, order, after)
    return after


def _rework_must_be_there(run: Row) -> None:
    """A report of rework is not taken back while what became of the parts stands."""
    if any(one["kind"] == EntryKind.REWORK and Decimal(one["quantity"]) < 0 for one in run["entered"]):
        raise Refused("rework-was-settled", detail=f"run {run['run_id']}", run=run["run_id"])


async def _reported(context: CommandContext, run_id: int, event_id: UUID) -> Row:
    event = await row_of(context.connection, QUERIES["event"], {"event_id": event_id})
    lines = (event or {}).get("facts", {}).get("entries", [])
    made_it = any(line["run_id"] == run_id and line["reverses"] is None for line in lines)
    if event is None or event["refused"] or not made_it:
        raise Problem(404, "unknown-report", f"report {event_id} of run {run_id}")
    return event


async def _must_be_made(context: CommandContext, run: Row) -> None:
    """More bad parts than the machine has shown are a slip of the hand, unless its counts are still on their way."""
    if run["count_source"] == CountSource.OPERATOR or good_of(run) >= 0 or run["to_time"] is not None:
        return
    device = await row_of(context.connection, QUERIES["device_is_online"], run)
    if device is not None and device["online"]:
        raise Refused("more-than-made", detail=format(-good_of(run), "f"), excess=-good_of(run))


def must_take_counts(order: Row) -> None:
    if WorkOrderState(order["state"]) not in TAKES_COUNTS:
        raise Refused(f"order-is-{order['state']}", detail=order["number"])


def must_be_countable(quantity: Decimal, order: Row) -> None:
    exponent = quantity.normalize().as_tuple().exponent
    if isinstance(exponent, int) and -exponent > order["scale"]:
        raise Refused("too-many-decimals", 422, str(quantity), scale=order["scale"])


def _answer(context: CommandContext, run: Row, lines: Sequence[Row], undo_until: Any) -> Told:
    def total(kind: EntryKind) -> Decimal:
        return sum((line["quantity"] for line in lines if line["kind"] == kind), _NONE)

    return {
        "report_id": context.event_id,
        "run_id": run["run_id"],
        "good": total(EntryKind.GOOD),
        "scrap": total(EntryKind.SCRAP),
        "rework": total(EntryKind.REWORK),
        "run_good": good_of(run),
        "order_good": run["order_good"],
        "order_scrap": run["order_scrap"],
        "order_rework": run["order_rework"],
        "over_run": max(run["order_good"] - run["order_quantity"], _NONE),
        "undo_until": undo_until,
    }
