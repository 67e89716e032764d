"""The route of what is left of lots."""

from typing import Annotated

from fastapi import APIRouter, Query

from plant_server.dependencies import Pool
from plant_server.materials import stock
from plant_server.paging import Cursor, Limit, Page
from plant_server.problems import problem_responses

NAMED_MAX, UNITS_MAX = 100, 50
router = APIRouter(prefix="/api/v1", tags=["materials"])
Code = Annotated[str, Query(min_length=1, max_length=100)]


@router.get("/stock", summary="What is left of each lot, at all locations", responses=problem_responses())
async def stock_left(
    pool: Pool,
    lot: Annotated[
        list[Code] | None,
        Query(
            max_length=NAMED_MAX,
            description="These lots, also empty ones. Default: every lot with something left.",
        ),
    ] = None,
    unit: Annotated[
        list[Code], Query(max_length=UNITS_MAX, description="Units whose ratio to the lot's unit is wanted.")
    ] = [],  # noqa: B006  # FastAPI copies it.
    cursor: Cursor = None,
    limit: Limit = 200,
) -> Page[stock.LotLeft]:
    async with pool.connection() as connection:
        return await stock.left(connection, lots=lot, units=unit, cursor=cursor, limit=limit)
