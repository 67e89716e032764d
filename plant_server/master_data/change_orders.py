"""Engineering change orders: received from PLM, and told at once to the orders that they touch."""

from collections.abc import Mapping
from typing import Any

from plant_server.database import load_queries
from plant_server.events import CommandContext, Refused
from plant_server.master_data.documents import receive
from plant_server.master_data.items import check_revision
from plant_server.master_data.reading import change_from, item_by_code
from plant_server.master_data.rows import row_of
from plant_server.master_data.schemas import ChangeOrderBody
from plant_server.work_orders.holds import hold_affected

QUERIES = load_queries(__package__)


async def receive_change_order(body: ChangeOrderBody, context: CommandContext) -> Mapping[str, Any]:
    """A released change puts a hold on every order that has pinned what it replaces, unless old stock is used up.

    Refused: `unknown-item`, `unknown-revision`, `held-by-other-document`.
    """

    async def write(change_order_id: int | None) -> int:
        item = await item_by_code(context.connection, body.item)
        for revision in (body.old_revision, body.new_revision):
            await check_revision(context, item["item_id"], body.item, revision)
        values = body.model_dump(exclude={"effectivity"}) | {
            "change_order_id": change_order_id,
            "item_id": item["item_id"],
            "effectivity": body.effectivity.kind,
            "from_time": body.effectivity.from_time,
            "orders": body.effectivity.orders,
            "from_serial": body.effectivity.from_serial,
        }
        if change_order_id is None:
            change_order_id = await _add(context, values)
        else:
            await context.connection.execute(QUERIES["change_change_order"], values)
        if body.released_time is not None:
            context.facts["held"] = await hold_affected(context, change_from(values))
        return change_order_id

    return await receive(context, "change_order", body, write)


async def _add(context: CommandContext, values: Mapping[str, Any]) -> int:
    kept = await row_of(context.connection, QUERIES["add_change_order"], values)
    if kept is None:
        raise Refused("held-by-other-document", detail=str(values["number"]))
    return int(kept["change_order_id"])
