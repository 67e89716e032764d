"""Routes of parts in rework."""

from functools import partial
from typing import Annotated

from fastapi import APIRouter, Path, Response

from plant_server.dependencies import Pool
from plant_server.events.calls import Call, command_responses
from plant_server.problems import problem_responses
from plant_server.runs import reworking
from plant_server.runs.rework_schemas import ReworkBody, ReworkRow, ReworkSettled

router = APIRouter(prefix="/api/v1", tags=["runs"])

OperationId = Annotated[int, Path(ge=1, le=2**62)]


@router.get(
    "/operations/{operation_id}/rework",
    summary="Parts in rework, the oldest first",
    responses=problem_responses(404),
)
async def in_rework(pool: Pool, operation_id: OperationId) -> list[ReworkRow]:
    async with pool.connection() as connection:
        return await reworking.in_rework(connection, operation_id)


@router.post(
    "/operations/{operation_id}/rework",
    summary="Reworked parts are good now, or scrap",
    response_model=ReworkSettled,
    responses=command_responses(404),
)
async def settle_rework(call: Call, operation_id: OperationId, body: ReworkBody) -> Response:
    return await call.run("rework.settle", body, partial(reworking.settle_rework, operation_id, body))
