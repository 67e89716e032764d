"""The end of a run: its counts are booked, its times and quantities told, its station free."""

from collections.abc import Iterable
from datetime import datetime
from decimal import Decimal

from plant_server.contract.outbox import LaborTime, MachineTime
from plant_server.database import load_queries
from plant_server.domain.operation import OperationCommand
from plant_server.events import CommandContext, Refused
from plant_server.master_data.rows import Row, row_of, rows_of
from plant_server.problems import Problem
from plant_server.runs.booking import Orders, book
from plant_server.runs.differences import state_difference
from plant_server.runs.telling import Telling, tell
from plant_server.work_orders.orders import command_operation

QUERIES = load_queries(__package__)


async def run_of(context: CommandContext, run_id: int) -> Row:
    """The run with its operation and station. Raises Problem 404."""
    row = await row_of(context.connection, QUERIES["run"], {"run_id": run_id})
    if row is None:
        raise Problem(404, "unknown-run", f"run {run_id}")
    return row


async def end_runs_of_order(context: CommandContext, order: Row, locked: Orders) -> None:
    """End every open run of the order; its running operations are paused then."""
    for row in await rows_of(context.connection, QUERIES["open_runs_of_order"], order):
        await end_run(context, order, locked, await run_of(context, row["run_id"]))
    for operation in {run["operation_id"] for run in context.facts.get("ended", [])}:
        await pause_operation(context, order, operation)


async def end_run(context: CommandContext, order: Row, locked: Orders, run: Row) -> datetime:
    """Book what is known, end the run now, tell the ERP. Returns when: the next run may begin at that very time.
    Refused: `run-has-ended`. The order's row must be locked."""
    connection, run_id = context.connection, run["run_id"]
    if run["to_time"] is not None:
        raise Refused("run-has-ended", detail=f"run {run_id}", run=run_id)
    tag_ids = await tags_of(context, run_id)
    await book(context, locked, tag_ids)
    now = await moment(context, run["equipment_id"], tag_ids)
    await connection.execute(QUERIES["end_run"], {"run_id": run_id, "to_time": now})
    ended = await run_of(context, run_id)
    context.facts.setdefault("ended", []).append(
        {"run_id": run_id, "operation_id": run["operation_id"], "time": now}
    )
    await end_labor(context, order, run, now)
    await _tell_machine_time(context, order, run, now)
    await tell(context, order, ended, Telling(context.recorded_time))
    await state_difference(context, ended)
    return now


async def pause_operation(context: CommandContext, order: Row, operation_id: int) -> None:
    """After a run of it has ended: the operation stands still unless another station goes on with it."""
    values = {"operation_id": operation_id}
    open_runs = await row_of(context.connection, QUERIES["open_runs_of_operation"], values)
    if open_runs is not None and open_runs["count"] == 0 and open_runs["state"] == "running":
        await command_operation(context, order, operation_id, OperationCommand.PAUSE)


async def end_labor(context: CommandContext, order: Row, run: Row, now: datetime) -> None:
    """Whoever works at the run stops; the ERP hears from when to when each did."""
    values = {"run_id": run["run_id"], "to_time": now}
    for one in await rows_of(context.connection, QUERIES["end_labor"], values):
        document = LaborTime(
            event_time=context.event_time,
            work_order=order["number"],
            operation=run["position"],
            run_id=run["run_id"],
            person=one["known_as"],
            seconds=_seconds(one["from_time"], one["to_time"]),
            from_time=one["from_time"],
            to_time=one["to_time"],
        )
        body = document.model_dump(mode="json")
        await context.tell_erp(document.kind, order["work_order_id"], body, context.recorded_time)
        context.facts.setdefault("labor", []).append(dict(one) | {"run_id": run["run_id"]})


async def begin_labor(context: CommandContext, run_id: int, now: datetime) -> None:
    """The person who sends the command works at the run from now on; a program does not."""
    if context.actor.person_id is not None:
        values = {"run_id": run_id, "person": context.actor.text, "from_time": now}
        await context.connection.execute(QUERIES["begin_labor"], values)


async def tags_of(context: CommandContext, run_id: int) -> list[int]:
    rows = await rows_of(context.connection, QUERIES["tags_of_run"], {"run_id": run_id})
    return [row["tag_id"] for row in rows]


async def moment(context: CommandContext, equipment_id: int, tag_ids: Iterable[int]) -> datetime:
    """Now by the plant's clock, and not before anything that was decided at this station."""
    values = {"equipment_id": equipment_id, "tag_ids": list(tag_ids)}
    row = await row_of(context.connection, QUERIES["moment"], values)
    assert row is not None, "a SELECT without FROM returns one row"  # noqa: S101
    now: datetime = row["now"]
    return now


async def _tell_machine_time(context: CommandContext, order: Row, run: Row, now: datetime) -> None:
    document = MachineTime(
        event_time=context.event_time,
        work_order=order["number"],
        operation=run["position"],
        run_id=run["run_id"],
        equipment_path=run["path"],
        seconds=_seconds(run["from_time"], now),
        from_time=run["from_time"],
        to_time=now,
    )
    body = document.model_dump(mode="json")
    await context.tell_erp(document.kind, order["work_order_id"], body, context.recorded_time)


def _seconds(begin: datetime, end: datetime) -> Decimal:
    spent = end - begin
    return Decimal(spent.days * 86_400 + spent.seconds) + Decimal(spent.microseconds).scaleb(-6)
