"""The business core of the simulation: finance, stock, sales, supply (simulators/README.md describes its requests).

Its keys are unique per kind of document, so a second post of one key is refused there. A post may be answered with a
question instead of being done ("wizard"): it is confirmed, then read back like any other.
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any, ClassVar

from erp_bridge.config import Connector as ConnectorSettings
from erp_bridge.config import Source
from erp_bridge.connectors.connector import Amount, Change, Page, Request, Stored, ToldThere
from erp_bridge.connectors.core_told import amount_in, told_since
from erp_bridge.connectors.signed_in import SignedInClient
from erp_bridge.documents.amounts import text
from erp_bridge.documents.canonical import Line, Posting
from erp_bridge.errors import NotNeeded, UnknownCode
from erp_bridge.inbound.canonical import Inbound, Item, WorkOrder, understood
from erp_bridge.mapping import Codes
from plant_server.contract.outbox import Kind

RESOURCES: dict[Kind, str] = {
    Kind.COMPLETION: "completions",
    Kind.CONSUMPTION: "consumptions",
    Kind.SCRAP: "scrap",
    Kind.LABOR_TIME: "labor-times",
    Kind.MACHINE_TIME: "machine-times",
    Kind.ENERGY_COST: "energy-costs",
    Kind.STOCK_MOVE: "stock-moves",
    Kind.ORDER_PROGRESS: "order-progress",
    Kind.ORDER_ACKNOWLEDGEMENT: "acknowledgements",
}
STATES = {
    "released": "released",
    "running": "running",
    "paused": "held",
    "held": "held",
    "completed": "completed",
    "closed": "closed",
    "cancelled": "cancelled",
    "aborted": "cancelled",
}
_TO_CONFIRM = "needs_confirmation"
_PAGE = 100


class Core:
    """Connector `core`."""

    kinds: ClassVar[frozenset[Kind]] = frozenset(RESOURCES)
    sources: ClassVar[frozenset[Source]] = frozenset({"item", "work_order"})
    refuses_duplicates: ClassVar[bool] = True
    looks_back: ClassVar[bool] = True

    def __init__(self, name: str, settings: ConnectorSettings) -> None:
        self.name = name
        self._settings = settings
        self._client = SignedInClient(name, settings)

    async def check(self) -> str:
        periods = await self._client.get("/api/closed-periods")
        return f"signed in; {len(periods['items'])} closed periods"

    def request(self, posting: Posting, codes: Codes) -> Request:
        document = posting.document
        resource = RESOURCES[document.kind]
        head = {"external_id": str(posting.document_id), "event_time": document.event_time.isoformat()}
        if document.kind is Kind.ORDER_ACKNOWLEDGEMENT:
            return _acknowledgement(posting, head)
        head["posting_date"] = posting.posting_date.isoformat()
        if posting.reverses is not None:
            path = f"/api/{resource}/{posting.reverses}/reversals"
            return Request(path, head, head | {"reverses": posting.reverses}, resource)
        lines = self._lines(posting, codes)
        if not lines:
            raise NotNeeded(f"the core keeps no {document.kind} of this")
        body = head | {"reference": _reference(posting), "lines": lines}
        if document.work_order is not None:
            body["work_order"] = document.work_order
        return Request(f"/api/{resource}", body, body, resource)

    async def post(self, request: Request) -> str:
        answer = await self._client.post(request.path, request.body)
        if answer.get("state") == _TO_CONFIRM:
            await self._confirm(request, str(answer["id"]))
        return str(answer["id"])

    async def look_up(self, request: Request, key: str) -> Sequence[str]:
        found = await self._client.get(f"/api/{request.resource}", external_id=key)
        return [str(one["id"]) for one in found["items"]]

    async def read_back(self, request: Request, reference: str) -> Stored:
        body = await self._client.get(f"/api/{request.resource}/{reference}")
        if body.get("state") == _TO_CONFIRM:
            await self._confirm(request, reference)
            body = await self._client.get(f"/api/{request.resource}/{reference}")
        return Stored(reference, body)

    async def view(self, request: Request, reference: str) -> Stored | None:
        body = await self._client.get(f"/api/{request.resource}/{reference}")
        return None if body.get("state") == _TO_CONFIRM else Stored(reference, body)

    async def told_since(self, since: datetime) -> Sequence[ToldThere]:
        return await told_since(self._client, {kind: RESOURCES[kind] for kind in _LINES}, since)

    def amount(self, kind: Kind, line: Line, codes: Codes) -> Amount | None:
        encode = None if line.rework else _LINES.get(kind)
        return None if encode is None else amount_in(encode(self._settings, line, codes))

    async def fetch_changes(self, source: Source, after: str | None) -> Page:
        if source == "item":
            listed = await self._client.get("/api/items")
            return Page([_item(one) for one in listed["items"]])
        told = await self._client.get("/api/work-orders", changed_after=int(after or 0), limit=_PAGE)
        changes = [_work_order(one) for one in told["items"]]
        return Page(changes, str(told["next_cursor"]), bool(told["more"]))

    def understand(self, source: Source, told: Mapping[str, Any]) -> Inbound:
        if source == "item":
            return understood(
                Item, {**told, "item": told.get("code"), "lot_tracked": bool(told.get("lot_tracked"))}
            )
        state = "released" if told["event"] in _SAYS_ITSELF else told["event"]
        return understood(WorkOrder, {**told["work_order"], "state": state})

    async def close(self) -> None:
        await self._client.close()

    async def _confirm(self, request: Request, reference: str) -> None:
        await self._client.post(f"/api/{request.resource}/{reference}/confirm", {})

    def _lines(self, posting: Posting, codes: Codes) -> list[dict[str, Any]]:
        document = posting.document
        if document.kind is Kind.ORDER_PROGRESS:
            return _progress(posting, codes)
        encode = _LINES[document.kind]
        return [encode(self._settings, line, codes) for line in document.lines if not line.rework]


def _reference(posting: Posting) -> str:
    """The plant's event; of several the first, and how many more."""
    events = posting.document.event_ids
    more = f" +{len(events) - 1}" if len(events) > 1 else ""
    return f"{events[0]}{more}" if events else str(posting.document_id)


def _acknowledgement(posting: Posting, head: Mapping[str, Any]) -> Request:
    document = posting.document
    body: dict[str, Any] = {**head, "revision": int((document.revision or "0").split()[0])}
    body["status"] = "accepted" if document.accepted else "rejected"
    if document.reason is not None:
        body["reason"] = document.reason
    path = f"/api/work-orders/{document.work_order}/acknowledgements"
    # Two ways lead to one acknowledgement (the inbox and the plant's outbox); whoever came first gave it its time.
    expected = {name: value for name, value in body.items() if name != "event_time"}
    return Request(path, body, expected | {"work_order": document.work_order}, "acknowledgements")


def _progress(posting: Posting, codes: Codes) -> list[dict[str, Any]]:
    state = STATES.get(posting.document.state or "")
    if state is None or posting.good_unit is None or posting.good_so_far <= 0:
        raise NotNeeded("the core wants progress with a quantity")
    quantity, unit = text(posting.good_so_far), codes.theirs("unit", posting.good_unit)
    return [{"quantity": quantity, "unit": unit, "state": state}]


def _amount(line: Line, codes: Codes) -> dict[str, Any]:
    return {"quantity": text(line.quantity), "unit": codes.theirs("unit", line.unit)}


def _item_amount(line: Line, codes: Codes) -> dict[str, Any]:
    told = {"item": codes.theirs("item", line.item or "")} | _amount(line, codes)
    return told | ({"lot": line.lot} if line.lot else {})


def _operation(line: Line) -> dict[str, Any]:
    return {} if line.operation is None else {"operation": str(line.operation)}


def _station(line: Line, codes: Codes) -> dict[str, Any]:
    """Which machine made it; who reports by hand and names none leaves it out."""
    return {"station": codes.theirs("machine", line.equipment_path)} if line.equipment_path else {}


def _place(told: str, prefix: str = "") -> dict[str, Any]:
    """`FG` or `FG/F-01`: a warehouse, and a location in it."""
    warehouse, _, location = told.partition("/")
    return {f"{prefix}warehouse": warehouse} | ({f"{prefix}location": location} if location else {})


def _usual_place(settings: ConnectorSettings, what: str, line: Line, codes: Codes) -> dict[str, Any]:
    """Where goods of an item go to or come from: its own row in the code map, else the usual one."""
    place = codes.special(f"{what}_place", line.item or "") or settings.places.get(what)  # type: ignore[call-overload]
    if place is None:
        raise UnknownCode(codes.system, f"{what}_place", line.item or "")
    return _place(place)


def _received(settings: ConnectorSettings, line: Line, codes: Codes) -> dict[str, Any]:
    place = _usual_place(settings, "receipt", line, codes)
    return _item_amount(line, codes) | _station(line, codes) | place


def _issued(settings: ConnectorSettings, line: Line, codes: Codes) -> dict[str, Any]:
    return _item_amount(line, codes) | _usual_place(settings, "issue", line, codes)


def _scrapped(settings: ConnectorSettings, line: Line, codes: Codes) -> dict[str, Any]:
    """Without a warehouse: it was lost in production, before it was stock."""
    reason = codes.theirs("reason", line.reason or "")
    return _item_amount(line, codes) | _station(line, codes) | {"reason": reason}


def _worked(settings: ConnectorSettings, line: Line, codes: Codes) -> dict[str, Any]:
    """The core knows classes of labor, no people; `person` maps to a class."""
    return {"labor": codes.theirs("person", line.person or "")} | _amount(line, codes) | _operation(line)


def _ran(settings: ConnectorSettings, line: Line, codes: Codes) -> dict[str, Any]:
    machine = codes.theirs("machine", line.equipment_path or "")
    return {"machine": machine} | _amount(line, codes) | _operation(line)


def _used_energy(settings: ConnectorSettings, line: Line, codes: Codes) -> dict[str, Any]:
    machine = codes.theirs("machine", line.equipment_path or "")
    tariff = codes.special("tariff", line.tariff or "") or settings.tariff
    return {"machine": machine, "tariff": tariff} | _amount(line, codes)


def _moved(settings: ConnectorSettings, line: Line, codes: Codes) -> dict[str, Any]:
    source = _place(codes.theirs("location", line.from_location or ""), "from_")
    target = _place(codes.theirs("location", line.to_location or ""), "to_")
    return _item_amount(line, codes) | source | target


_LINES: dict[Kind, Callable[[ConnectorSettings, Line, Codes], dict[str, Any]]] = {
    Kind.COMPLETION: _received,
    Kind.CONSUMPTION: _issued,
    Kind.SCRAP: _scrapped,
    Kind.LABOR_TIME: _worked,
    Kind.MACHINE_TIME: _ran,
    Kind.ENERGY_COST: _used_energy,
    Kind.STOCK_MOVE: _moved,
}


def _item(told: Mapping[str, Any]) -> Change:
    """A list and no feed: what differs from what was told last is new."""
    return Change(None, "item", str(told["code"]), None, dict(told))


def _work_order(told: Mapping[str, Any]) -> Change:
    """A cancelled or closed order keeps its revision, so the event belongs to what tells revisions apart."""
    order, event = told["work_order"], told["event"]
    revision = f"{order['revision']}" if event in _SAYS_ITSELF else f"{order['revision']} {event}"
    return Change(str(told["cursor"]), "work_order", str(order["number"]), revision, dict(told))


_SAYS_ITSELF = frozenset({"released", "changed"})
