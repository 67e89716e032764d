"""Routes of hand-overs. Every answer leaves after the commit."""

from functools import partial
from typing import Annotated

from fastapi import APIRouter, Path, Query, Response

from plant_server.dependencies import Pool
from plant_server.events.calls import Call, command_responses
from plant_server.hand_overs import service
from plant_server.hand_overs.schemas import HandedOver, HandOver, HandOverBody
from plant_server.paging import Cursor, Limit, Page
from plant_server.problems import problem_responses

router = APIRouter(prefix="/api/v1", tags=["hand-overs"])

Id = Annotated[int, Path(ge=1, le=2**62)]
COMMAND = command_responses(403, 404)


@router.get("/hand-overs", summary="Hand-overs, the newest first", responses=problem_responses())
async def hand_overs(
    pool: Pool,
    equipment: Annotated[
        str | None, Query(max_length=200, description="EquipmentPath of the station.")
    ] = None,
    unread: Annotated[bool, Query(description="Only those nobody has read.")] = False,
    cursor: Cursor = None,
    limit: Limit = 50,
) -> Page[HandOver]:
    async with pool.connection() as connection:
        return await service.hand_overs(connection, equipment, unread, cursor, limit)


@router.post("/hand-overs", summary="Leave a note", response_model=HandedOver, responses=COMMAND)
async def write(call: Call, body: HandOverBody) -> Response:
    return await call.run("hand_over.write", body, partial(service.write, body))


@router.post(
    "/hand-overs/{hand_over_id}/read",
    summary="Sign that it was read, and take over",
    response_model=HandedOver,
    responses=COMMAND,
)
async def read(call: Call, hand_over_id: Id) -> Response:
    return await call.run("hand_over.read", None, partial(service.read, hand_over_id))
