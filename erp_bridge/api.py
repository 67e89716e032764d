"""The bridge API for ERPs, integrators and its own page: `create_app` puts the parts together."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from fastapi import Depends, FastAPI, Request

from erp_bridge.api_keys import ApiKeys
from erp_bridge.config import BridgeConfig
from erp_bridge.database import Pool
from erp_bridge.pages.routes import router as pages_router
from erp_bridge.rest.access import authorize
from erp_bridge.rest.hold_routes import router as holds_router
from erp_bridge.rest.problems import add_problem_handlers
from erp_bridge.rest.routes import router
from erp_bridge.rest.stock_routes import router as stock_router
from erp_bridge.settings import Settings
from plant_server.contract.problems import MEDIA_TYPE

DESCRIPTION = """What the bridge told other systems, what they told it, and what waits for a person.

Send a key of `lineside bridge key` as bearer token; scopes are `read` and `write`. Lists are paged by `next_cursor`.
Errors are `application/problem+json` with a stable `code`; texts follow `Accept-Language` (en, zh-CN)."""


def create_app(settings: Settings, config: BridgeConfig) -> FastAPI:
    """The application. Opens no connection before a request comes."""

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        try:
            yield
        finally:
            await app.state.pool.close()

    app = FastAPI(
        title="Lineside bridge API",
        version="1",
        description=DESCRIPTION,
        dependencies=[Depends(authorize)],
        lifespan=lifespan,
        openapi_url=None,  # Served below, by a route with a row in the policy like any other.
        docs_url=None,
        redoc_url=None,
    )
    app.state.config = config
    app.state.pool = Pool(settings.bridge_database_url, application="lineside bridge api", size=4)
    app.state.keys = ApiKeys(app.state.pool)
    add_problem_handlers(app)
    app.include_router(pages_router)
    app.include_router(router)
    app.include_router(stock_router)
    app.include_router(holds_router)
    app.add_api_route("/healthz", _health, include_in_schema=False)
    app.add_api_route("/openapi.json", _openapi, include_in_schema=False)
    return app


async def _health(request: Request) -> dict[str, Any]:
    """Answers 200 only if the database does; the process ends when one of its tasks does."""
    async with request.app.state.pool.session() as session:
        await session.execute("")
    return {"status": "ok", "systems": sorted(request.app.state.config.connectors)}


async def _openapi(request: Request) -> dict[str, Any]:
    app: FastAPI = request.app
    document = app.openapi()
    for path in document["paths"].values():
        for operation in path.values():
            for response in operation["responses"].values():
                if MEDIA_TYPE in response.get("content", {}):
                    response["content"].pop("application/json", None)
    return document
