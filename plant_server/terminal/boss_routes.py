"""The owner's page: eight tiles for a phone, without a form."""

from typing import Annotated

from fastapi import APIRouter, Query, Request
from fastapi.responses import RedirectResponse, Response

from plant_server.database import load_queries
from plant_server.dependencies import Pool, Who
from plant_server.master_data.rows import row_of
from plant_server.people.identity import Principal
from plant_server.policy_table import POLICY
from plant_server.problem_texts import LANGUAGES
from plant_server.terminal import rendering
from plant_server.terminal.boss import boss_of
from plant_server.terminal.languages import with_language

router = APIRouter(include_in_schema=False)

DIGEST = load_queries("plant_server.digest")
MAY_LOOK = POLICY["GET", "/boss/tiles"]


@router.get("/boss/tiles")
async def tiles(request: Request, pool: Pool, who: Who) -> Response:
    """The part that changes; the page asks for it every half minute."""
    return await _page(request, pool, who, "_boss.html")


@router.get("/boss")
async def boss(
    request: Request, pool: Pool, who: Who, language: Annotated[str, Query(max_length=10)] = ""
) -> Response:
    if language in LANGUAGES:
        return with_language("/boss", language, who)
    if not who.roles & MAY_LOOK:
        return RedirectResponse("/?then=boss", 303)
    return await _page(request, pool, who, "boss.html")


async def _page(request: Request, pool: Pool, who: Principal, template: str) -> Response:
    async with pool.connection() as connection:
        found = await boss_of(connection, str(request.app.state.time_zone))
        digest = await row_of(connection, DIGEST["last"], {})
    facts = {"boss": found, "digest": digest, "sends_digest": request.app.state.sends_digest}
    return rendering.page(request, who, template, facts)
