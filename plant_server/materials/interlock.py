"""The interlock with its facts: what scan, issue, backflush, start and resume ask before they act.

    verdict = await ask(connection, InterlockRequest(item, revision, lot, order, time_ms, InterlockCaller.START))
    permission = permission_of(verdict)     # raises events.Refused: 409 `superseded-revision`, change ECN-7 …

Ask inside the transaction that acts on the answer, after locking the order's row and then the lot's row: the answer
is true for as long as those locks are held. `time_ms` is the plant's clock (context.recorded_time), never a terminal's:
else a clock set back would let an old revision pass. Backflush alone asks for the time at which the parts were made.

Start and resume: `item` is the order's item, `revision` its pinned revision (item_revision), `lot` None; the caller
START or RESUME. Hand the permission to `domain.work_order.start` and `resume`.
"""

from dataclasses import replace
from typing import Any

from psycopg import AsyncConnection

from plant_server.domain.interlock import InterlockFacts, InterlockRequest, check
from plant_server.domain.lot import MaterialLot
from plant_server.domain.verdict import (
    WAIVABLE,
    Allowed,
    Permission,
    RefusalReason,
    Refused,
    Verdict,
    Waived,
    Waiver,
)
from plant_server.events import Refused as CommandRefused
from plant_server.master_data.reading import changes_of, revisions_of
from plant_server.materials.lots import read_lots
from plant_server.materials.order_facts import lot_id_of, order_facts, waivers


async def ask(connection: AsyncConnection, request: InterlockRequest) -> Verdict:
    """Allowed, Waived or Refused with the first reason against it. Changes nothing."""
    return check(request, await facts(connection, request))


def permission_of(verdict: Verdict) -> Permission:
    """The permission, or raises events.Refused with the reason as its code and the change order in its params."""
    if isinstance(verdict, Refused):
        raise refusal_of(verdict)
    return verdict


def refusal_of(verdict: Refused) -> CommandRefused:
    """As the answer of a command. `params` name what was refused, and `change` the change order behind it."""
    params: dict[str, Any] = dict(verdict.params) | ({"change": verdict.change} if verdict.change else {})
    return CommandRefused(code_of(verdict.reason), detail=verdict.change, **params)


def code_of(reason: RefusalReason) -> str:
    """Its stable code in problem_texts.py."""
    return reason.value.replace("_", "-")


async def facts(
    connection: AsyncConnection, request: InterlockRequest, lot: MaterialLot | None = None
) -> InterlockFacts:
    """All that concerns the item, the lot and the order of the question. `lot`: the one of the question, if it was
    read under its lock already."""
    order = await order_facts(connection, request.order)
    if lot is None and request.lot is not None:
        lot = await _lot(connection, request.item, request.lot)
    codes = {request.item} | ({lot.item} if lot else set())
    return InterlockFacts(
        order=order.order if order else None,
        bom=order.bom if order else None,
        lot=lot,
        revisions=await revisions_of(connection, codes),
        changes=await changes_of(connection, codes),
        waivers=await waivers(connection, request.order),
    )


def reasons_against(
    request: InterlockRequest, known: InterlockFacts
) -> tuple[frozenset[RefusalReason], frozenset[str]]:
    """The reasons that a waiver must lift, and the change orders it must name; empty: nothing is against it.

    Needed is what is missed when a waiver for everything goes without it. Raises events.Refused with the reason's code
    for one that nobody can waive.
    """
    if isinstance(check(request, replace(known, waivers=())), Allowed):
        return frozenset(), frozenset()
    reasons, changes = frozenset(WAIVABLE), frozenset(one.number for one in known.changes)

    def suffices(reasons: frozenset[RefusalReason], changes: frozenset[str]) -> bool:
        waiver = _as_if(request, reasons, changes)
        return isinstance(check(request, replace(known, waivers=(waiver,))), Waived)

    if not suffices(reasons, changes):
        permission_of(check(request, replace(known, waivers=())))
    return (
        frozenset(one for one in reasons if not suffices(reasons - {one}, changes)),
        frozenset(one for one in changes if not suffices(reasons, changes - {one})),
    )


def _as_if(request: InterlockRequest, reasons: frozenset[RefusalReason], changes: frozenset[str]) -> Waiver:
    """A waiver that nobody gave, to find out what one would have to say."""
    return Waiver(
        waiver_id="",
        order=request.order,
        lot=request.lot,
        item=request.item,
        reasons=reasons,
        changes=changes,
        requested_by="",
        given_by="nobody",
        role="quality",
        given_ms=request.time_ms,
        expires_ms=request.time_ms + 1,
    )


async def _lot(connection: AsyncConnection, item: str, lot: str) -> MaterialLot | None:
    lot_id = await lot_id_of(connection, item, lot)
    if lot_id is None:
        return None
    return (await read_lots(connection, [lot_id]))[lot_id].lot
