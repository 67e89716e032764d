"""Moves of stock at the floor in the words of Tryton's internal shipments. Pure.

What comes from or goes to nowhere the plant knows is what a count found more or less: it comes from or goes to the
warehouse's place for what was lost and found, as with an inventory of Tryton's own, and stands in the books. What arrived
and no ERP posted is a purchase to be received there, so it goes to a person, unless the code map names a place it comes from.
"""

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from typing import Any

from erp_bridge.connectors.connector import Amount, Request, ToldThere
from erp_bridge.connectors.tryton_words import Line_, merged
from erp_bridge.documents.amounts import text
from erp_bridge.documents.canonical import Line, Posting
from erp_bridge.errors import NotNeeded
from erp_bridge.mapping import Codes
from plant_server.contract.outbox import Kind

RESOURCE, MODEL = "shipment", "stock.shipment.internal"
OUTSIDE, RECEIVED, LOST_AND_FOUND = "outside", "received", ""
"""Our words in the code map of locations; the third stands for the place that the warehouse itself names."""
FIELDS = (
    "number",
    "state",
    "effective_date",
    "transit_location",
    "from_location.code",
    "to_location.code",
    "from_location.type",
    "to_location.type",
    "moves.state",
    "moves.product.code",
    "moves.lot.number",
    "moves.unit.symbol",
    "moves.quantity",
    "_timestamp",
)


def request(posting: Posting, codes: Codes) -> Request:
    """Pure. Raises MappingError (UnknownCode), NotNeeded. A reversal is the way back."""
    lines = posting.document.lines
    if not lines:
        raise NotNeeded("nothing moved")
    line = lines[0]  # A move is never merged with another.
    source, target = _way(line, codes)
    if source == target:
        raise NotNeeded(f"both places are {source or 'outside'} there")
    if posting.reverses is not None:
        source, target = target, source
    told = _told(line, codes)
    body = {
        "key": str(posting.document_id),
        "kind": str(posting.document.kind),
        "event_time": posting.document.event_time.isoformat(),
        "posting_date": posting.posting_date.isoformat(),
        "from": source,
        "to": target,
        "lines": [told],
        "about": " ".join(one for one in (line.purpose, line.reason) if one),
        "reverses": posting.reverses,
    }
    expected = {"from": source, "to": target, "lines": [told], "day": body["posting_date"], "state": "done"}
    return Request(MODEL, body, expected, RESOURCE)


def amount(line: Line, codes: Codes) -> Amount | None:
    """Pure: a line as `told_since` shows it; None: it does not move there. Raises MappingError."""
    way = _way(line, codes)
    return None if way[0] == way[1] else _amount(_told(line, codes), *way)


def told_there(stored: Mapping[str, Any]) -> ToldThere:
    """A shipment that is done, as what we told with it."""
    key = str(stored["reference"]).removeprefix(key_of(""))
    way = [str(stored[f"{name}_location."]["code"] or "") for name in ("from", "to")]
    amounts = tuple(_amount(line_of(one), *way) for one in stored["moves."] if one["state"] == "done")
    return ToldThere(key, reference_of(stored), Kind.STOCK_MOVE, None, stored["create_date"], amounts)


def _amount(told: Line_, source: str, target: str) -> Amount:
    thing = " ".join([told["item"], source, target])
    return Amount(thing, told["lot"], told["unit"], Decimal(told["amount"]))


def _told(line: Line, codes: Codes) -> Line_:
    return {
        "item": codes.theirs("item", line.item or ""),
        "lot": line.lot or "",
        "unit": codes.theirs("unit", line.unit),
        "amount": text(line.quantity),
    }


def _way(line: Line, codes: Codes) -> tuple[str, str]:
    return _place(line.from_location, line, codes), _place(line.to_location, line, codes)


def _place(ours: str | None, line: Line, codes: Codes) -> str:
    if ours != OUTSIDE:
        return codes.theirs("location", ours or "")
    if line.purpose == "receive":
        return codes.theirs("location", RECEIVED)
    return codes.special("location", OUTSIDE) or LOST_AND_FOUND


def key_of(key: str) -> str:
    """The reference of the shipment of a document."""
    return f"Lineside {key}"


def reference_of(shipment: Mapping[str, Any]) -> str:
    """How we name it to people: its number there, as soon as it has one."""
    return f"{shipment['number'] or 'internal shipment'}#{shipment['id']}"


def words_of(shipment: Mapping[str, Any], told: Mapping[str, Any]) -> Mapping[str, Any]:
    """What is stored there, in the words of `Request.expected`. `told`: the body of the request."""
    day: date | None = shipment["effective_date"]
    return {
        "from": _named(shipment["from_location."], told["from"]),
        "to": _named(shipment["to_location."], told["to"]),
        "lines": merged(line_of(one) for one in shipment["moves."] if one["state"] != "cancelled"),
        "day": None if day is None else day.isoformat(),
        "state": shipment["state"],
    }


def _named(location: Mapping[str, Any], told: str) -> str:
    """The warehouse's place for lost and found may have a code of its own, and was told without one."""
    if told == LOST_AND_FOUND and location["type"] == "lost_found":
        return LOST_AND_FOUND
    return str(location["code"] or "")


def line_of(move: Mapping[str, Any]) -> Line_:
    return {
        "item": move["product."]["code"] or "",
        "lot": (move.get("lot.") or {}).get("number") or "",
        "unit": move["unit."]["symbol"],
        "amount": text(Decimal(str(move["quantity"]))),
    }
