"""The page of traces: a complaint, or a bad lot, and all that hangs on it. On a phone, at a terminal, and on paper."""

from typing import Annotated
from urllib.parse import urlencode

from fastapi import APIRouter, Query, Request
from fastapi.responses import RedirectResponse, Response

from plant_server.dependencies import Pool, Who
from plant_server.materials.trace_schemas import Direction, Trace
from plant_server.materials.tracing import trace
from plant_server.policy_table import POLICY
from plant_server.problem_texts import LANGUAGES
from plant_server.problems import Problem
from plant_server.terminal import rendering
from plant_server.terminal.languages import with_language

router = APIRouter(include_in_schema=False)

MAY_TRACE = POLICY["GET", "/api/v1/lots/{label:path}/trace"]


@router.get("/trace")
async def trace_page(
    request: Request,
    pool: Pool,
    who: Who,
    label: Annotated[str, Query(max_length=100)] = "",
    direction: Annotated[Direction, Query()] = Direction.BACKWARD,
    language: Annotated[str, Query(max_length=10)] = "",
) -> Response:
    """Without a `label` it asks for one; a label that nobody knows is said so, with status 404."""
    asked = {"label": label.strip(), "direction": direction.value}
    if language in LANGUAGES:
        return with_language(f"/trace?{urlencode(asked)}", language, who)
    if not who.roles & MAY_TRACE:
        return RedirectResponse("/?then=trace", 303)
    found: Trace | None = None
    if asked["label"]:
        try:
            async with pool.connection() as connection:
                found = await trace(connection, asked["label"], direction)
        except Problem as unknown:
            if unknown.status != 404:
                raise
    is_unknown = bool(asked["label"]) and found is None
    facts = {"asked": asked, "query": urlencode(asked), "trace": found, "is_unknown": is_unknown}
    return rendering.page(request, who, "trace.html", facts, status=404 if is_unknown else 200)
