"""Holds: reasons not to go on, set by people, by quality, and by engineering changes."""

from plant_server.database import load_queries
from plant_server.domain import work_order as domain
from plant_server.domain.bom import is_affected
from plant_server.domain.change_order import ChangeOrder, Disposition, WhenUsedUp
from plant_server.domain.transition import TransitionRefused
from plant_server.domain.work_order import Hold, HoldReason, WorkOrder
from plant_server.events import CommandContext
from plant_server.master_data.reading import bom_by_id, item_by_code
from plant_server.master_data.rows import Row, rows_of
from plant_server.runs.ending import end_runs_of_order
from plant_server.work_orders.orders import as_domain, change_state, lock_orders, refused

QUERIES = load_queries(__package__)


async def set_hold(context: CommandContext, order: Row, locked: dict[int, Row], hold: Hold) -> WorkOrder:
    """The order's open runs end: what its machines still make is nobody's until a person says whose.
    Refused: `order-is-…`."""
    try:
        after = domain.hold(await as_domain(context, order), hold)
    except TransitionRefused as error:
        raise refused(error) from error
    await end_runs_of_order(context, order, locked)
    await context.connection.execute(
        QUERIES["add_hold"], _values(order, hold) | {"set_by": context.actor.text}
    )
    await change_state(context, order, after)
    return after


async def lift_hold(context: CommandContext, order: Row, hold: Hold) -> WorkOrder:
    """Refused: `no-such-hold`, `order-is-…`. Whoever lifts a hold starts no machine."""
    try:
        after = domain.lift_hold(await as_domain(context, order), hold)
    except TransitionRefused as error:
        raise refused(error) from error
    await context.connection.execute(QUERIES["lift_hold"], _values(order, hold))
    await change_state(context, order, after)
    return after


async def hold_affected(context: CommandContext, change: ChangeOrder) -> list[str]:
    """Hold every order that has pinned what the released change replaces; returns their numbers. Where old stock is
    used up first, the old revision stays allowed and nobody is stopped."""
    if change.disposition is Disposition.USE_UP or isinstance(change.effectivity, WhenUsedUp):
        return []
    item = await item_by_code(context.connection, change.item)
    candidates = await rows_of(context.connection, QUERIES["orders_with_pinned_item"], item)
    ids = []
    for row in candidates:
        bom = await bom_by_id(context.connection, row["bom_id"])
        if bom is not None and is_affected(change, bom):
            ids.append(row["work_order_id"])
    locked = await lock_orders(context, ids)
    numbers = []
    for order_id in ids:
        order = locked[order_id]
        if order["state"] in ("released", "running", "paused", "held"):
            await set_hold(context, order, locked, Hold(HoldReason.CHANGE, change.number))
            numbers.append(order["number"])
    return numbers


def _values(order: Row, hold: Hold) -> Row:
    return {
        "work_order_id": order["work_order_id"],
        "reason": hold.reason.value,
        "reference": hold.reference,
    }
