"""Who sends a request: the API token, a person with a session, an enrolled terminal, or somebody on this machine.

A session is a cookie that scripts cannot read, good at the terminal where it was opened, locked after ten idle minutes
and over after twelve hours. What a terminal wrote down while it had no contact it sends later for the person who did
it, on the routes named in policy_table.QUEUED alone: see written_down.py.
"""

from dataclasses import dataclass, field, replace
from datetime import timedelta
from ipaddress import ip_address
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

from fastapi import Request
from psycopg import AsyncConnection
from psycopg.rows import dict_row

from plant_server.async_database import ConnectionPool
from plant_server.database import load_queries
from plant_server.events.command import Actor
from plant_server.people.roles import Role
from plant_server.people.secrets_of_people import hash_token
from plant_server.people.written_down import OPERATOR_SESSION_HEADER, Vouched, who_wrote_it_down

QUERIES = load_queries(__package__)
SESSION_COOKIE = "lineside_session"
DEVICE_COOKIE = "lineside_device"
IDLE = timedelta(minutes=10)
LONGEST = timedelta(hours=12)


@dataclass(frozen=True, slots=True)
class Person:
    person_id: int
    name: str
    name_zh: str | None
    language: str
    roles: frozenset[Role]
    session_id: UUID | None = None


@dataclass(frozen=True, slots=True)
class Station:
    """A terminal of ours, known by its credential."""

    station_id: int
    name: str
    equipment_id: int | None


@dataclass(frozen=True, slots=True)
class Principal:
    """Who sends a request, and as what."""

    actor: Actor
    roles: frozenset[Role]
    person: Person | None = None
    station: Station | None = None
    by_cookie: bool = field(default=False)  # A browser sends it by itself, so where the page is from matters.
    locked: bool = False  # A session that was idle for too long.
    vouched: Vouched | None = None  # A terminal sends what it wrote down earlier.


TOKEN_HOLDER = Principal(Actor("integrator token"), frozenset({Role.INTEGRATOR}))


async def identify_by_cookies(request: Request, *, queued: bool) -> Principal:
    """`queued`: the route takes what a terminal wrote down earlier."""
    standing_in = frozenset({Role.LOOPBACK}) if is_on_loopback(request) else frozenset()
    session_token = request.cookies.get(SESSION_COOKIE)
    device_token = request.cookies.get(DEVICE_COOKIE)
    if session_token is None and device_token is None:
        return Principal(Actor("anyone on loopback" if standing_in else "anyone"), standing_in)
    pool: ConnectionPool = request.app.state.pool
    async with pool.connection() as connection:
        station = await _station(connection, device_token)
        if queued and station and OPERATOR_SESSION_HEADER in request.headers:
            written = await who_wrote_it_down(connection, request, station.station_id, LONGEST)
            return _of_then(*written, station, standing_in)
        row = await _session(connection, session_token, station)
        if row and not row["locked"] and row["stale"] and _is_used_by_a_person(request):
            await connection.execute(QUERIES["use_session"], row)
    return _principal(row, station, standing_in)


def is_on_loopback(request: Request) -> bool:
    """Whether the request comes from this machine and means this machine.

    The Host header counts too: else a page of another site could make a browser here read for it (DNS rebinding).
    """
    host = urlsplit(f"//{request.headers.get('host', '')}").hostname
    return _is_loopback(request.client.host if request.client else None) and _is_loopback(host)


def is_from_our_page(request: Request) -> bool:
    """Whether the browser says that a page of this server sent it, and not a page of somebody else."""
    if request.headers.get("sec-fetch-site") == "same-origin":
        return True
    origin = urlsplit(request.headers.get("origin", ""))
    return origin.scheme in ("http", "https") and origin.netloc == request.headers.get("host")


def _principal(
    row: dict[str, Any] | None, station: Station | None, standing_in: frozenset[Role]
) -> Principal:
    device = f"station:{station.station_id}" if station else None
    if station:
        standing_in |= {Role.TERMINAL}
    if row is None or row["locked"]:
        actor = Actor(device or "anyone", device=device)
        return Principal(actor, standing_in, station=station, by_cookie=True, locked=row is not None)
    person = Person(
        person_id=row["person_id"],
        name=row["name"],
        name_zh=row["name_zh"],
        language=row["language"],
        roles=frozenset(map(Role, row["roles"])),
        session_id=row["session_id"],
    )
    actor = Actor(f"person:{person.person_id}", person.person_id, device)
    return Principal(actor, person.roles | standing_in, person, station, by_cookie=True)


def _of_then(
    row: dict[str, Any] | None, vouched: Vouched, station: Station, standing_in: frozenset[Role]
) -> Principal:
    """Whom the terminal cannot name it stands in for: somebody was there and did what operators do."""
    if row is None:
        standing_in |= {Role.OPERATOR}
    return replace(_principal(row, station, standing_in), vouched=vouched)


async def _station(connection: AsyncConnection, token: str | None) -> Station | None:
    if token is None:
        return None
    row = await (
        await connection.execute(QUERIES["station"], {"credential_hash": hash_token(token)})
    ).fetchone()
    return Station(*row) if row else None


async def _session(
    connection: AsyncConnection, token: str | None, station: Station | None
) -> dict[str, Any] | None:
    if token is None:
        return None
    values = {"token_hash": hash_token(token), "idle": IDLE, "longest": LONGEST}
    async with connection.cursor(row_factory=dict_row) as cursor:
        await cursor.execute(QUERIES["session"], values)
        row = await cursor.fetchone()
    if row and row["station_id"] is not None and (not station or row["station_id"] != station.station_id):
        return None
    return row


def _is_used_by_a_person(request: Request) -> bool:
    """A page that refreshes itself must not keep a session open for ever."""
    return "x-background" not in request.headers and "text/event-stream" not in request.headers.get(
        "accept", ""
    )


def _is_loopback(host: str | None) -> bool:
    if host == "localhost":
        return True
    try:
        return host is not None and ip_address(host).is_loopback
    except ValueError:
        return False
