"""What a Tryton says: items, BOMs, lots that arrived and productions as canonical documents.

Read by what changed: a record is told again when it, or what it is made of, was written since. Clocks of transactions may
overtake one another, so the last minute is always read again; what says nothing new is dropped at the inbox. Tryton keeps no
revisions: a BOM's code is its revision, and an order is told by what the plant uses of it, whatever its state there.
"""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, time, timedelta
from decimal import Decimal
from typing import Any

from erp_bridge.config import Source, Tryton
from erp_bridge.connectors.connector import Change, Page
from erp_bridge.connectors.tryton_rpc import TrytonClient
from erp_bridge.connectors.tryton_shipment_words import MODEL as SHIPMENT
from erp_bridge.connectors.tryton_shipment_words import key_of
from erp_bridge.documents.amounts import text
from erp_bridge.errors import MappingError, RefusedByErp
from erp_bridge.inbound.canonical import BomRelease, Inbound, Item, Receipt, WorkOrder, understood

_OVERLAP = timedelta(seconds=60)
_PRIORITY = 50
"""Tryton has none: the middle one."""
_DIGITS = 12
"""Of a quantity per unit that does not come out even."""

_NOT_OURS = [
    "OR",
    ["shipment", "=", None],
    ["shipment", "not like", f"{SHIPMENT},%"],
    ["shipment.reference", "not like", key_of("%"), SHIPMENT],
]
"""Of moves: all but those of our shipments."""
_ITEM = ("code", "name", "default_uom.symbol", "lot_required", "producible", "create_date", "write_date")
_BOM = (
    "code",
    "name",
    "create_date",
    "write_date",
    "outputs.product.code",
    "outputs.quantity",
    "outputs.unit.symbol",
    "inputs.product.code",
    "inputs.quantity",
    "inputs.unit.symbol",
)
_RECEIPT = (
    "product.code",
    "lot.number",
    "quantity",
    "unit.symbol",
    "to_location.code",
    "create_date",
    "write_date",
)
_ORDER = (
    "number",
    "reference",
    "state",
    "quantity",
    "unit.symbol",
    "product.code",
    "bom.code",
    "planned_date",
    "create_date",
    "write_date",
)


async def changes(client: TrytonClient, tryton: Tryton, source: Source, after: str | None) -> Page:
    """One page of what was written since `after` (an ISO time). Raises ConnectorError."""
    since = None if after is None else datetime.fromisoformat(after) - _OVERLAP
    if source == "item":
        domain = [["code", "!=", None], ["type", "=", "goods"], _written(since, "", "template.")]
        found = await client.rows("product.product", _ITEM, *domain)
        return _page(found, after, _item)
    if source == "bom":
        found = await client.rows("production.bom", _BOM, _written(since, "", "inputs.", "outputs."))
        return _page(found, after, _bom)
    if source == "receipt":
        found = await client.rows(
            "stock.move", _RECEIPT, *await _arrived(client, tryton), _written(since, "")
        )
        return _page(found, after, _receipt)
    domain = [
        ["warehouse.code", "=", tryton.warehouse],
        ["number", "!=", None],
        ["state", "in", ["waiting", "assigned", "cancelled"]],
        _written(since, ""),
    ]
    return _page(await client.rows("production", _ORDER, *domain), after, _order)


def understand(source: Source, told: Mapping[str, Any]) -> Inbound:
    """A change as a canonical document, in their codes. Raises MappingError."""
    if source == "item":
        return understood(Item, told)
    if source == "bom":
        if len(told["outputs"]) != 1:
            raise MappingError(
                "not_understood", f"BOM {told['revision']}: it must make one thing, not several"
            )
        made = told["outputs"][0]
        lines = [_bom_line(number, one, made) for number, one in enumerate(told["inputs"], 1)]
        head = {"item": made["item"], "unit": made["unit"], "lines": lines}
        return understood(BomRelease, {**told, **head})
    if source == "receipt":
        return understood(Receipt, told)
    return understood(WorkOrder, {"revision": 1, "priority": _PRIORITY, **told})


def _page(found: Sequence[Mapping[str, Any]], after: str | None, told: Any) -> Page:
    """All of it at once, in the order of ids: what is new is little, and the first time everything is new."""
    latest = max((_stamp(one) for one in found), default=None)
    position = after if latest is None else max(latest.isoformat(), after or "")
    return Page([told(one) for one in found], position)


def _stamp(one: Mapping[str, Any]) -> datetime:
    stamp = one["write_date"] or one["create_date"]
    assert isinstance(stamp, datetime)  # noqa: S101  # create_date is never empty.
    return stamp


def _written(since: datetime | None, *prefixes: str) -> list[Any]:
    """Created or written since then; of the record itself or of what hangs on it."""
    if since is None:
        return ["id", ">", 0]
    clauses = [
        [f"{prefix}{name}", ">", since] for prefix in prefixes for name in ("create_date", "write_date")
    ]
    return ["OR", *clauses]


def _item(one: Mapping[str, Any]) -> Change:
    told = {
        "item": one["code"],
        "name_en": one["name"],
        "name_zh": one["name"],
        "unit": one["default_uom."]["symbol"],
        "kind": "finished" if one["producible"] else "material",
        "lot_tracked": bool(one["lot_required"]),
    }
    return Change(None, "item", str(one["code"]), None, told)


def _bom(one: Mapping[str, Any]) -> Change:
    """Effective from the day it was made: Tryton has no day of its own for it."""
    made = _stamp({**one, "write_date": None}).isoformat()
    told = {
        "revision": one["code"],
        "effective_from": made,
        "released_at": made,
        "outputs": [_made_of(line) for line in one["outputs."]],
        "inputs": [_made_of(line) for line in one["inputs."]],
    }
    return Change(None, "bom", str(one["code"] or one["name"]), None, told)


def _made_of(line: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "item": line["product."]["code"],
        "quantity": text(Decimal(str(line["quantity"]))),
        "unit": line["unit."]["symbol"],
    }


def _bom_line(number: int, line: Mapping[str, Any], made: Mapping[str, Any]) -> dict[str, Any]:
    quantity = Decimal(line["quantity"]) / Decimal(made["quantity"])
    whole = round(quantity, _DIGITS)
    return {"position": 10 * number, "item": line["item"], "quantity": text(whole), "unit": line["unit"]}


def _order(one: Mapping[str, Any]) -> Change:
    """`released`, whether its material is reserved there or not."""
    due = one["planned_date"]
    told = {
        "number": one["number"],
        "requirement": one["reference"] or None,
        "state": "cancelled" if one["state"] == "cancelled" else "released",
        "item": _of(one, "product.", "code"),
        "quantity": None if one["quantity"] is None else text(Decimal(str(one["quantity"]))),
        "unit": _of(one, "unit.", "symbol"),
        "bom_revision": _of(one, "bom.", "code"),
        "due": None if due is None else datetime.combine(due, time(23, 59, 59), UTC).isoformat(),
    }
    return Change(None, "work_order", str(one["number"]), None, told)


async def _arrived(client: TrytonClient, tryton: Tryton) -> list[list[Any]]:
    """From suppliers, and what an inventory found: into the warehouse, by lot. What was made came from us, and so did what
    the floor found."""
    warehouse = await client.one("stock.location", ["id"], ["code", "=", tryton.warehouse])
    if warehouse is None:
        raise RefusedByErp("unknown_code", f"there is no warehouse {tryton.warehouse!r}")
    return [
        ["state", "=", "done"],
        ["lot", "!=", None],
        ["effective_date", ">=", tryton.receipts_since],
        ["from_location.type", "in", ["supplier", "lost_found"]],
        ["to_location", "child_of", [warehouse["id"]], "parent"],
        _NOT_OURS,
    ]


def _receipt(one: Mapping[str, Any]) -> Change:
    """A move that is done is told once: what of it is changed later changes no quantity."""
    told = {
        "item": one["product."]["code"],
        "lot": one["lot."]["number"],
        "quantity": text(Decimal(str(one["quantity"]))),
        "unit": one["unit."]["symbol"],
        "location": one["to_location."]["code"],
    }
    return Change(None, "receipt", f"move {one['id']}", "1", told)


def _of(one: Mapping[str, Any], joined: str, name: str) -> Any:
    return (one.get(joined) or {}).get(name)
