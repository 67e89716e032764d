"""The PLM of the simulation: released BOMs, change orders and drawings (simulators/README.md describes its requests).

Its feed says that something was released; what was released is read from the record itself, because a page of the feed
may leave fields out, and because `state` is the reader's duty. It is told nothing.
"""

import base64
from collections.abc import Mapping, Sequence
from datetime import datetime
from hashlib import sha256
from typing import Any, ClassVar

from erp_bridge.config import Connector as ConnectorSettings
from erp_bridge.config import Source
from erp_bridge.connectors.connector import Amount, Change, Page, Request, Stored, ToldThere
from erp_bridge.connectors.signed_in import SignedInClient
from erp_bridge.documents.canonical import Line, Posting
from erp_bridge.errors import NotNeeded, NotSent
from erp_bridge.inbound.canonical import (
    BomRelease,
    Drawing,
    EngineeringChange,
    Inbound,
    Item,
    understood,
)
from erp_bridge.mapping import Codes
from plant_server.contract.outbox import Kind

DRAWING_MAX_BYTES = 20_000_000
_PAGE = 50
_KINDS: dict[Source, str] = {"bom": "bom_release", "drawing": "bom_release", "change_order": "change_order"}
_MODELS: dict[Source, type[BomRelease] | type[Drawing] | type[EngineeringChange]] = {
    "bom": BomRelease,
    "drawing": Drawing,
    "change_order": EngineeringChange,
}


class PlmSim:
    """Connector `plm_sim`."""

    kinds: ClassVar[frozenset[Kind]] = frozenset()
    sources: ClassVar[frozenset[Source]] = frozenset({"item", "bom", "change_order", "drawing"})
    refuses_duplicates: ClassVar[bool] = True
    looks_back: ClassVar[bool] = False

    def __init__(self, name: str, settings: ConnectorSettings) -> None:
        self.name = name
        self._client = SignedInClient(name, settings)

    async def check(self) -> str:
        items = await self._client.get("/api/items")
        return f"signed in; {len(items['items'])} items"

    def request(self, posting: Posting, codes: Codes) -> Request:
        raise NotNeeded("the PLM is told nothing")

    async def post(self, request: Request) -> str:
        raise NotNeeded("the PLM is told nothing")

    async def look_up(self, request: Request, key: str) -> Sequence[str]:
        return []

    async def read_back(self, request: Request, reference: str) -> Stored:
        raise NotNeeded("the PLM is told nothing")

    async def view(self, request: Request, reference: str) -> Stored | None:
        return None

    async def told_since(self, since: datetime) -> Sequence[ToldThere]:
        return []

    def amount(self, kind: Kind, line: Line, codes: Codes) -> Amount | None:
        return None

    async def fetch_changes(self, source: Source, after: str | None) -> Page:
        if source == "item":
            listed = await self._client.get("/api/items")
            return Page([_item(one) for one in listed["items"]])
        told = await self._client.get("/api/releases", after=int(after or 0), limit=_PAGE)
        wanted = [one for one in told["items"] if one["kind"] == _KINDS[source]]
        changes = [await self._record(source, str(one["cursor"]), one[one["kind"]]) for one in wanted]
        return Page(changes, str(told["next_cursor"]), bool(told["more"]))

    def understand(self, source: Source, told: Mapping[str, Any]) -> Inbound:
        if source == "item":
            return understood(Item, {**told, "item": told.get("code")})
        return understood(_MODELS[source], told)

    async def close(self) -> None:
        await self._client.close()

    async def _record(self, source: Source, position: str, told: Mapping[str, Any]) -> Change:
        """The released record itself. Raises ConnectorError."""
        if source == "change_order":
            number = str(told["number"])
            record = await self._released(f"/api/change-orders/{number}")
            return Change(position, source, number, "1", record)
        item, revision = str(told["item"]), str(told["revision"])
        record = await self._released(f"/api/boms/{item}/{revision}")
        if source == "drawing":
            record = {"item": item, "revision": revision} | await self._drawing(record["drawing"])
        # A revision is a document of its own, and released once: B does not replace A here.
        return Change(position, source, f"{item}/{revision}", "1", record)

    async def _released(self, path: str) -> dict[str, Any]:
        record = await self._client.get(path)
        if record.get("state") != "released":
            raise NotSent(f"{path}: in the feed of releases, but {record.get('state')}")
        return record

    async def _drawing(self, told: Mapping[str, Any]) -> dict[str, Any]:
        content = await self._client.get_bytes(str(told["path"]), DRAWING_MAX_BYTES)
        digest = sha256(content).hexdigest()
        if digest != told["sha256"]:
            raise NotSent(f"{told['path']}: its content is not what the record says")
        wanted = ("number", "media_type", "sha256")
        return {name: told[name] for name in wanted} | {"content": base64.b64encode(content).decode()}


def _item(told: Mapping[str, Any]) -> Change:
    """A list and no feed: what differs from what was told last is new."""
    return Change(None, "item", str(told["code"]), None, dict(told))
