"""Writing a hand-over and reading it. Whoever reads it works at the run that goes on from then."""

from collections.abc import Mapping
from typing import Any

from psycopg import AsyncConnection

from plant_server.events import CommandContext, Refused
from plant_server.events.canonical import canonical
from plant_server.hand_overs.schemas import HandOver, HandOverBody
from plant_server.hand_overs.summary import QUERIES, summary_of
from plant_server.master_data.rows import row_of, rows_of
from plant_server.paging import Page, id_cursor, page_of
from plant_server.problems import Problem
from plant_server.runs import service as runs

Told = Mapping[str, Any]


async def write(body: HandOverBody, context: CommandContext) -> Told:
    """Keep the note and the summary as it stands now, also in the Event. The run goes on, and its people work at it
    until somebody reads this. Problems: 403 (no person), 404 (station)."""
    person_id = _person(context)
    station = await row_of(context.connection, QUERIES["equipment"], {"path": body.equipment})
    if station is None:
        raise Problem(404, "unknown-station-path", body.equipment)
    summary = await summary_of(
        context.connection, station["equipment_id"], body.equipment, context.recorded_time
    )
    told = {"equipment": body.equipment, "note": body.note, "summary": summary.model_dump(mode="json")}
    context.facts["hand_over"] = told
    values = {
        "event_id": context.event_id,
        "equipment_id": station["equipment_id"],
        "from_time": summary.from_time,
        "to_time": summary.to_time,
        "note": body.note,
        "summary": canonical(summary),
        "written_by": person_id,
    }
    row = await row_of(context.connection, QUERIES["add"], values)
    assert row is not None, "INSERT … RETURNING returns the row"  # noqa: S101
    run = await _open_run(context, station["equipment_id"])
    return {"hand_over_id": row["hand_over_id"], "run_id": run["run_id"] if run else None}


async def read(hand_over_id: int, context: CommandContext) -> Told:
    """Sign that it was read, and take the open run over. Problems: 403 (no person), 404. Refused: `own-hand-over`,
    `hand-over-was-read`."""
    person_id = _person(context)
    values = {"hand_over_id": hand_over_id, "person_id": person_id, "time": context.recorded_time}
    found = await row_of(context.connection, QUERIES["lock"], values)
    if found is None:
        raise Problem(404, "unknown-hand-over", f"hand-over {hand_over_id}")
    if found["written_by"] == person_id:
        raise Refused("own-hand-over", hand_over=hand_over_id)
    if found["read_by"] is not None:
        raise Refused("hand-over-was-read", hand_over=hand_over_id)
    await context.connection.execute(QUERIES["read"], values)
    context.facts["hand_over_read"] = {"hand_over_id": hand_over_id}
    run = await _open_run(context, found["equipment_id"])
    if run and not run["works"]:
        await runs.hand_over(run["run_id"], context)
    return {"hand_over_id": hand_over_id, "run_id": run["run_id"] if run else None}


async def hand_overs(
    connection: AsyncConnection, path: str | None, unread: bool, cursor: str | None, limit: int
) -> Page[HandOver]:
    """The newest first."""
    before = id_cursor(cursor, 0) or None
    values = {"path": path, "unread": unread, "before": before, "limit": limit + 1}
    rows = await rows_of(connection, QUERIES["hand_overs"], values)
    return page_of([HandOver(**row) for row in rows], limit, "hand_over_id")


async def _open_run(context: CommandContext, equipment_id: int) -> Mapping[str, Any] | None:
    values = {"equipment_id": equipment_id, "actor": context.actor.text}
    return await row_of(context.connection, QUERIES["open_run"], values)


def _person(context: CommandContext) -> int:
    if context.actor.person_id is None:
        raise Problem(403, "role-missing", "a person hands over")
    return context.actor.person_id
