"""Hours of machines, made from facts: how long each produced and stood, why, and what came out.

Whoever changes a fact (an interval, a piece of a stop, a booking, an entry, a shift) marks the time it speaks of, by
triggers in the schema; here marks become hours that are made again as a whole. So late data and late reasons heal every
figure, and a row that would not change is not written. Hours of meters are made with the minutes of their samples.
"""

from collections.abc import Sequence
from datetime import datetime

from psycopg import AsyncConnection

from plant_server.database import load_queries

MARKS_AT_ONCE = 5000
HOURS_AT_ONCE = 2000
GROWTH_STEP_S = 20
"""A machine that goes on as it was is looked at again so often: how old an hour's `as_of` gets."""
PERIOD_S = 5.0

QUERIES = load_queries(__package__, "machine_hours.sql")


async def make_hours(connection: AsyncConnection) -> bool:
    """A job of the keeper: the newest 2000 of the marked hours, in one transaction; the others are marked again.
    True: more is waiting."""
    async with connection.transaction():
        await connection.execute(QUERIES["mark_growth"], {"step_s": GROWTH_STEP_S})
        taken = await connection.execute(QUERIES["take_hours"], {"limit": MARKS_AT_ONCE})
        hours = await taken.fetchall()
        if not hours:
            return False
        marks = hours[0][2]
        now, rest = hours[:HOURS_AT_ONCE], hours[HOURS_AT_ONCE:]
        if rest:
            await connection.execute(QUERIES["put_hours_back"], _columns(rest))
        await connection.execute(QUERIES["forget_hours"], _columns(now))
        await connection.execute(QUERIES["make_hours"], _columns(now))
    return bool(rest) or marks == MARKS_AT_ONCE


async def make_meter_hours(connection: AsyncConnection, minutes: Sequence[tuple[int, datetime]]) -> None:
    """Of the meters among the marked (tag, minute). Within the transaction of their samples' minutes."""
    values = {"tag_ids": [tag_id for tag_id, _ in minutes], "minutes": [minute for _, minute in minutes]}
    await connection.execute(QUERIES["make_meter_hours"], values)


def _columns(hours: Sequence[tuple[int, datetime, int]]) -> dict[str, list[int] | list[datetime]]:
    return {"device_ids": [device_id for device_id, _, _ in hours], "hours": [hour for _, hour, _ in hours]}
