"""Release: from then on the order is made by one revision of the item, its BOM and one routing, whatever comes later."""

from typing import Any

from plant_server.database import load_queries
from plant_server.domain import work_order as domain
from plant_server.domain.change_order import OrderContext, allowed_revisions, judge_revision
from plant_server.domain.transition import TransitionRefused
from plant_server.events import CommandContext, Refused
from plant_server.master_data.reading import changes_of, revisions_of, to_ms
from plant_server.master_data.rows import Row, row_of, rows_of
from plant_server.work_orders.orders import as_domain, change_state, refused

QUERIES = load_queries(__package__)


async def release(context: CommandContext, order: Row) -> domain.WorkOrder:
    """Refused: `order-is-…`, `no-released-revision`, `superseded-revision` (with its change), `no-released-bom`."""
    before = await as_domain(context, order)
    pinned = await choose(context, order, order["wanted_revision"])
    try:
        after = domain.release(
            before,
            bom_revision=pinned["item_revision"] or "",
            routing_revision=str(pinned["routing_id"] or ""),
        )
    except TransitionRefused as error:
        raise refused(error) from error
    await pin(context, order, pinned, after)
    return after


async def pin(context: CommandContext, order: Row, pinned: dict[str, Any], after: domain.WorkOrder) -> None:
    """Write what `choose` chose, the operations of its routing, and the state the order is in then."""
    values = {"work_order_id": order["work_order_id"]} | pinned
    await context.connection.execute(QUERIES["pin"], values)
    operations = "add_operations" if pinned["routing_id"] else "add_only_operation"
    await context.connection.execute(QUERIES[operations], values)
    order |= pinned
    await change_state(context, order, after)
    await _state_operations(context, order)


async def _state_operations(context: CommandContext, order: Row) -> None:
    """The first states of the operations, as facts like every later one."""
    rows = await rows_of(context.connection, QUERIES["operation_ids"], order)
    told = context.facts.setdefault("operations", [])
    told += [row | {"work_order_id": order["work_order_id"], "version": order["version"]} for row in rows]


async def choose(context: CommandContext, order: Row, wanted: str | None) -> dict[str, Any]:
    """`item_revision bom_id routing_id`: what the order may be made by now. Refused: see `release`."""
    connection = context.connection
    boms = {
        row["revision"]: row["bom_id"] for row in await rows_of(connection, QUERIES["boms_of_item"], order)
    }
    revision = await _revision(context, order, wanted, boms)
    if boms and revision not in boms:
        raise Refused("no-released-bom", detail=f"{order['item']} {revision}", item=order["item"])
    routing = await row_of(connection, QUERIES["routing_of_item"], order)
    return {
        "item_revision": revision,
        "bom_id": boms.get(revision or ""),
        "routing_id": routing["routing_id"] if routing else None,
    }


async def _revision(
    context: CommandContext, order: Row, wanted: str | None, boms: dict[str, int]
) -> str | None:
    """The one that is wanted if it is allowed, else the first allowed that has a BOM. None: an item without revisions."""
    item = order["item"]
    revisions = await revisions_of(context.connection, [item])
    changes = await changes_of(context.connection, [item])
    if not revisions and wanted is None:
        return None
    at_ms, of_order = to_ms(context.recorded_time) or 0, OrderContext(order["number"])
    if wanted is not None:
        verdict = judge_revision(revisions, changes, item, wanted, at_ms, of_order)
        if verdict.is_allowed:
            return str(wanted)
        code = "superseded-revision" if verdict.change else "unreleased-revision"
        raise Refused(code, detail=f"{item} {wanted}", item=item, revision=wanted, change=verdict.change)
    allowed = allowed_revisions(revisions, changes, item, at_ms, of_order)
    if not allowed:
        raise Refused("no-released-revision", detail=item, item=item)
    return next((one for one in allowed if one in boms), allowed[0])
