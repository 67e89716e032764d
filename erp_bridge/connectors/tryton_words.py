"""A posting in Tryton's words. Pure.

Everything of an order is done on its one production: material as input moves, goods and scrap as output moves, times and
energy as cycles of works. Lines of one thing are one line here, and what is read back is told in the same words.
"""

from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Any, Literal

from erp_bridge.config import Tryton
from erp_bridge.connectors.connector import Amount, Request
from erp_bridge.documents.amounts import EXACT, text, total
from erp_bridge.documents.canonical import Line, Posting
from erp_bridge.errors import MappingError, NotNeeded
from erp_bridge.mapping import Codes
from plant_server.contract.outbox import Kind

Line_ = dict[str, Any]
Way = Literal["moves", "cycles", "finish", "reverse"]
KINDS = frozenset(
    {
        Kind.COMPLETION,
        Kind.CONSUMPTION,
        Kind.SCRAP,
        Kind.LABOR_TIME,
        Kind.MACHINE_TIME,
        Kind.ENERGY_COST,
        Kind.ORDER_PROGRESS,
    }
)
_ROLES = {Kind.CONSUMPTION: "input", Kind.COMPLETION: "output", Kind.SCRAP: "scrap"}
_ENDS = {"completed": ("completed",), "closed": ("completed", "closed"), "never": ()}
_DROPPED = frozenset({"cancelled", "aborted"})
_SECONDS_PER_HOUR = Decimal(3600)
_SECOND = "s"


def request(posting: Posting, codes: Codes, tryton: Tryton) -> Request:
    """Raises MappingError (UnknownCode), NotNeeded."""
    document = posting.document
    if document.work_order is None or document.kind not in KINDS:
        raise NotNeeded(f"this Tryton keeps no {document.kind}")
    head = {
        "key": str(posting.document_id),
        "kind": str(document.kind),
        "production": document.work_order,
        "event_time": document.event_time.isoformat(),
        "posting_date": posting.posting_date.isoformat(),
    }
    if posting.reverses is not None:
        return _request("reverse", head | {"reverses": posting.reverses}, {"state": "reversed"})
    if document.kind is Kind.ORDER_PROGRESS:
        return _finish({**head, "in_rework": text(posting.in_rework)}, document.state or "", tryton)
    lines = [one for one in document.lines if not one.rework]
    if document.kind in _ROLES:
        told = merged(_move(_ROLES[document.kind], line, codes) for line in lines)
        expected = {"lines": told, "day": head["posting_date"]}
        return _request("moves", head | {"lines": told, "about": _about(lines)}, expected)
    told = merged(_work(document.kind, line, codes, tryton) for line in lines)
    return _request("cycles", head | {"lines": told, "about": _about(lines)}, {"lines": told})


def amount(kind: Kind, line: Line, codes: Codes, tryton: Tryton) -> Amount | None:
    """A line as an amount; None: nothing of it is told. Raises MappingError."""
    if line.rework or kind not in KINDS or kind is Kind.ORDER_PROGRESS:
        return None
    told = _move(_ROLES[kind], line, codes) if kind in _ROLES else _work(kind, line, codes, tryton)
    return amount_in(told)


def amount_in(told: Line_) -> Amount:
    """Of a line in these words. Times and energy in seconds of a work center."""
    if told["role"] == "work":
        return Amount(told["center"], "", _SECOND, Decimal(told["amount"]))
    return Amount(told["item"], told["lot"], told["unit"], Decimal(told["amount"]))


def merged(lines: Iterable[Line_]) -> list[Line_]:
    """One line per thing, with the exact sum, in one order on both sides. `amount` is a decimal as text."""
    by_thing: dict[tuple[tuple[str, str], ...], list[Decimal]] = {}
    for line in lines:
        thing = tuple(sorted((name, value) for name, value in line.items() if name != "amount"))
        by_thing.setdefault(thing, []).append(Decimal(line["amount"]))
    summed = {thing: total(amounts) for thing, amounts in by_thing.items()}
    return [{**dict(thing), "amount": text(summed[thing])} for thing in sorted(summed)]


def _request(way: Way, body: Mapping[str, Any], expected: Mapping[str, Any]) -> Request:
    if body.get("lines") == []:
        raise NotNeeded("nothing in it is for Tryton")
    wanted = expected if "state" in expected else {**expected, "state": "done"}
    return Request(f"production/{body['production']}", body, wanted, way)


def _finish(head: Mapping[str, Any], state: str, tryton: Tryton) -> Request:
    if state in _DROPPED:
        return _request("finish", {**head, "dropped": True}, {"state": "ended"})
    if state not in _ENDS[tryton.finish_when][-1:]:
        raise NotNeeded(f"nothing is done there when an order is {state}")
    return _request("finish", {**head, "dropped": False}, {"state": "ended"})


def _move(role: str, line: Line, codes: Codes) -> Line_:
    return {
        "role": role,
        "item": codes.theirs("item", line.item or ""),
        "lot": line.lot or "",
        "unit": codes.theirs("unit", line.unit),
        "amount": text(line.quantity),
    }


def _work(kind: Kind, line: Line, codes: Codes, tryton: Tryton) -> Line_:
    """`amount` in seconds. Energy is a work center whose price per hour is the price of a kWh: an hour is a kWh."""
    center = _center(kind, line, codes, tryton)
    operation = codes.special("operation", str(line.operation)) if line.operation is not None else None
    seconds = line.quantity
    if kind is Kind.ENERGY_COST:
        seconds = EXACT.multiply(line.quantity, _SECONDS_PER_HOUR)
    return {"role": "work", "center": center, "operation": operation or center, "amount": text(seconds)}


def _center(kind: Kind, line: Line, codes: Codes, tryton: Tryton) -> str:
    if kind is Kind.LABOR_TIME:
        center = codes.special("person", line.person or "") or tryton.labor_center
    elif kind is Kind.ENERGY_COST:
        center = codes.special("energy", line.tariff or "") or tryton.energy_center
    else:
        center = codes.theirs("machine", line.equipment_path or "")
    if center is None:
        raise MappingError("unmapped_code", f"no work center for {kind}: set it for tryton in bridge.yaml")
    return center


def _about(lines: Iterable[Line]) -> str:
    """What Tryton has no field for, for people: reasons of scrap, who worked, which machine."""
    told = (line.reason or line.person or line.equipment_path or "" for line in lines)
    return ", ".join(dict.fromkeys(one for one in told if one))
