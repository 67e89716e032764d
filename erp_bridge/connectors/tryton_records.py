"""Lines of ours as records Tryton can store: codes become ids. Nothing is guessed, and only a lot that was made is made."""

from collections.abc import Sequence
from datetime import date
from decimal import ROUND_HALF_EVEN, Decimal
from typing import Any

from erp_bridge.config import Tryton
from erp_bridge.connectors.tryton_production import Production
from erp_bridge.connectors.tryton_rpc import TrytonClient
from erp_bridge.connectors.tryton_words import Line_
from erp_bridge.errors import RefusedByErp

_PRICE = Decimal("0.0001")


async def move_values(
    client: TrytonClient, tryton: Tryton, production: Production, lines: Sequence[Line_], day: date
) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """Values of stock moves: (inputs, outputs). Raises RefusedByErp: a code has no record."""
    inputs, outputs = [], []
    price = _price(production, lines)
    for line in lines:
        product = await _id(client, "product.product", line["item"], ["code", "=", line["item"]])
        values = {
            "product": product,
            "unit": await _id(client, "product.uom", line["unit"], ["symbol", "=", line["unit"]]),
            "quantity": float(line["amount"]),
            "lot": await _lot(client, product, line),
            "company": production.told["company"],
            "effective_date": day,
        }
        places = await _places(client, tryton, production, line["role"])
        if line["role"] == "input":
            inputs.append(values | places)
        elif line["role"] == "scrap":  # Without a price: its cost lies on the good ones.
            outputs.append(values | places)
        else:
            currency = production.told["company."]["currency"]
            outputs.append(values | places | {"unit_price": price, "currency": currency})
    return inputs, outputs


async def cycle_values(
    client: TrytonClient, production: Production, lines: Sequence[Line_]
) -> list[list[Any]]:
    """A cycle for each line, on the work of its operation and center; what no work is there for becomes one."""
    commands: list[list[Any]] = []
    for line in lines:
        cycles = {"cycles": [["create", [{}]]]}
        work = next(
            (
                one.work_id
                for one in production.works
                if (one.operation, one.center) == (line["operation"], line["center"])
            ),
            None,
        )
        if work is not None:
            commands.append(["write", [work], cycles])
            continue
        operation = await _id(
            client, "production.routing.operation", line["operation"], ["name", "=", line["operation"]]
        )
        center = await _id(client, "production.work.center", line["center"], ["name", "=", line["center"]])
        new = {"operation": operation, "work_center": center, "company": production.told["company"]}
        commands.append(["create", [new | cycles]])
    return commands


def _price(production: Production, lines: Sequence[Line_]) -> Decimal:
    """Of one received: what was spent so far and lies on nothing received yet, over what is received now. When the
    production is done, Tryton itself spreads the whole cost over all that was received."""
    received = sum(
        (one.value for one in production.moves if one.line["role"] == "output" and one.state == "done"),
        Decimal(0),
    )
    quantity = sum((Decimal(line["amount"]) for line in lines if line["role"] == "output"), Decimal(0))
    if quantity <= 0:
        return Decimal(0)
    left = max(production.cost - received, Decimal(0))
    return (left / quantity).quantize(_PRICE, ROUND_HALF_EVEN)


async def _places(client: TrytonClient, tryton: Tryton, production: Production, role: str) -> dict[str, Any]:
    warehouse, place = production.told["warehouse."], production.told["location"]
    storage = warehouse["storage_location"]
    if role == "input":
        return {"from_location": warehouse["production_picking_location"] or storage, "to_location": place}
    if role == "output":
        return {"from_location": place, "to_location": warehouse["production_output_location"] or storage}
    scrap = await _id(client, "stock.location", tryton.scrap_location, ["code", "=", tryton.scrap_location])
    return {"from_location": place, "to_location": scrap}


async def _lot(client: TrytonClient, product: int, line: Line_) -> int | None:
    """Of what is used it must be there; of what is made it becomes one."""
    if not line["lot"]:
        return None
    domain = [["number", "=", line["lot"]], ["product", "=", product]]
    found = await client.one("stock.lot", ["id"], *domain)
    if found is not None:
        return int(found["id"])
    if line["role"] == "input":
        raise _unknown("stock.lot", f"{line['item']} {line['lot']}")
    made = await client.change("stock.lot.create", [{"number": line["lot"], "product": product}])
    return int(made[0])


async def _id(client: TrytonClient, model: str, code: str, clause: list[Any]) -> int:
    found = await client.one(model, ["id"], clause)
    if found is None:
        raise _unknown(model, code)
    return int(found["id"])


def _unknown(model: str, code: str) -> RefusedByErp:
    return RefusedByErp("unknown_code", f"there is no {model} {code!r}", {"model": model, "code": code})
