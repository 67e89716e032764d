"""Routes of `/bridge/v1`. Each borrows a session, and has committed before it answers."""

import json
from datetime import UTC, datetime
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Path, Query, Request, Response

from erp_bridge.config import BridgeConfig
from erp_bridge.database import Pool, Session, changed, load_queries, row, rows
from erp_bridge.delivery.outcome import problem
from erp_bridge.refusal_texts import advice, preferred_language
from erp_bridge.rest.access import caller_of
from erp_bridge.rest.problems import Problem, problem_responses
from erp_bridge.rest.schemas import (
    Code,
    DocumentDetail,
    DocumentRow,
    Dropped,
    FixIt,
    InboxDetail,
    InboxRow,
    Page,
    PostedByHand,
    Status,
    SystemStatus,
    TheirCode,
)

router = APIRouter(prefix="/bridge/v1")
QUERIES = load_queries(__package__)
FIX_IT_MAX = 200
NOT_RETRYABLE = frozenset(
    {
        "not_a_document",
        "negative_quantity",
        "positive_reversal",
        "lots_exceed_quantity",
        "nothing_to_take_back",
    }
)
"""The document itself is wrong, and stays so."""
Limit = Annotated[int, Query(ge=1, le=500)]
States = Annotated[list[str] | None, Query(alias="state", description="May be given more than once.")]
InboxId = Annotated[int, Path(ge=1, le=2**62)]
READ, COMMAND = problem_responses(404), problem_responses(404, 409)


@router.get("/status", summary="How much waits, per system", responses=READ)
async def status(request: Request) -> Status:
    config: BridgeConfig = request.app.state.config
    async with _pool(request).session() as session:
        counted = await rows(session, QUERIES["status"])
        plant = await row(session, QUERIES["at_the_plant"]) or {}
    systems = [
        SystemStatus(
            system=name,
            documents={one["state"]: one["documents"] for one in counted if one["connector"] == name},
            oldest_time=min(
                (one["oldest_time"] for one in counted if one["connector"] == name), default=None
            ),
        )
        for name in config.connectors
    ]
    return Status(as_of=datetime.now(UTC), systems=systems, **plant)


@router.get("/fix-it", summary="What waits for a person, and what to do", responses=READ)
async def fix_it(request: Request) -> Page[FixIt]:
    language = preferred_language(request.headers.get("accept-language"))
    async with _pool(request).session() as session:
        documents = await rows(session, QUERIES["fix_it_documents"], limit=FIX_IT_MAX)
        inbox = await rows(session, QUERIES["fix_it_inbox"], limit=FIX_IT_MAX)
    found = [_of_document(one) for one in documents] + [_of_inbox(one) for one in inbox]
    items = []
    for one in found:
        text = advice(one["problem"]["code"])
        items.append(FixIt(**one, says=text.what[language], to_do=text.to_do[language]))
    return Page(items=items)


@router.get("/documents", summary="Documents, oldest first", responses=READ)
async def documents(
    request: Request,
    states: States = None,
    connector: str | None = None,
    work_order: str | None = None,
    cursor: UUID | None = None,
    limit: Limit = 100,
    newest: Annotated[bool, Query(description="The newest first, one page.")] = False,
) -> Page[DocumentRow]:
    values: dict[str, Any] = {"states": states, "connector": connector, "work_order": work_order}
    async with _pool(request).session() as session:
        if newest:
            found = await rows(session, QUERIES["newest_documents"], **values, limit=limit)
            return Page(items=[DocumentRow(**one) for one in found])
        values |= {"cursor": cursor}
        found = await rows(session, QUERIES["documents"], **values, limit=limit + 1)
    return _page([DocumentRow(**one) for one in found], limit, "document_id")


@router.get("/documents/{document_id}", summary="A document and every attempt to deliver it", responses=READ)
async def document(request: Request, document_id: UUID) -> DocumentDetail:
    async with _pool(request).session() as session:
        return await _document(session, document_id)


@router.post("/documents/{document_id}/retry", summary="Try it again, after a look-up", responses=COMMAND)
async def retry_document(request: Request, document_id: UUID) -> DocumentDetail:
    async with _pool(request).session() as session:
        kept = await _document(session, document_id)
        if kept.state == "refused" and kept.problem is not None and kept.problem.code in NOT_RETRYABLE:
            raise Problem(409, "not-retryable", kept.problem.code)
        done = await changed(session, QUERIES["retry_document"], document_id=document_id)
        done = done or await changed(session, QUERIES["try_now"], document_id=document_id)
        if not done:
            raise Problem(409, "not-waiting", kept.state)
        return await _document(session, document_id)


@router.post(
    "/documents/{document_id}/mark-posted",
    summary="It was posted, or put right, by hand; later documents go on",
    responses=COMMAND,
)
async def mark_posted(request: Request, document_id: UUID, body: PostedByHand) -> DocumentDetail:
    told = problem("posted_by_hand", body.note, {"by": caller_of(request).name})
    values = {"document_id": document_id, "reference": body.reference, "problem": json.dumps(told)}
    async with _pool(request).session() as session:
        kept = await _document(session, document_id)
        if not await changed(session, QUERIES["mark_posted"], **values):
            raise Problem(409, "not-waiting", kept.state)
        return await _document(session, document_id)


@router.get("/inbox", summary="What other systems told, oldest first", responses=READ)
async def inbox(
    request: Request,
    states: States = None,
    system: str | None = None,
    kind: str | None = None,
    cursor: Annotated[int, Query(ge=0, le=2**62)] = 0,
    limit: Limit = 100,
) -> Page[InboxRow]:
    values = {"states": states, "system": system, "kind": kind, "cursor": cursor}
    async with _pool(request).session() as session:
        found = await rows(session, QUERIES["inbox"], **values, limit=limit + 1)
    return _page([InboxRow(**one) for one in found], limit, "inbox_id")


@router.get("/inbox/{inbox_id}", summary="One row of the inbox, in the words of its sender", responses=READ)
async def inbox_row(request: Request, inbox_id: InboxId) -> InboxDetail:
    async with _pool(request).session() as session:
        return await _inbox_row(session, inbox_id)


@router.post("/inbox/{inbox_id}/retry", summary="Tell the plant again, as a new command", responses=COMMAND)
async def retry_inbox(request: Request, inbox_id: InboxId) -> InboxDetail:
    async with _pool(request).session() as session:
        kept = await _inbox_row(session, inbox_id)
        if not await changed(session, QUERIES["retry_inbox"], inbox_id=inbox_id):
            raise Problem(409, "not-waiting", kept.state)
        return await _inbox_row(session, inbox_id)


@router.post("/inbox/{inbox_id}/drop", summary="Leave it: it will not be told", responses=COMMAND)
async def drop_inbox(request: Request, inbox_id: InboxId, body: Dropped) -> InboxDetail:
    told = problem("dropped", body.reason, {"by": caller_of(request).name})
    async with _pool(request).session() as session:
        kept = await _inbox_row(session, inbox_id)
        if not await changed(session, QUERIES["drop_inbox"], inbox_id=inbox_id, problem=json.dumps(told)):
            raise Problem(409, "not-waiting", kept.state)
        return await _inbox_row(session, inbox_id)


@router.get("/codes", summary="The code map", responses=READ)
async def codes(
    request: Request, system: str | None = None, kind: str | None = None, limit: Limit = 500
) -> Page[Code]:
    async with _pool(request).session() as session:
        found = await rows(session, QUERIES["codes"], system=system, kind=kind, limit=limit)
    return Page(items=[Code(**one) for one in found])


@router.put(
    "/codes/{system}/{kind}/{our_code:path}",
    summary="Map a code; what was stopped by it alone goes on",
    responses=COMMAND,
)
async def keep_code(request: Request, system: str, kind: str, our_code: str, body: TheirCode) -> Code:
    _check_system(request, system)
    values = {"system": system, "kind": kind, "our_code": our_code, "their_code": body.their_code}
    async with _pool(request).session() as session, session.transaction():
        kept = await row(session, QUERIES["keep_code"], **values, changed_by=caller_of(request).name)
        await session.execute(QUERIES["go_on_with_documents"], values)
        await session.execute(QUERIES["go_on_with_inbox"], values)
    return Code(**(kept or {}))


@router.delete(
    "/codes/{system}/{kind}/{our_code:path}", summary="Forget a code", status_code=204, responses=COMMAND
)
async def forget_code(request: Request, system: str, kind: str, our_code: str) -> Response:
    _check_system(request, system)
    values = {"system": system, "kind": kind, "our_code": our_code}
    async with _pool(request).session() as session:
        await session.execute(QUERIES["forget_code"], values)
    return Response(status_code=204)


def _pool(request: Request) -> Pool:
    pool: Pool = request.app.state.pool
    return pool


def _check_system(request: Request, system: str) -> None:
    config: BridgeConfig = request.app.state.config
    if system not in config.connectors:
        raise Problem(404, "unknown-system", system)


async def _document(session: Session, document_id: UUID) -> DocumentDetail:
    found = await row(session, QUERIES["document"], document_id=document_id)
    if found is None:
        raise Problem(404, "unknown-document", str(document_id))
    attempts = await rows(session, QUERIES["deliveries_of_document"], document_id=document_id)
    return DocumentDetail(**found, deliveries=attempts)  # type: ignore[arg-type]


async def _inbox_row(session: Session, inbox_id: int) -> InboxDetail:
    found = await row(session, QUERIES["inbox_row"], inbox_id=inbox_id)
    if found is None:
        raise Problem(404, "unknown-row", str(inbox_id))
    return InboxDetail(**found)


def _page(found: list[Any], limit: int, key: str) -> Page[Any]:
    items = found[:limit]
    cursor = str(getattr(items[-1], key)) if len(found) > limit else None
    return Page(items=items, next_cursor=cursor)


def _of_document(found: dict[str, Any]) -> dict[str, Any]:
    fields = ", ".join(one["field"] for one in found["difference"] or [])
    told = found["problem"] or problem("difference", fields, {"reference": found["reference"]})
    return {
        "what": "document",
        "id": str(found["document_id"]),
        "system": found["connector"],
        "kind": found["kind"],
        "subject": found["work_order"],
        "state": found["state"],
        "problem": told,
        "waiting_behind": found["waiting_behind"],
        "since": found["created_time"],
    }


def _of_inbox(found: dict[str, Any]) -> dict[str, Any]:
    return {
        "what": "inbox",
        "id": str(found["inbox_id"]),
        "system": found["system"],
        "kind": found["kind"],
        "subject": f"{found['external_id']} {found['revision']}",
        "state": found["state"],
        "problem": found["problem"],
        "waiting_behind": 0,
        "since": found["received_time"],
    }
