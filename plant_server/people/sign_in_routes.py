"""Routes of signing in, and of the first administrator. No PIN or code of theirs is kept as an Event's body."""

from datetime import UTC, datetime
from functools import partial
from typing import Annotated
from uuid import uuid4

from fastapi import APIRouter, Depends, Request, Response

from plant_server.dependencies import PepperOfPlant, Pool, Who
from plant_server.events import Actor, Command, execute
from plant_server.people import sign_in as signing
from plant_server.people.first_administrator import QUERIES, OneTimeCode, make_first_administrator
from plant_server.people.identity import SESSION_COOKIE, Principal
from plant_server.people.schemas import FirstAdministrator, Me, Setup, SignIn, Terminal
from plant_server.people.secrets_of_people import valid_pin
from plant_server.people.tries import count_try, forget_tries
from plant_server.problems import Problem, problem_responses

router = APIRouter(prefix="/api/v1", tags=["people"])


def _one_time_code(request: Request) -> OneTimeCode:
    code: OneTimeCode = request.app.state.one_time_code
    return code


Code = Annotated[OneTimeCode, Depends(_one_time_code)]


@router.get("/me", summary="Who has signed in here", responses=problem_responses())
async def me(who: Who) -> Me:
    return _me(who)


@router.post("/sign-in", summary="Sign in by badge or PIN", responses=problem_responses(401, 429))
async def sign_in(
    request: Request, response: Response, pool: Pool, pepper: PepperOfPlant, who: Who, wish: SignIn
) -> None:
    """Sets the session's cookie (HttpOnly, SameSite=Strict). Locked after 10 idle minutes, over after 12 hours."""
    device = signing.device_of(who, request)
    async with pool.connection() as connection:
        token = await signing.sign_in(connection, pepper, wish, who.station, device)
        if SESSION_COOKIE in request.cookies:
            await signing.end_session(connection, request.cookies[SESSION_COOKIE])
    signing.keep_session(request, response, token)


@router.post("/sign-out", summary="End the session", responses=problem_responses())
async def sign_out(request: Request, response: Response, pool: Pool) -> None:
    if SESSION_COOKIE in request.cookies:
        async with pool.connection() as connection:
            await signing.end_session(connection, request.cookies[SESSION_COOKIE])
    signing.forget_session(response)


@router.get("/setup", summary="Whether the first administrator is missing", responses=problem_responses())
async def setup(pool: Pool, code: Code) -> Setup:
    """If so, a one-time code to make one stands in the API's log."""
    async with pool.connection() as connection:
        row = await (await connection.execute(QUERIES["other_administrators"], {"person_id": 0})).fetchone()
    missing = row is not None and row[0] == 0
    if missing:
        code.announce()
    return Setup(administrator_missing=missing)


@router.post(
    "/setup/administrator",
    summary="Make the first administrator",
    responses=problem_responses(409, 429),
    status_code=204,
)
async def first_administrator(
    request: Request, pool: Pool, pepper: PepperOfPlant, who: Who, code: Code, wish: FirstAdministrator
) -> None:
    """With the one-time code in the API's log. Then sign in."""
    device = signing.device_of(who, request)
    async with pool.connection() as connection:
        await count_try(connection, [device])
    pin = wish.pin.get_secret_value()
    if not valid_pin(pin):
        raise Problem(422, "invalid-request", "a PIN is 6 to 12 digits")
    if not code.is_code(wish.code.get_secret_value()):
        raise Problem(403, "code-refused")
    command = Command(
        key=uuid4(),
        kind="person.first_administrator",
        route="POST /api/v1/setup/administrator",
        body={"name": wish.name, "language": wish.language},
        actor=Actor("one-time code", device=device),
        event_time=datetime.now(UTC),
    )
    told = await execute(pool, command, partial(make_first_administrator, wish, await pepper.hash_pin(pin)))
    if told.status != 200:
        raise Problem(told.status, told.body["code"])
    code.forget()
    async with pool.connection() as connection:
        await forget_tries(connection, [device])


def _me(who: Principal) -> Me:
    terminal = None
    if who.station:
        terminal = Terminal(
            station_id=who.station.station_id,
            name=who.station.name,
            equipment_id=who.station.equipment_id,
        )
    me = Me(roles=sorted(who.roles), locked=who.locked, terminal=terminal)
    if who.person:
        person = who.person
        return me.model_copy(
            update={
                "person_id": person.person_id,
                "name": person.name,
                "name_zh": person.name_zh,
                "language": person.language,
                "session_id": person.session_id,
            }
        )
    return me
