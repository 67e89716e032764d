"""Pages of a shift at a station: what it hands over, and its stops. Like all pages they read; the browser commands."""

from datetime import UTC, datetime
from typing import Annotated
from urllib.parse import quote

from fastapi import APIRouter, Query, Request
from fastapi.responses import RedirectResponse, Response

from plant_server.dependencies import Pool, Who
from plant_server.hand_overs.summary import summary_of
from plant_server.policy_table import POLICY
from plant_server.problems import Problem
from plant_server.terminal import rendering
from plant_server.terminal.stations import station_for
from plant_server.terminal.stops_page import stops_page

router = APIRouter(include_in_schema=False)
MAY_EXPLAIN = POLICY["POST", "/api/v1/stops/{stop_id}/reason"]


@router.get("/t/{station:path}/hand-over")
async def hand_over(request: Request, pool: Pool, who: Who, station: str) -> Response:
    """What was made, lost and left open since the hand-over before, and a place for a note."""
    found = await station_for(pool, who, station)
    if who.person is None:
        return RedirectResponse(f"/?station={quote(station)}", 303)
    if found.equipment_id is None or found.path is None:
        raise Problem(404, "unknown-station", station)
    async with pool.connection() as connection:
        summary = await summary_of(connection, found.equipment_id, found.path, datetime.now(UTC))
    return rendering.page(request, who, "hand_over.html", {"station": found, "summary": summary})


@router.get("/t/{station:path}/stops")
async def stops(
    request: Request,
    pool: Pool,
    who: Who,
    station: str,
    stop: Annotated[int | None, Query(ge=1, le=2**62)] = None,
) -> Response:
    """The stops of the last shift; with `stop`, its pieces, to give each a reason or to cut it. Raises Problem 404."""
    found = await station_for(pool, who, station)
    async with pool.connection() as connection:
        page = await stops_page(connection, found, stop, datetime.now(UTC))
    facts = {"station": found, "page": page, "may_explain": bool(who.roles & MAY_EXPLAIN)}
    return rendering.page(request, who, "stops.html", facts)
