"""Routes of bookings: which counts a run was given, and taking them from it."""

from functools import partial
from typing import Annotated

from fastapi import APIRouter, Path, Response

from plant_server.dependencies import Pool
from plant_server.events.calls import Call, command_responses
from plant_server.problems import problem_responses
from plant_server.runs import unbooking
from plant_server.runs.booking_schemas import BookingRow, UnbookBody, Unbooked

router = APIRouter(prefix="/api/v1", tags=["runs"])

Id = Annotated[int, Path(ge=1, le=2**62)]


@router.get("/runs/{run_id}/bookings", summary="Counts that a run was given", responses=problem_responses())
async def bookings(pool: Pool, run_id: Id) -> list[BookingRow]:
    async with pool.connection() as connection:
        return await unbooking.bookings(connection, run_id)


@router.post(
    "/runs/{run_id}/bookings/reverse",
    summary="Take counts from a run: they are not assigned again",
    response_model=Unbooked,
    responses=command_responses(404),
)
async def reverse_booking(call: Call, run_id: Id, body: UnbookBody) -> Response:
    return await call.run("booking.reverse", body, partial(unbooking.reverse_booking, run_id, body))
