"""Routes of the operator's pages. They read, and send nobody's command: that does the browser, to the API."""

from typing import Annotated, Literal
from urllib.parse import quote

from fastapi import APIRouter, Query, Request
from fastapi.responses import RedirectResponse, Response

from plant_server.dependencies import Live, Pool, Who
from plant_server.people.identity import Principal
from plant_server.policy_table import POLICY
from plant_server.problem_texts import LANGUAGES
from plant_server.problems import Problem
from plant_server.runs import showing
from plant_server.terminal import rendering
from plant_server.terminal.assets import ASSETS
from plant_server.terminal.boss_routes import router as boss_router
from plant_server.terminal.calls_routes import router as calls_router
from plant_server.terminal.integrator_routes import router as integrator_router
from plant_server.terminal.languages import language_of, with_language
from plant_server.terminal.line_routes import router as line_router
from plant_server.terminal.live import CountsResponse
from plant_server.terminal.reading import Counts, counts_of, screen_of
from plant_server.terminal.shape import shape_of
from plant_server.terminal.shift_routes import router as shift_router
from plant_server.terminal.sign_in_page import MAY_SEE_NAMES, sign_in_page
from plant_server.terminal.stations import station_for
from plant_server.terminal.trace_routes import router as trace_router
from plant_server.terminal.unsigned import unsigned_at

router = APIRouter(include_in_schema=False)
router.include_router(shift_router)  # Before the terminal's own route, which takes every rest of a path.
router.include_router(line_router)
router.include_router(boss_router)
router.include_router(calls_router)
router.include_router(integrator_router)
router.include_router(trace_router)

MAY_END_ORDERS = POLICY["POST", "/api/v1/work-orders/{work_order_id}/complete"]
"""Others end their operation; the order goes on until one of these completes it."""
MAY_CALL = POLICY["POST", "/api/v1/andon-calls"]


@router.get("/")
async def sign_in(
    request: Request,
    pool: Pool,
    who: Who,
    station: Annotated[str, Query(max_length=300)] = "",
    then: Annotated[Literal["", "boss", "calls", "integrator", "trace"], Query()] = "",
    language: Annotated[str, Query(max_length=10)] = "",
) -> Response:
    """`station`, or `then`: where to go then. `language`: chosen by hand, and kept as long as this person's turn."""
    if language in LANGUAGES:
        return with_language(f"/?station={quote(station)}&then={then}", language, who)
    async with pool.connection() as connection:
        facts = await sign_in_page(connection, who)
    station = station or (who.station.name if who.station else "")
    return rendering.page(request, who, "sign_in.html", {"page": facts, "station": station, "then": then})


@router.get("/t/{station:path}/screen")
async def screen(request: Request, pool: Pool, who: Who, station: str) -> Response:
    """The part of the terminal that changes with the job."""
    return await _terminal(request, pool, who, station, "screen.html")


@router.get("/t/{station:path}/live")
async def live(
    request: Request,
    pool: Pool,
    live_values: Live,
    who: Who,
    station: str,
    drawn: Annotated[str, Query(max_length=64)] = "",
) -> Response:
    """`drawn`: with which shape the page was drawn; without one it is drawn anew."""
    found = await station_for(pool, who, station)
    language, zone = language_of(request, who), request.app.state.time_zone

    def show(counts: Counts, shape: str) -> str:
        return rendering.render("counts.html", language, {"counts": counts, "shape": shape, "zone": zone})

    return CountsResponse(request, live_values, pool, found, show, drawn)


@router.get("/t/{station:path}/drawing")
async def drawing(request: Request, pool: Pool, who: Who, station: str) -> Response:
    """The drawings of the revision that the running order has pinned; of another revision there is no way to see one."""
    found = await station_for(pool, who, station)
    async with pool.connection() as connection:
        running = (await counts_of(connection, found)).running
        drawings = await showing.drawings(connection, running.run_id) if running else []
    facts = {"station": found, "running": running, "drawings": drawings}
    return rendering.page(request, who, "drawing.html", facts)


@router.get("/t/{station:path}")
async def terminal(
    request: Request,
    pool: Pool,
    who: Who,
    station: str,
    language: Annotated[str, Query(max_length=10)] = "",
) -> Response:
    if language in LANGUAGES:
        return with_language(f"/t/{quote(station)}", language, who)
    if not who.roles & MAY_SEE_NAMES:
        return RedirectResponse(f"/?station={quote(station)}", 303)
    return await _terminal(request, pool, who, station, "terminal.html")


@router.get("/terminal/{name}")
async def asset(request: Request, name: str) -> Response:
    if name not in ASSETS:
        raise Problem(404, "not-found")
    return rendering.file(request, ASSETS[name], rendering.FOR_EVER)


@router.get("/sw.js")
async def service_worker(request: Request) -> Response:
    """At the root, so that it serves every page; asked for anew each time, so that it is never an old one."""
    return rendering.file(request, ASSETS["sw.js"], "no-cache")


async def _terminal(request: Request, pool: Pool, who: Principal, name: str, template: str) -> Response:
    found = await station_for(pool, who, name)
    async with pool.connection() as connection:
        facts = await screen_of(connection, found)
        unsigned = await unsigned_at(connection, found, who)
    running = facts.counts.running
    ends_order = bool(running and running.is_last and who.roles & MAY_END_ORDERS)
    shape = shape_of(facts.counts, facts.agenda)
    shown = {"screen": facts, "counts": facts.counts, "ends_order": ends_order, "shape": shape}
    shown["unsigned"] = unsigned
    shown["may_call"] = bool(found.path and who.roles & MAY_CALL)
    return rendering.page(request, who, template, shown)
