"""S65: what an order costs by the plant's own card is what the ERP has for it, to the cent.

Material from two lots, labor, machine time, and energy at two prices, because the tariff changes while the order runs.
What material costs nobody states: the plant has it from the ERP.
"""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, time
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from fastapi import FastAPI
from psycopg import AsyncConnection

from plant_server.costs.service import cost_card
from tests.erp_bridge.conftest import bridge_url, floor
from tests.erp_bridge.floor import Floor
from tests.erp_bridge.served import served
from tests.erp_bridge.tryton.bridge_to_tryton import BridgeToTryton, tryton_settings
from tests.erp_bridge.tryton.in_tryton import InTryton
from tests.erp_bridge.tryton.pumps import Pumps
from tests.plant_server.api_fixture import TOKEN, app
from tests.plant_server.costs.prices import price, tariff, used, worked
from tests.plant_server.energy.shop import PRESS1, open_shop
from tests.plant_server.facts import at
from tests.tryton.living import LivingTryton, erp, erp_template
from tests.tryton.orders import planned_production

__all__ = ["app", "bridge_url", "erp", "erp_template", "floor"]
pytestmark = [pytest.mark.system, pytest.mark.timeout(300)]
SECONDS = 5400


@pytest.fixture
async def bridge(
    app: FastAPI, erp: LivingTryton, bridge_url: str, tmp_path: Path
) -> AsyncIterator[BridgeToTryton]:
    """The ERP is the source of items and their prices."""
    (tmp_path / "token").write_text(TOKEN)
    settings = tryton_settings(erp.server.url, erp.database, tmp_path / "secret", sources=["item", "price"])
    settings["tryton"] |= {"currency": "CNY"}
    async with served(app) as url:
        yield BridgeToTryton(bridge_url, settings, {"url": url, "token_file": str(tmp_path / "token")})


async def ran_over_a_change_of_tariff(connection: AsyncConnection, number: str) -> int:
    """In the plant's own tables: a run from 12:30 to 14:00 with what it used; its energy is told by the keeper. Material is
    reported now: what it costs is known since the ERP was asked."""
    shop = await open_shop(connection)
    order = await shop.floor.order(number, "PUMP", "A", None)
    for kind, code, amount in (("labor", "", "40"), ("machine", PRESS1, "25")):
        await price(connection, kind, code, amount)
    await tariff(connection, (time(8), "peak", "1.20"), (time(13), "flat", "0.70"))
    meter = await shop.meter(PRESS1)
    await shop.read(meter, (0, 0), (3600, 1501), (5400, 2104), (9000, 2400))
    run = await shop.run(1800, 1800 + SECONDS, order=order)
    await used(shop.floor, order, "STEEL", "KGM", "33.5", datetime.now(UTC))
    await used(shop.floor, order, "SEAL", "H87", "40", datetime.now(UTC))
    await worked(connection, run, "person:7", at(1800), at(1800 + SECONDS))
    await shop.tell()
    return order


async def test_the_cost_card_of_an_order_equals_the_figure_of_the_erp(
    erp: LivingTryton, bridge: BridgeToTryton, floor: Floor, connection: AsyncConnection
) -> None:
    number = planned_production(erp.rpc, 20)
    await bridge.pull()
    order = await ran_over_a_change_of_tariff(connection, number)
    floor.goes_on(number, order, 1)  # The energy was the first the ERP hears.
    pumps = Pumps(floor, number)
    pumps.used("STEEL", {"S-1": "30", "S-2": "3.5"})
    pumps.used("SEAL", {"L-1": "40"})
    pumps.worked(str(SECONDS))
    pumps.ran(str(SECONDS))
    pumps.good("18", "P-1")
    pumps.state("completed")
    documents: list[dict[str, Any]] = await bridge.deliver(120)
    assert {one["state"] for one in documents} == {"accepted"}, documents

    card, there = await cost_card(connection, order), InTryton(erp.rpc, number)
    assert there.cycles() == [
        ("Assembly", 5400.0, Decimal("60.0000")),
        ("Energy", 2170.8, Decimal("0.4221")),
        ("Energy at peak", 5403.6, Decimal("1.8012")),
        ("Press", 5400.0, Decimal("37.5000")),
    ]
    by_kind: dict[str, Decimal] = {}
    for line in card.lines:
        assert line.cost is not None
        by_kind[line.kind] = by_kind.get(line.kind, Decimal(0)) + line.cost
    assert {line.system for line in card.lines if line.kind == "material"} == {"erp"}
    assert by_kind == {
        "material": Decimal("154"),
        "labor": Decimal("60"),
        "machine": Decimal("37.5"),
        "energy": Decimal("2.2233"),
    }
    assert there.cost == Decimal("253.7233")
    assert card.cost == there.cost.quantize(Decimal("0.01")) == Decimal("253.72")
