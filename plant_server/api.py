"""The HTTP API of the plant and its pages: `create_app` puts the parts together, `run` serves them."""

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from types import FrameType
from typing import Any
from zoneinfo import ZoneInfo

import uvicorn
from fastapi import Depends, FastAPI, Request

from edge.contract import failpoints
from plant_server.andon.routes import router as andon_router
from plant_server.async_database import ConnectionPool
from plant_server.body_limit import BodyLimit
from plant_server.costs.routes import router as costs_router
from plant_server.energy.routes import router as energy_router
from plant_server.equipment.routes import router as equipment_router
from plant_server.events.routes import router as events_router
from plant_server.events.stream import ListenerSlots
from plant_server.events.turns import Turns
from plant_server.hand_overs.routes import router as hand_overs_router
from plant_server.machine_states.routes import router as machine_states_router
from plant_server.master_data.routes import router as master_data_router
from plant_server.materials.routes import router as materials_router
from plant_server.materials.stock_routes import router as stock_router
from plant_server.materials.trace_routes import router as trace_router
from plant_server.pages.routes import router as pages_router
from plant_server.people.first_administrator import OneTimeCode
from plant_server.people.routes import router as people_router
from plant_server.people.secrets_of_people import Pepper
from plant_server.people.sign_in_routes import router as sign_in_router
from plant_server.people.unsigned_routes import router as unsigned_router
from plant_server.policy import authorize
from plant_server.problems import add_problem_handlers, describe_problems
from plant_server.runs.booking_routes import router as booking_router
from plant_server.runs.rework_routes import router as rework_router
from plant_server.runs.routes import router as runs_router
from plant_server.security.secrets import secret
from plant_server.settings import Settings
from plant_server.shifts.routes import router as shifts_router
from plant_server.stops.routes import router as stops_router
from plant_server.telemetry.live import LiveValues
from plant_server.telemetry.routes import health_router
from plant_server.telemetry.routes import router as telemetry_router
from plant_server.terminal.routes import router as terminal_router
from plant_server.work_orders.planning_routes import router as planning_router
from plant_server.work_orders.routes import router as work_orders_router

ROUTERS = (
    pages_router,
    health_router,
    equipment_router,
    machine_states_router,
    telemetry_router,
    events_router,
    master_data_router,
    work_orders_router,
    planning_router,
    runs_router,
    rework_router,
    booking_router,
    hand_overs_router,
    materials_router,
    trace_router,
    stock_router,
    stops_router,
    andon_router,
    energy_router,
    costs_router,
    shifts_router,
    sign_in_router,
    people_router,
    unsigned_router,
    terminal_router,
)

STOP_S = 3  # How long open requests may take to end; live streams never end by themselves.
DESCRIPTION = """What machines said and what became of it.

Times are RFC 3339 in UTC, numbers carry their unit in the name or beside it, lists are paged by `next_cursor`.
Errors are `application/problem+json` with a stable `code`; titles follow `Accept-Language` (en, zh-CN)."""


def create_app(settings: Settings, *, api_token: str | None = None, secrets: Path | None = None) -> FastAPI:
    """The application. Opens no connection before a request comes. `api_token` None: the one in the secrets folder."""
    folder = secrets or secrets_folder()

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        reader = asyncio.create_task(app.state.live.read_forever(), name="api.live")
        app.state.live_reader = reader
        try:
            yield
        finally:
            reader.cancel()
            with suppress(asyncio.CancelledError):
                await reader
            await app.state.pool.close()

    app = FastAPI(
        title="Lineside plant API",
        version="1",
        description=DESCRIPTION,
        dependencies=[Depends(authorize)],
        lifespan=lifespan,
        openapi_url=None,  # Served below, by a route with a row in the policy like any other.
        docs_url=None,  # Their pages load scripts from another origin.
        redoc_url=None,
    )
    app.state.api_token = api_token or secret(folder, "api-token")
    app.state.pepper = Pepper(folder)
    app.state.one_time_code = OneTimeCode(folder)
    app.state.pool = ConnectionPool(settings.database_url, application="lineside api")
    app.state.database_url = settings.database_url
    app.state.turns = Turns()
    app.state.event_listeners = ListenerSlots()
    app.state.live = LiveValues(settings.database_url)
    app.state.time_zone = ZoneInfo(settings.time_zone)
    app.state.sends_digest = settings.digest.receiver is not None
    add_problem_handlers(app)
    app.add_middleware(BodyLimit)
    for router in ROUTERS:
        app.include_router(router)
    app.add_api_route("/openapi.json", _openapi, include_in_schema=False)
    return app


def run(settings: Settings, port: int, host: str = "127.0.0.1", tls: tuple[Path, Path] | None = None) -> None:
    """Serve until SIGTERM or SIGINT. Reads are open to this machine alone, whatever `host` is (policy.py).

    `tls`: certificate and key; then https, and cookies that go over https alone.
    """
    failpoints.arm()
    app = create_app(settings)
    signal.signal(signal.SIGTERM, _exit_well)  # Uvicorn stops gracefully, then raises the signal once more.
    uvicorn.run(
        app,
        host=host,
        port=port,
        access_log=False,
        log_level="warning",
        server_header=False,
        timeout_graceful_shutdown=STOP_S,
        ssl_certfile=tls[0] if tls else None,
        ssl_keyfile=tls[1] if tls else None,
    )


def secrets_folder() -> Path:
    return Path(os.environ.get("LINESIDE_HOME", ".lineside")) / "secrets"


def _exit_well(number: int, frame: FrameType | None) -> None:
    sys.exit(0)


async def _openapi(request: Request) -> dict[str, Any]:
    app: FastAPI = request.app
    document = app.openapi()
    describe_problems(document)
    return document
