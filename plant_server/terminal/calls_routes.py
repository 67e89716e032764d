"""The page of those who come when somebody calls: for a phone. It reads; the browser commands."""

from datetime import UTC, datetime
from typing import Annotated

from fastapi import APIRouter, Query, Request
from fastapi.responses import RedirectResponse, Response

from plant_server.dependencies import Pool, Who
from plant_server.people.identity import Principal
from plant_server.policy_table import POLICY
from plant_server.problem_texts import LANGUAGES
from plant_server.terminal import rendering
from plant_server.terminal.calls import all_calls
from plant_server.terminal.languages import with_language

router = APIRouter(include_in_schema=False)

MAY_LOOK = POLICY["GET", "/calls/list"]
MAY_ANSWER = POLICY["POST", "/api/v1/andon-calls/{call_id}/acknowledge"]
MAY_END = POLICY["POST", "/api/v1/andon-calls/{call_id}/resolve"]


@router.get("/calls/list")
async def listed(request: Request, pool: Pool, who: Who) -> Response:
    """The part that changes; the page asks for it every five seconds."""
    return await _page(request, pool, who, "_calls.html")


@router.get("/calls")
async def calls(
    request: Request, pool: Pool, who: Who, language: Annotated[str, Query(max_length=10)] = ""
) -> Response:
    if language in LANGUAGES:
        return with_language("/calls", language, who)
    if not who.roles & MAY_LOOK:
        return RedirectResponse("/?then=calls", 303)
    return await _page(request, pool, who, "calls.html")


async def _page(request: Request, pool: Pool, who: Principal, template: str) -> Response:
    async with pool.connection() as connection:
        found = await all_calls(connection)
    facts = {
        "now": datetime.now(UTC),
        "open": [one for one in found if not one.is_late],
        "late": [one for one in found if one.is_late],
        "may_answer": bool(who.roles & MAY_ANSWER),
        "may_end": bool(who.roles & MAY_END),
    }
    return rendering.page(request, who, template, facts)
