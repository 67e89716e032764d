"""Productions as an office would make them in Tryton, and how they stand there now."""

from datetime import date
from decimal import Decimal
from typing import Any

from tests.tryton.rpc import Rpc


def planned_production(rpc: Rpc, quantity: float, reference: str = "SO-1", *, released: bool = True) -> str:
    """A production of pumps with what its BOM asks for; its number. Not released: a draft, without a number yet."""
    warehouse = rpc.one("stock.location", ["type", "=", "warehouse"])
    place = rpc.one("stock.location", ["type", "=", "production"])
    storage = rpc.one("stock.location", ["code", "=", "STO"])
    bom = rpc.one("production.bom", ["code", "=", "PUMP-A"])
    unit = rpc.one("product.uom", ["name", "=", "Unit"])
    kilogram = rpc.one("product.uom", ["name", "=", "Kilogram"])
    company, product = rpc.context["company"], _product(rpc, "PUMP")
    into = {"company": company, "from_location": storage, "to_location": place}
    out = {"company": company, "from_location": place, "to_location": storage}
    (currency,) = rpc.rows("company.company", ["currency"], ["id", "=", company])
    price = {"unit_price": Decimal(0), "currency": currency["currency"]}
    inputs: list[dict[str, Any]] = [
        into | {"product": _product(rpc, "SEAL"), "unit": unit, "quantity": 2 * quantity},
        into | {"product": _product(rpc, "STEEL"), "unit": kilogram, "quantity": 1.5 * quantity},
    ]
    outputs = [out | price | {"product": product, "unit": unit, "quantity": quantity}]
    (production,) = rpc.create(
        "production",
        {
            "reference": reference,
            "product": product,
            "bom": bom,
            "unit": unit,
            "quantity": quantity,
            "warehouse": warehouse,
            "location": place,
            "company": company,
            "planned_date": date.today(),
            "planned_start_date": date.today(),
            "inputs": [["create", inputs]],
            "outputs": [["create", outputs]],
        },
    )
    if released:
        rpc.call("model.production.wait", [production])
    (told,) = rpc.rows("production", ["number"], ["id", "=", production])
    return str(told["number"])


def _product(rpc: Rpc, code: str) -> int:
    return rpc.one("product.product", ["code", "=", code])
