"""Signing in and out. Nothing of it passes through the event store: a kept hash of a PIN would be the PIN."""

from typing import Any

import structlog
from fastapi import Request, Response
from psycopg import AsyncConnection
from psycopg.rows import dict_row

from plant_server.database import load_queries
from plant_server.people.identity import DEVICE_COOKIE, LONGEST, SESSION_COOKIE, Principal, Station
from plant_server.people.schemas import SignIn
from plant_server.people.secrets_of_people import Pepper, hash_token, new_token
from plant_server.people.tries import count_try, forget_tries
from plant_server.problems import Problem

QUERIES = load_queries(__package__)
DEVICE_COOKIE_S = 400 * 86_400  # As long as browsers keep one; sent anew at each sign-in.

log = structlog.get_logger()


async def sign_in(
    connection: AsyncConnection, pepper: Pepper, request: SignIn, station: Station | None, device: str
) -> str:
    """The token of a new session. Problems: 401, the same whatever was wrong; 429. `device`: see `device_of`."""
    if request.badge is not None:
        await count_try(connection, [device])
        found = await _by_badge(connection, pepper, request.badge.get_secret_value())
    else:
        assert request.pin is not None, "the schema wants a badge or a PIN"  # noqa: S101
        await count_try(connection, [device, f"person:{request.person_id}"])
        found = await _by_pin(connection, pepper, request.person_id, request.pin.get_secret_value())
    if found is None:
        log.warning("sign_in_refused", device=device, person_id=request.person_id)
        raise Problem(401, "sign-in-refused")
    await forget_tries(connection, [device, f"person:{found['person_id']}"])
    return await open_session(connection, found["person_id"], station)


async def open_session(connection: AsyncConnection, person_id: int, station: Station | None) -> str:
    token = new_token()
    values = {
        "token_hash": hash_token(token),
        "person_id": person_id,
        "station_id": station.station_id if station else None,
    }
    await connection.execute(QUERIES["open_session"], values)
    log.info("signed_in", person_id=person_id, station_id=values["station_id"])
    return token


async def end_session(connection: AsyncConnection, token: str) -> None:
    """No effect when it has ended."""
    await connection.execute(QUERIES["end_session"], {"token_hash": hash_token(token)})


def keep_session(request: Request, response: Response, token: str) -> None:
    """Give the browser the session's token, and its terminal credential for another while."""
    _set_cookie(request, response, SESSION_COOKIE, token, int(LONGEST.total_seconds()))
    if DEVICE_COOKIE in request.cookies:
        keep_device(request, response, request.cookies[DEVICE_COOKIE])


def keep_device(request: Request, response: Response, token: str) -> None:
    _set_cookie(request, response, DEVICE_COOKIE, token, DEVICE_COOKIE_S)


def forget_session(response: Response) -> None:
    response.delete_cookie(SESSION_COOKIE, path="/", httponly=True, samesite="strict")


def device_of(principal: Principal, request: Request) -> str:
    """Whose tries are counted: the terminal, else the address."""
    if principal.station:
        return f"station:{principal.station.station_id}"
    return f"address:{request.client.host if request.client else ''}"


def _set_cookie(request: Request, response: Response, name: str, token: str, max_age_s: int) -> None:
    response.set_cookie(
        name,
        token,
        max_age=max_age_s,
        path="/",
        httponly=True,
        samesite="strict",
        secure=request.url.scheme == "https",
    )


async def _by_badge(connection: AsyncConnection, pepper: Pepper, code: str) -> dict[str, Any] | None:
    return await _person(connection, "person_by_badge", {"badge_hash": pepper.hash_badge(code)})


async def _by_pin(
    connection: AsyncConnection, pepper: Pepper, person_id: int | None, pin: str
) -> dict[str, Any] | None:
    """Takes as long for a person who is not there."""
    found = await _person(connection, "person_by_id", {"person_id": person_id})
    is_right = await pepper.is_pin(pin, found["pin_hash"] if found else None)
    return found if is_right else None


async def _person(connection: AsyncConnection, query: str, values: dict[str, Any]) -> dict[str, Any] | None:
    async with connection.cursor(row_factory=dict_row) as cursor:
        await cursor.execute(QUERIES[query], values)
        return await cursor.fetchone()
