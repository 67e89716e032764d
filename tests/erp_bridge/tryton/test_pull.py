"""A living Tryton as the source of items, BOMs and orders, into the real plant API over sockets."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from fastapi import FastAPI

from tests.erp_bridge.served import served
from tests.erp_bridge.tryton.bridge_to_tryton import BridgeToTryton, tryton_settings
from tests.plant_server.api_fixture import TOKEN, app
from tests.tryton.living import LivingTryton
from tests.tryton.orders import planned_production
from tests.tryton.rpc import Rpc
from tests.tryton.set_up import bought

__all__ = ["app"]
pytestmark = [pytest.mark.system, pytest.mark.timeout(300)]


@pytest.fixture
async def pulling(
    app: FastAPI, erp: LivingTryton, bridge_url: str, tmp_path: Path
) -> AsyncIterator[BridgeToTryton]:
    (tmp_path / "token").write_text(TOKEN)
    settings = tryton_settings(
        erp.server.url, erp.database, tmp_path / "secret", sources=["item", "bom", "receipt", "work_order"]
    )
    settings["tryton"] |= {"receipts_since": "2020-01-01"}
    settings["codes"] |= {"location": {"store": "STO"}}
    async with served(app) as url:
        yield BridgeToTryton(bridge_url, settings, {"url": url, "token_file": str(tmp_path / "token")})


async def plant_list(bridge: BridgeToTryton, path: str) -> list[dict[str, Any]]:
    assert bridge.config.plant is not None
    async with httpx.AsyncClient(base_url=str(bridge.config.plant.url)) as client:
        answer = await client.get(path, headers={"Authorization": f"Bearer {TOKEN}"})
    assert answer.status_code == 200, answer.text
    body = answer.json()
    return list(body["items"] if isinstance(body, dict) else body)


def rename(rpc: Rpc, code: str, name: str) -> None:
    (told,) = rpc.rows("product.product", ["template"], ["code", "=", code])
    rpc.write("product.template", told["template"], name=name)


async def test_items_a_bom_and_released_orders_reach_the_plant_and_a_draft_does_not(
    erp: LivingTryton, pulling: BridgeToTryton
) -> None:
    number = planned_production(erp.rpc, 20, "SO-77")
    planned_production(erp.rpc, 5, released=False)
    await pulling.pull()

    assert {one["state"] for one in await pulling.inbox()} == {"done"}, await pulling.inbox()
    items = {one["code"]: one for one in await plant_list(pulling, "/api/v1/items")}
    assert {code: (one["unit"], one["is_lot_tracked"]) for code, one in items.items()} == {
        "PUMP": ("H87", True),
        "SEAL": ("H87", True),
        "STEEL": ("KGM", True),
    }
    (bom,) = await plant_list(pulling, "/api/v1/boms?item=PUMP")
    assert bom["revision"] == "PUMP-A"
    made_of = {one["item"]: (one["unit"], float(one["quantity_per"])) for one in bom["components"]}
    assert made_of == {"SEAL": ("H87", 2.0), "STEEL": ("KGM", 1.5)}
    (order,) = await plant_list(pulling, "/api/v1/work-orders")
    told = (order["number"], order["state"], order["quantity"], order["revision"], order["requirement"])
    assert told == (number, "released", "20", "PUMP-A", "SO-77")


async def test_what_is_read_again_says_nothing_new_and_a_change_comes_once(
    erp: LivingTryton, pulling: BridgeToTryton
) -> None:
    number = planned_production(erp.rpc, 20)
    await pulling.pull()
    await pulling.pull()
    before = len(await pulling.inbox())
    rename(erp.rpc, "SEAL", "Seal ring")
    production = erp.rpc.one("production", ["number", "=", number])
    erp.rpc.call("model.production.cancel", [production])
    await pulling.pull()
    await pulling.pull()

    assert len(await pulling.inbox()) == before + 2
    items = {one["code"]: one["name_en"] for one in await plant_list(pulling, "/api/v1/items")}
    assert items["SEAL"] == "Seal ring"
    (order,) = await plant_list(pulling, "/api/v1/work-orders")
    assert (order["number"], order["state"]) == (number, "cancelled")


async def test_what_arrived_lies_in_the_plant_by_lot_and_more_of_a_lot_comes_once(
    erp: LivingTryton, pulling: BridgeToTryton
) -> None:
    await pulling.pull()
    bought(erp.rpc, "STEEL", "S-1", 12.5)
    bought(erp.rpc, "SEAL", "L-2", 7)
    await pulling.pull()
    await pulling.pull()
    assert {one["state"] for one in await pulling.inbox(kind="receipt")} == {"done"}, await pulling.inbox()
    lots = {one["lot"]: one for one in await plant_list(pulling, "/api/v1/lots")}
    stock = {
        lot: [(one["location"], float(one["quantity"])) for one in told["stock"]]
        for lot, told in lots.items()
    }
    assert stock == {
        "S-1": [("store", 112.5)],
        "S-2": [("store", 100)],
        "L-1": [("store", 500)],
        "L-2": [("store", 7)],
    }
    outbox = await pulling.ask("SELECT kind FROM plant.outbox")
    assert "stock_move" not in {one["kind"] for one in outbox}  # The ERP posted it itself.
