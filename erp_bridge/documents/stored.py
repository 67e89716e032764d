"""Documents as rows: what the planner and the inbound side write."""

import json
from collections.abc import Mapping
from datetime import date, datetime
from typing import Any
from uuid import UUID

from erp_bridge import mapping
from erp_bridge.config import Site
from erp_bridge.database import Session, load_queries, row
from erp_bridge.documents.canonical import Document

QUERIES = load_queries(__package__)


def lane_of(document: Document) -> str:
    """What the document is kept in order with: its work order; without one, the lot or item that moves."""
    if document.work_order is not None:
        return f"order {document.work_order}"
    line = document.lines[0] if document.lines else None
    return f"stock {line.item} {line.lot or ''}".rstrip() if line else "stock"


async def insert(
    session: Session,
    document_id: UUID,
    connector: str,
    document: Document,
    posting_date: date,
    *,
    window: tuple[str, datetime | None] | None = None,
    reverses: UUID | None = None,
    state: str = "ready",
    problem: Mapping[str, Any] | None = None,
) -> None:
    """Insert in the open transaction. A document with a window is open; any other gets its place in the lane at once.
    One that is there stays as it is."""
    lane = lane_of(document)
    values = {
        "document_id": document_id,
        "connector": connector,
        "kind": document.kind,
        "lane": lane,
        "work_order": document.work_order,
        "window_key": window[0] if window else None,
        "closes_time": window[1] if window else None,
        "position": None if window else await next_position(session, connector, lane),
        "body": document.model_dump_json(),
        "event_time": document.event_time,
        "posting_date": posting_date,
        "reverses": reverses,
        "state": "open" if window else state,
        "problem": json.dumps(problem) if problem is not None else None,
    }
    inserted = await row(session, QUERIES["insert_document"], **values)
    if inserted is None and window is None:
        await session.execute(QUERIES["give_back_position"], {"connector": connector, "lane": lane})


async def acknowledge(session: Session, connector: str, document: Document, site: Site) -> UUID:
    """The one acknowledgement of this revision with this outcome; whoever comes second changes nothing."""
    what = (document.work_order, document.revision, document.accepted)
    document_id = mapping.keyed(connector, "acknowledgement", *what)
    await insert(session, document_id, connector, document, mapping.posting_date(document.event_time, site))
    return document_id


async def next_position(session: Session, connector: str, lane: str) -> int:
    """The next place in a lane; its row lock lasts until the end of the transaction."""
    found = await row(session, QUERIES["next_position"], connector=connector, lane=lane)
    assert found is not None  # noqa: S101  # An upsert returns its row.
    return int(found["last_position"])


async def release(session: Session, stored: Mapping[str, Any]) -> None:
    """End the window of an open document: it gets its place, or is cancelled when nothing is left in it."""
    if not document_in(stored).lines:
        await session.execute(QUERIES["cancel_document"], {"document_id": stored["document_id"]})
        return
    position = await next_position(session, stored["connector"], stored["lane"])
    await session.execute(
        QUERIES["release_document"], {"document_id": stored["document_id"], "position": position}
    )


def document_in(stored: Mapping[str, Any]) -> Document:
    """The canonical document of a row."""
    return Document.model_validate(stored["body"])
