"""Waivers: one person asks, a second one with the right role grants, for one lot and one order, until it expires.

What a waiver lifts is found by asking the interlock when it is requested, and it lifts no more: a lot that is put on
hold afterwards, or a later change order, is refused again. Each step is a command, so its Event says who and when.
"""

from collections.abc import Collection, Mapping
from typing import Any

from psycopg import AsyncConnection

from plant_server.domain.interlock import InterlockCaller, InterlockRequest
from plant_server.domain.verdict import WAIVABLE, RefusalReason, WaiverRefused
from plant_server.domain.verdict import Waiver as DomainWaiver
from plant_server.events import CommandContext, Refused
from plant_server.master_data.rows import Row
from plant_server.materials import interlock, order_facts
from plant_server.materials.lots import QUERIES, lock_lot, ms_of, rows
from plant_server.materials.waiver_schemas import GrantWaiver, RequestWaiver, Waiver, WaiverState
from plant_server.paging import Page, id_cursor, page_of
from plant_server.people.identity import Person
from plant_server.problems import Problem


async def waivers(
    connection: AsyncConnection, state: WaiverState | None, cursor: str | None, limit: int
) -> Page[Waiver]:
    values = {"id": None, "state": state, "after": id_cursor(cursor, 0), "limit": limit + 1}
    return page_of([_shown(row) for row in await rows(connection, "waivers", values)], limit, "waiver_id")


async def request(command: RequestWaiver, person: Person, context: CommandContext) -> Mapping[str, Any]:
    """Problems: 404; refused: nothing is against it, or something that nobody can waive."""
    work_order_id = await order_facts.lock_order(context.connection, command.order)
    question = await _question(command, context)
    facts = await interlock.facts(context.connection, question)
    reasons, changes = interlock.reasons_against(question, facts)
    if not reasons:
        raise Refused("nothing-to-waive", order=command.order)
    items = await order_facts.items(context.connection, [question.item])
    values = {
        "work_order_id": work_order_id,
        "item_id": items[question.item][0],
        "lot_id": command.lot_id,
        "reasons": sorted(reasons),
        "changes": sorted(changes),
        "holds": sorted(facts.lot.holds) if facts.lot else [],
        "note": command.note,
        "requested_by": person.person_id,
    }
    (row,) = await rows(context.connection, "add_waiver", values)
    context.work_order_id = work_order_id
    return await _answer(context, row["waiver_id"])


async def grant(
    waiver_id: int, command: GrantWaiver, person: Person, context: CommandContext
) -> Mapping[str, Any]:
    """Problems: 404; refused: by the person who asked, without the role, decided before, or without a later expiry."""
    row = await _lock(context, waiver_id, WaiverState.REQUESTED)
    role = _role_for(row["reasons"], person.roles)
    try:
        DomainWaiver(
            waiver_id=str(waiver_id),
            order="",
            lot=None,
            item="",
            reasons=frozenset(map(RefusalReason, row["reasons"])),
            changes=frozenset(row["changes"]),
            holds=frozenset(row["holds"]),
            requested_by=f"person:{row['requested_by']}",
            given_by=f"person:{person.person_id}",
            role=role,
            given_ms=ms_of(context.recorded_time),
            expires_ms=ms_of(command.expiry_time),
        )
    except WaiverRefused as error:
        raise Refused(error.code.replace("_", "-"), waiver_id=waiver_id) from error
    values = {
        "waiver_id": waiver_id,
        "granted_by": person.person_id,
        "role": role,
        "granted_time": context.recorded_time,
        "expiry_time": command.expiry_time,
    }
    await context.connection.execute(QUERIES["grant_waiver"], values)
    return await _answer(context, waiver_id)


async def refuse(waiver_id: int, context: CommandContext) -> Mapping[str, Any]:
    await _lock(context, waiver_id, WaiverState.REQUESTED)
    return await _end(context, waiver_id, WaiverState.REFUSED)


async def revoke(waiver_id: int, context: CommandContext) -> Mapping[str, Any]:
    """From now on it is no waiver any more; what was used by it stays used."""
    await _lock(context, waiver_id, WaiverState.GRANTED)
    return await _end(context, waiver_id, WaiverState.REVOKED)


async def _question(command: RequestWaiver, context: CommandContext) -> InterlockRequest:
    time_ms = ms_of(context.recorded_time)
    if command.lot_id is not None:
        lot = (await lock_lot(context.connection, command.lot_id)).lot
        return InterlockRequest(
            lot.item, lot.revision, lot.lot, command.order, time_ms, InterlockCaller.ISSUE
        )
    known = await order_facts.order_facts(context.connection, command.order)
    assert known is not None, "its row is locked"  # noqa: S101
    order = known.order
    return InterlockRequest(order.item, order.bom_revision, None, order.order, time_ms, InterlockCaller.START)


async def _lock(context: CommandContext, waiver_id: int, wanted: WaiverState) -> Row:
    found = await rows(context.connection, "lock_waiver", {"waiver_id": waiver_id})
    if not found:
        raise Problem(404, "unknown-waiver", f"waiver {waiver_id}")
    if found[0]["state"] != wanted:
        raise Refused("waiver-decided", detail=found[0]["state"], waiver_id=waiver_id)
    return found[0]


async def _end(context: CommandContext, waiver_id: int, state: WaiverState) -> Mapping[str, Any]:
    values = {"waiver_id": waiver_id, "state": state, "actor": context.actor.text}
    await context.connection.execute(QUERIES["end_waiver"], values)
    return await _answer(context, waiver_id)


def _role_for(reasons: Collection[str], roles: Collection[str]) -> str:
    """One of the person's roles that may lift all of it; else any, which the domain then refuses."""
    enough = frozenset.intersection(*(WAIVABLE[RefusalReason(one)] for one in reasons))
    return min(enough & set(roles), default=min(roles, default=""))


async def _answer(context: CommandContext, waiver_id: int) -> Mapping[str, Any]:
    values = {"id": waiver_id, "state": None, "after": 0, "limit": 1}
    (row,) = await rows(context.connection, "waivers", values)
    return _shown(row).model_dump(mode="json")


def _shown(row: Row) -> Waiver:
    reasons = [interlock.code_of(RefusalReason(one)) for one in row["reasons"]]
    return Waiver(**(row | {"reasons": reasons}))
