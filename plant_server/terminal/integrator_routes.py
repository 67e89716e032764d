"""The integrator's page: devices, lag, spool, quarantine, deliveries, certificates, and the next action in words."""

from typing import Annotated

from fastapi import APIRouter, Query, Request
from fastapi.responses import RedirectResponse, Response

from plant_server.dependencies import Pool, Who
from plant_server.people.identity import Principal
from plant_server.policy_table import POLICY
from plant_server.problem_texts import LANGUAGES
from plant_server.terminal import rendering
from plant_server.terminal.integrator import WAITS_FOR_A_PERSON, health_of
from plant_server.terminal.languages import language_of, with_language

router = APIRouter(include_in_schema=False)

MAY_LOOK = POLICY["GET", "/integrator/health"]


@router.get("/integrator/health")
async def health(request: Request, pool: Pool, who: Who) -> Response:
    """The part that changes; the page asks for it every half minute."""
    return await _page(request, pool, who, "_integrator.html")


@router.get("/integrator")
async def integrator(
    request: Request, pool: Pool, who: Who, language: Annotated[str, Query(max_length=10)] = ""
) -> Response:
    if language in LANGUAGES:
        return with_language("/integrator", language, who)
    if not who.roles & MAY_LOOK:
        return RedirectResponse("/?then=integrator", 303)
    return await _page(request, pool, who, "integrator.html")


async def _page(request: Request, pool: Pool, who: Principal, template: str) -> Response:
    async with pool.connection() as connection:
        found = await health_of(connection, request.app.state.database_url, language_of(request, who))
    return rendering.page(request, who, template, {"health": found, "waits": WAITS_FOR_A_PERSON})
