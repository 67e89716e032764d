"""`lineside audit rebuild`: what the balances are, against what the Events say they are.

Everything happens in one transaction: writers are stopped, the tables copied aside, made again, and compared. Without
`apply` it is rolled back, so that looking changes nothing; what `apply` writes is told in an Event of its own.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import psycopg
from psycopg import AsyncConnection
from psycopg.sql import SQL, Composed, Identifier

from plant_server.andon.rebuild import TABLES as TABLES_OF_ANDON
from plant_server.andon.rebuild import rebuild_calls
from plant_server.async_database import connect_async
from plant_server.database import load_queries
from plant_server.energy.rebuild import TABLES as TABLES_OF_ENERGY
from plant_server.energy.rebuild import rebuild_energy
from plant_server.events import Actor, Command, CommandContext, execute
from plant_server.events.one_session import OneSession
from plant_server.materials.rebuild import TABLES as TABLES_OF_LOTS
from plant_server.materials.rebuild import rebuild_lots, stop_movers
from plant_server.runs.rebuild import Progress, no_progress, rebuild

OWN = load_queries(__package__, "rebuild.sql")
SHOWN_MOST = 3
"""Rows of each table that are shown as they are; all are counted."""
STATEMENT_TIMEOUT_S = 600
ACTOR = Actor("lineside audit")

TABLES: dict[str, tuple[str, ...]] = {
    "work_order": ("work_order_id", "state", "has_started", "made", "good", "scrap", "rework"),
    "operation": ("operation_id", "state", "made", "good", "scrap", "rework"),
    "run": (
        *("run_id", "booked_made", "booked_scrap", "booked_rejected", "booked_setup"),
        *("entered_good", "entered_scrap", "entered_rework", "among_rejects"),
    ),
    "run_tag": (),
    "counted_tag": ("tag_id", "position", "ts"),
    "booking": (),
    "not_assigned": (),
    "production_entry": (),
    "run_told": (),
    "run_told_total": (),
    "told_range": (),
    "count_case": (),
    **TABLES_OF_LOTS,
    **TABLES_OF_ENERGY,
    **TABLES_OF_ANDON,
}
"""The tables that a rebuild makes again, with the columns it makes; none named: all."""


@dataclass(frozen=True, slots=True)
class Difference:
    """One table that is not as the Events say. A row that was changed is both: not theirs, and missing."""

    table: str
    not_theirs: int  # Rows that stand, and that no Event explains.
    missing: int  # Rows that the Events make, and that do not stand.
    shown: tuple[str, ...]  # The first of both, marked `-` and `+` as a rebuild would change them.


async def compare_and_rebuild(
    database_url: str, *, apply: bool, progress: Progress = no_progress
) -> list[Difference]:
    """`compare` in a session of its own. Raises DatabaseUnavailable."""
    connection = await connect_async(
        database_url, application="lineside audit", statement_timeout_s=STATEMENT_TIMEOUT_S
    )
    try:
        return await compare(connection, apply=apply, progress=progress)
    finally:
        await connection.close()


async def compare(
    connection: AsyncConnection, *, apply: bool, progress: Progress = no_progress
) -> list[Difference]:
    """The tables that a rebuild changes; the changes stay only with `apply`."""
    found: list[Difference] = []
    async with connection.transaction():
        # Before the copies: nobody writes between them and the rebuild.
        await connection.execute(OWN["stop_writers"])
        await stop_movers(connection)
        for table in TABLES:
            await connection.execute(_copy(table))
        await rebuild(connection, progress)
        await rebuild_lots(connection)
        await rebuild_energy(connection)
        await rebuild_calls(connection)
        for table in TABLES:
            difference = await _difference(connection, table)
            if difference is not None:
                found.append(difference)
        if not apply:
            raise psycopg.Rollback
        if found:
            await _tell(connection, found)
    return found


async def _tell(connection: AsyncConnection, found: Sequence[Difference]) -> None:
    """An Event of what is written, in the same transaction: what was mended is told as well."""
    command = Command(uuid4(), "audit.rebuild", "lineside audit rebuild", {}, ACTOR, datetime.now(UTC))
    mended = [asdict(one) for one in found]

    async def keep(context: CommandContext) -> Mapping[str, Any]:
        context.facts["mended"] = mended
        return {"tables": [one.table for one in found]}

    await execute(OneSession(connection), command, keep)


async def _difference(connection: AsyncConnection, table: str) -> Difference | None:
    was, now = SQL("SELECT * FROM {}").format(_aside(table)), _rows(table)
    not_theirs, lost = await _only_in(connection, was, now)
    missing, made = await _only_in(connection, now, was)
    if not not_theirs and not missing:
        return None
    shown = [f"- {row}" for row in lost] + [f"+ {row}" for row in made]
    return Difference(table, not_theirs, missing, tuple(shown))


async def _only_in(connection: AsyncConnection, these: Composed, those: Composed) -> tuple[int, list[str]]:
    """How many of the rows, and the first of them. EXCEPT ALL: a row that stands twice is one too many."""
    statement = SQL(
        "SELECT row_text, count(*) OVER () FROM ({} EXCEPT ALL {}) AS one (row_text) ORDER BY 1 LIMIT {}"
    ).format(these, those, SHOWN_MOST)
    rows = await (await connection.execute(statement)).fetchall()
    return (int(rows[0][1]) if rows else 0), [str(row[0]) for row in rows]


def _copy(table: str) -> Composed:
    return SQL("CREATE TEMPORARY TABLE {} ON COMMIT DROP AS {}").format(_aside(table), _rows(table))


def _rows(table: str) -> Composed:
    """Rows as JSON text, so that all tables compare alike."""
    columns = SQL(", ").join(map(Identifier, TABLES[table])) if TABLES[table] else SQL("*")
    return SQL("SELECT to_jsonb(part)::text AS row_text FROM (SELECT {} FROM {}) AS part").format(
        columns, Identifier("plant", table)
    )


def _aside(table: str) -> Identifier:
    return Identifier("pg_temp", f"{table}_as_it_stands")
