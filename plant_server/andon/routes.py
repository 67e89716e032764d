"""Routes of andon calls. Every answer leaves after the commit."""

from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query
from fastapi import Response as HttpResponse
from pydantic import AwareDatetime

from plant_server.andon import service, site_settings
from plant_server.andon.schemas import Acknowledge, Called, CallRow, RaiseCall, Response, Settings
from plant_server.dependencies import Pool
from plant_server.events.calls import Call, command_responses
from plant_server.paging import Cursor, Limit, Page
from plant_server.problems import problem_responses

router = APIRouter(prefix="/api/v1", tags=["andon"])

Path = Annotated[
    str | None, Query(max_length=300, description="EquipmentPath of a machine, or of what it stands in.")
]
From = Annotated[AwareDatetime | None, Query(alias="from", description="Included.")]
To = Annotated[AwareDatetime | None, Query(description="Not included.")]
COMMAND = command_responses(403, 404)


@router.get("/andon-calls", summary="Calls, the newest first", responses=problem_responses())
async def calls(
    pool: Pool,
    path: Path = None,
    open_only: Annotated[bool, Query(description="Only those that have not ended.")] = False,
    from_: From = None,
    to: To = None,
    cursor: Cursor = None,
    limit: Limit = 200,
) -> Page[CallRow]:
    async with pool.connection() as connection:
        wanted = service.Wanted(path, open_only, from_, to)
        return await service.calls(connection, wanted, cursor, limit)


@router.get("/andon-calls/response", summary="How soon calls were answered", responses=problem_responses())
async def response(pool: Pool, path: Path = None, from_: From = None, to: To = None) -> Response:
    """Median and 95th percentile from raised to acknowledged. Default: the last 24 hours."""
    to_ts = to or datetime.now(UTC)
    async with pool.connection() as connection:
        return await service.response(connection, path, from_ or to_ts - timedelta(hours=24), to_ts)


@router.post("/andon-calls", summary="Call for help", response_model=Called, responses=COMMAND)
async def raise_call(call: Call, command: RaiseCall) -> HttpResponse:
    """A terminal may call while nobody has signed in at it: help waits for no badge."""
    handler = partial(service.raise_call, command)
    return await call.run("andon.raise", command, handler, needs_person=False)


@router.post(
    "/andon-calls/{call_id}/acknowledge",
    summary="Say that one comes, and when",
    response_model=Called,
    responses=COMMAND,
)
async def acknowledge(call: Call, call_id: UUID, command: Acknowledge) -> HttpResponse:
    return await call.run("andon.acknowledge", command, partial(service.acknowledge, call_id, command))


@router.post(
    "/andon-calls/{call_id}/resolve",
    summary="Say that it is done; of a late call, that it was seen",
    response_model=Called,
    responses=COMMAND,
)
async def resolve(call: Call, call_id: UUID) -> HttpResponse:
    return await call.run("andon.resolve", None, partial(service.resolve, call_id))


@router.post(
    "/andon-calls/{call_id}/withdraw",
    summary="Take one's own call back",
    response_model=Called,
    responses=COMMAND,
)
async def withdraw(call: Call, call_id: UUID) -> HttpResponse:
    return await call.run("andon.withdraw", None, partial(service.withdraw, call_id))


@router.get("/andon-settings", summary="Who is told after how long", responses=problem_responses())
async def settings(pool: Pool) -> Settings:
    async with pool.connection() as connection:
        return await site_settings.settings(connection)


@router.post(
    "/andon-settings", summary="Set it for the site", response_model=Settings, responses=command_responses()
)
async def set_settings(call: Call, command: Settings) -> HttpResponse:
    return await call.run("andon.settings", command, partial(site_settings.set_settings, command))
