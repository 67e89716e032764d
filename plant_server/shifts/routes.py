"""Routes of shifts. Every answer leaves after the commit."""

from functools import partial

from fastapi import APIRouter, Request, Response

from plant_server.dependencies import Pool
from plant_server.events.calls import Call, command_responses
from plant_server.problems import problem_responses
from plant_server.shifts import service
from plant_server.shifts.pattern import StatedPattern
from plant_server.shifts.schemas import Shifts, Stated

router = APIRouter(prefix="/api/v1", tags=["shifts"])


@router.get("/shifts", summary="The weekly pattern of shifts", responses=problem_responses())
async def shifts(request: Request, pool: Pool) -> Shifts:
    async with pool.connection() as connection:
        return await service.read(connection, request.app.state.time_zone.key)


@router.post(
    "/shifts",
    summary="State the weekly pattern of shifts, from the next shift on",
    response_model=Stated,
    responses=command_responses(),
)
async def state_shifts(request: Request, call: Call, pattern: StatedPattern) -> Response:
    zone = request.app.state.time_zone.key
    return await call.run("shifts.state", pattern, partial(service.state, pattern, zone))
