"""Routes of sealed events. Reads only."""

from typing import Annotated

from fastapi import APIRouter, Depends, Header, Query, Request
from fastapi.responses import StreamingResponse

from plant_server.dependencies import Pool
from plant_server.events.outward import events_after, head_position
from plant_server.events.schemas import EventPage
from plant_server.events.stream import EventStream, ListenerSlots
from plant_server.paging import Limit
from plant_server.problems import problem_responses

router = APIRouter(prefix="/api/v1", tags=["events"])

Position = Annotated[int, Query(ge=0, lt=2**62, description="`position` of what you have; 0: nothing yet.")]


def _slots(request: Request) -> ListenerSlots:
    slots: ListenerSlots = request.app.state.event_listeners
    return slots


@router.get("/events", summary="What was done and refused, in order", responses=problem_responses())
async def events(pool: Pool, after: Position = 0, limit: Limit = 200) -> EventPage:
    async with pool.connection() as connection:
        found = await events_after(connection, after, limit + 1)
    items = found[:limit]
    return EventPage(
        items=items, position=items[-1].position if items else after, more=len(found) > len(items)
    )


@router.get(
    "/events/stream",
    summary="What is done and refused, as server-sent events",
    response_class=StreamingResponse,
    responses={
        **problem_responses(429),
        200: {"content": {"text/event-stream": {"schema": {"type": "string"}}}},
    },
)
async def stream(
    request: Request,
    pool: Pool,
    slots: Annotated[ListenerSlots, Depends(_slots)],
    after: Annotated[
        int | None, Query(ge=0, lt=2**62, description="Where to begin; without it, with what comes.")
    ] = None,
    last_event_id: Annotated[str | None, Header(max_length=20)] = None,
) -> EventStream:
    """The id of each is its position, so Last-Event-ID goes on where the stream broke. `data` is a SealedEvent."""
    if last_event_id is not None and last_event_id.isascii() and last_event_id.isdecimal():
        position = min(int(last_event_id), 2**62)
    elif after is not None:
        position = after
    else:
        async with pool.connection() as connection:
            position = await head_position(connection)
    return EventStream(request, pool, slots, position)
