"""Resequence: a person's place for an order, which no later document of the ERP undoes."""

from collections.abc import Mapping
from typing import Any

from plant_server.database import load_queries
from plant_server.domain.work_order import ENDED, WorkOrderState
from plant_server.events import CommandContext, Refused
from plant_server.work_orders.orders import answer_of, as_domain, lock_order
from plant_server.work_orders.schemas import ResequenceBody

QUERIES = load_queries(__package__)
NOTHING_TO_DO = ENDED | {WorkOrderState.COMPLETED}


async def resequence(work_order_id: int, body: ResequenceBody, context: CommandContext) -> Mapping[str, Any]:
    """Null gives the place back to the ERP. The Event says who, when and why. Problem: 404. Refused: `order-is-…`."""
    order, _ = await lock_order(context, work_order_id)
    before = await as_domain(context, order)
    if before.state in NOTHING_TO_DO:
        raise Refused(f"order-is-{before.state}", detail=order["number"])
    values = {"work_order_id": work_order_id, "person_priority": body.priority}
    await context.connection.execute(QUERIES["set_person_priority"], values)
    context.facts["resequenced"] = {
        "work_order_id": work_order_id,
        "from": order["person_priority"],
        "to": body.priority,
        "ordered": order["priority"],
    }
    return answer_of(order, before)
