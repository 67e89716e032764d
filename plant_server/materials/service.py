"""Receiving, moving, counting and holding lots: the work of these commands, inside the command's transaction.

What the domain refuses (`lot_is_short` …) is refused with the same word; the interlock is asked wherever material goes
towards a product, after the rows of order and lot are locked.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from decimal import Decimal
from typing import Any, Literal

from psycopg import AsyncConnection

from plant_server.contract import outbox
from plant_server.domain import lot as lot_rules
from plant_server.domain.interlock import InterlockCaller, InterlockRequest, check
from plant_server.domain.item import Item
from plant_server.domain.lot import MaterialLot
from plant_server.domain.transition import TransitionRefused
from plant_server.domain.verdict import Permission, Waived
from plant_server.events import CommandContext, Refused
from plant_server.materials import interlock, order_facts
from plant_server.materials.amounts import in_stock_unit
from plant_server.materials.lots import (
    Move,
    MoveKind,
    StoredLot,
    keep,
    lock_lot,
    move,
    ms_of,
    read_lots,
    rows,
)
from plant_server.materials.schemas import (
    Adjust,
    Issue,
    LiftHold,
    Lot,
    LotMove,
    PlaceHold,
    Receive,
    Return,
    Stock,
)
from plant_server.paging import Page, encode_cursor, id_cursor, page_of
from plant_server.problems import Problem

OUTSIDE = "outside"
"""What documents name as the place of material that comes from, or goes, outside the books."""


async def lots(
    connection: AsyncConnection,
    *,
    item: str | None,
    lot: str | None,
    location: str | None,
    cursor: str | None,
    limit: int,
) -> Page[Lot]:
    values = {
        "item": item,
        "lot": lot,
        "location": location,
        "after": id_cursor(cursor, 0),
        "limit": limit + 1,
    }
    ids = [row["lot_id"] for row in await rows(connection, "lot_page", values)]
    found = await read_lots(connection, ids[:limit])
    now = await _now(connection)
    next_cursor = encode_cursor(ids[limit - 1]) if len(ids) > limit else None
    return Page(items=[describe(found[lot_id], now) for lot_id in ids[:limit]], next_cursor=next_cursor)


async def one_lot(connection: AsyncConnection, lot_id: int) -> Lot:
    """Problem: 404."""
    found = await read_lots(connection, [lot_id])
    if lot_id not in found:
        raise Problem(404, "unknown-lot", f"lot {lot_id}")
    return describe(found[lot_id], await _now(connection))


async def moves(connection: AsyncConnection, lot_id: int, cursor: str | None, limit: int) -> Page[LotMove]:
    values = {"lot_id": lot_id, "after": id_cursor(cursor, 0), "limit": limit + 1}
    return page_of([LotMove(**row) for row in await rows(connection, "moves", values)], limit, "move_id")


async def receive(command: Receive, context: CommandContext) -> Mapping[str, Any]:
    """Problems: 404 (item, order); refused: the lot is known as something else."""
    connection = context.connection
    reserved_for = None
    if command.reserved_for is not None:
        reserved_for = await order_facts.lock_order(connection, command.reserved_for)
    item_id, item = await order_facts.item(connection, command.item)
    quantity = in_stock_unit(item, command.quantity, command.unit)
    values = {
        "item_id": item_id,
        "unit": item.unit,
        "reserved_for": reserved_for,
        "received_time": context.event_time,
        **command.model_dump(include={"lot", "revision", "supplier_lot", "expiry_time"}),
    }
    added = await rows(connection, "add_lot", values)
    (row,) = added or await rows(connection, "lot_of_item", values)
    stored = await lock_lot(connection, row["lot_id"])
    if added:
        keep(context, "lots", {"lot_id": stored.lot_id} | values)
    else:
        _must_be_same(stored, command, item)
    with refusing():
        lot_rules.receive(stored.lot, quantity, command.location)
    await move(context, Move(MoveKind.RECEIVE, stored.lot_id, quantity, None, command.location))
    if not command.known_to_erp:
        await tell_move(context, stored.lot, quantity, (OUTSIDE, command.location), "receive")
    return await _answer(context, stored.lot_id)


async def issue(lot_id: int, command: Issue, context: CommandContext) -> Mapping[str, Any]:
    """Problems: 404; refused: what the interlock says, or the lot is short there."""
    work_order_id = await order_facts.lock_order(context.connection, command.order)
    stored = await lock_lot(context.connection, lot_id)
    quantity = await _quantity(context, stored, command.quantity, command.unit)
    permission = await permission_for(context, stored.lot, command.order, InterlockCaller.ISSUE)
    with refusing():
        lot_rules.issue(stored.lot, quantity, command.from_location, command.to_location, permission)
    one = Move(
        MoveKind.ISSUE,
        lot_id,
        quantity,
        command.from_location,
        command.to_location,
        work_order_id,
        waiver_id=waiver_of(permission),
    )
    await move(context, one)
    await tell_move(context, stored.lot, quantity, (command.from_location, command.to_location), "issue")
    context.work_order_id = work_order_id
    return await _answer(context, lot_id)


async def give_back(lot_id: int, command: Return, context: CommandContext) -> Mapping[str, Any]:
    """Problems: 404; refused: the lot is short there."""
    work_order_id = None
    if command.order is not None:
        work_order_id = await order_facts.lock_order(context.connection, command.order)
    stored = await lock_lot(context.connection, lot_id)
    quantity = await _quantity(context, stored, command.quantity, command.unit)
    with refusing():
        lot_rules.return_to_store(stored.lot, quantity, command.from_location, command.to_location)
    source, target = command.from_location, command.to_location
    await move(context, Move(MoveKind.RETURN, lot_id, quantity, source, target, work_order_id))
    await tell_move(context, stored.lot, quantity, (source, target), "return")
    context.work_order_id = work_order_id
    return await _answer(context, lot_id)


async def adjust(lot_id: int, command: Adjust, context: CommandContext) -> Mapping[str, Any]:
    """The difference is posted with its reason; none is none. Problem: 404."""
    stored = await lock_lot(context.connection, lot_id)
    counted = await _quantity(context, stored, command.counted, None)
    with refusing():
        _, difference = lot_rules.adjust(stored.lot, counted, command.location)
    if difference:
        source, target = (None, command.location) if difference > 0 else (command.location, None)
        one = Move(MoveKind.ADJUST, lot_id, abs(difference), source, target, reason=command.reason)
        await move(context, one)
        way = (source or OUTSIDE, target or OUTSIDE)
        await tell_move(context, stored.lot, abs(difference), way, "adjust", command.reason)
    return await _answer(context, lot_id)


async def place_hold(lot_id: int, command: PlaceHold, context: CommandContext) -> Mapping[str, Any]:
    """Holding with the same reference again changes nothing. Problem: 404."""
    await lock_lot(context.connection, lot_id)
    values = {"lot_id": lot_id, "event_id": context.event_id, **command.model_dump()}
    if await rows(context.connection, "place_hold", values):
        keep(context, "holds_placed", {"lot_id": lot_id} | command.model_dump())
    return await _answer(context, lot_id)


async def lift_hold(lot_id: int, command: LiftHold, context: CommandContext) -> Mapping[str, Any]:
    """Other holds stay. Problem: 404; refused: no such hold."""
    stored = await lock_lot(context.connection, lot_id)
    with refusing():
        lot_rules.lift_hold(stored.lot, command.reference)
    values = {"lot_id": lot_id, "event_id": context.event_id, "reference": command.reference}
    for row in await rows(context.connection, "lift_hold", values):
        keep(context, "holds_lifted", row)
    return await _answer(context, lot_id)


async def permission_for(
    context: CommandContext, lot: MaterialLot, order: str, caller: InterlockCaller, at: datetime | None = None
) -> Permission:
    """The interlock's, for a lot whose row is locked. `at`: when the parts were made; None: now. Raises Refused."""
    time_ms = ms_of(at or context.recorded_time)
    request = InterlockRequest(lot.item, lot.revision, lot.lot, order, time_ms, caller)
    verdict = check(request, await interlock.facts(context.connection, request, lot))
    return interlock.permission_of(verdict)


def waiver_of(permission: Permission) -> int | None:
    """The waiver that it rests on."""
    return int(permission.waiver.waiver_id) if isinstance(permission, Waived) else None


async def tell_move(
    context: CommandContext,
    lot: MaterialLot,
    quantity: Decimal,
    way: tuple[str, str],
    purpose: Literal["receive", "issue", "return", "adjust"],
    reason: str | None = None,
) -> None:
    """`way`: from and to."""
    document = outbox.StockMove(
        event_time=context.event_time,
        item=lot.item,
        unit=lot.unit,
        quantity=quantity,
        lot=lot.lot,
        from_location=way[0],
        to_location=way[1],
        purpose=purpose,
        reason=reason,
    )
    body = document.model_dump(mode="json")
    await context.tell_erp(outbox.Kind.STOCK_MOVE, None, body, context.recorded_time)


def describe(stored: StoredLot, now: datetime) -> Lot:
    lot = stored.lot
    return Lot(
        lot_id=stored.lot_id,
        item=lot.item,
        lot=lot.lot,
        revision=lot.revision,
        quantity=lot.quantity,
        unit=lot.unit,
        state=lot.state(ms_of(now)),
        stock=[Stock(location=place, quantity=value) for place, value in lot.stock],
        holds=sorted(lot.holds),
        supplier_lot=stored.supplier_lot,
        reserved_for=lot.reserved_for,
        received_time=stored.received_time,
        expiry_time=stored.expiry_time,
    )


@contextmanager
def refusing() -> Iterator[None]:
    """What the domain refuses is refused as a command, with the same word."""
    try:
        yield
    except TransitionRefused as error:
        params: dict[str, Any] = dict(error.params)
        raise Refused(error.code.replace("_", "-"), **params) from error


def _must_be_same(stored: StoredLot, command: Receive, item: Item) -> None:
    """What was left unsaid may be anything: a second pallet is received by its label alone."""
    lot = stored.lot
    known = {
        "revision": lot.revision,
        "supplier_lot": stored.supplier_lot,
        "expiry_time": stored.expiry_time,
        "reserved_for": lot.reserved_for,
    }
    said = command.model_dump(include=set(known), exclude_none=True)
    different = sorted(name for name, value in said.items() if value != known[name])
    if lot.unit != item.unit:
        different.append("unit")
    if different:
        raise Refused("lot-differs", detail=", ".join(different), lot=lot.lot, item=lot.item)


async def _quantity(
    context: CommandContext, stored: StoredLot, quantity: Decimal, unit: str | None
) -> Decimal:
    _, item = await order_facts.item(context.connection, stored.lot.item)
    return in_stock_unit(item, quantity, unit)


async def _answer(context: CommandContext, lot_id: int) -> Mapping[str, Any]:
    found = await read_lots(context.connection, [lot_id])
    return describe(found[lot_id], context.recorded_time).model_dump(mode="json")


async def _now(connection: AsyncConnection) -> datetime:
    row = await (await connection.execute("SELECT now()")).fetchone()
    assert row is not None, "SELECT without FROM returns a row"  # noqa: S101
    moment: datetime = row[0]
    return moment
