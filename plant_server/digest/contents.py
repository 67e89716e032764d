"""The digest's text: the owner's figures of a day that is over, with one line of why each, as Markdown."""

import re
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from psycopg import AsyncConnection

from plant_server.database import load_queries
from plant_server.digest.settings import Language
from plant_server.master_data.rows import row_of
from plant_server.terminal.boss import boss_of
from plant_server.terminal.rendering import render

QUERIES = load_queries(__package__)


@dataclass(frozen=True, slots=True)
class Contents:
    day: date
    title: str
    text: str


def day_before(now: datetime, zone: ZoneInfo) -> date:
    """The day a digest sent now tells of: yesterday by the wall clock of the site."""
    return now.astimezone(zone).date() - timedelta(days=1)


async def contents_of(
    connection: AsyncConnection, day: date, zone: ZoneInfo, language: Language, *, again: bool = False
) -> Contents:
    """Of a business date. `again`: nobody knows whether an earlier one arrived, or a person wants another; it says so."""
    boss = await boss_of(connection, zone.key, day)
    head = await row_of(connection, QUERIES["chain_head"], {})
    facts = {"boss": boss, "day": day, "zone": zone, "head": head, "again": again}
    text = "\n".join(line.rstrip() for line in render("_digest.html", language, facts).splitlines()).strip()
    text = re.sub(r"\n{3,}", "\n\n", text)
    return Contents(day, text.splitlines()[0].lstrip("# "), text)
