"""The route of stock: what other systems say lies where, and how it compares with the floor."""

from datetime import datetime
from decimal import Decimal
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from pydantic import BaseModel, Field, PlainSerializer

from erp_bridge.config import BridgeConfig
from erp_bridge.database import Pool, load_queries, rows
from erp_bridge.documents.amounts import text
from erp_bridge.reconciliation.comparison import State
from erp_bridge.rest.problems import problem_responses

router = APIRouter(prefix="/bridge/v1")
QUERIES = load_queries(__package__, "stock.sql")
Quantity = Annotated[Decimal, PlainSerializer(text, return_type=str)]


class StockLevel(BaseModel):
    location: str = Field(description="Their code.")
    our_location: str | None = Field(description="null: several places of the floor are one there.")
    quantity: Quantity
    unit: str = Field(description="UN/CEFACT, as their unit is mapped.")


class StockComparison(BaseModel):
    """there + under_way = here + difference, in the unit the plant keeps the lot in."""

    comparison_id: int
    system: str
    item: str
    lot: str | None = Field(description="null: what lies there under no lot.")
    unit: str
    there: Quantity = Field(description="On hand there, at all their places.")
    here: Quantity | None = Field(description="Left of it at the plant; null: no such lot was ever received.")
    under_way: Quantity = Field(
        description="What documents not delivered yet, and receipts not told yet, will change."
    )
    difference: Quantity | None = Field(description="Above 0: they have too much. null: it cannot be told.")
    state: State = Field(
        description="equal; explained: by what is under way; difference; in_doubt: a document of it may have been posted or "
        "not; only_there: the plant never received it; other_unit: units do not convert; unmapped: a code is missing."
    )
    since_time: datetime = Field(description="When it came into this state.")
    compared_time: datetime
    levels: list[StockLevel]


class StockReading(BaseModel):
    system: str
    read_time: datetime | None = Field(description="When the last reading began; null: nothing was read yet.")
    compared: bool = Field(
        description="false: too much is under way, or it is held since a restore: the comparison is an older one."
    )
    levels: int
    unmapped: int = Field(description="Levels whose codes nobody has mapped: they stand in the fix-it list.")
    lots: dict[str, int] = Field(description="How many lots are in each state.")


class Stock(BaseModel):
    as_of: datetime
    readings: list[StockReading] = Field(description="One per system that is a source of stock.")
    items: list[StockComparison]
    next_cursor: str | None = Field(description="null on the last page.")


@router.get("/stock", summary="Stock there and here, per item and lot", responses=problem_responses(404))
async def stock(
    request: Request,
    states: Annotated[
        list[State] | None, Query(alias="state", description="May be given more than once.")
    ] = None,
    system: str | None = None,
    item: str | None = None,
    cursor: Annotated[int, Query(ge=0, le=2**62)] = 0,
    limit: Annotated[int, Query(ge=1, le=500)] = 100,
) -> Stock:
    values = {"states": states, "system": system, "item": item, "cursor": cursor, "limit": limit + 1}
    pool: Pool = request.app.state.pool
    async with pool.session() as session:
        read = {one["system"]: one for one in await rows(session, QUERIES["readings"])}
        found = await rows(session, QUERIES["comparisons"], **values)
        (clock,) = await rows(session, b"SELECT now() AS now")
    items = [StockComparison(**one) for one in found[:limit]]
    return Stock(
        as_of=clock["now"],
        readings=[StockReading(**read.get(name, _NEVER | {"system": name})) for name in _sources(request)],
        items=items,
        next_cursor=str(items[-1].comparison_id) if len(found) > limit else None,
    )


_NEVER: dict[str, Any] = {"read_time": None, "compared": False, "levels": 0, "unmapped": 0, "lots": {}}


def _sources(request: Request) -> list[str]:
    config: BridgeConfig = request.app.state.config
    return [name for name, one in config.connectors.items() if "stock" in one.sources]
