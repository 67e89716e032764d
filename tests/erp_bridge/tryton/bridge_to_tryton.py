"""A bridge to a living Tryton whose steps a test makes one by one: pull, claim, plan, send."""

import asyncio
from pathlib import Path
from typing import Any

from erp_bridge.config import BridgeConfig, check_config
from erp_bridge.connectors import CONNECTORS
from erp_bridge.delivery.sender import Sender
from erp_bridge.inbound.plant_api import PlantApi
from erp_bridge.inbound.puller import Puller
from tests.erp_bridge.bridge_here import BridgeHere
from tests.tryton.set_up import BRIDGE_USER, PASSWORD

TOLD = (
    "completion",
    "consumption",
    "scrap",
    "labor_time",
    "machine_time",
    "energy_cost",
    "order_progress",
)
CODES: dict[str, Any] = {
    "item": "same",
    "unit": {"H87": "u", "KGM": "kg"},
    "energy": {"peak": "Energy at peak"},
    "machine": {"demo/plant1/area1/line1/press1": "Press"},
}


def tryton_settings(url: str, database: str, secret_file: Path, **wishes: Any) -> dict[str, Any]:
    """The ERP in bridge.yaml, quick enough for tests."""
    secret_file.write_text(PASSWORD + "\n")
    told = {
        "connector": "tryton",
        "url": url,
        "client_id": BRIDGE_USER,
        "secret_file": str(secret_file),
        "documents": dict.fromkeys(TOLD, "each"),
        "codes": dict(CODES),
        "tryton": {
            "database": database,
            "labor_center": "Assembly",
            "energy_center": "Energy",
            "finish_after_s": 0,
        },
        "timeout_s": 10,
        "settle_s": 30,
        "retry_max_s": 0.2,
        "workers": 2,
    }
    return told | wishes


class BridgeToTryton(BridgeHere):
    """`settings` are those of the connector `erp`; `plant` is the plant of bridge.yaml, for what comes in."""

    def __init__(self, url: str, settings: dict[str, Any], plant: dict[str, str] | None = None) -> None:
        self.settings = settings
        self._plant = plant
        super().__init__(url, Path())

    def configured(self, **wishes: Any) -> BridgeConfig:
        told: dict[str, Any] = {"connectors": {"erp": self.settings | wishes}}
        self.config = check_config(told | ({"plant": self._plant} if self._plant else {}))
        return self.config

    async def pull(self) -> None:
        """One round over all sources."""
        assert self.config.plant is not None
        connector, plant = self._connector(), PlantApi(self.config.plant)
        try:
            async with self.session() as session:
                await Puller(self.config, connector, plant).pull(session)
        finally:
            await plant.close()
            await connector.close()

    async def inbox(self, **wanted: str) -> list[dict[str, Any]]:
        found = await self.ask("SELECT * FROM bridge.inbox ORDER BY inbox_id")
        return [one for one in found if all(one[name] == value for name, value in wanted.items())]

    async def send_due(self) -> int:
        connector = self._connector()
        sender = Sender(self.config, connector, asyncio.Event())
        try:
            async with self.session() as session:
                lanes = await sender.due_lanes(session, 100)
                return sum([await sender.send_lane(session, lane) for lane in lanes])
        finally:
            await connector.close()

    def _connector(self) -> Any:
        return CONNECTORS["tryton"]("erp", self.config.connectors["erp"])
