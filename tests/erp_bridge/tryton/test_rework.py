"""Rework from the plant's commands to a living Tryton: its stock is the floor's ledger as soon as it is settled, each part once.

Until then a part in rework lies nowhere there but in production: its material is out of the store, nothing was received.
"""

from collections.abc import AsyncIterator

import pytest
from fastapi import FastAPI
from psycopg import AsyncConnection

from tests.erp_bridge.tryton.bridge_to_tryton import CODES, BridgeToTryton
from tests.erp_bridge.tryton.in_tryton import InTryton, moved, stock
from tests.plant_server.api_fixture import app, connection
from tests.plant_server.work_orders.floor import PATH, Floor, standing_at
from tests.tryton.living import LivingTryton
from tests.tryton.orders import planned_production

__all__ = ["app", "connection"]
pytestmark = [pytest.mark.system, pytest.mark.timeout(300)]
DOCUMENTS = {"completion": "each", "scrap": "each", "order_progress": "each"}


@pytest.fixture
async def plant(app: FastAPI, connection: AsyncConnection, bridge: BridgeToTryton) -> AsyncIterator[Floor]:
    bridge.configured(documents=DOCUMENTS, codes=CODES | {"machine": {f"{PATH}/press1": "Press"}})
    async with standing_at(app, connection) as plant:
        names = {"name_en": "Pump", "name_zh": "泵"}
        await plant.receive("items", "item", code="PUMP", unit="H87", is_lot_tracked=True, **names)
        await plant.reason("burr")
        await plant.reason("repaint", "rework")
        yield plant


class Order:
    """Ten pumps made, of which three are in rework; its number is the production's, and its lot."""

    def __init__(self, plant: Floor, bridge: BridgeToTryton, erp: LivingTryton) -> None:
        self.plant, self._bridge, self.erp = plant, bridge, erp
        self.number = planned_production(erp.rpc, 10)
        self.there = InTryton(erp.rpc, self.number)
        self.id = self.operation = self.run = 0

    async def made(self) -> None:
        tags = await self.plant.station("press1", parts="parts")
        self.id = await self.plant.order(self.number, item="PUMP", unit="H87")
        (self.operation,) = await self.plant.operations(self.id)
        self.run = await self.plant.start(self.operation)
        await self.plant.make(tags["parts"], 10)
        rework = {"rework": [{"quantity": 3, "reason": "repaint"}]}
        await self.plant.done(f"runs/{self.run}/reports", rework)

    async def settled(self, **what: object) -> str:
        """The report of it."""
        return str((await self.plant.done(f"operations/{self.operation}/rework", what))["report_id"])

    async def deliver(self) -> list[str]:
        """When the undo time is over; the states of its documents but those with nothing to tell."""
        await self.plant.connection.execute("UPDATE plant.outbox SET not_before = now()")
        await self._bridge.plan()
        while await self._bridge.send_due():
            pass
        return [one["state"] for one in await self._bridge.documents() if one["state"] != "skipped"]

    async def ledger(self) -> tuple[int, int, int]:
        """Good, scrap, in rework: by the plant."""
        told = await self.plant.get(f"work-orders/{self.id}")
        return int(told["good"]), int(told["scrap"]), int(told["rework"])

    async def stands(self, good: int, scrap: int, rework: int) -> None:
        """On both sides."""
        assert await self.ledger() == (good, scrap, rework)
        assert stock(self.erp.rpc).get(self.number, 0.0) == good
        scrapped = [quantity for role, *_, quantity in self.there.moves() if role == "scrap"]
        assert sum(scrapped) == scrap


async def test_stock_follows_what_became_of_parts_in_rework_and_forgets_what_is_undone(
    erp: LivingTryton, bridge: BridgeToTryton, plant: Floor
) -> None:
    order = Order(plant, bridge, erp)
    await order.made()
    await order.deliver()
    await order.stands(good=7, scrap=0, rework=3)
    report = await order.settled(good=2)
    await order.deliver()
    await order.stands(good=9, scrap=0, rework=1)
    await plant.done(f"runs/{order.run}/reports/{report}/reverse", {})
    await order.deliver()
    await order.stands(good=7, scrap=0, rework=3)

    await order.settled(good=2, scrap=[{"quantity": 1, "reason": "burr"}])
    states = await order.deliver()
    await order.stands(good=9, scrap=1, rework=0)
    assert set(states) <= {"accepted", "cancelled"}
    lot = order.number
    assert order.there.moves() == moved(
        ("out", "PUMP", lot, "7"), ("out", "PUMP", lot, "2"), ("scrap", "PUMP", "", "1")
    )


async def test_a_production_is_not_done_over_parts_in_rework(
    erp: LivingTryton, bridge: BridgeToTryton, plant: Floor
) -> None:
    order = Order(plant, bridge, erp)
    await order.made()
    await plant.done(f"work-orders/{order.id}/complete", {"confirm": True})
    states = await order.deliver()
    assert states.count("ready") == 1
    (end,) = [one for one in await bridge.documents() if one["state"] == "ready"]
    assert (end["kind"], end["problem"]["code"]) == ("order_progress", "parts_in_rework")
    assert order.there.state == "running"

    await order.settled(good=3)
    await bridge.ask("UPDATE bridge.document SET next_attempt_time = now() WHERE state = 'ready'")
    assert set(await order.deliver()) == {"accepted"}
    await order.stands(good=10, scrap=0, rework=0)
    assert order.there.state == "done"
