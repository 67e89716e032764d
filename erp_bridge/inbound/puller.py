"""Reads the sources of one system and tells the plant, in the order items → BOMs → changes → drawings → prices →
receipts → orders. Stock comes last: it is not told, but compared (reconciliation/stock.py).

The cursor of a source moves after every change before it was answered by the plant or stopped at the inbox. When the
plant or the other system does not answer, the cursor stays and the same is read again: rows are kept once, and commands
have keys.
"""

import asyncio

import structlog

from erp_bridge.config import SOURCE_ORDER, BridgeConfig, Source
from erp_bridge.connectors.connector import Connector
from erp_bridge.database import Session, row
from erp_bridge.errors import ConnectorError
from erp_bridge.inbound.inbox import QUERIES, Inbox
from erp_bridge.inbound.plant_api import PlantApi, PlantUnavailable
from erp_bridge.reconciliation.stock import StockComparison

PAGES_MAX = 100
log = structlog.get_logger("lineside.bridge")


class Puller:
    """Everything one system is the source of."""

    def __init__(self, config: BridgeConfig, connector: Connector, plant: PlantApi) -> None:
        self._connector = connector
        self._inbox = Inbox(config, connector, plant)
        self._stock = StockComparison(config, connector, plant)
        wanted = config.connectors[connector.name].sources
        self._sources = [source for source in SOURCE_ORDER if source in wanted]
        self._silent: str | None = None

    async def pull(self, session: Session) -> int:
        """One round over all sources; returns how many rows were answered. Raises psycopg.Error."""
        count = 0
        try:
            for source in self._sources:
                count += await self._source(session, source)
        except (ConnectorError, PlantUnavailable) as error:
            self._say_once(f"{type(error).__name__}: {error}")
        else:
            self._say_once(None)
        return count

    async def _source(self, session: Session, source: Source) -> int:
        """Raises ConnectorError, PlantUnavailable."""
        values = {"system": self._connector.name, "source": source}
        taken = await row(session, QUERIES["take_source"], **values)
        if not taken or not taken["taken"]:
            return 0  # Another bridge reads it.
        try:
            if source == "stock":
                return await self._stock.read(session)
            return await self._read(session, source)
        finally:
            if not session.closed:
                await session.execute(QUERIES["give_source_back"], values)

    async def _read(self, session: Session, source: Source) -> int:
        values = {"system": self._connector.name, "source": source}
        count = await self._inbox.tell_plant(session, source)  # What a person mended.
        kept = await row(session, QUERIES["position"], **values)
        position = str(kept["position"]) if kept else None
        for _ in range(PAGES_MAX):
            page = await self._connector.fetch_changes(source, position)
            for change in page.changes:
                await self._inbox.receive(session, change)
            while waiting := await self._inbox.tell_plant(session, source):
                count += waiting
            if page.position is not None and page.position != position:
                position = page.position
                await session.execute(QUERIES["move"], {**values, "position": position})
            if not page.more:
                break
        return count

    def _say_once(self, trouble: str | None) -> None:
        """One line when a system falls silent, one when it is back."""
        if trouble is not None and self._silent is None:
            log.warning("inbound_waits", system=self._connector.name, trouble=trouble)
        elif trouble is None and self._silent is not None:
            log.info("inbound_goes_on", system=self._connector.name)
        self._silent = trouble


async def pull_forever(puller: Puller, session: Session, period_s: float, stop: asyncio.Event) -> None:
    """Pull every `period_s` until told to stop. Raises psycopg.Error when the session is lost."""
    while not stop.is_set():
        await puller.pull(session)
        try:
            async with asyncio.timeout(period_s):
                await stop.wait()
        except TimeoutError:
            continue
