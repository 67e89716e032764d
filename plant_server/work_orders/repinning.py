"""Repin: a released order that has not started is to be made by another revision."""

from collections.abc import Mapping
from typing import Any

from plant_server.database import load_queries
from plant_server.domain import work_order as domain
from plant_server.domain.transition import TransitionRefused
from plant_server.events import CommandContext, Refused
from plant_server.work_orders.orders import answer_of, as_domain, lock_order, refused
from plant_server.work_orders.releasing import choose, pin
from plant_server.work_orders.schemas import RepinBody

QUERIES = load_queries(__package__)
PINNED = ("item_revision", "bom_id", "routing_id")


async def repin(work_order_id: int, body: RepinBody, context: CommandContext) -> Mapping[str, Any]:
    """The revision is judged as at release, and the routing is the one a release would pin now; holds stay. Problem: 404.
    Refused: `order-running` once it has started, `order-is-…`, and what a release refuses."""
    order, _ = await lock_order(context, work_order_id)
    if order["has_started"]:
        raise Refused("order-running", detail=order["number"], state=order["state"])
    before, was = await as_domain(context, order), {name: order[name] for name in PINNED}
    pinned = await choose(context, order, body.revision)
    try:
        after = domain.repin(
            before,
            bom_revision=pinned["item_revision"] or "",
            routing_revision=str(pinned["routing_id"] or ""),
        )
    except TransitionRefused as error:
        raise refused(error) from error
    await context.connection.execute(QUERIES["forget_operations"], order)
    await pin(context, order, pinned, after)
    context.facts["repinned"] = {"work_order_id": work_order_id, "from": was, "to": pinned}
    return answer_of(order, after)
