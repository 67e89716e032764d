"""What is left of lots, for whoever compares it with other books: one figure per lot, and what its unit is in others."""

from collections.abc import Iterable, Sequence

from psycopg import AsyncConnection
from pydantic import BaseModel, Field

from plant_server.contract.outbox import Quantity
from plant_server.database import load_queries
from plant_server.domain.unit import (
    ContradictingConversions,
    ItemConversion,
    NotConvertible,
    UnknownUnit,
    factor,
)
from plant_server.master_data.rows import Row, rows_of
from plant_server.paging import Page, id_cursor, page_of

QUERIES = load_queries(__package__, "stock.sql")


class LotLeft(BaseModel):
    lot_id: int
    item: str
    lot: str
    quantity: Quantity = Field(
        description="Received and found, less consumed, returned and lost: at all locations."
    )
    unit: str
    scale: int = Field(description="Decimals of a quantity in `unit`.")
    per_unit: dict[str, str] = Field(
        description="Of the units that were asked for: how many `unit` one of them is, as numerator/denominator. "
        "One that does not convert for this item is left out.",
        examples=[{"KGM": "1000/1"}],
    )


async def left(
    connection: AsyncConnection,
    *,
    lots: Sequence[str] | None,
    units: Sequence[str],
    cursor: str | None,
    limit: int,
) -> Page[LotLeft]:
    """One page, by lot. All of it is one moment's: one statement."""
    values = {"lots": lots, "after": id_cursor(cursor, 0), "limit": limit + 1}
    found = await rows_of(connection, QUERIES["left"], values)
    known = await _conversions(connection, {row["item_id"] for row in found}) if units else {}
    return page_of([_told(row, units, known.get(row["item_id"], ())) for row in found], limit, "lot_id")


async def _conversions(
    connection: AsyncConnection, item_ids: Iterable[int]
) -> dict[int, tuple[ItemConversion, ...]]:
    found: dict[int, tuple[ItemConversion, ...]] = {}
    for row in await rows_of(connection, QUERIES["units_of_items"], {"item_ids": list(item_ids)}):
        item_id = row.pop("item_id")
        found[item_id] = (*found.get(item_id, ()), ItemConversion(**row))
    return found


def _told(row: Row, units: Sequence[str], conversions: tuple[ItemConversion, ...]) -> LotLeft:
    per_unit = {}
    for unit in units:
        try:
            ratio = factor(unit, row["unit"], conversions)
        except (UnknownUnit, NotConvertible, ContradictingConversions):
            continue
        per_unit[unit] = f"{ratio.numerator}/{ratio.denominator}"
    return LotLeft(**row, per_unit=per_unit)
