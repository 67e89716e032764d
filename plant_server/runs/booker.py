"""The keeper's job that books machine counts to open runs, so that totals follow the machines without anybody's hand.

One pass is one Event, whatever it books. A tag whose bookings would overlap others (they must not: somebody wrote into
the tables) is left alone with an alarm, until a person has cleared it; the others go on.
"""

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import psycopg
import structlog
from psycopg import AsyncConnection

from plant_server.database import load_queries
from plant_server.events import Actor, Command, CommandContext, execute
from plant_server.events.one_session import OneSession
from plant_server.master_data.rows import rows_of
from plant_server.problems import Problem
from plant_server.runs.booking import Booked, Orders, book_tag, tell_ended
from plant_server.work_orders.orders import lock_orders

QUERIES = load_queries(__package__)
TAGS_AT_ONCE = 50
PERIOD_S = 5.0
"""Screens add what is not booked yet by themselves, so this is no delay that anybody sees."""

log = structlog.get_logger()


async def book_open_runs(connection: AsyncConnection) -> bool:
    """Book what is new of up to 50 counters, in one transaction. True: more is waiting."""
    found = await rows_of(connection, QUERIES["tags_to_book"], {"limit": TAGS_AT_ONCE})
    tag_ids = [row["tag_id"] for row in found]
    if not tag_ids:
        return False
    more = False

    async def book_all(context: CommandContext) -> Mapping[str, Any]:
        nonlocal more
        locked = await lock_orders(context, [], tag_ids)
        ended: set[int] = set()
        for tag_id in tag_ids:
            booked = await _book_or_alarm(context, locked, tag_id)
            more |= booked.more
            ended |= booked.ended
        await tell_ended(context, locked, ended)
        if not context.facts:
            raise _NothingBooked
        return {}

    now = datetime.now(UTC)
    command = Command(uuid4(), "run.book", "keeper", {"tags": tag_ids}, Actor("keeper"), now)
    try:
        await execute(OneSession(connection), command, book_all)
    except _NothingBooked:  # What is new belongs to nobody's locked order; no Event for nothing.
        return False
    except Problem as busy:  # Somebody holds an order for long: the next pass finds the same counts.
        log.info("booking_waits", reason=busy.code)
        return False
    return more or len(tag_ids) == TAGS_AT_ONCE


async def _book_or_alarm(context: CommandContext, locked: Orders, tag_id: int) -> Booked:
    """One tag, in a savepoint; its facts join the Event only if it went well."""
    own = replace(context, facts={})
    try:
        async with context.connection.transaction():
            booked = await book_tag(own, locked, tag_id)
    except psycopg.errors.ExclusionViolation as error:
        detail = str(error).splitlines()[0]
        log.error("booking_overlap", tag_id=tag_id, detail=detail)
        values = {"tag_id": tag_id, "detail": detail}
        await context.connection.execute(QUERIES["raise_overlap"], values)
        context.facts.setdefault("broken_tags", []).append(tag_id)
        return Booked()
    for name, facts in own.facts.items():
        context.facts.setdefault(name, []).extend(facts)
    return booked


class _NothingBooked(Exception):
    """Rolls the pass back."""
