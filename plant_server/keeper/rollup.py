"""Minutes made from samples: take marks from the dirty log, make those minutes again, commit both or neither.

Ingest appends (tag, minute) to the log in the transaction that stores the sample. The keeper deletes marks in one
statement and reads samples in a later one of the same READ COMMITTED transaction. A mark it deleted was committed,
so its sample is seen by the later statement; a mark committed in between stays in the log and is taken next time.
"""

from datetime import datetime

from psycopg import AsyncConnection

from edge.contract.failpoints import failpoint
from plant_server.database import load_queries
from plant_server.keeper.machine_hours import make_meter_hours
from plant_server.keeper.machine_states import project

MARKS_AT_ONCE = 5000
QUERIES = load_queries(__package__)

Minute = tuple[int, datetime]


async def roll_up(connection: AsyncConnection, marks_at_once: int = MARKS_AT_ONCE) -> bool:
    """One transaction's worth of the dirty log. True when it was full, so more may be waiting."""
    async with connection.transaction():
        minutes, taken = await take_dirty(connection, marks_at_once)
        if minutes:
            await recompute(connection, minutes)
            await make_meter_hours(connection, minutes)
            await project(connection, minutes)
            failpoint("keeper.rollup.before_commit")
    return taken == marks_at_once


async def take_dirty(connection: AsyncConnection, limit: int) -> tuple[list[Minute], int]:
    cursor = await connection.execute(QUERIES["take_dirty"], {"limit": limit})
    marks = await cursor.fetchall()
    return sorted({(int(tag_id), minute) for tag_id, minute in marks}), len(marks)


async def recompute(connection: AsyncConnection, minutes: list[Minute]) -> None:
    await connection.execute(
        QUERIES["recompute_minutes"],
        {"tag_ids": [tag_id for tag_id, _ in minutes], "minutes": [minute for _, minute in minutes]},
    )
