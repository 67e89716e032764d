"""The route of traces: it only reads."""

from typing import Annotated

from fastapi import APIRouter, Path, Query

from plant_server.dependencies import Pool
from plant_server.materials import tracing
from plant_server.materials.trace_schemas import Direction, Trace
from plant_server.problems import problem_responses

router = APIRouter(prefix="/api/v1", tags=["materials"])

Label = Annotated[
    str,
    Path(
        min_length=1,
        max_length=100,
        description="Of the goods (the order's number), of a lot of material, ours or the supplier's, or a customer's order.",
    ),
]


@router.get(
    "/lots/{label:path}/trace",
    summary="What went into a lot, or all that a lot went into",
    responses=problem_responses(404),
)
async def trace(
    pool: Pool, label: Label, direction: Annotated[Direction, Query()] = Direction.BACKWARD
) -> Trace:
    async with pool.connection() as connection:
        return await tracing.trace(connection, label, direction)
