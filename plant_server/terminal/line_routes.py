"""The display over a line: for everybody who walks by, so it needs no sign-in, shows no person and takes no command."""

from typing import Annotated
from urllib.parse import quote

from fastapi import APIRouter, Query, Request
from fastapi.responses import Response

from plant_server.dependencies import Pool, Who
from plant_server.people.identity import Principal
from plant_server.problem_texts import LANGUAGES
from plant_server.problems import Problem
from plant_server.terminal import rendering
from plant_server.terminal.languages import with_language
from plant_server.terminal.line import line_of

router = APIRouter(include_in_schema=False)


@router.get("/line/{line:path}/board")
async def board(request: Request, pool: Pool, who: Who, line: str) -> Response:
    """The part that changes; the page asks for it every five seconds."""
    return await _page(request, pool, who, line, "_board.html")


@router.get("/line/{line:path}")
async def display(
    request: Request,
    pool: Pool,
    who: Who,
    line: str,
    language: Annotated[str, Query(max_length=10)] = "",
) -> Response:
    """The stations below an EquipmentPath: their job, good of target, state since when. Raises Problem 404."""
    if language in LANGUAGES:
        return with_language(f"/line/{quote(line)}", language, who)
    return await _page(request, pool, who, line, "line.html")


async def _page(request: Request, pool: Pool, who: Principal, line: str, template: str) -> Response:
    async with pool.connection() as connection:
        found = await line_of(connection, line)
    if found is None:
        raise Problem(404, "unknown-station", line)
    return rendering.page(request, who, template, {"line": found})
