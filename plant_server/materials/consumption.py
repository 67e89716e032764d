"""Material that went into an order: written once, told to the ERP, taken back as a whole."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from psycopg import AsyncConnection

from plant_server.contract import outbox
from plant_server.domain.interlock import InterlockCaller
from plant_server.domain.lot import consume, reverse_consumption
from plant_server.domain.quantity import EXACT
from plant_server.events import CommandContext, Refused
from plant_server.events.canonical import canonical
from plant_server.master_data.rows import Row
from plant_server.materials import order_facts, schemas
from plant_server.materials.amounts import in_stock_unit
from plant_server.materials.lots import (
    QUERIES,
    Move,
    MoveKind,
    StoredLot,
    keep,
    lock_lot,
    lock_lots,
    move,
    rows,
)
from plant_server.materials.service import permission_for, refusing, waiver_of
from plant_server.paging import Page, id_cursor, page_of
from plant_server.problems import Problem


@dataclass(frozen=True, slots=True)
class ConsumptionOf:
    """For what and where material was consumed, and when the ERP may hear of it."""

    work_order_id: int
    order: str
    bom_revision: str
    location: str
    not_before: datetime
    run_id: int | None = None
    operation: int | None = None


@dataclass(frozen=True, slots=True)
class Needed:
    """`position` in the BOM, None: by scan. `residual_step`: what it added to the residual of that position."""

    item_id: int
    item: str
    unit: str
    required: Decimal
    shortage: Decimal = Decimal(0)
    position: str | None = None
    residual_step: str = "0"
    refused: tuple[Mapping[str, Any], ...] = ()


@dataclass(frozen=True, slots=True)
class Given:
    """What one lot gives; its row is locked and the domain allowed it."""

    stored: StoredLot
    quantity: Decimal
    waiver_id: int | None = None


async def consumptions(
    connection: AsyncConnection, order: str | None, short_only: bool, cursor: str | None, limit: int
) -> Page[schemas.Consumption]:
    values = {
        "order": order,
        "short_only": short_only,
        "after": id_cursor(cursor, 0),
        "limit": limit + 1,
    }
    found = await rows(connection, "consumption_page", values)
    return page_of([schemas.Consumption(**row) for row in found], limit, "consumption_id")


async def consume_by_scan(
    lot_id: int, command: schemas.Consume, context: CommandContext
) -> Mapping[str, Any]:
    """Problems: 404; refused: what the interlock says, or the lot is short there."""
    work_order_id = await order_facts.lock_order(context.connection, command.order)
    known = await order_facts.order_facts(context.connection, command.order)
    run = await _run_of_order(context, command.run_id, command.order)
    stored = await lock_lot(context.connection, lot_id)
    _, item = await order_facts.item(context.connection, stored.lot.item)
    quantity = in_stock_unit(item, command.quantity, command.unit)
    permission = await permission_for(context, stored.lot, command.order, InterlockCaller.ISSUE)
    with refusing():
        consume(stored.lot, quantity, command.location, permission)
    of = ConsumptionOf(
        work_order_id=work_order_id,
        order=command.order,
        bom_revision=(known.order.bom_revision if known else None) or "",
        location=command.location,
        not_before=context.recorded_time,
        run_id=run["run_id"] if run else None,
        operation=run["operation"] if run else None,
    )
    needed = Needed(stored.item_id, stored.lot.item, stored.lot.unit, quantity)
    consumption_id = await take(context, of, needed, [Given(stored, quantity, waiver_of(permission))])
    context.work_order_id = work_order_id
    return await _answer(context, consumption_id)


async def settle(consumption_id: int, command: schemas.Settle, context: CommandContext) -> Mapping[str, Any]:
    """A person names the lot that gave what the books were short of. Problems: 404; refused: more than is short, what
    the interlock says for the time at which the parts were made, or the lot is short there."""
    connection = context.connection
    found = await rows(connection, "order_of_consumption", {"consumption_id": consumption_id})
    if not found:
        raise Problem(404, "unknown-consumption", f"consumption {consumption_id}")
    work_order_id = await order_facts.lock_order(connection, found[0]["number"])
    locked = await rows(connection, "lock_consumption", {"consumption_id": consumption_id})
    if not locked or locked[0]["shortage"] == 0:
        raise Refused("nothing-is-short", consumption_id=consumption_id)
    row = locked[0]
    stored = await lock_lot(connection, command.lot_id)
    quantity = command.quantity if command.quantity is not None else row["shortage"]
    if quantity > row["shortage"]:
        raise Refused("more-than-is-short", short=str(row["shortage"]))
    location = command.location or row["location"]
    at = row["event_time"]
    permission = await permission_for(context, stored.lot, row["order"], InterlockCaller.BACKFLUSH, at)
    if stored.lot.item != row["item"]:
        raise Refused("wrong-item", lot=stored.lot.lot, item=stored.lot.item)
    with refusing():
        consume(stored.lot, quantity, location, permission)
    given = Given(stored, quantity, waiver_of(permission))
    of = _of(row, context.recorded_time)
    await connection.execute(
        QUERIES["settle_shortage"], {"consumption_id": consumption_id, "quantity": quantity}
    )
    keep(context, "shortages_settled", {"consumption_id": consumption_id, "quantity": quantity})
    await _move_out(context, of, consumption_id, given, location)
    await tell_consumption(context, of, row["item"], row["unit"], quantity, [given])
    context.work_order_id = work_order_id
    return await _answer(context, consumption_id)


async def take(
    context: CommandContext, of: ConsumptionOf, needed: Needed, given: Sequence[Given], *, tell: bool = True
) -> int:
    """Write a consumption, move its lots out of the books, tell the ERP what was taken. Returns its id."""
    values = {
        "event_id": context.event_id,
        "event_time": context.event_time,
        "work_order_id": of.work_order_id,
        "run_id": of.run_id,
        "operation": of.operation,
        "location": of.location,
        "bom_revision": of.bom_revision,
        "position": needed.position,
        "item_id": needed.item_id,
        "unit": needed.unit,
        "required": needed.required,
        "shortage": needed.shortage,
        "residual_step": needed.residual_step,
        "refused": canonical(list(needed.refused)),
    }
    (row,) = await rows(context.connection, "add_consumption", values)
    consumption_id: int = row["consumption_id"]
    fact = values | {"consumption_id": consumption_id, "refused": list(needed.refused)}
    keep(context, "consumptions", fact)
    for one in given:
        await _move_out(context, of, consumption_id, one, of.location)
    taken = EXACT.subtract(needed.required, needed.shortage)
    if tell and taken:
        await tell_consumption(context, of, needed.item, needed.unit, taken, given)
    return consumption_id


async def take_back(context: CommandContext, of: ConsumptionOf, row: Row, reverses: UUID) -> None:
    """Everything of one consumption, to where it was taken from, whatever state its lots are in now."""
    consumption_id = row["consumption_id"]
    taken = await rows(context.connection, "consumed_lots", {"consumption_id": consumption_id})
    lots = await lock_lots(context.connection, [one["lot_id"] for one in taken])
    back: list[Given] = []
    for one in taken:
        stored = lots[one["lot_id"]]
        with refusing():
            reverse_consumption(stored.lot, one["quantity"], one["location"])
        place = one["location"]
        await move(
            context,
            Move(
                MoveKind.REVERSE,
                stored.lot_id,
                one["quantity"],
                None,
                place,
                of.work_order_id,
                consumption_id,
            ),
        )
        back.append(Given(stored, EXACT.minus(one["quantity"])))
    values = {"consumption_id": consumption_id, "event_id": context.event_id}
    await context.connection.execute(QUERIES["reverse_consumption"], values)
    keep(context, "consumptions_reversed", values)
    quantity = EXACT.subtract(row["shortage"], row["required"])
    if quantity:
        await tell_consumption(context, of, row["item"], row["unit"], quantity, back, reverses)


async def tell_consumption(
    context: CommandContext,
    of: ConsumptionOf,
    item: str,
    unit: str,
    quantity: Decimal,
    given: Sequence[Given],
    reverses: UUID | None = None,
) -> None:
    """A delta; the order's row must be locked."""
    document = outbox.Consumption(
        event_time=context.event_time,
        reverses=reverses,
        work_order=of.order,
        operation=of.operation,
        run_id=of.run_id,
        item=item,
        unit=unit,
        quantity=quantity,
        lots=tuple(outbox.LotQuantity(lot=one.stored.lot.lot, quantity=one.quantity) for one in given),
        bom_revision=of.bom_revision,
    )
    body = document.model_dump(mode="json")
    await context.tell_erp(outbox.Kind.CONSUMPTION, of.work_order_id, body, of.not_before)


async def _move_out(
    context: CommandContext, of: ConsumptionOf, consumption_id: int, given: Given, location: str
) -> None:
    one = Move(
        MoveKind.CONSUME,
        given.stored.lot_id,
        given.quantity,
        location,
        None,
        of.work_order_id,
        consumption_id,
        given.waiver_id,
    )
    await move(context, one)


def _of(row: Row, not_before: datetime) -> ConsumptionOf:
    return ConsumptionOf(
        work_order_id=row["work_order_id"],
        order=row["order"],
        bom_revision=row["bom_revision"],
        location=row["location"],
        not_before=not_before,
        run_id=row["run_id"],
        operation=row["operation"],
    )


async def _run_of_order(context: CommandContext, run_id: int | None, order: str) -> Row | None:
    if run_id is None:
        return None
    run = await order_facts.run_of_report(context.connection, run_id)
    if run is None or run["order"] != order:
        raise Problem(404, "unknown-run", f"run {run_id} of {order}")
    return run


async def _answer(context: CommandContext, consumption_id: int) -> Mapping[str, Any]:
    values = {"order": None, "short_only": False, "after": consumption_id - 1, "limit": 1}
    (row,) = await rows(context.connection, "consumption_page", values)
    return schemas.Consumption(**row).model_dump(mode="json")
