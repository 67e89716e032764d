"""A bridge between a living Tryton and the real plant API, that compares stock; and hands at the floor."""

from decimal import Decimal
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx

from tests.erp_bridge.tryton.bridge_to_tryton import BridgeToTryton, tryton_settings
from tests.plant_server.api_fixture import WITH_TOKEN
from tests.plant_server.materials.hands import Hands
from tests.tryton.living import LivingTryton
from tests.tryton.rpc import Rpc

SOURCES = ["item", "bom", "price", "receipt", "work_order", "stock"]


class Stocked(BridgeToTryton):
    """`plant_url` is the plant's, `hands` a person's who may do all that is done here; stock is read at every pull."""

    def __init__(
        self, bridge_url: str, erp: LivingTryton, plant_url: str, hands: Hands, folder: Path
    ) -> None:
        (folder / "token").write_text(WITH_TOKEN["Authorization"].removeprefix("Bearer "))
        settings = tryton_settings(
            erp.server.url, erp.database, folder / "secret", sources=SOURCES, stock_period_s=0
        )
        settings["tryton"] |= {"receipts_since": "2020-01-01", "currency": "CNY"}
        settings["codes"] |= {"location": {"store": "STO"}}
        self.plant_url, self.hands = plant_url, hands
        super().__init__(bridge_url, settings, {"url": plant_url, "token_file": str(folder / "token")})

    async def compared(self) -> dict[str, tuple[Any, ...]]:
        """Lot → (there, here, under way, difference, state), after one more round over all sources."""
        await self.pull()
        found = await self.ask("SELECT * FROM bridge.stock_comparison ORDER BY item, lot")
        fields = ("there", "here", "under_way", "difference")
        return {
            one["lot"]: (*(None if one[name] is None else float(one[name]) for name in fields), one["state"])
            for one in found
        }

    async def levels(self) -> dict[tuple[str, str, str], float]:
        """(item, lot, their location) → quantity, as read last."""
        found = await self.ask("SELECT * FROM bridge.stock_level")
        return {(one["item"], one["lot"], one["location"]): float(one["quantity"]) for one in found}

    async def told_by_integrator(self, path: str, **body: Any) -> None:
        headers = WITH_TOKEN | {"Idempotency-Key": str(uuid4())}
        async with httpx.AsyncClient(base_url=self.plant_url, headers=headers) as client:
            answer = await client.post(f"/api/v1{path}", json=body)
        assert answer.status_code == 200, answer.text

    async def lot(self, lot: str) -> dict[str, Any]:
        (told,) = (await self.hands.get("/lots", lot=lot))["items"]
        return dict(told)

    async def consume(self, order: str, lot: str, quantity: str) -> None:
        """By scan, from the store."""
        lot_id = (await self.lot(lot))["lot_id"]
        body = {"order": order, "quantity": quantity, "location": "store"}
        await self.hands.do(f"/lots/{lot_id}/consume", body)

    async def count(self, lot: str, quantity: str) -> None:
        """A person counts what lies in the plant's store."""
        lot_id = (await self.lot(lot))["lot_id"]
        body = {"location": "store", "counted": quantity, "reason": "counted"}
        await self.hands.do(f"/lots/{lot_id}/adjust", body)


def bought_at(rpc: Rpc, item: str, lot: str | None, quantity: float, price: str) -> None:
    """From the supplier at a price of its own, as a new lot or under none."""
    product = rpc.one("product.product", ["code", "=", item])
    (told,) = rpc.rows("product.product", ["default_uom"], ["id", "=", product])
    (lot_id,) = rpc.create("stock.lot", {"number": lot, "product": product}) if lot else [None]
    (move,) = rpc.create(
        "stock.move",
        {
            "product": product,
            "unit": told["default_uom"],
            "quantity": quantity,
            "lot": lot_id,
            "from_location": rpc.one("stock.location", ["type", "=", "supplier"]),
            "to_location": rpc.one("stock.location", ["code", "=", "STO"]),
            "company": rpc.context["company"],
            "unit_price": Decimal(price),
            "currency": rpc.one("currency.currency"),
        },
    )
    rpc.call("model.stock.move.do", [move])


def loose(rpc: Rpc, item: str, quantities: dict[str | None, float]) -> None:
    """A new item that need not be kept by lot, bought: lot (None: under none) → quantity."""
    (seal,) = rpc.rows("product.product", ["template"], ["code", "=", "SEAL"])
    (template,) = rpc.rows("product.template", ["account_category"], ["id", "=", seal["template"]])
    rpc.create(
        "product.template",
        {
            "name": item,
            "type": "goods",
            "default_uom": rpc.one("product.uom", ["name", "=", "Unit"]),
            "list_price": Decimal(1),
            "cost_price_method": "average",
            "account_category": template["account_category"],
            "products": [["create", [{"suffix_code": item, "cost_price": Decimal("0.01")}]]],
        },
    )
    for lot, quantity in quantities.items():
        bought_at(rpc, item, lot, quantity, "0.01")


def counted(rpc: Rpc, lot: str, quantity: float, place: str = "STO") -> None:
    """A person counts a lot in Tryton and puts its books right: an inventory."""
    (told,) = rpc.rows("stock.lot", ["product"], ["number", "=", lot])
    (lot_id,) = rpc.search("stock.lot", ["number", "=", lot])
    line = {"product": told["product"], "lot": lot_id, "quantity": quantity}
    (inventory,) = rpc.create(
        "stock.inventory",
        {
            "location": rpc.one("stock.location", ["code", "=", place]),
            "company": rpc.context["company"],
            "empty_quantity": "keep",
            "lines": [["create", [line]]],
        },
    )
    rpc.call("model.stock.inventory.confirm", [inventory])


def shifted(rpc: Rpc, lot: str, quantity: float, to: str, unit: str = "Kilogram") -> None:
    """Moved from the store to another place of the warehouse in Tryton, in whatever unit: an internal shipment."""
    (told,) = rpc.rows("stock.lot", ["product"], ["number", "=", lot])
    (lot_id,) = rpc.search("stock.lot", ["number", "=", lot])
    places = {
        "from_location": rpc.one("stock.location", ["code", "=", "STO"]),
        "to_location": rpc.one("stock.location", ["code", "=", to]),
        "company": rpc.context["company"],
    }
    move = {"product": told["product"], "lot": lot_id, "quantity": quantity} | places
    move |= {"unit": rpc.one("product.uom", ["name", "=", unit])}
    (shipment,) = rpc.create("stock.shipment.internal", places | {"moves": [["create", [move]]]})
    for button in ("wait", "assign_try", "do"):
        rpc.call(f"model.stock.shipment.internal.{button}", [shipment])
