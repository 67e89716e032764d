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
_CODE_OF = {
    "product.product": "code",
    "product.uom": "symbol",
    "stock.location": "code",
    "production.routing.operation": "name",
    "production.work.center": "name",
}


class Records:
    """What the codes of one document stand for. Kept for that document alone: a code may be given to another record."""

    def __init__(self, client: TrytonClient, tryton: Tryton) -> None:
        self._client = client
        self._tryton = tryton
        self._ids: dict[tuple[str, str], int] = {}

    async def moves(
        self, production: Production, lines: Sequence[Line_], day: date
    ) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
        """Values of stock moves: (inputs, outputs). Raises RefusedByErp: a code has no record."""
        inputs, outputs = [], []
        price = _price(production, lines)
        for line in lines:
            product = await self.id_of("product.product", line["item"])
            values = {
                "product": product,
                "unit": await self.id_of("product.uom", line["unit"]),
                "quantity": float(line["amount"]),
                "lot": await self.lot_of(product, line),
                "company": production.told["company"],
                "effective_date": day,
            } | await self._places(production, line["role"])
            if line["role"] == "input":
                inputs.append(values)
            elif line["role"] == "scrap":  # Without a price: its cost lies on the good ones.
                outputs.append(values)
            else:
                currency = production.told["company."]["currency"]
                outputs.append(values | {"unit_price": price, "currency": currency})
        return inputs, outputs

    async def cycles(self, production: Production, lines: Sequence[Line_]) -> list[list[Any]]:
        """A cycle for each line, on the work of its operation and center; what no work is there for becomes one."""
        works = {(one.operation, one.center): one.work_id for one in production.works}
        commands: list[list[Any]] = []
        for line in lines:
            cycle = {"cycles": [["create", [{}]]]}
            work = works.get((line["operation"], line["center"]))
            if work is not None:
                commands.append(["write", [work], cycle])
                continue
            new = {
                "operation": await self.id_of("production.routing.operation", line["operation"]),
                "work_center": await self.id_of("production.work.center", line["center"]),
                "company": production.told["company"],
            }
            commands.append(["create", [new | cycle]])
        return commands

    async def _places(self, production: Production, role: str) -> dict[str, Any]:
        warehouse, place = production.told["warehouse."], production.told["location"]
        storage = warehouse["storage_location"]
        if role == "input":
            return {
                "from_location": warehouse["production_picking_location"] or storage,
                "to_location": place,
            }
        if role == "output":
            return {"from_location": place, "to_location": warehouse["production_output_location"] or storage}
        scrap = await self.id_of("stock.location", self._tryton.scrap_location)
        return {"from_location": place, "to_location": scrap}

    async def lot_of(self, product: int, line: Line_) -> int | None:
        """Of what is used (role `input`) it must be there; of what is made, or comes from outside, it becomes one."""
        if not line["lot"]:
            return None
        known = self._ids.get((f"stock.lot of {product}", line["lot"]))
        if known is not None:
            return known
        domain = [["number", "=", line["lot"]], ["product", "=", product]]
        found = await self._client.one("stock.lot", ["id"], *domain)
        if found is not None:
            lot = int(found["id"])
        elif line["role"] == "input":
            raise _unknown("stock.lot", f"{line['item']} {line['lot']}")
        else:
            told = {"number": line["lot"], "product": product}
            lot = int((await self._client.change("stock.lot.create", [told]))[0])
        self._ids[f"stock.lot of {product}", line["lot"]] = lot
        return lot

    async def id_of(self, model: str, code: str) -> int:
        """Raises RefusedByErp: no record has the code, or several."""
        if (model, code) not in self._ids:
            found = await self._client.one(model, ["id"], [_CODE_OF[model], "=", code])
            if found is None:
                raise _unknown(model, code)
            self._ids[model, code] = int(found["id"])
        return self._ids[model, code]


def _price(production: Production, lines: Sequence[Line_]) -> Decimal:
    """Of one received: what was spent so far and lies on nothing received yet, over what is received now. When the
    production is done, Tryton itself spreads the whole cost over all that was received."""
    quantity = sum((Decimal(line["amount"]) for line in lines if line["role"] == "output"), Decimal(0))
    if quantity <= 0:
        return Decimal(0)
    left = max(production.cost_not_received, Decimal(0))
    return (left / quantity).quantize(_PRICE, ROUND_HALF_EVEN)


def _unknown(model: str, code: str) -> RefusedByErp:
    return RefusedByErp("unknown_code", f"there is no {model} {code!r}", {"model": model, "code": code})
