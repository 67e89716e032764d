"""Routes of people and terminals. Secrets come in bodies that are not kept, and never go out again."""

from datetime import UTC, datetime
from functools import partial
from typing import Annotated
from uuid import uuid4

from fastapi import APIRouter, Path, Request, Response

from plant_server.dependencies import PepperOfPlant, Pool, Who
from plant_server.events import Command, Handler, execute
from plant_server.events.calls import Call, command_responses, respond
from plant_server.paging import Cursor, Limit, Page
from plant_server.people import problem_texts as problem_texts
from plant_server.people import service
from plant_server.people.identity import Principal
from plant_server.people.schemas import (
    ChangePerson,
    NewBadge,
    NewPerson,
    NewPin,
    NewStation,
    PersonRow,
    StationRow,
)
from plant_server.people.secrets_of_people import hash_token, new_token, valid_pin
from plant_server.people.sign_in import keep_device
from plant_server.problems import Problem, problem_responses

router = APIRouter(prefix="/api/v1", tags=["people"])

Id = Annotated[int, Path(ge=1, le=2**31 - 1)]


@router.get("/people", summary="People", responses=problem_responses())
async def people(pool: Pool, cursor: Cursor = None, limit: Limit = 200) -> Page[PersonRow]:
    async with pool.connection() as connection:
        return await service.people(connection, cursor, limit)


@router.post("/people", summary="Add a person", response_model=PersonRow, responses=command_responses())
async def add_person(call: Call, new: NewPerson) -> Response:
    return await call.run("person.add", new, partial(service.add_person, new))


@router.post(
    "/people/{person_id}/change",
    summary="Change name, language, roles, or whether a person is active",
    response_model=PersonRow,
    responses=command_responses(404),
)
async def change_person(call: Call, person_id: Id, change: ChangePerson) -> Response:
    return await call.run("person.change", change, partial(service.change_person, person_id, change))


@router.post(
    "/people/{person_id}/end-sessions",
    summary="Sign a person out everywhere",
    responses=command_responses(404),
)
async def end_sessions(call: Call, person_id: Id) -> Response:
    return await call.run("person.end_sessions", None, partial(service.end_sessions, person_id))


@router.put(
    "/people/{person_id}/pin",
    summary="Set the PIN",
    response_model=PersonRow,
    responses=problem_responses(404),
)
async def set_pin(
    request: Request, pool: Pool, pepper: PepperOfPlant, who: Who, person_id: Id, new: NewPin
) -> Response:
    """Ends the person's sessions. Without a key: the same PIN set twice is the same."""
    pin = new.pin.get_secret_value()
    if not valid_pin(pin):
        raise Problem(422, "invalid-request", "a PIN is 6 to 12 digits")
    handler = partial(service.set_pin, person_id, await pepper.hash_pin(pin))
    return await _without_secret(request, pool, who, "person.set_pin", handler)


@router.put(
    "/people/{person_id}/badge",
    summary="Set or take away the badge",
    response_model=PersonRow,
    responses=problem_responses(404, 409),
)
async def set_badge(
    request: Request, pool: Pool, pepper: PepperOfPlant, who: Who, person_id: Id, new: NewBadge
) -> Response:
    """Ends the person's sessions. Without a key: the same badge set twice is the same."""
    badge_hash = pepper.hash_badge(new.code.get_secret_value()) if new.code else None
    handler = partial(service.set_badge, person_id, badge_hash)
    return await _without_secret(request, pool, who, "person.set_badge", handler)


@router.get("/stations", summary="Terminals", responses=problem_responses())
async def stations(pool: Pool, cursor: Cursor = None, limit: Limit = 200) -> Page[StationRow]:
    async with pool.connection() as connection:
        return await service.stations(connection, cursor, limit)


@router.post(
    "/stations", summary="Add a terminal", response_model=StationRow, responses=command_responses(404)
)
async def add_station(call: Call, new: NewStation) -> Response:
    return await call.run("station.add", new, partial(service.add_station, new))


@router.post(
    "/stations/{station_id}/enrol",
    summary="Make this browser the terminal",
    response_model=StationRow,
    responses=problem_responses(404),
)
async def enrol_station(request: Request, pool: Pool, who: Who, station_id: Id) -> Response:
    """Sets the credential's cookie here; a browser that had the credential before has it no longer."""
    token = new_token()
    handler = partial(service.enrol_station, station_id, hash_token(token))
    response = await _without_secret(request, pool, who, "station.enrol", handler)
    keep_device(request, response, token)
    return response


@router.post(
    "/stations/{station_id}/revoke",
    summary="Take the credential away from a terminal",
    response_model=StationRow,
    responses=command_responses(404),
)
async def revoke_station(call: Call, station_id: Id) -> Response:
    return await call.run("station.revoke", None, partial(service.revoke_station, station_id))


async def _without_secret(
    request: Request, pool: Pool, who: Principal, kind: str, handler: Handler
) -> Response:
    """An Event with a key of ours and an empty body: it says who did it and to whom, and holds no secret."""
    command = Command(
        key=uuid4(),
        kind=kind,
        route=f"{request.method} {request.url.path}",
        body={},
        actor=who.actor,
        event_time=datetime.now(UTC),
    )
    return respond(request, await execute(pool, command, handler))
