"""A bridge whose steps a test makes one by one: claim, plan, send."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from erp_bridge.config import BridgeConfig, check_config
from erp_bridge.connectors import CONNECTORS
from erp_bridge.database import Session, connect
from erp_bridge.delivery.sender import Sender
from erp_bridge.documents.planner import Planner
from erp_bridge.outbox.relay import claim_due
from erp_bridge.schema.migrate import migrate

DEADLINE_S = 30.0
UNITS = {"H87": "pcs", "KGM": "kg", "GRM": "g", "SEC": "s", "KWH": "kWh"}
CODES: dict[str, Any] = {"item": "same", "reason": "same", "unit": UNITS}
CODES |= {"machine": {"demo/plant1/area1/line1/press1": "press1"}, "person": {"7": "OPERATOR"}}
CODES |= {"location": {"store": "RAW/A-01", "line": "LINE"}}
EACH = ("completion", "consumption", "scrap", "labor_time", "machine_time", "energy_cost", "stock_move")
DONE = ("accepted", "modified", "cancelled", "skipped", "by_hand")


def core_settings(endpoint: Path, **wishes: Any) -> dict[str, Any]:
    """The core in bridge.yaml, quick enough for tests."""
    told = {
        "connector": "core",
        "endpoint_file": str(endpoint),
        "documents": dict.fromkeys((*EACH, "order_progress"), "each"),
        "codes": CODES,
        "places": {"receipt": "FG", "issue": "LINE"},
        "timeout_s": 0.5,
        "settle_s": 1.5,
        "retry_max_s": 0.2,
        "workers": 2,
    }
    return told | wishes


class BridgeHere:
    """One configuration and one database; sessions are opened as needed."""

    def __init__(self, url: str, endpoint: Path) -> None:
        self.url = url
        self.endpoint = endpoint
        self.config = self.configured()

    def configured(self, **wishes: Any) -> BridgeConfig:
        """Use these settings of the core from now on."""
        self.config = check_config({"connectors": {"core": core_settings(self.endpoint, **wishes)}})
        return self.config

    @asynccontextmanager
    async def session(self) -> AsyncIterator[Session]:
        async with await connect(self.url, application="test") as session:
            yield session

    async def migrated(self) -> None:
        """As at the start of a bridge."""
        await migrate(self.url)

    async def plan(self) -> int:
        async with self.session() as session:
            await claim_due(session)
            return await Planner(self.config).plan(session)

    async def send_due(self) -> int:
        """Send every lane that is due, once."""
        connector = CONNECTORS["core"]("core", self.config.connectors["core"])
        sender = Sender(self.config, connector, asyncio.Event())
        try:
            async with self.session() as session:
                lanes = await sender.due_lanes(session, 100)
                return sum([await sender.send_lane(session, lane) for lane in lanes])
        finally:
            await connector.close()

    async def deliver(self, deadline_s: float = DEADLINE_S) -> list[dict[str, Any]]:
        """Plan, and send until nothing is due or will be due by itself; returns the documents in their order."""
        await self.plan()
        ends = time.monotonic() + deadline_s
        while await self._waits():
            assert time.monotonic() < ends, await self.documents()
            if not await self.send_due():
                await asyncio.sleep(0.05)
        return await self.documents()

    async def documents(self) -> list[dict[str, Any]]:
        return await self.ask("SELECT * FROM bridge.document ORDER BY lane, position, created_time")

    async def deliveries(self) -> list[dict[str, Any]]:
        return await self.ask("SELECT * FROM bridge.delivery ORDER BY delivery_id")

    async def ask(self, query: str, *values: Any) -> list[dict[str, Any]]:
        async with self.session() as session:
            cursor = await session.execute(query.encode(), values)
            return await cursor.fetchall() if cursor.description else []

    async def _waits(self) -> bool:
        """Whether something will be sent without a person."""
        found = await self.ask(
            "SELECT state FROM (SELECT DISTINCT ON (lane) lane, state FROM bridge.document"
            " WHERE state IN ('ready', 'sending', 'refused', 'unknown') AND NOT (aside AND state <> 'ready')"
            " ORDER BY lane, aside, position) AS head"
            " WHERE state IN ('ready', 'sending')"
        )
        return bool(found)
