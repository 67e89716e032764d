"""Connector `tryton`: a Tryton 8.2 with stock, lots, production and work centers, over its JSON-RPC."""

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from erp_bridge.config import Connector as ConnectorSettings
from erp_bridge.config import Source
from erp_bridge.connectors.connector import Page, Request, Stored
from erp_bridge.connectors.tryton_masters import changes, understand
from erp_bridge.connectors.tryton_rpc import TrytonClient
from erp_bridge.documents.canonical import Posting
from erp_bridge.errors import NotNeeded, RefusedByErp
from erp_bridge.inbound.canonical import Inbound
from erp_bridge.mapping import Codes
from plant_server.contract.outbox import Kind


class Tryton:
    """One company's warehouse in one database."""

    kinds: ClassVar[frozenset[Kind]] = frozenset()
    sources: ClassVar[frozenset[Source]] = frozenset({"item", "bom", "work_order"})
    refuses_duplicates: ClassVar[bool] = False

    def __init__(self, name: str, settings: ConnectorSettings) -> None:
        assert settings.tryton is not None  # noqa: S101  # The configuration was checked.
        self.name = name
        self._tryton = settings.tryton
        self._client = TrytonClient(name, settings, settings.tryton)

    async def check(self) -> str:
        """The user, the warehouse, the place for scrap and the work centers."""
        await self._client.company()
        for model, name, value in self._named():
            if await self._client.one(model, ["id"], [name, "=", value]) is None:
                raise RefusedByErp("unknown_code", f"there is no {model} with {name} {value!r}")
        orders = await self._client.rows("production", ["id"], ["state", "in", ["waiting", "assigned"]])
        return f"signed in; {len(orders)} productions wait"

    def request(self, posting: Posting, codes: Codes) -> Request:
        raise NotNeeded("this Tryton is told nothing")

    async def post(self, request: Request) -> str:
        raise NotNeeded("this Tryton is told nothing")

    async def look_up(self, request: Request, key: str) -> Sequence[str]:
        return []

    async def read_back(self, request: Request, reference: str) -> Stored:
        raise NotNeeded("this Tryton is told nothing")

    async def fetch_changes(self, source: Source, after: str | None) -> Page:
        return await changes(self._client, self._tryton.warehouse, source, after)

    def understand(self, source: Source, told: Mapping[str, Any]) -> Inbound:
        return understand(source, told)

    async def close(self) -> None:
        await self._client.close()

    def _named(self) -> list[tuple[str, str, str]]:
        """Records the settings speak of: (model, field, value)."""
        centers = [one for one in (self._tryton.labor_center, self._tryton.energy_center) if one]
        return [
            ("stock.location", "code", self._tryton.warehouse),
            ("stock.location", "code", self._tryton.scrap_location),
            *(("production.work.center", "name", one) for one in centers),
            *(("production.routing.operation", "name", one) for one in centers),
        ]
