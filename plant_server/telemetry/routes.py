"""Routes of what machines said. Reads only."""

from datetime import UTC, datetime, timedelta
from typing import Annotated

from fastapi import APIRouter, Header, Query, Request
from fastapi.responses import JSONResponse, StreamingResponse
from pydantic import AwareDatetime

from plant_server.dependencies import Live, Pool
from plant_server.errors import DatabaseUnavailable, SchemaNotReady
from plant_server.paging import Cursor, Limit, Page
from plant_server.problems import problem_responses
from plant_server.telemetry import service
from plant_server.telemetry.live_response import LiveResponse
from plant_server.telemetry.schemas import (
    Case,
    CaseState,
    Device,
    Gap,
    Health,
    Odometer,
    Quarantined,
    Samples,
    Tag,
)

health_router = APIRouter(tags=["health"])
router = APIRouter(prefix="/api/v1", tags=["telemetry"])

EXAMPLE_OF_LIVE = (
    'event: values\nid: 5f2c9a10-41\ndata: [{"device_id":1,"tag_id":7,"ts":"2026-01-31T08:00:00Z","value":15230.0,'
    '"text":null,"quality":192,"received_time":"2026-01-31T08:00:00.120Z"}]\n\n'
)
Id = Annotated[int, Query(ge=1, le=2**31 - 1)]


@health_router.get(
    "/healthz",
    summary="Database and age of the last commit",
    response_model=Health,
    responses={503: {"model": Health}},
)
async def healthz(pool: Pool, live_values: Live) -> Health | JSONResponse:
    """503 when the database does not answer, or when this process lost the task that feeds live values."""
    if live_values.reader_ended:
        return _unwell(Health(status="live-values-ended"))
    try:
        async with pool.connection() as connection:
            return await service.health(connection)
    except DatabaseUnavailable:
        return _unwell(Health(status="database-unavailable"))
    except SchemaNotReady:
        return _unwell(Health(status="schema-not-ready"))


def _unwell(health: Health) -> JSONResponse:
    return JSONResponse(health.model_dump(), status_code=503)


@router.get(
    "/devices", summary="Devices with contact and present machine state", responses=problem_responses()
)
async def devices(pool: Pool, cursor: Cursor = None, limit: Limit = 200) -> Page[Device]:
    async with pool.connection() as connection:
        return await service.devices(connection, cursor, limit)


@router.get("/tags", summary="Tags with their last value", responses=problem_responses(404))
async def tags(pool: Pool, device: Id | None = None, cursor: Cursor = None, limit: Limit = 200) -> Page[Tag]:
    async with pool.connection() as connection:
        return await service.tags(connection, device, cursor, limit)


@router.get("/samples", summary="Raw samples of one tag", responses=problem_responses(404))
async def samples(
    pool: Pool,
    tag: Id,
    from_: Annotated[
        AwareDatetime | None,
        Query(
            alias="from",
            description="Included. Default: an hour before `to`.",
            examples=["2026-01-31T08:00:00Z"],
        ),
    ] = None,
    to: Annotated[AwareDatetime | None, Query(description="Not included. Default: now.")] = None,
    cursor: Cursor = None,
    limit: Annotated[int, Query(ge=1, le=10_000, description="Samples at most.")] = 1000,
) -> Samples:
    """Source times [from, to), oldest first, numbers and texts alike. Follow `next_cursor` with the same span."""
    to_ts = to or datetime.now(UTC)
    from_ts = from_ or to_ts - timedelta(hours=1)
    async with pool.connection() as connection:
        return await service.samples(connection, tag, from_ts, to_ts, cursor, limit)


@router.get("/odometers", summary="Totals that never go back: parts and Wh", responses=problem_responses(404))
async def odometers(
    pool: Pool, device: Id | None = None, cursor: Cursor = None, limit: Limit = 200
) -> Page[Odometer]:
    async with pool.connection() as connection:
        return await service.odometers(connection, device, cursor, limit)


@router.get("/cases", summary="What an odometer could not know, newest first", responses=problem_responses())
async def cases(
    pool: Pool, state: CaseState | None = None, cursor: Cursor = None, limit: Limit = 100
) -> Page[Case]:
    async with pool.connection() as connection:
        return await service.cases(connection, state, cursor, limit)


@router.get("/gaps", summary="What edges had to drop, newest first", responses=problem_responses())
async def gaps(pool: Pool, cursor: Cursor = None, limit: Limit = 100) -> Page[Gap]:
    async with pool.connection() as connection:
        return await service.gaps(connection, cursor, limit)


@router.get(
    "/quarantine", summary="Messages that could not be stored, newest first", responses=problem_responses()
)
async def quarantine(pool: Pool, cursor: Cursor = None, limit: Limit = 100) -> Page[Quarantined]:
    async with pool.connection() as connection:
        return await service.quarantined(connection, cursor, limit)


@router.get(
    "/live",
    summary="Live values as server-sent events",
    response_class=StreamingResponse,
    responses={
        **problem_responses(429),
        200: {"content": {"text/event-stream": {"schema": {"type": "string"}, "example": EXAMPLE_OF_LIVE}}},
    },
)
async def live(
    request: Request,
    live_values: Live,
    device: Id | None = None,
    last_event_id: Annotated[str | None, Header(max_length=64)] = None,
) -> LiveResponse:
    """First the newest value of every tag (after Last-Event-ID: of those that changed since), then what changes.

    Event `values`: a JSON list of LiveValue. A comment every 15 s. At most 8 streams per client address.
    """
    return LiveResponse(request, live_values, live_values.position_of(last_event_id), device)
