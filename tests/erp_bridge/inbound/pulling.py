"""A bridge whose inbound side a test drives round by round."""

import asyncio
from typing import Any

from erp_bridge.config import BridgeConfig
from erp_bridge.database import connect
from erp_bridge.delivery.sender import Sender
from erp_bridge.inbound.plant_api import PlantApi
from erp_bridge.inbound.puller import Puller
from erp_bridge.run import make_connectors


class PullingBridge:
    """Pulls every source once per round and sends what there is to acknowledge."""

    def __init__(self, url: str, config: BridgeConfig) -> None:
        self._url = url
        self.config = config

    async def pull(self) -> None:
        """One round: core first (items), then PLM, then core again (orders that waited for a BOM)."""
        assert self.config.plant is not None
        connectors, plant = make_connectors(self.config), PlantApi(self.config.plant)
        try:
            async with await connect(self._url, application="test") as session:
                for name in ("core", "plm", "core"):
                    await Puller(self.config, connectors[name], plant).pull(session)
                sender = Sender(self.config, connectors["core"], asyncio.Event())
                for lane in await sender.due_lanes(session, 100):
                    await sender.send_lane(session, lane)
        finally:
            await plant.close()
            for connector in connectors.values():
                await connector.close()

    async def inbox(self, **wanted: str) -> list[dict[str, Any]]:
        found = await self.ask("SELECT * FROM bridge.inbox ORDER BY inbox_id")
        return [one for one in found if all(one[name] == value for name, value in wanted.items())]

    async def ask(self, query: str, *values: Any) -> list[dict[str, Any]]:
        async with await connect(self._url, application="test") as session:
            cursor = await session.execute(query.encode(), values)
            return await cursor.fetchall() if cursor.description else []
