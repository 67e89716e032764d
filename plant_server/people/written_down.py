"""Who did what a terminal wrote down while it had no contact, and sends only now (decisions/0005).

The terminal's own credential vouches for `X-Operator-Session`: the session in which it was written down, if the moment
lies within it. Nobody can be authenticated without contact, so there are two more answers. *By word*: the terminal was
locked, and somebody said to be the person of that session (`X-Operator-Confirmed`). *Not known*: somebody said to be
another, or the moment lies outside of the session, or nobody had signed in; the fact is then the terminal's own. Both
are listed for a lead, and neither waits for ever.
"""

from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from typing import Any
from uuid import UUID

from fastapi import Request
from psycopg import AsyncConnection
from psycopg.rows import dict_row

from plant_server.database import load_queries
from plant_server.events.client_clock import client_time, received_time
from plant_server.problems import Problem

QUERIES = load_queries(__package__)
OPERATOR_SESSION_HEADER = "X-Operator-Session"
CONFIRMED_HEADER = "X-Operator-Confirmed"
SKEW = timedelta(minutes=2)  # Between the clocks of terminal and server.


class KnownBy(StrEnum):
    SESSION = "session"  # By badge or PIN.
    WORD = "word"
    NOTHING = "nothing"


@dataclass(frozen=True, slots=True)
class Vouched:
    """How the terminal knows who did it. `session`: the one it named, whether or not that covers the moment."""

    known_by: KnownBy
    session: UUID | None


async def who_wrote_it_down(
    connection: AsyncConnection, request: Request, station_id: int, longest: timedelta
) -> tuple[dict[str, Any] | None, Vouched]:
    """The row of the person, or None: not known. `longest`: a session's life. Raises Problem 422: not yet."""
    session = _uuid(request.headers[OPERATOR_SESSION_HEADER])
    try:
        event_time = client_time(request).event_time
    except ValueError:  # The route says so itself.
        return None, Vouched(KnownBy.NOTHING, session)
    if event_time > received_time(request) + SKEW:
        raise Problem(422, "time-ahead", event_time.isoformat())
    values = {"session_id": session, "station_id": station_id, "event_time": event_time, "skew": SKEW}
    async with connection.cursor(row_factory=dict_row) as cursor:
        await cursor.execute(QUERIES["session_of_then"], values | {"longest": longest})
        row = await cursor.fetchone()
    if row is None:
        return None, Vouched(KnownBy.NOTHING, session)
    known_by = KnownBy.WORD if CONFIRMED_HEADER in request.headers else KnownBy.SESSION
    return row, Vouched(known_by, session)


def _uuid(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None
