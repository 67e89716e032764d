"""The weekly pattern read and stated. What has begun stays; a pattern holds from the next shift on (keeper/shifts.py)."""

from collections.abc import Mapping
from datetime import UTC, datetime
from functools import partial
from typing import Any
from uuid import uuid4

from psycopg import AsyncConnection

from plant_server.async_database import connect_async
from plant_server.database import load_queries
from plant_server.events import Actor, Command, CommandContext, execute
from plant_server.events.one_session import OneSession
from plant_server.keeper.shifts import lay_out_shifts
from plant_server.master_data.rows import row_of, rows_of
from plant_server.shifts.pattern import DAYS, StatedPattern
from plant_server.shifts.schemas import Shifts

QUERIES = load_queries(__package__)
ACTOR = Actor("lineside shifts")


async def read(connection: AsyncConnection, zone: str) -> Shifts:
    """`zone`: the site's, by whose clock the times are meant."""
    rows = await rows_of(connection, QUERIES["pattern"], {})
    shifts = [
        {name: row[name] for name in ("code", "name_en", "name_zh", "start", "end", "breaks")}
        | {"days": [DAYS[number] for number in row["weekdays"]]}
        for row in rows
    ]
    return Shifts(
        pattern=StatedPattern.model_validate({"shifts": shifts}) if shifts else None,
        is_stated=any(row["is_stated"] for row in rows),
        time_zone=zone,
    )


async def state(pattern: StatedPattern, zone: str, context: CommandContext) -> Mapping[str, Any]:
    """Put it in the place of the former one, which the Event keeps, and lay it out."""
    connection = context.connection
    await connection.execute(QUERIES["lock"])
    former = await read(connection, zone)
    context.facts["former"] = former.model_dump(mode="json")
    await connection.execute(QUERIES["forget_pattern"])
    for one in pattern.shifts:
        weekdays = [DAYS.index(day) for day in one.days]
        await connection.execute(QUERIES["add_shift"], one.model_dump() | {"weekdays": weekdays})
        for start, end in one.breaks:
            await connection.execute(QUERIES["add_break"], {"code": one.code, "start": start, "end": end})
    await connection.execute(QUERIES["end_what_nobody_stated"])
    running = await row_of(connection, QUERIES["running"], {})
    await lay_out_shifts(connection, zone)
    after = running["ends"] if running else None
    begins = await row_of(connection, QUERIES["next_of_pattern"], {"after": after})
    stated = await read(connection, zone)
    holds_from: datetime | None = begins["begins"] if begins else None
    return {**stated.model_dump(mode="json"), "holds_from": holds_from.isoformat() if holds_from else None}


async def state_here(database_url: str, pattern: StatedPattern, zone: str) -> datetime | None:
    """As `state`, from the plant's own machine. Returns from when on it holds. Raises DatabaseUnavailable."""
    command = Command(
        uuid4(),
        "shifts.state",
        "lineside shifts set",
        pattern.model_dump(mode="json"),
        ACTOR,
        datetime.now(UTC),
    )
    connection = await connect_async(database_url, application="lineside shifts")
    try:
        answer = await execute(OneSession(connection), command, partial(state, pattern, zone))
    finally:
        await connection.close()
    told = answer.body["holds_from"]
    return datetime.fromisoformat(told) if told else None


async def read_here(database_url: str, zone: str) -> Shifts:
    """Raises DatabaseUnavailable."""
    connection = await connect_async(database_url, application="lineside shifts")
    try:
        return await read(connection, zone)
    finally:
        await connection.close()
