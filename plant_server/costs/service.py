"""Cost cards of orders, and the prices they are made with."""

from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import ROUND_HALF_EVEN, Decimal
from typing import Any

from psycopg import AsyncConnection

from plant_server.costs.energy import QUERIES, energy_by_window, tariffs
from plant_server.costs.prices import price_per_unit
from plant_server.costs.schemas import CostCard, CostLine, NewRate, NewTariff, Rate, Rates, Tariff, Window
from plant_server.domain.cost import PRICE_DIGITS, cost_of_energy, cost_of_quantity, cost_of_time, in_cents
from plant_server.energy.service import energy_of_run
from plant_server.events import CommandContext, Refused
from plant_server.master_data.rows import Row, row_of, rows_of
from plant_server.problems import Problem


async def cost_card(connection: AsyncConnection, work_order_id: int) -> CostCard:
    """So far, while runs go on or meters were not read since. Problem: 404."""
    values = {"work_order_id": work_order_id}
    order = await row_of(connection, QUERIES["order"], values)
    if order is None:
        raise Problem(404, "unknown-work-order", f"work order {work_order_id}")
    runs = await rows_of(connection, QUERIES["runs"], values)
    lines = [_material(row) for row in await rows_of(connection, QUERIES["material"], values)]
    lines += [_time("labor", row["code"], row) for row in await rows_of(connection, QUERIES["labor"], values)]
    lines += [_time("machine", row["path"], row) for row in runs if row["to_time"] is not None]
    are_final = True
    for run in runs:
        energy = await energy_of_run(connection, run["run_id"])
        are_final &= energy.is_final
        lines += await _energy(connection, run, energy.as_of)
    cost = in_cents([line.cost for line in lines if line.cost is not None])
    good: Decimal = order["good"]
    return CostCard(
        work_order_id=work_order_id,
        order=order["number"],
        lines=lines,
        cost=cost,
        is_complete=are_final and all(line.price is not None for line in lines),
        good=good,
        cost_per_good=(cost / good).quantize(PRICE_DIGITS, ROUND_HALF_EVEN) if good > 0 else None,
        as_of=datetime.now(UTC),
    )


async def rates(connection: AsyncConnection) -> Rates:
    found = await rows_of(connection, QUERIES["rates"], {})
    known = [
        Tariff(
            from_time=one.from_time,
            time_zone=one.zone.key,
            windows=[
                Window(starts=window.starts, name=window.name, price_per_kwh=window.price_per_kwh)
                for window in one.windows
            ],
        )
        for one in await tariffs(connection)
    ]
    now = datetime.now(UTC)
    held = [one for one in known if one.from_time <= now][-1:]
    return Rates(
        rates=[Rate(**row) for row in found], tariffs=[*held, *(one for one in known if one.from_time > now)]
    )


async def state_rate(command: NewRate, context: CommandContext) -> Mapping[str, Any]:
    """What an ERP says again is no new price. Refused: the item or station is unknown, its unit does not convert, or the
    price would hold in the past or before another one of the same source."""
    price = command.price
    if command.kind == "machine":
        known = await row_of(context.connection, QUERIES["is_station"], {"code": command.code})
        if known is None or not known["known"]:
            raise Refused("unknown-equipment", detail=command.code)
    elif command.kind == "material":
        price = await price_per_unit(context.connection, command.code, price, command.unit)
    system = command.system or ""
    values: dict[str, Any] = {"kind": command.kind, "code": command.code, "system": system}
    if system:
        await context.connection.execute(QUERIES["lock"])
        held = await row_of(context.connection, QUERIES["held_rate"], values)
        if held is not None and held["price"] == price:
            return Rate(**held).model_dump(mode="json")
    from_time = await _later(context, "last_rate", command.from_time, values)
    added = {"from_time": from_time, "price": price, "event_id": context.event_id}
    await context.connection.execute(QUERIES["add_rate"], values | added)
    told = Rate(kind=command.kind, code=command.code, price=price, from_time=from_time, system=command.system)
    return told.model_dump(mode="json")


async def state_tariff(zone: str, command: NewTariff, context: CommandContext) -> Mapping[str, Any]:
    """`zone`: the site's. Refused: two windows start at one time, or it would hold in the past or before another one."""
    starts = [one.starts for one in command.windows]
    if len(set(starts)) < len(starts):
        raise Refused("windows-overlap", 422)
    from_time = await _later(context, "last_tariff", command.from_time, {})
    time_zone = command.time_zone or zone
    values = {
        "from_time": from_time,
        "time_zone": time_zone,
        "event_id": context.event_id,
        "starts": starts,
        "names": [one.name for one in command.windows],
        "prices": [one.price_per_kwh for one in command.windows],
    }
    await context.connection.execute(QUERIES["add_tariff"], values)
    await context.connection.execute(QUERIES["add_windows"], values)
    windows = sorted(command.windows, key=lambda one: one.starts)
    return Tariff(from_time=from_time, time_zone=time_zone, windows=windows).model_dump(mode="json")


async def _later(
    context: CommandContext, query: str, wanted: datetime | None, values: Mapping[str, Any]
) -> datetime:
    await context.connection.execute(QUERIES["lock"])
    from_time = wanted or context.recorded_time
    last = await row_of(context.connection, QUERIES[query], dict(values))
    latest = last["max"] if last else None
    if from_time < context.recorded_time or (latest is not None and from_time <= latest):
        raise Refused("price-not-later", from_time=from_time.isoformat())
    return from_time


def _material(row: Row) -> CostLine:
    quantity, price = row["quantity"], row["price"]
    cost = None if price is None else cost_of_quantity(quantity, price)
    return CostLine(
        kind="material",
        what=row["code"],
        window=None,
        quantity=quantity,
        unit=row["unit"],
        price=price,
        cost=cost,
        system=row["system"],
    )


def _time(kind: str, what: str, row: Row) -> CostLine:
    spent = row["to_time"] - row["from_time"]
    seconds = Decimal(spent.days * 86_400 + spent.seconds) + Decimal(spent.microseconds).scaleb(-6)
    price = row["price"]
    return CostLine(
        kind="labor" if kind == "labor" else "machine",
        what=what,
        window=None,
        quantity=seconds,
        unit="SEC",
        price=price,
        cost=None if price is None else cost_of_time(seconds, price),
    )


async def _energy(connection: AsyncConnection, run: Row, as_of: datetime | None) -> list[CostLine]:
    """By window. Of a run that goes on: up to what the meters were read last."""
    end = run["to_time"] or max(as_of or run["from_time"], run["from_time"])
    used = await energy_by_window(connection, run["path"], run["from_time"], end, await tariffs(connection))
    lines = []
    for one in used:
        quantity = Decimal(one.energy_wh)
        price = None if one.window is None else one.window.price_per_kwh
        cost = None if price is None else cost_of_energy(quantity, price)
        name = None if one.window is None else one.window.name
        lines.append(
            CostLine(
                kind="energy",
                what=run["path"],
                window=name,
                quantity=quantity,
                unit="WHR",
                price=price,
                cost=cost,
            )
        )
    return lines
