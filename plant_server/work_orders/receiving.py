"""Orders from the ERP: the same twice is one, a changed one is the latest, and a running one stays as it is."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from plant_server.contract.outbox import OrderAcknowledgement
from plant_server.database import load_queries
from plant_server.domain.quantity import Quantity, convert
from plant_server.domain.work_order import ENDED, WorkOrderState
from plant_server.events import CommandContext, Refused
from plant_server.master_data.documents import receive
from plant_server.master_data.items import check_revision, check_unit
from plant_server.master_data.reading import conversions_of, item_by_code
from plant_server.master_data.rows import Row, row_of
from plant_server.master_data.schemas import Outcome
from plant_server.work_orders.orders import lock_orders
from plant_server.work_orders.releasing import release
from plant_server.work_orders.schemas import ReceivedOrder, WorkOrderBody

QUERIES = load_queries(__package__)
OF_PLANT = "plant"


async def receive_order(body: WorkOrderBody, context: CommandContext) -> Mapping[str, Any]:
    """Refused: `unknown-item`, `unknown-revision`, `unknown-unit`, `quantity-inexact`, `held-by-other-document`;
    `order-running` when it has started, `order-is-…` when it has ended; and what a release refuses."""

    async def write(work_order_id: int | None) -> int:
        values = await _values(context, body)
        order_id = await (
            _add(context, values) if work_order_id is None else _change(context, work_order_id, values)
        )
        await _acknowledge(context, body, order_id)
        return order_id

    told = await receive(context, "work_order", body, write)
    context.work_order_id = told["id"]
    order = (await lock_orders(context, [told["id"]]))[told["id"]]
    news = told["outcome"] in (Outcome.CREATED, Outcome.CHANGED)
    if news and body.release and order["state"] == WorkOrderState.PLANNED:
        await release(context, order)
    return ReceivedOrder(outcome=told["outcome"], id=told["id"], state=order["state"]).model_dump()


async def _values(context: CommandContext, body: WorkOrderBody) -> dict[str, Any]:
    item = await item_by_code(context.connection, body.item)
    if body.revision is not None:
        await check_revision(context, item["item_id"], body.item, body.revision)
    unit = body.unit or item["unit"]
    return {
        "number": body.number,
        "source": "plant" if body.system == OF_PLANT else "erp",
        "item_id": item["item_id"],
        "quantity": await _in_base_unit(context, item, body.quantity, unit),
        "unit": item["unit"],
        "ordered_quantity": body.quantity,
        "ordered_unit": unit,
        "due_time": body.due_time,
        "priority": body.priority,
        "work_center": body.work_center,
        "requirement": body.requirement,
        "wanted_revision": body.revision,
    }


async def _in_base_unit(context: CommandContext, item: Row, quantity: Decimal, unit: str) -> Decimal:
    conversions = await conversions_of(context.connection, item["item_id"])
    check_unit(unit, item["unit"], conversions)
    told, residual = convert(Quantity(quantity, unit), item["unit"], item["scale"], conversions=conversions)
    if residual or not told.value:
        detail = f"{quantity} {unit} in {item['unit']} with {item['scale']} decimals"
        raise Refused("quantity-inexact", 422, detail, unit=unit)
    return told.value


async def _add(context: CommandContext, values: dict[str, Any]) -> int:
    row = await row_of(context.connection, QUERIES["add_order"], values)
    if row is None:
        raise Refused("held-by-other-document", detail=values["number"])
    return int(row["work_order_id"])


async def _change(context: CommandContext, work_order_id: int, values: dict[str, Any]) -> int:
    order = (await lock_orders(context, [work_order_id]))[work_order_id]
    state = WorkOrderState(order["state"])
    if state in ENDED:
        raise Refused(f"order-is-{state}", detail=order["number"])
    if order["has_started"]:
        raise Refused("order-running", detail=order["number"], state=state)
    await context.connection.execute(QUERIES["change_order_row"], values | {"work_order_id": work_order_id})
    if state is not WorkOrderState.PLANNED and _is_made_otherwise(order, values):
        await _pin_again(context, order)
    return work_order_id


def _is_made_otherwise(order: Row, values: dict[str, Any]) -> bool:
    fields = ("item_id", "wanted_revision", "work_center")
    return any(order[field] != values[field] for field in fields)


async def _pin_again(context: CommandContext, order: Row) -> None:
    """A released order that is to be something else is planned again, and then released by what holds now."""
    await context.connection.execute(QUERIES["unpin"], order)
    await context.connection.execute(QUERIES["lift_all_holds"], order)
    values = {"work_order_id": order["work_order_id"], "state": "planned", "has_started": False}
    row = await row_of(context.connection, QUERIES["set_state"], values)
    context.facts.setdefault("orders", []).append(values | (row or {}))
    fresh = (await lock_orders(context, [order["work_order_id"]]))[order["work_order_id"]]
    await release(context, fresh)


async def _acknowledge(context: CommandContext, body: WorkOrderBody, work_order_id: int) -> None:
    if body.system == OF_PLANT:
        return
    told = OrderAcknowledgement(event_time=context.event_time, work_order=body.number)
    document = told.model_dump(mode="json")
    await context.tell_erp(told.kind, work_order_id, document, context.recorded_time)
