"""What a living Tryton itself traces: from a lot's moves to all that they lead to."""

from collections import defaultdict
from decimal import Decimal
from typing import Any

from tests.tryton.rpc import Rpc

TRACE = ("lot.number", "production_input.number", "production_output.number", "document")


def traced(rpc: Rpc, lot: str, way: str) -> list[dict[str, Any]]:
    """Every move that a lot's moves lead to, `upward` to customers or `downward` to suppliers."""
    found: dict[int, dict[str, Any]] = {}
    to_see = rpc.search("stock.move", ["lot.number", "=", lot], ["state", "=", "done"])
    while to_see:
        told = rpc.rows("stock.lot.trace", [*TRACE, f"{way}_traces"], ["id", "in", to_see])
        found |= {one["id"]: one for one in told}
        to_see = [id_ for one in told for id_ in one[f"{way}_traces"] if id_ not in found]
    return list(found.values())


def lots(traces: list[dict[str, Any]]) -> set[str]:
    return {one["lot."]["number"] for one in traces if one.get("lot.")}


def productions(traces: list[dict[str, Any]]) -> set[str]:
    sides = ("production_input.", "production_output.")
    return {one[side]["number"] for one in traces for side in sides if one.get(side)}


def customers(rpc: Rpc, traces: list[dict[str, Any]]) -> set[str]:
    documents = [str(one["document"]) for one in traces]
    shipments = [int(one.split(",")[1]) for one in documents if one.startswith("stock.shipment.out,")]
    told = rpc.rows("stock.shipment.out", ["customer.name"], ["id", "in", shipments])
    return {one["customer."]["name"] for one in told}


def used(rpc: Rpc, traces: list[dict[str, Any]]) -> dict[str, Decimal]:
    """Quantity by lot of the material moves among the traces; a trace has the id of its move."""
    ids = [one["id"] for one in traces if one.get("production_input.")]
    sums: dict[str, Decimal] = defaultdict(Decimal)
    for one in rpc.rows("stock.move", ["lot.number", "quantity"], ["id", "in", ids]):
        sums[one["lot."]["number"]] += Decimal(str(one["quantity"]))
    return dict(sums)
