"""Asks a held system what it knows already. Nothing is changed there.

Each document that would be told is looked up by its key. One that stands there as it would be told is delivered. One that
stands there otherwise, or half done, was told from a later state of the plant: it is left for the release, whose first act is
to look it up again. What stands there under keys of ours that no document has is kept as told before (told_before.py).
"""

import json
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from erp_bridge.config import BridgeConfig
from erp_bridge.connectors.connector import Amount, Connector, Stored, ToldThere
from erp_bridge.database import Session, load_queries, row, rows
from erp_bridge.delivery.request import request_of
from erp_bridge.documents.canonical import Document
from erp_bridge.documents.codes import codes_of
from erp_bridge.documents.difference import differences
from erp_bridge.documents.stored import release
from erp_bridge.errors import ConnectorError, MappingError, NotNeeded, ToldBefore
from erp_bridge.mapping import Codes

QUERIES = load_queries(__package__)
WORKER = "examination"
_NOT_TOLD = frozenset({"open", "ready", "sending", "refused", "unknown"})
MARGIN = timedelta(days=1)
"""Before the backup: clocks differ, a backup takes its time, and a key that is known does no harm."""


async def examine(session: Session, config: BridgeConfig, connector: Connector) -> None:
    """Once. What keeps it from asking stands in the row of the hold. Raises psycopg.Error."""
    values = {"connector": connector.name}
    hold = await row(session, QUERIES["held"], **values)
    taken = await row(session, QUERIES["one_examiner"], **values)
    if hold is None or not taken or not taken["taken"]:
        return
    problem: dict[str, Any] | None = None
    try:
        if connector.looks_back:
            await _look_up(session, config, connector)
            since = hold["backup_time"] - MARGIN
            told = await connector.told_since(since)
            async with session.transaction():
                await _keep(session, config, connector, told, since)
        else:
            problem = {"code": "cannot_look_back", "message": f"{connector.name} cannot be asked by key"}
    except (ConnectorError, MappingError) as error:
        problem = {"code": "not_asked", "message": f"{type(error).__name__}: {error}"}
    finally:
        await session.execute(QUERIES["end_of_examination"], values)
    told_problem = None if problem is None else json.dumps(problem)
    await session.execute(QUERIES["examined"], {**values, "problem": told_problem})


async def _look_up(session: Session, config: BridgeConfig, connector: Connector) -> None:
    """Every document that would be told. Raises ConnectorError, psycopg.Error."""
    for stored in await rows(session, QUERIES["waiting"], connector=connector.name):
        attempt = {"document_id": stored["document_id"], "attempts": stored["attempts"]}
        if await rows(session, QUERIES["is_found"], **attempt, worker=WORKER):
            continue
        try:
            request = await request_of(session, config, connector, stored)
        except (MappingError, NotNeeded, ToldBefore):
            continue  # Nothing would be sent of it.
        references = await connector.look_up(request, str(stored["document_id"]))
        if references:
            seen = await connector.view(request, references[0]) if len(references) == 1 else None
            is_same = seen is not None and not differences(request.expected, seen.body)
            await _note_found(session, stored, references[0], seen if is_same else None)


async def _note_found(
    session: Session, stored: Mapping[str, Any], reference: str, as_told: Stored | None
) -> None:
    """`as_told` None: it stands there otherwise. Nothing is gathered any more in one that is there."""
    values = {
        "document_id": stored["document_id"],
        "attempts": stored["attempts"],
        "was": stored["state"],
        "reference": reference,
        "state": "sending" if as_told is None else "accepted",
        "delivery_state": "lost" if as_told is None else "accepted",
        "worker": WORKER,
        "read_back": None if as_told is None else json.dumps(dict(as_told.body), default=str),
        "error": "found there, not as it would be told now" if as_told is None else None,
    }
    async with session.transaction():
        if stored["state"] == "open":
            await release(session, stored)
            values["was"] = "ready"
        await session.execute(QUERIES["found"], values)


async def _keep(
    session: Session, config: BridgeConfig, connector: Connector, told: Sequence[ToldThere], since: datetime
) -> None:
    """Anew, all that stands there since then and no document tells. Raises MappingError, psycopg.Error."""
    name = {"connector": connector.name}
    codes = await codes_of(session, config, connector.name)
    found = await rows(session, QUERIES["documents_under_keys"], **name, keys=[one.key for one in told])
    known = {one["key"]: one for one in found}
    taken_back = [one.takes_back for one in told if one.takes_back is not None]
    references = await rows(session, QUERIES["references_known"], **name, references=taken_back)
    ours = {one["reference"] for one in references}
    await session.execute(QUERIES["forget_told_before"], {**name, "since": since})
    for one in told:
        if one.key in known:
            amounts = _more_than(one, known[one.key], connector, codes)
        elif one.reference in taken_back or (one.takes_back is not None and one.takes_back not in ours):
            continue  # Both it and what takes it back are forgotten: together they are nothing.
        else:
            amounts = list(one.amounts)
        for line, amount in enumerate(amounts):
            values = {"line": line, "key": one.key, "reference": one.reference, "kind": one.kind}
            values |= {"work_order": one.work_order, "told_time": one.told_time}
            values |= {"thing": amount.thing, "lot": amount.lot, "unit": amount.unit}
            await session.execute(QUERIES["keep_told_before"], name | values | {"quantity": amount.quantity})


def _more_than(
    there: ToldThere, document: Mapping[str, Any], connector: Connector, codes: Codes
) -> list[Amount]:
    """By how much it stands there above what its document would tell: facts gathered in it after the backup."""
    if document["state"] not in _NOT_TOLD or there.takes_back is not None:
        return []
    ours: dict[tuple[str, str, str], Decimal] = {}
    told = Document.model_validate(document["body"])
    for line in told.lines:
        amount = connector.amount(told.kind, line, codes)
        if amount is not None:
            thing = (amount.thing, amount.lot, amount.unit)
            ours[thing] = ours.get(thing, Decimal(0)) + amount.quantity
    more = []
    for amount in there.amounts:
        thing = (amount.thing, amount.lot, amount.unit)
        quantity = amount.quantity - ours.pop(thing, Decimal(0))
        if quantity > 0:
            more.append(Amount(*thing, quantity))
    return more
