"""The beginning of a run: its station is free, its order may run, and everything from now on is its own."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from plant_server.database import load_queries
from plant_server.domain import work_order as orders
from plant_server.domain.interlock import InterlockCaller
from plant_server.domain.operation import OperationCommand
from plant_server.domain.run import CountSource, Phase
from plant_server.domain.transition import TransitionRefused
from plant_server.domain.work_order import WorkOrderState
from plant_server.events import CommandContext, Refused
from plant_server.master_data.rows import Row, row_of
from plant_server.problems import Problem
from plant_server.runs.booking import Orders, book
from plant_server.runs.ending import begin_labor, moment
from plant_server.runs.schemas import PartsPerCycleBody
from plant_server.work_orders.orders import (
    QUERIES as ORDER_QUERIES,
)
from plant_server.work_orders.orders import (
    as_domain,
    change_state,
    command_operation,
    lock_orders,
    operations_of,
    refused,
)
from plant_server.work_orders.permission import permission_to_run

QUERIES = load_queries(__package__)


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is to run where. `at`: the moment the run before it ended, in a change of order."""

    operation_id: int
    equipment_path: str
    with_setup: bool = False
    parts_per_cycle: PartsPerCycleBody | None = None
    count_source: CountSource | None = None
    at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Station:
    equipment_id: int
    path: str
    tag_id: int | None
    counts: str | None
    reject_tag_id: int | None

    @property
    def tag_ids(self) -> list[int]:
        return [tag for tag in (self.tag_id, self.reject_tag_id) if tag is not None]


async def order_of_operation(context: CommandContext, operation_id: int) -> int:
    """Raises Problem 404."""
    row = await row_of(context.connection, ORDER_QUERIES["operation_order"], {"operation_id": operation_id})
    if row is None:
        raise Problem(404, "unknown-operation", f"operation {operation_id}")
    return int(row["work_order_id"])


async def counters_at(context: CommandContext, path: str) -> Row:
    """`tag_id counts reject_tag_id` of a station; without a counter, nothing in them."""
    found = await row_of(context.connection, QUERIES["counters_of_equipment"], {"path": path})
    return found or {"tag_id": None, "counts": None, "reject_tag_id": None}


async def start(context: CommandContext, wanted: Wanted, order_ids: list[int] | None = None) -> Row:
    """Lock, ask the interlock, book what came before, begin. Returns `RunChanged`'s fields.

    Problems: 404. Refused: `wrong-station`, `station-is-busy`, `counter-missing`, `operation-is-…`, `order-is-…`, and
    what the interlock says.
    """
    order_id = await order_of_operation(context, wanted.operation_id)
    counters = await counters_at(context, wanted.equipment_path)
    tags = [counters[name] for name in ("tag_id", "reject_tag_id") if counters[name] is not None]
    locked = await lock_orders(context, [order_id, *(order_ids or [])], tags)
    return await begin(context, wanted, locked, order_id, counters)


async def begin(context: CommandContext, wanted: Wanted, locked: Orders, order_id: int, counters: Row) -> Row:
    """As `start`, with the orders locked already."""
    order = locked[order_id]
    context.work_order_id = order_id
    station = await _lock_station(context, wanted.equipment_path, counters)
    operation = await _operation(context, order, wanted.operation_id)
    _must_fit(operation, station)
    await _must_be_free(context, station)
    await _go_on(context, order, operation)
    await book(context, locked, station.tag_ids)
    now = wanted.at or await moment(context, station.equipment_id, station.tag_ids)
    run_id = await _add_run(context, order, operation, station, wanted, now)
    await begin_labor(context, run_id, now)
    return {
        "run_id": run_id,
        "work_order_id": order_id,
        "time": now,
        "order_state": order["state"],
        "operation_state": "running",
    }


async def _lock_station(context: CommandContext, path: str, counters: Row) -> Station:
    """Two starts at one station follow one another."""
    row = await row_of(context.connection, QUERIES["lock_equipment"], {"path": path})
    if row is None:
        raise Problem(404, "unknown-station-path", path)
    return Station(
        row["equipment_id"], path, counters["tag_id"], counters["counts"], counters["reject_tag_id"]
    )


async def _operation(context: CommandContext, order: Row, operation_id: int) -> Row:
    rows = await operations_of(context, order)
    return next(row for row in rows if row["operation_id"] == operation_id)


def _must_fit(operation: Row, station: Station) -> None:
    center = operation["work_center"]
    if center is not None and station.path != center and not station.path.startswith(f"{center}/"):
        raise Refused("wrong-station", 422, station.path, work_center=center)


async def _must_be_free(context: CommandContext, station: Station) -> None:
    values = {"equipment_id": station.equipment_id}
    other = await row_of(context.connection, QUERIES["open_run_at"], values)
    if other is not None:
        raise Refused("station-is-busy", detail=other["number"], order=other["number"], run=other["run_id"])


async def _go_on(context: CommandContext, order: Row, operation: Row) -> None:
    """The states of order and operation; the interlock is asked each time something begins."""
    before = await as_domain(context, order)
    resumes = before.has_started
    caller = InterlockCaller.RESUME if resumes else InterlockCaller.START
    if before.state in (WorkOrderState.RELEASED, WorkOrderState.PAUSED, WorkOrderState.RUNNING):
        permission = await permission_to_run(context, order, caller)
        after = before
        if before.state is WorkOrderState.RELEASED:
            after = orders.start(before, permission)
        elif before.state is WorkOrderState.PAUSED:
            after = orders.resume(before, permission)
        await change_state(context, order, after)
    else:
        raise Refused(f"order-is-{before.state}", detail=order["number"], command="start")
    if operation["state"] == "running":
        return  # Another station does it as well.
    what = OperationCommand.RESUME if operation["state"] == "paused" else OperationCommand.START
    try:
        await command_operation(context, order, operation["operation_id"], what)
    except TransitionRefused as error:
        raise refused(error) from error


async def _add_run(
    context: CommandContext, order: Row, operation: Row, station: Station, wanted: Wanted, now: datetime
) -> int:
    source = _source(operation, station, wanted)
    values: dict[str, Any] = {
        "operation_id": operation["operation_id"],
        "work_order_id": order["work_order_id"],
        "equipment_id": station.equipment_id,
        "tag_id": station.tag_id,
        "from_time": now,
        "count_source": source,
        "setup_parts": order["setup_parts"],
    }
    row = await row_of(context.connection, QUERIES["add_run"], values)
    assert row is not None, "INSERT returns its row"  # noqa: S101
    run_id = int(row["run_id"])
    await _add_tags(context, run_id, station)
    phase = Phase.SETUP if wanted.with_setup else Phase.PRODUCTION
    per_cycle = wanted.parts_per_cycle or PartsPerCycleBody(cavities=operation["cavities"])
    await set_from(context, run_id, now, phase, per_cycle.model_dump())
    context.facts["run"] = values | {"run_id": run_id, "phase": phase}
    return run_id


def _source(operation: Row, station: Station, wanted: Wanted) -> CountSource:
    """Where there is no counter people count, unless somebody asked for the machine's counts."""
    if station.tag_id is not None:
        return wanted.count_source or CountSource(operation["count_source"])
    if wanted.count_source not in (None, CountSource.OPERATOR):
        raise Refused("counter-missing", 422, station.path)
    return CountSource.OPERATOR


async def _add_tags(context: CommandContext, run_id: int, station: Station) -> None:
    if station.tag_id is not None:
        values: dict[str, Any] = {"run_id": run_id, "tag_id": station.tag_id, "counts": station.counts}
        await context.connection.execute(QUERIES["add_run_tag"], values | {"among_parts": False})
    if station.reject_tag_id is not None:
        values = {"run_id": run_id, "tag_id": station.reject_tag_id, "counts": "reject"}
        among = station.counts in ("parts", "cycles")
        await context.connection.execute(QUERIES["add_run_tag"], values | {"among_parts": among})


async def set_from(
    context: CommandContext, run_id: int, now: datetime, phase: Phase, per_cycle: Mapping[str, int]
) -> None:
    """What holds in the run from now on."""
    setting = {"run_id": run_id, "from_time": now, "phase": phase} | dict(per_cycle)
    await context.connection.execute(QUERIES["set_from"], setting)
    context.facts.setdefault("settings", []).append(setting)
