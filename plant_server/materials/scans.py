"""What the terminal's scanner read: a lot, an order or an item, and whether it may be used here. Changes no stock."""

from collections.abc import Mapping
from typing import Any

from psycopg import AsyncConnection

from plant_server.domain.interlock import InterlockCaller, InterlockRequest, check
from plant_server.domain.lot import LotState
from plant_server.domain.verdict import RefusalReason, Refused, Verdict, Waived
from plant_server.events import CommandContext
from plant_server.materials import interlock, order_facts
from plant_server.materials.lots import StoredLot, ms_of, read_lots, rows
from plant_server.materials.order_facts import OrderFacts
from plant_server.materials.scan_schemas import Scan, Scanned, ScannedKind, ScannedLot

_REASON_OF_STATE = {
    LotState.HOLD: RefusalReason.LOT_ON_HOLD,
    LotState.EXPIRED: RefusalReason.LOT_EXPIRED,
    LotState.EMPTY: RefusalReason.LOT_EMPTY,
}


async def scan(command: Scan, context: CommandContext) -> Mapping[str, Any]:
    """Never refused: what must not be used is an answer too, and is kept with the Event."""
    connection = context.connection
    number = command.order
    if number is None and command.station is not None:
        number = await order_facts.order_running_at(connection, command.station)
    order = await order_facts.order_facts(connection, number) if number else None
    context.work_order_id = order.work_order_id if order else None
    time_ms = ms_of(context.recorded_time)
    told = (
        await _as_lot(connection, command, number, time_ms)
        or await _as_order(connection, command)
        or await _as_item(connection, command, order, number, time_ms)
        or Scanned(ok=False, kind=ScannedKind.UNKNOWN, code=command.code, order=number, reason="unknown-code")
    )
    context.facts["scan"] = told.model_dump(mode="json")
    return told.model_dump(mode="json")


async def _as_lot(
    connection: AsyncConnection, command: Scan, number: str | None, time_ms: int
) -> Scanned | None:
    """Labels are unique per item only: of several lots the one that may be used, else our own label before the
    supplier's."""
    found = await rows(connection, "lots_by_code", {"code": command.code})
    if not found:
        return None
    stored = await read_lots(connection, [row["lot_id"] for row in found])
    told: list[Scanned] = []
    for row in found:
        one = stored[row["lot_id"]]
        if number is None:
            told.append(_without_order(command, one, time_ms))
        else:
            told.append(_lot(command, number, one, await _ask(connection, one, number, time_ms), time_ms))
    return next((one for one in told if one.ok), told[0])


async def _as_order(connection: AsyncConnection, command: Scan) -> Scanned | None:
    found = await order_facts.order_facts(connection, command.code)
    if found is None:
        return None
    params = {"state": found.order.state.value, "item": found.order.item}
    return Scanned(ok=True, kind=ScannedKind.ORDER, code=command.code, order=found.order.order, params=params)


async def _as_item(
    connection: AsyncConnection, command: Scan, order: OrderFacts | None, number: str | None, time_ms: int
) -> Scanned | None:
    """The label of an item says which it is, not from which lot: that is enough only for one not kept in lots."""
    found = await order_facts.items(connection, [command.code])
    if command.code not in found:
        return None
    told = Scanned(
        ok=order is None,
        kind=ScannedKind.ITEM,
        code=command.code,
        order=number,
        item=command.code,
    )
    if order is None or number is None:
        return told
    if found[command.code][1].is_lot_tracked and order.bom and order.bom.components_of(command.code):
        return told.model_copy(update={"reason": "lot-wanted"})
    request = InterlockRequest(command.code, None, None, number, time_ms, InterlockCaller.SCAN)
    return told.model_copy(update=_said(await interlock.ask(connection, request)))


async def _ask(connection: AsyncConnection, stored: StoredLot, number: str, time_ms: int) -> Verdict:
    lot = stored.lot
    request = InterlockRequest(lot.item, lot.revision, lot.lot, number, time_ms, InterlockCaller.SCAN)
    return check(request, await interlock.facts(connection, request, lot))


def _without_order(command: Scan, stored: StoredLot, time_ms: int) -> Scanned:
    """Nobody knows for what: only the lot's own state speaks."""
    reason = _REASON_OF_STATE.get(stored.lot.state(time_ms))
    told = _lot(command, None, stored, None, time_ms)
    if reason is None:
        return told
    return told.model_copy(update={"ok": False, "reason": interlock.code_of(reason)})


def _lot(
    command: Scan, number: str | None, stored: StoredLot, verdict: Verdict | None, time_ms: int
) -> Scanned:
    lot = stored.lot
    shown = ScannedLot(
        lot_id=stored.lot_id,
        lot=lot.lot,
        item=lot.item,
        revision=lot.revision,
        unit=lot.unit,
        state=lot.state(time_ms),
        quantity=lot.quantity,
        here=lot.at(command.station) if command.station else None,
        expiry_time=stored.expiry_time,
    )
    told = Scanned(ok=True, kind=ScannedKind.LOT, code=command.code, order=number, item=lot.item, lot=shown)
    return told if verdict is None else told.model_copy(update=_said(verdict))


def _said(verdict: Verdict) -> dict[str, Any]:
    if isinstance(verdict, Refused):
        return {
            "ok": False,
            "reason": interlock.code_of(verdict.reason),
            "change": verdict.change,
            "params": dict(verdict.params),
        }
    waiver_id = int(verdict.waiver.waiver_id) if isinstance(verdict, Waived) else None
    return {"ok": True, "waiver_id": waiver_id}
