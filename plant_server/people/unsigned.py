"""Facts that a terminal sent without a person's badge or PIN behind them (written_down.py), until a lead has settled each.

They are counted like all others; what is open is only who it was.
"""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from psycopg import AsyncConnection
from psycopg.rows import class_row

from plant_server.database import load_queries
from plant_server.events.command import Refused
from plant_server.events.execute import CommandContext, Handler
from plant_server.paging import Page, encode_cursor, id_cursor
from plant_server.people.unsigned_schemas import SettleUnsigned, UnsignedFact
from plant_server.people.written_down import KnownBy, Vouched
from plant_server.problems import Problem

QUERIES = load_queries(__package__, "unsigned.sql")


def is_unsigned(vouched: Vouched | None) -> bool:
    return vouched is not None and vouched.known_by is not KnownBy.SESSION


def notes_of(vouched: Vouched) -> dict[str, Any]:
    """For the Event."""
    session = str(vouched.session) if vouched.session else None
    return {"vouched": {"known_by": vouched.known_by, "session": session}}


def listed(handler: Handler, vouched: Vouched) -> Handler:
    """The handler, and in its transaction a row for the lead."""

    async def done_and_listed(context: CommandContext) -> Mapping[str, Any]:
        told = await handler(context)
        values = {"event_id": context.event_id, "known_by": vouched.known_by}
        await context.connection.execute(QUERIES["list_for_a_lead"], values)
        return told

    return done_and_listed


async def unsigned_facts(
    connection: AsyncConnection, cursor: str | None, limit: int, station_id: int | None = None
) -> Page[UnsignedFact]:
    """The oldest first. `station_id`: of one terminal."""
    values = {"after": id_cursor(cursor, 0), "limit": limit + 1, "station_id": station_id}
    async with connection.cursor(row_factory=class_row(UnsignedFact)) as rows:
        await rows.execute(QUERIES["unsigned_facts"], values)
        found = await rows.fetchall()
    more = encode_cursor(found[limit - 1].alarm_id) if len(found) > limit else None
    return Page(items=found[:limit], next_cursor=more)


async def settle(event_id: UUID, body: SettleUnsigned, context: CommandContext) -> Mapping[str, Any]:
    """Who it was, as a lead says; the fact itself stays the terminal's. Problem: 404; refused: no such person."""
    settled = await context.connection.execute(QUERIES["settle_unsigned_fact"], {"event_id": event_id})
    row = await settled.fetchone()
    if row is None:
        raise Problem(404, "unknown-fact", str(event_id))
    if body.person_id is not None:
        known = await context.connection.execute(QUERIES["is_person"], {"person_id": body.person_id})
        if await known.fetchone() is None:
            raise Refused("unknown-person", 409, str(body.person_id))
    told = {"event_id": str(event_id), "person_id": body.person_id, "known_by": row[0]}
    context.facts["unsigned_fact"] = told
    return told
