"""Inbound documents as the plant's commands, in the plant's codes. Pure. An unknown code stops the whole document.

Shapes and paths are those of the plant's API (`/openapi.json`); units there are UN/CEFACT codes.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from erp_bridge.documents.amounts import text
from erp_bridge.errors import MappingError
from erp_bridge.inbound.canonical import (
    BomRelease,
    Drawing,
    EngineeringChange,
    Inbound,
    Item,
    Price,
    Receipt,
    WorkOrder,
)
from erp_bridge.mapping import Codes

_COUNTED = frozenset({"C62", "H87", "EA", "PR", "SET", "KT", "NMP"})
_MEASURED_SCALE = 6
"""Decimals of what is weighed or measured: milligrams of a kilogram. Neither ERP nor PLM tells."""
_DISPOSITIONS = frozenset({"use_up", "scrap", "rework", "hold"})
_PRIORITIES = 11
"""99 priorities of theirs are 9 of the plant's; 1 goes first in both."""


@dataclass(frozen=True, slots=True)
class Command:
    """One command to the plant. `part` tells the commands of one document apart."""

    path: str
    body: Mapping[str, Any]
    part: str = ""


@dataclass(frozen=True, slots=True)
class Origin:
    """Which document of which system it is; `revision` counts up there or, for lists, here."""

    system: str
    external_id: str
    revision: int
    plant_id: int | None = None
    """What the plant calls it, from its answer to an earlier revision."""


def commands(told: Inbound, origin: Origin, codes: Codes) -> Sequence[Command]:
    """What the plant is to do. Raises MappingError (UnknownCode)."""
    match told:
        case Item():
            return [Command("/api/v1/items", _head(origin) | _item(told, codes))]
        case BomRelease():
            return [Command("/api/v1/boms", _head(origin) | _bom(told, codes))]
        case EngineeringChange():
            return _changes(told, origin, codes)
        case Drawing():
            head = _head(origin, told.number)
            return [Command("/api/v1/drawings", head | _drawing(told, codes))]
        case Price():
            return [Command("/api/v1/costs/rates", _price(told, origin, codes))]
        case Receipt():
            return [Command("/api/v1/lots", _receipt(told, codes))]
        case WorkOrder():
            return [_work_order(told, origin, codes)]
    raise MappingError("not_understood", f"{type(told).__name__}: the plant has no command for it")


def _head(origin: Origin, *parts: str) -> dict[str, Any]:
    return {
        "system": origin.system,
        "external_id": "/".join((origin.external_id, *parts)),
        "external_revision": origin.revision,
    }


def _item(told: Item, codes: Codes) -> dict[str, Any]:
    unit = codes.ours("unit", told.unit)
    body = {
        "code": codes.ours("item", told.item),
        "name_en": told.name_en,
        "name_zh": told.name_zh,
        "unit": unit,
        "scale": 0 if unit in _COUNTED else _MEASURED_SCALE,
    }
    return body if told.lot_tracked is None else body | {"is_lot_tracked": told.lot_tracked}


def _bom(told: BomRelease, codes: Codes) -> dict[str, Any]:
    """Released for the plant when it may be used: not before it is effective."""
    return {
        "item": codes.ours("item", told.item),
        "revision": told.revision,
        "unit": codes.ours("unit", told.unit),
        "released_time": max(told.effective_from, told.released_at).isoformat(),
        "components": [
            {
                "position": str(line.position),
                "item": codes.ours("item", line.item),
                "revision": line.revision,
                "quantity_per": text(line.quantity),
                "unit": codes.ours("unit", line.unit),
            }
            for line in told.lines
        ],
    }


def _price(told: Price, origin: Origin, codes: Codes) -> dict[str, Any]:
    """The source is named: what a person states at the plant goes before it."""
    return {
        "kind": "material",
        "code": codes.ours("item", told.item),
        "price": text(told.price),
        "unit": codes.ours("unit", told.unit),
        "system": origin.system,
    }


def _receipt(told: Receipt, codes: Codes) -> dict[str, Any]:
    """The ERP posted it itself: the plant tells it nothing of it."""
    return {
        "item": codes.ours("item", told.item),
        "lot": told.lot,
        "quantity": text(told.quantity),
        "unit": codes.ours("unit", told.unit),
        "location": codes.ours("location", told.location),
        "known_to_erp": True,
    }


def _changes(told: EngineeringChange, origin: Origin, codes: Codes) -> list[Command]:
    """The plant keeps a change per item; theirs may speak of several, which share its number."""
    disposition = told.disposition
    if disposition not in _DISPOSITIONS:
        disposition = codes.ours("disposition", told.disposition)
    return [
        Command(
            "/api/v1/change-orders",
            _head(origin, one.item)
            | {
                "number": told.number,
                "item": codes.ours("item", one.item),
                "old_revision": one.old_revision,
                "new_revision": one.new_revision,
                "effectivity": {"kind": "date", "from_time": told.effective_from.isoformat()},
                "disposition": disposition,
                "released_time": told.released_at.isoformat(),
            },
            one.item,
        )
        for one in told.affected
    ]


def _drawing(told: Drawing, codes: Codes) -> dict[str, Any]:
    return {
        "item": codes.ours("item", told.item),
        "revision": told.revision,
        "name": told.number,
        "media_type": told.media_type,
        "content": told.content,
    }


def _work_order(told: WorkOrder, origin: Origin, codes: Codes) -> Command:
    if told.state != "released":
        if origin.plant_id is None:
            raise MappingError(
                "order_not_known", f"{told.number} is {told.state}, and the plant never had it"
            )
        return Command(f"/api/v1/work-orders/{origin.plant_id}/{_ENDINGS[told.state]}", {})
    body: dict[str, Any] = {
        "number": told.number,
        "item": codes.ours("item", told.item),
        "quantity": text(told.quantity),
        "unit": codes.ours("unit", told.unit),
        "due_time": told.due.isoformat(),
        "priority": min(9, (told.priority - 1) // _PRIORITIES + 1),
        "revision": told.bom_revision,
        "requirement": told.requirement or told.customer_order,
        "release": True,
    }
    if told.work_center is not None:
        body["work_center"] = codes.ours("machine", told.work_center)
    return Command("/api/v1/work-orders", _head(origin) | body)


_ENDINGS = {"cancelled": "cancel", "closed": "close"}
