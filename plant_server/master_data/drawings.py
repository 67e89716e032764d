"""Drawings: the bytes of each revision of an item, and no others for whoever stands at a running machine."""

import hashlib
from collections.abc import Mapping
from typing import Any

from fastapi import Response
from psycopg import AsyncConnection

from plant_server.database import load_queries
from plant_server.events import CommandContext, Refused
from plant_server.master_data.documents import receive
from plant_server.master_data.items import check_revision
from plant_server.master_data.reading import item_by_code
from plant_server.master_data.rows import row_of, rows_of
from plant_server.master_data.schemas import Drawing, DrawingBody, DrawingFact, MediaType
from plant_server.problems import Problem

QUERIES = load_queries(__package__)

_BEGINS: dict[MediaType, tuple[bytes, ...]] = {
    "application/pdf": (b"%PDF-",),
    "image/png": (b"\x89PNG\r\n\x1a\n",),
    "image/jpeg": (b"\xff\xd8\xff",),
    "image/webp": (b"RIFF",),
    "image/svg+xml": (b"<svg", b"<?xml"),
}
# A drawing is shown and does nothing: no script of an SVG runs, no browser guesses another type.
_SHOWN_ONLY = {
    "Content-Security-Policy": "sandbox; default-src 'none'; style-src 'unsafe-inline'",
    "X-Content-Type-Options": "nosniff",
    "Cache-Control": "private, no-cache",
}


def fact_of(body: DrawingBody) -> DrawingFact:
    """What the Event keeps. Raises Refused-like Problem 422 for a file that is not what it says."""
    if not body.content.lstrip().startswith(_BEGINS[body.media_type]):
        raise Problem(422, "media-type-differs", body.media_type)
    values = body.model_dump(exclude={"content"})
    return DrawingFact(
        **values, sha256=hashlib.sha256(body.content).hexdigest(), size_bytes=len(body.content)
    )


async def receive_drawing(fact: DrawingFact, content: bytes, context: CommandContext) -> Mapping[str, Any]:
    """Refused: `unknown-item`, `unknown-revision`, `held-by-other-document`; `revision-in-use`: an order has pinned
    the revision, so its drawing stays as it is."""

    async def write(drawing_id: int | None) -> int:
        item = await item_by_code(context.connection, fact.item)
        await check_revision(context, item["item_id"], fact.item, fact.revision)
        if drawing_id is not None:
            await _must_be_free(context, drawing_id, fact)
        values = fact.model_dump() | {
            "drawing_id": drawing_id,
            "item_id": item["item_id"],
            "sha256": bytes.fromhex(fact.sha256),
            "content": content,
        }
        query = "add_drawing" if drawing_id is None else "change_drawing"
        kept = await row_of(context.connection, QUERIES[query], values)
        if kept is None:
            raise Refused("held-by-other-document", detail=f"{fact.item} {fact.revision} {fact.name}")
        return int(kept["drawing_id"])

    return await receive(context, "drawing", fact, write)


async def _must_be_free(context: CommandContext, drawing_id: int, fact: DrawingFact) -> None:
    pinned = await row_of(context.connection, QUERIES["drawing_is_pinned"], {"drawing_id": drawing_id})
    if pinned is not None:
        raise Refused("revision-in-use", detail=f"{fact.item} {fact.revision}")


async def drawings_of(connection: AsyncConnection, item: str, revision: str | None) -> list[Drawing]:
    rows = await rows_of(connection, QUERIES["drawings"], {"item": item, "revision": revision})
    return [Drawing(**row) for row in rows]


async def drawing_response(connection: AsyncConnection, drawing_id: int) -> Response:
    """The bytes with their type. Raises Problem 404."""
    row = await row_of(connection, QUERIES["drawing_content"], {"drawing_id": drawing_id})
    if row is None:
        raise Problem(404, "unknown-drawing", f"drawing {drawing_id}")
    headers = _SHOWN_ONLY | {"ETag": f'"{row["sha256"]}"'}
    return Response(bytes(row["content"]), media_type=row["media_type"], headers=headers)
