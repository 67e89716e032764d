"""Documents of other systems: which revision of each we hold, so that sending one again changes nothing.

A document is known by (kind, system, external id). Its revision is the other system's count of changes: the same again
is answered as *unchanged*, an older one as *older*, and neither touches anything; a newer one replaces what we have.
The same revision with other content is a mistake of the sender and refused.
"""

import hashlib
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from plant_server.database import load_queries
from plant_server.events import CommandContext, Refused
from plant_server.events.canonical import canonical
from plant_server.master_data.rows import row_of
from plant_server.master_data.schemas import External, Outcome, Received

QUERIES = load_queries(__package__)

Write = Callable[[int | None], Awaitable[int]]
"""Writes the content over the row with this id, or (None) as a new one; returns the id."""


async def receive(context: CommandContext, kind: str, document: External, write: Write) -> Mapping[str, Any]:
    """Write the document if it is news. Raises Refused `document-reused` and what `write` refuses."""
    content_hash = hashlib.sha256(canonical(document.said()).encode()).digest()
    values = {
        "kind": kind,
        "system": document.system,
        "external_id": document.external_id,
        "revision": document.external_revision,
        "content_hash": content_hash,
    }
    known = await row_of(context.connection, QUERIES["lock_document"], values)
    assert known is not None, "INSERT … DO UPDATE returns its row"  # noqa: S101
    row_id: int | None = known["row_id"] or None
    outcome = _judge(document, content_hash, known, row_id)
    if outcome in (Outcome.CREATED, Outcome.CHANGED):
        row_id = await write(row_id)
        await context.connection.execute(QUERIES["keep_document"], values | {"row_id": row_id})
    context.facts |= {"document": kind, "outcome": outcome, "id": row_id}
    return Received(outcome=outcome, id=row_id or 0).model_dump()


def _judge(document: External, content_hash: bytes, known: Mapping[str, Any], row_id: int | None) -> Outcome:
    if row_id is None:
        return Outcome.CREATED
    if document.external_revision < known["revision"]:
        return Outcome.OLDER
    if document.external_revision > known["revision"]:
        return Outcome.CHANGED
    if bytes(known["content_hash"]) != content_hash:
        raise Refused(
            "document-reused", detail=document.external_id, external_revision=document.external_revision
        )
    return Outcome.UNCHANGED
