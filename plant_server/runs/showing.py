"""Runs as screens show them, and the drawings of what runs: of the pinned revision and no other."""

from decimal import Decimal
from typing import Any

from fastapi import Response
from psycopg import AsyncConnection

from plant_server.database import load_queries
from plant_server.domain.run import CountSource
from plant_server.events import CommandContext, Refused
from plant_server.master_data.drawings import drawing_response, drawings_of
from plant_server.master_data.rows import Row, row_of, rows_of
from plant_server.master_data.schemas import Drawing
from plant_server.paging import Page, id_cursor, page_of
from plant_server.problems import Problem
from plant_server.runs.ledger import change_in, effect
from plant_server.runs.reports import since_last_report, unexplained_rejects
from plant_server.runs.schemas import CountingTagBody, Entry, PartsPerCycleBody, Run

QUERIES = load_queries(__package__)
ENTRIES_MOST = 500
_EVERY: dict[str, Any] = {"run_id": None, "path": None, "work_order_id": None, "open": False, "after": 0}


async def runs(
    connection: AsyncConnection,
    equipment: str | None,
    work_order_id: int | None,
    open_only: bool,
    cursor: str | None,
    limit: int,
) -> Page[Run]:
    values = _EVERY | {
        "path": equipment,
        "work_order_id": work_order_id,
        "open": open_only,
        "after": id_cursor(cursor, 0),
        "limit": limit + 1,
    }
    rows = await rows_of(connection, QUERIES["runs"], values)
    return page_of([_run(row) for row in rows], limit, "run_id")


async def run(connection: AsyncConnection, run_id: int) -> Run:
    """Raises Problem 404."""
    row = await row_of(connection, QUERIES["runs"], _EVERY | {"run_id": run_id, "limit": 1})
    if row is None:
        raise Problem(404, "unknown-run", f"run {run_id}")
    return _run(row)


async def entries(connection: AsyncConnection, run_id: int) -> list[Entry]:
    values = {"run_id": run_id, "limit": ENTRIES_MOST}
    return [Entry(**row) for row in await rows_of(connection, QUERIES["entries_of_run"], values)]


async def drawings(connection: AsyncConnection, run_id: int) -> list[Drawing]:
    """Raises Problem 404 for the run. An item without revisions has no drawings."""
    pinned = await row_of(connection, QUERIES["pinned_of_run"], {"run_id": run_id})
    if pinned is None:
        raise Problem(404, "unknown-run", f"run {run_id}")
    if pinned["revision"] is None:
        return []
    return await drawings_of(connection, pinned["item"], pinned["revision"])


async def drawing(connection: AsyncConnection, run_id: int, drawing_id: int) -> Response:
    """Raises Problem 404 for any drawing that is not of the pinned revision."""
    if drawing_id not in {one.drawing_id for one in await drawings(connection, run_id)}:
        raise Problem(404, "unknown-drawing", f"drawing {drawing_id} of run {run_id}")
    return await drawing_response(connection, drawing_id)


async def choose_counting_tag(
    equipment_id: int, body: CountingTagBody, context: CommandContext
) -> dict[str, Any]:
    """Which counter says what a station makes, from its next run on. Refused: `other-station`."""
    values = {"equipment_id": equipment_id, "tag_id": body.tag_id}
    if await row_of(context.connection, QUERIES["counter_of_equipment"], values) is None:
        raise Refused("other-station", 422, f"tag {body.tag_id}", tag=body.tag_id)
    await context.connection.execute(QUERIES["choose_counting_tag"], values)
    return values


def _run(row: Row) -> Run:
    told = effect(CountSource(row["count_source"]), change_in(row))
    per_cycle = PartsPerCycleBody(**{name: row[name] for name in ("cavities", "blocked", "cycles")})
    fields: Row = row | told
    return Run(
        **fields,
        equipment=row["path"],
        parts_per_cycle=per_cycle,
        since_last_report=since_last_report(row),
        unexplained_rejects=Decimal(unexplained_rejects(row)),
        order_quantity=row["quantity"],
    )
