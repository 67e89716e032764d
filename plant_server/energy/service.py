"""Energy of runs and orders, and the balance of every meter."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from psycopg import AsyncConnection

from plant_server.domain.energy import energy_per_part_wh
from plant_server.energy.schemas import (
    Balance,
    ChooseMeter,
    KeyRow,
    Meter,
    MeterBalance,
    MeterEnergy,
    Meters,
    NewKey,
    OrderEnergy,
    PlaceEnergy,
    RunEnergy,
    RunShare,
    Share,
)
from plant_server.energy.stakes import Stake
from plant_server.energy.totals import QUERIES, MeterStake, keys_of, stakes_of, totals_at
from plant_server.events import CommandContext, Refused
from plant_server.master_data.rows import Row, row_of, rows_of
from plant_server.problems import Problem
from plant_server.runs.ledger import good_of

SPAN_MAX = timedelta(days=366)
METERS_MAX = 500


async def energy_of_run(connection: AsyncConnection, run_id: int) -> RunEnergy:
    """Of [from_time, to_time), so far if it goes on; once it is final, what was told. Problem: 404."""
    run = await row_of(connection, QUERIES["run"], {"run_id": run_id})
    if run is None:
        raise Problem(404, "unknown-run", f"run {run_id}")
    told = await row_of(connection, QUERIES["told"], {"run_id": run_id})
    stakes = await stakes_of(connection, run["path"])
    if told is not None:
        found = await rows_of(connection, QUERIES["told_meters"], {"run_id": run_id})
        meters = [MeterEnergy(tag_id=row["tag_id"], energy_wh=int(row["energy_wh"])) for row in found]
    else:
        meters = await _measured(connection, run, stakes)
    read = [one.read_time for one in stakes if one.read_time is not None]
    total_wh = sum(one.energy_wh for one in meters)
    good = max(good_of(run), Decimal(0))
    end = run["to_time"]
    is_read = end is not None and len(read) == len(stakes) and all(moment > end for moment in read)
    return RunEnergy(
        run_id=run_id,
        order=run["order"],
        operation=run["operation"],
        path=run["path"],
        from_time=run["from_time"],
        to_time=end,
        energy_wh=total_wh,
        is_final=told is not None or is_read,
        as_of=min(read, default=None),
        good=good,
        energy_per_part_wh=energy_per_part_wh(total_wh, good),
        meters=meters,
    )


async def energy_of_order(connection: AsyncConnection, work_order_id: int) -> OrderEnergy:
    """Problem: 404."""
    order = await row_of(connection, QUERIES["work_order"], {"work_order_id": work_order_id})
    if order is None:
        raise Problem(404, "unknown-work-order", f"work order {work_order_id}")
    found = await rows_of(connection, QUERIES["runs_of_order"], {"work_order_id": work_order_id})
    runs = [await energy_of_run(connection, row["run_id"]) for row in found]
    total_wh = sum(one.energy_wh for one in runs)
    return OrderEnergy(
        work_order_id=work_order_id,
        order=order["number"],
        energy_wh=total_wh,
        is_final=all(one.is_final for one in runs),
        good=order["good"],
        energy_per_part_wh=energy_per_part_wh(total_wh, order["good"]),
        runs=runs,
    )


async def balance(
    connection: AsyncConnection, path: str | None, from_time: datetime, to_time: datetime
) -> Balance:
    """Of every meter at or below `path`: what runs had, what was used while nothing ran, and what is nobody's.
    Problem: 422 (span)."""
    if not from_time < to_time <= from_time + SPAN_MAX:
        raise Problem(422, "span-invalid", f"{from_time.isoformat()} to {to_time.isoformat()}")
    values = {"tag_id": None, "path": path, "limit": METERS_MAX}
    found = await rows_of(connection, QUERIES["meters"], values)
    meters = [await _balance_of(connection, row, from_time, to_time) for row in found]
    return Balance(from_time=from_time, to_time=to_time, meters=meters)


async def meters(connection: AsyncConnection, path: str | None) -> Meters:
    values = {"tag_id": None, "path": path, "limit": METERS_MAX}
    found = await rows_of(connection, QUERIES["meters"], values)
    return Meters(meters=[await _meter(connection, row) for row in found])


async def choose_meter(tag_id: int, command: ChooseMeter, context: CommandContext) -> Mapping[str, Any]:
    """Problem: 404."""
    device = await row_of(context.connection, QUERIES["meter_device"], {"tag_id": tag_id})
    if device is None:
        raise Problem(404, "unknown-meter", f"tag {tag_id}")
    values = {"tag_id": tag_id, "device_id": device["device_id"], "path": command.path}
    await context.connection.execute(QUERIES["choose_meter"], values)
    return await _answer(context, tag_id)


async def state_key(tag_id: int, command: NewKey, context: CommandContext) -> Mapping[str, Any]:
    """Problem: 404; refused: more shares than the whole, in the past, or before another key."""
    connection = context.connection
    await connection.execute(QUERIES["lock_meter"], {"tag_id": tag_id})
    if not await rows_of(connection, QUERIES["meters"], {"tag_id": tag_id, "path": None, "limit": 1}):
        raise Problem(404, "unknown-meter", f"tag {tag_id}")
    weights = {one.path: one.weight for one in command.shares}
    if sum(weights.values(), Decimal(0)) > command.whole or len(weights) < len(command.shares):
        raise Refused("key-too-large", 422, "the weights are more than the whole, or a path stands twice")
    from_time = command.from_time or context.recorded_time
    last = await row_of(connection, QUERIES["last_key"], {"tag_id": tag_id})
    latest = last["max"] if last else None
    if from_time < context.recorded_time or (latest is not None and from_time <= latest):
        raise Refused("key-not-later", tag_id=tag_id, from_time=from_time)
    values = {
        "tag_id": tag_id,
        "from_time": from_time,
        "whole": command.whole,
        "basis": command.basis,
        "event_id": context.event_id,
        "paths": list(weights),
        "weights": list(weights.values()),
    }
    await connection.execute(QUERIES["add_key"], values)
    await connection.execute(QUERIES["add_shares"], values)
    return await _answer(context, tag_id)


async def _measured(connection: AsyncConnection, run: Row, stakes: list[MeterStake]) -> list[MeterEnergy]:
    """By the meters, so far: up to their last readings if the run goes on."""
    read = [one.read_time for one in stakes if one.read_time is not None]
    end = run["to_time"] or max([*read, run["from_time"]])
    totals = await totals_at(connection, stakes, [run["from_time"], end])
    return [
        MeterEnergy(
            tag_id=one.tag_id,
            energy_wh=totals.energy_wh(one.tag_id, one.stake, run["from_time"], end),
        )
        for one in stakes
    ]


async def _balance_of(
    connection: AsyncConnection, meter: Row, from_time: datetime, to_time: datetime
) -> MeterBalance:
    tag_id = meter["tag_id"]
    keys = (await keys_of(connection, [tag_id])).get(tag_id, [])
    places: list[PlaceEnergy] = []
    for row in await rows_of(connection, QUERIES["places_of_meter"], {"tag_id": tag_id}):
        serving = [one for one in await stakes_of(connection, row["path"]) if one.tag_id == tag_id]
        stake = Stake(row["path"], bool(serving) and serving[0].stake.serves, keys)
        places.append(await _place(connection, tag_id, stake, from_time, to_time))
    whole = MeterStake(tag_id, None, Stake(meter["path"] or "", True, keys))
    total_wh = (await totals_at(connection, [whole], [from_time, to_time])).advance_wh(
        tag_id, from_time, to_time
    )
    return MeterBalance(
        tag_id=tag_id,
        device=meter["device"],
        path=meter["path"],
        total_wh=total_wh,
        places=places,
        unallocated_wh=total_wh - sum(one.energy_wh for one in places),
    )


async def _place(
    connection: AsyncConnection, tag_id: int, stake: Stake, from_time: datetime, to_time: datetime
) -> PlaceEnergy:
    values = {"path": stake.path, "from_time": from_time, "to_time": to_time}
    runs = await rows_of(connection, QUERIES["runs_at"], values)
    moments = [from_time, to_time, *(run[bound] for run in runs for bound in ("from_time", "to_time"))]
    totals = await totals_at(connection, [MeterStake(tag_id, None, stake)], moments)
    shares = [
        RunShare(
            run_id=run["run_id"],
            order=run["order"],
            energy_wh=totals.energy_wh(tag_id, stake, run["from_time"], run["to_time"]),
        )
        for run in runs
    ]
    energy_wh = totals.energy_wh(tag_id, stake, from_time, to_time)
    idle_wh = energy_wh - sum(one.energy_wh for one in shares)
    return PlaceEnergy(path=stake.path, energy_wh=energy_wh, runs=shares, idle_wh=idle_wh)


async def _meter(connection: AsyncConnection, row: Row) -> Meter:
    key = await row_of(connection, QUERIES["current_key"], row)
    if key is None:
        return Meter(**row, key=None)
    values = {"tag_id": row["tag_id"], "from_time": key["from_time"]}
    shares = [Share(**one) for one in await rows_of(connection, QUERIES["shares"], values)]
    return Meter(**row, key=KeyRow(**key, shares=shares))


async def _answer(context: CommandContext, tag_id: int) -> Mapping[str, Any]:
    values = {"tag_id": tag_id, "path": None, "limit": 1}
    (row,) = await rows_of(context.connection, QUERIES["meters"], values)
    return (await _meter(context.connection, row)).model_dump(mode="json")
