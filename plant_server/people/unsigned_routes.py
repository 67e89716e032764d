"""Routes of facts of which nobody's badge or PIN says whose they are."""

from functools import partial
from uuid import UUID

from fastapi import APIRouter, Response

from plant_server.dependencies import Pool
from plant_server.events.calls import Call, command_responses
from plant_server.paging import Cursor, Limit, Page
from plant_server.people import unsigned
from plant_server.people.unsigned_schemas import SettledUnsigned, SettleUnsigned, UnsignedFact
from plant_server.problems import problem_responses

router = APIRouter(prefix="/api/v1/unsigned-facts", tags=["people"])


@router.get("", summary="Facts whose person is not known for sure", responses=problem_responses())
async def unsigned_facts(pool: Pool, cursor: Cursor = None, limit: Limit = 200) -> Page[UnsignedFact]:
    """What terminals wrote down without contact while nobody had signed in. Counted; a lead says who it was."""
    async with pool.connection() as connection:
        return await unsigned.unsigned_facts(connection, cursor, limit)


@router.post(
    "/{event_id}/settle",
    summary="Say who it was, or that nobody knows",
    response_model=SettledUnsigned,
    responses=command_responses(404),
)
async def settle(call: Call, event_id: UUID, body: SettleUnsigned) -> Response:
    return await call.run("unsigned_fact.settle", body, partial(unsigned.settle, event_id, body))
