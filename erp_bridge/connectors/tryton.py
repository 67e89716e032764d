"""Connector `tryton`: a Tryton 8.2 with stock, lots, production and work centers, over its JSON-RPC."""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Any, ClassVar

from erp_bridge.config import Connector as ConnectorSettings
from erp_bridge.config import Source
from erp_bridge.connectors import tryton_shipment_words, tryton_shipments, tryton_words
from erp_bridge.connectors.connector import Amount, Page, Request, Stored, ToldThere
from erp_bridge.connectors.stock import Level
from erp_bridge.connectors.tryton_end import answer_for_people
from erp_bridge.connectors.tryton_masters import changes, understand
from erp_bridge.connectors.tryton_prices import currency_of, price_changes, understand_price
from erp_bridge.connectors.tryton_production import read_production
from erp_bridge.connectors.tryton_rpc import TrytonClient
from erp_bridge.connectors.tryton_saga import Saga, stored_words
from erp_bridge.connectors.tryton_shipments import Shipment
from erp_bridge.connectors.tryton_stock import name_of, stock, storage_places
from erp_bridge.connectors.tryton_told import told_since
from erp_bridge.documents.canonical import Line, Posting
from erp_bridge.errors import LostAnswer, RefusedByErp
from erp_bridge.inbound.canonical import Inbound
from erp_bridge.mapping import Codes
from plant_server.contract.outbox import Kind


class Tryton:
    """One company's warehouse in one database."""

    kinds: ClassVar[frozenset[Kind]] = tryton_words.KINDS | {Kind.STOCK_MOVE}
    sources: ClassVar[frozenset[Source]] = frozenset(
        {"item", "bom", "price", "receipt", "work_order", "stock"}
    )
    refuses_duplicates: ClassVar[bool] = False
    looks_back: ClassVar[bool] = True

    def __init__(self, name: str, settings: ConnectorSettings) -> None:
        assert settings.tryton is not None  # noqa: S101  # The configuration was checked.
        self.name = name
        self._settings = settings
        self._tryton = settings.tryton
        self._client = TrytonClient(name, settings, settings.tryton)

    async def check(self) -> str:
        """The user, the warehouse, the place for scrap, the work centers, and the currency of prices."""
        await self._client.company()
        for model, name, value in self._named():
            if await self._client.one(model, ["id"], [name, "=", value]) is None:
                raise RefusedByErp("unknown_code", f"there is no {model} with {name} {value!r}")
        if "price" in self._settings.sources:
            currency = await currency_of(self._client)
            if currency != self._tryton.currency:
                raise RefusedByErp("other_currency", f"the company reckons in {currency}")
        orders = await self._client.rows("production", ["id"], ["state", "in", ["waiting", "assigned"]])
        return f"signed in; {len(orders)} productions wait"

    def request(self, posting: Posting, codes: Codes) -> Request:
        if posting.document.kind is Kind.STOCK_MOVE:
            return tryton_shipment_words.request(posting, codes)
        return tryton_words.request(posting, codes, self._tryton)

    async def post(self, request: Request) -> str:
        async with self._in_time(request):
            if request.resource == tryton_shipment_words.RESOURCE:
                return await self._shipment(request).post()
            return await self._saga(request).post()

    async def look_up(self, request: Request, key: str) -> Sequence[str]:
        if request.resource == tryton_shipment_words.RESOURCE:
            return await self._shipment(request).look_up(key)
        number = request.body["production"]
        production = await read_production(self._client, self._tryton.warehouse, number)
        note = None if production is None else production.note(key)
        return [] if production is None or note is None else [production.reference(note)]

    async def read_back(self, request: Request, reference: str) -> Stored:
        if request.resource == tryton_shipment_words.RESOURCE:
            async with self._in_time(request):
                return Stored(*await self._shipment(request).finish())
        async with self._in_time(request):
            production = await self._saga(request).finish()
        note = production.note(request.body["key"])
        if note is None:
            raise LostAnswer(f"{reference} is not there any more")
        return Stored(reference, stored_words(request, production, note), answer_for_people(production))

    async def view(self, request: Request, reference: str) -> Stored | None:
        """What is half done there differs from what it must become, so it says so of itself."""
        if request.resource == tryton_shipment_words.RESOURCE:
            shipped = await self._shipment(request).stored()
            return None if shipped is None else Stored(reference, shipped)
        number = request.body["production"]
        production = await read_production(self._client, self._tryton.warehouse, number)
        note = None if production is None else production.note(request.body["key"])
        if production is None or note is None:
            return None
        return Stored(reference, stored_words(request, production, note))

    async def told_since(self, since: datetime) -> Sequence[ToldThere]:
        moved = await tryton_shipments.told_since(self._client, since)
        return [*await told_since(self._client, self._tryton, since), *moved]

    def amount(self, kind: Kind, line: Line, codes: Codes) -> Amount | None:
        if kind is Kind.STOCK_MOVE:
            return tryton_shipment_words.amount(line, codes)
        return tryton_words.amount(kind, line, codes, self._tryton)

    async def fetch_changes(self, source: Source, after: str | None) -> Page:
        if source == "price":
            return await price_changes(self._client, after)
        return await changes(self._client, self._tryton, source, after)

    async def stock_places(self) -> frozenset[str]:
        return frozenset(name_of(one) for one in await storage_places(self._client, self._tryton))

    def stock(self) -> AsyncIterator[Sequence[Level]]:
        return stock(self._client, self._tryton)

    def understand(self, source: Source, told: Mapping[str, Any]) -> Inbound:
        if source == "price":
            return understand_price(told, self._tryton)
        return understand(source, told)

    async def close(self) -> None:
        await self._client.close()

    def _saga(self, request: Request) -> Saga:
        return Saga(self._client, self._tryton, request)

    def _shipment(self, request: Request) -> Shipment:
        return Shipment(self._client, self._tryton, request)

    @asynccontextmanager
    async def _in_time(self, request: Request) -> AsyncIterator[None]:
        """All steps together have the deadline of one request: another sender must be able to count on it."""
        try:
            async with asyncio.timeout(self._settings.timeout_s):
                yield
        except TimeoutError as error:
            raise LostAnswer(f"{self.name}: {request.path} was not done in time") from error

    def _named(self) -> list[tuple[str, str, str]]:
        """Records the settings speak of: (model, field, value)."""
        centers = [one for one in (self._tryton.labor_center, self._tryton.energy_center) if one]
        return [
            ("stock.location", "code", self._tryton.warehouse),
            ("stock.location", "code", self._tryton.scrap_location),
            *(("production.work.center", "name", one) for one in centers),
            *(("production.routing.operation", "name", one) for one in centers),
        ]
