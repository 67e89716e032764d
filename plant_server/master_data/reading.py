"""Master data as the domain's objects: what the interlock, the backflush and the pinning of an order are asked with."""

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

from psycopg import AsyncConnection

from plant_server.database import load_queries
from plant_server.domain.bom import BomRevision, Component, ComponentScrapPolicy, Issuing
from plant_server.domain.change_order import (
    ChangeOrder,
    Disposition,
    Effectivity,
    FromDate,
    FromOrder,
    WhenUsedUp,
)
from plant_server.domain.item import ItemRevision
from plant_server.domain.unit import ItemConversion
from plant_server.events import Refused
from plant_server.master_data.rows import Row, row_of, rows_of

QUERIES = load_queries(__package__)


async def item_by_code(connection: AsyncConnection, code: str) -> Row:
    """`item_id code unit scale setup_parts`. Raises Refused `unknown-item`."""
    row = await row_of(connection, QUERIES["item_by_code"], {"code": code})
    if row is None:
        raise Refused("unknown-item", 422, code, item=code)
    return row


async def conversions_of(connection: AsyncConnection, item_id: int) -> tuple[ItemConversion, ...]:
    rows = await rows_of(connection, QUERIES["units_of_item"], {"item_id": item_id})
    return tuple(ItemConversion(**row) for row in rows)


async def revisions_of(connection: AsyncConnection, codes: Iterable[str]) -> tuple[ItemRevision, ...]:
    rows = await rows_of(connection, QUERIES["revisions_of_items"], {"codes": list(codes)})
    return tuple(
        ItemRevision(row["code"], row["revision"], to_ms(row["released_time"]), to_ms(row["withdrawn_time"]))
        for row in rows
    )


async def changes_of(connection: AsyncConnection, codes: Iterable[str]) -> tuple[ChangeOrder, ...]:
    rows = await rows_of(connection, QUERIES["changes_of_items"], {"codes": list(codes)})
    return tuple(change_from(row) for row in rows)


async def bom_by_id(connection: AsyncConnection, bom_id: int | None) -> BomRevision | None:
    rows = await rows_of(connection, QUERIES["bom_with_components"], {"bom_id": bom_id})
    if not rows:
        return None
    first = rows[0]
    components = tuple(_component(row) for row in rows if row["position"] is not None)
    return BomRevision(first["item"], first["revision"], first["unit"], components, first["base_quantity"])


def change_from(row: Row) -> ChangeOrder:
    return ChangeOrder(
        row["number"],
        row["item"],
        row["old_revision"],
        row["new_revision"],
        _effectivity(row),
        Disposition(row["disposition"]),
        to_ms(row["released_time"]),
        to_ms(row["used_up_time"]),
    )


def _effectivity(row: dict[str, Any]) -> Effectivity:
    match row["effectivity"]:
        case "date":
            return FromDate(to_ms(row["from_time"]) or 0)
        case "order":
            return FromOrder(frozenset(row["orders"]), row["from_serial"])
        case _:
            return WhenUsedUp()


def _component(row: Row) -> Component:
    return Component(
        row["position"],
        row["component"],
        row["quantity_per"],
        row["part_unit"],
        row["scrap_factor"],
        row["part_revision"],
        ComponentScrapPolicy(row["scrap_policy"]),
        Issuing(row["issuing"]),
    )


def to_ms(at: datetime | None) -> int | None:
    """Milliseconds UTC, as the domain tells time; what is below is cut off, towards the past."""
    return None if at is None else (at - _EPOCH) // _MS


def from_ms(at_ms: int) -> datetime:
    return _EPOCH + at_ms * _MS


_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MS = datetime(1970, 1, 1, microsecond=1000, tzinfo=UTC) - _EPOCH
