"""Routes of stops. Every answer leaves after the commit."""

from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Annotated

from fastapi import APIRouter, Path, Query, Response
from pydantic import AwareDatetime

from plant_server.dependencies import Pool
from plant_server.events.calls import Call, command_responses
from plant_server.paging import Cursor, Limit, Page
from plant_server.problems import problem_responses
from plant_server.stops import service
from plant_server.stops.schemas import (
    GiveReason,
    Split,
    StandingOf,
    StopRow,
    StopsNow,
    Threshold,
    Thresholds,
)

router = APIRouter(prefix="/api/v1", tags=["stops"])

Id = Annotated[int, Path(ge=1, le=2**62)]
EquipmentPath = Annotated[
    str | None, Query(max_length=300, description="Of a machine, or of what it stands in.")
]
From = Annotated[AwareDatetime | None, Query(alias="from", description="Included.")]
To = Annotated[AwareDatetime | None, Query(description="Not included.")]


@router.get("/stops", summary="Stops, newest first", responses=problem_responses())
async def stops(
    pool: Pool,
    path: EquipmentPath = None,
    from_: From = None,
    to: To = None,
    unassigned_only: Annotated[bool, Query(description="Only those that need a reason.")] = False,
    cursor: Cursor = None,
    limit: Limit = 200,
) -> Page[StopRow]:
    async with pool.connection() as connection:
        wanted = service.Wanted(path, from_, to, unassigned_only)
        return await service.stops(connection, wanted, cursor, limit)


@router.get(
    "/stops/standing",
    summary="Standing time of a span by reason, and how much nobody has explained",
    responses=problem_responses(),
)
async def standing(pool: Pool, path: EquipmentPath = None, from_: From = None, to: To = None) -> StandingOf:
    """Ask with the bounds of a shift. Default: the last 8 hours."""
    to_ts = to or datetime.now(UTC)
    async with pool.connection() as connection:
        return await service.standing(connection, path, from_ or to_ts - timedelta(hours=8), to_ts)


@router.get("/stops/{stop_id}", summary="A stop", responses=problem_responses(404))
async def stop(pool: Pool, stop_id: Id) -> StopRow:
    async with pool.connection() as connection:
        return await service.one_stop(connection, stop_id)


@router.post(
    "/stops/{stop_id}/reason",
    summary="Say why, now or late",
    response_model=StopsNow,
    responses=command_responses(404),
)
async def give_reason(call: Call, stop_id: Id, command: GiveReason) -> Response:
    return await call.run("stop.reason", command, partial(service.give_reason, stop_id, command))


@router.post(
    "/stops/{stop_id}/split",
    summary="Two reasons, one before and one after a time",
    response_model=StopsNow,
    responses=command_responses(404),
)
async def split(call: Call, stop_id: Id, command: Split) -> Response:
    return await call.run("stop.split", command, partial(service.split, stop_id, command))


@router.get("/stop-thresholds", summary="Below which a stop needs no reason", responses=problem_responses())
async def thresholds(pool: Pool) -> Thresholds:
    async with pool.connection() as connection:
        return await service.thresholds(connection)


@router.post(
    "/stop-thresholds",
    summary="Set it for a machine or for all below a path",
    response_model=Thresholds,
    responses=command_responses(),
)
async def set_threshold(call: Call, command: Threshold) -> Response:
    return await call.run("stop.threshold", command, partial(service.set_threshold, command))
