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


def shipped(rpc: Rpc, lot: str, quantity: float, customer: str) -> None:
    """Pumps of a lot, from the store to a customer who did not exist before."""
    (party,) = rpc.create("party.party", {"name": customer, "addresses": [["create", [{}]]]})
    (told,) = rpc.rows("party.party", ["addresses"], ["id", "=", party])
    (lot_id,) = rpc.search("stock.lot", ["number", "=", lot])
    warehouse = rpc.one("stock.location", ["type", "=", "warehouse"])
    (places,) = rpc.rows("stock.location", ["output_location", "storage_location"], ["id", "=", warehouse])
    (company,) = rpc.rows("company.company", ["currency"], ["id", "=", rpc.context["company"]])
    move = {
        "product": _product(rpc, "PUMP"),
        "unit": rpc.one("product.uom", ["name", "=", "Unit"]),
        "quantity": quantity,
        "lot": lot_id,
        "from_location": places["output_location"],
        "to_location": rpc.one("stock.location", ["type", "=", "customer"]),
        "company": company["id"],
        "unit_price": Decimal(100),
        "currency": company["currency"],
    }
    (shipment,) = rpc.create(
        "stock.shipment.out",
        {
            "customer": party,
            "delivery_address": told["addresses"][0],
            "warehouse": warehouse,
            "warehouse_output": places["output_location"],
            "warehouse_storage": places["storage_location"],
            "company": company["id"],
            "outgoing_moves": [["create", [move]]],
        },
    )
    rpc.call("model.stock.shipment.out.wait", [shipment])
    (told,) = rpc.rows("stock.shipment.out", ["inventory_moves"], ["id", "=", shipment])
    for inventory_move in told["inventory_moves"]:
        rpc.write("stock.move", inventory_move, lot=lot_id)
    for button in ("assign_try", "pick", "pack", "do"):
        rpc.call(f"model.stock.shipment.out.{button}", [shipment])


def _product(rpc: Rpc, code: str) -> int:
    return rpc.one("product.product", ["code", "=", code])
