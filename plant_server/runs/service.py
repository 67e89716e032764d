"""Commands on a run that goes on: pause, resume, change of order, cavities, set-up, hand-over, completion."""

from collections.abc import Mapping
from typing import Any

from plant_server.database import load_queries
from plant_server.domain import work_order as orders
from plant_server.domain.operation import OperationCommand
from plant_server.domain.run import CountSource, Phase
from plant_server.domain.work_order import WorkOrderState
from plant_server.events import CommandContext, Refused
from plant_server.master_data.rows import Row, row_of, rows_of
from plant_server.runs.booking import Orders, book
from plant_server.runs.ending import (
    begin_labor,
    end_labor,
    end_run,
    moment,
    pause_operation,
    run_of,
    tags_of,
)
from plant_server.runs.schemas import ChangeBody, PartsPerCycleBody, StartBody
from plant_server.runs.starting import Wanted, begin, counters_at, order_of_operation, set_from, start
from plant_server.work_orders.orders import (
    as_domain,
    change_state,
    command_operation,
    lock_orders,
    operations_of,
)

QUERIES = load_queries(__package__)
Told = Mapping[str, Any]


async def start_run(body: StartBody, context: CommandContext) -> Told:
    """See `starting.start`."""
    return await start(
        context,
        Wanted(body.operation_id, body.equipment, body.with_setup, body.parts_per_cycle, body.count_source),
    )


async def pause_run(run_id: int, context: CommandContext) -> Told:
    """The station stands still; what it makes all the same is nobody's. Problems: 404. Refused: `run-has-ended`."""
    run, order, locked = await lock_run(context, run_id)
    time = await end_run(context, order, locked, run)
    await pause_operation(context, order, run["operation_id"])
    await _pause_order(context, order)
    return await _answer(context, order, run, time)


async def resume_run(run_id: int, context: CommandContext) -> Told:
    """A new run of the same operation at the same station, with the last setting. Refused: `run-has-not-ended`, and
    what a start refuses."""
    run = await run_of(context, run_id)
    if run["to_time"] is None:
        raise Refused("run-has-not-ended", detail=f"run {run_id}", run=run_id)
    setting = await _setting(context, run_id)
    per_cycle = PartsPerCycleBody(**{name: setting[name] for name in ("cavities", "blocked", "cycles")})
    in_setup = setting["phase"] == Phase.SETUP
    wanted = Wanted(run["operation_id"], run["path"], in_setup, per_cycle, CountSource(run["count_source"]))
    return await start(context, wanted)


async def change_run(run_id: int, body: ChangeBody, context: CommandContext) -> Told:
    """One run ends and the next begins at one time and one position of the counter: nothing is lost between them."""
    next_order = await order_of_operation(context, body.operation_id)
    first = await run_of(context, run_id)
    counters = await counters_at(context, first["path"])
    run, order, locked = await lock_run(context, run_id, [next_order])
    time = await end_run(context, order, locked, run)
    if body.complete:
        await _complete_operation(context, order, run)
    else:
        await pause_operation(context, order, run["operation_id"])
    if next_order != run["work_order_id"]:
        await _pause_order(context, order)
    wanted = Wanted(
        body.operation_id, run["path"], body.with_setup, body.parts_per_cycle, body.count_source, time
    )
    return await begin(context, wanted, locked, next_order, counters)


async def complete_run(run_id: int, context: CommandContext) -> Told:
    """The operation is done: this run ends, and so do its runs elsewhere. The order goes on until somebody completes it."""
    run, order, locked = await lock_run(context, run_id)
    time = run["to_time"] or await end_run(context, order, locked, run)
    values = {"operation_id": run["operation_id"]}
    for other in await rows_of(context.connection, QUERIES["open_run_ids_of_operation"], values):
        await end_run(context, order, locked, await run_of(context, other["run_id"]))
    await _complete_operation(context, order, run)
    return await _answer(context, order, run, time)


async def change_parts_per_cycle(run_id: int, body: PartsPerCycleBody, context: CommandContext) -> Told:
    """From now on, never for the past. Refused: `run-has-ended`."""
    run, order, locked = await lock_open_run(context, run_id)
    setting = await _setting(context, run_id)
    time = await _now(context, locked, run)
    await set_from(context, run_id, time, Phase(setting["phase"]), body.model_dump())
    return await _answer(context, order, run, time)


async def end_setup(run_id: int, context: CommandContext) -> Told:
    """From now on parts count. Refused: `run-has-ended`, `run-is-not-in-setup`."""
    run, order, locked = await lock_open_run(context, run_id)
    setting = await _setting(context, run_id)
    if setting["phase"] != Phase.SETUP:
        raise Refused("run-is-not-in-setup", detail=f"run {run_id}", run=run_id)
    time = await _now(context, locked, run)
    per_cycle = {name: setting[name] for name in ("cavities", "blocked", "cycles")}
    await set_from(context, run_id, time, Phase.PRODUCTION, per_cycle)
    return await _answer(context, order, run, time)


async def hand_over(run_id: int, context: CommandContext) -> Told:
    """Change of shift: whoever works at the run stops, whoever sends this begins. The run goes on."""
    run, order, locked = await lock_open_run(context, run_id)
    time = await _now(context, locked, run)
    await end_labor(context, order, run, time)
    await begin_labor(context, run_id, time)
    return await _answer(context, order, run, time)


async def lock_run(
    context: CommandContext, run_id: int, others: list[int] | None = None
) -> tuple[Row, Row, Orders]:
    """The run, its order, and all orders locked with it. Raises Problem 404."""
    locked = await lock_orders(context, others or [], run_ids=[run_id])
    run = await run_of(context, run_id)
    context.work_order_id = run["work_order_id"]
    return run, locked[run["work_order_id"]], locked


async def lock_open_run(context: CommandContext, run_id: int) -> tuple[Row, Row, Orders]:
    run, order, locked = await lock_run(context, run_id)
    if run["to_time"] is not None:
        raise Refused("run-has-ended", detail=f"run {run_id}", run=run_id)
    return run, order, locked


async def _now(context: CommandContext, locked: Orders, run: Row) -> Any:
    tag_ids = await tags_of(context, run["run_id"])
    await book(context, locked, tag_ids)
    return await moment(context, run["equipment_id"], tag_ids)


async def _setting(context: CommandContext, run_id: int) -> Row:
    row = await row_of(context.connection, QUERIES["last_setting"], {"run_id": run_id})
    assert row is not None, "a run begins with a setting"  # noqa: S101
    return row


async def _complete_operation(context: CommandContext, order: Row, run: Row) -> None:
    await command_operation(context, order, run["operation_id"], OperationCommand.COMPLETE)


async def _pause_order(context: CommandContext, order: Row) -> None:
    """The order stands still when its last run has been paused."""
    open_runs = await rows_of(context.connection, QUERIES["open_runs_of_order"], order)
    if open_runs or order["state"] != WorkOrderState.RUNNING:
        return
    await change_state(context, order, orders.pause(await as_domain(context, order)))


async def _answer(context: CommandContext, order: Row, run: Row, time: Any) -> Told:
    operations = await operations_of(context, order)
    state = next(row["state"] for row in operations if row["operation_id"] == run["operation_id"])
    return {
        "run_id": run["run_id"],
        "work_order_id": run["work_order_id"],
        "time": time,
        "order_state": order["state"],
        "operation_state": state,
    }
