"""Shifts laid out in UTC, from the first fact to a week ahead, by the wall clock of the site (domain/shift_pattern.py).

What has begun stays as it was; a pattern that was changed holds from the next shift on.
"""

from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import structlog
from psycopg import AsyncConnection
from psycopg.rows import dict_row

from plant_server.database import load_queries
from plant_server.domain.shift_pattern import OverlappingShifts, Shift, ShiftInstance, ShiftPattern

DAYS_AHEAD = 7
QUERIES = load_queries(__package__, "shifts.sql")
ALARM = {"kind": "shifts_overlap", "subject": "site"}

log = structlog.get_logger()


async def lay_out_shifts(connection: AsyncConnection, time_zone: str) -> bool:
    """A job of the keeper; `time_zone` is the site's. Patterns that overlap are an alarm, and nothing is laid out until they are mended."""
    async with connection.transaction(), connection.cursor(row_factory=dict_row) as cursor:
        await cursor.execute(QUERIES["lock"])
        dates = await (await cursor.execute(QUERIES["dates"], {"zone": time_zone})).fetchone()
        assert dates is not None, "SELECT without FROM returns a row"  # noqa: S101
        patterns = await (await cursor.execute(QUERIES["patterns"])).fetchall()
        shifts = tuple(_shift(row) for row in patterns)
        first: date = dates["first_date"] - timedelta(days=1)
        last: date = dates["today"] + timedelta(days=DAYS_AHEAD)
        try:
            made = ShiftPattern(ZoneInfo(time_zone), shifts).on_dates(first, last)
        except OverlappingShifts as mistake:
            log.error("shifts_overlap", detail=str(mistake))
            await cursor.execute(QUERIES["raise_overlap"], ALARM | {"detail": str(mistake)})
            return False
        await cursor.execute(QUERIES["clear_overlap"], ALARM)
        values = {
            "codes": [one.code for one in made],
            "dates": [one.business_date for one in made],
            "from_ms": [one.start_ms for one in made],
            "to_ms": [one.end_ms for one in made],
        }
        await cursor.execute(QUERIES["take_back"], values)
        laid = await (await cursor.execute(QUERIES["lay_out"], values)).fetchall()
        await cursor.execute(QUERIES["take_back_breaks"])
        await cursor.execute(QUERIES["lay_out_breaks"], _breaks(made, [row["shift_id"] for row in laid]))
    return False


def _shift(row: Mapping[str, Any]) -> Shift:
    return Shift(
        row["code"],
        row["name_zh"],
        row["name_en"],
        row["start_time"],
        row["end_time"],
        frozenset(row["weekdays"]),
        tuple(zip(row["break_starts"], row["break_ends"], strict=True)),
    )


def _breaks(made: Sequence[ShiftInstance], laid: Sequence[int]) -> dict[str, Sequence[Any]]:
    """Each break with the shift it belongs to; `laid`: shifts that were laid out just now."""
    rests = [(one, begin, end) for one in made for begin, end in one.breaks_ms]
    return {
        "codes": [one.code for one, _, _ in rests],
        "dates": [one.business_date for one, _, _ in rests],
        "shift_from_ms": [one.start_ms for one, _, _ in rests],
        "from_ms": [begin for _, begin, _ in rests],
        "to_ms": [end for _, _, end in rests],
        "laid": laid,
    }
