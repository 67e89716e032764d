"""The interlock: the one place that says whether an item may go into an order, or an order may run.

Scan, issue, backflush, start and resume ask it alike, and nothing else decides. A question without a lot is about the
order itself (start, resume: its product and pinned revision) or about an item that is not kept in lots; a question
with a lot is about that material. It denies by default: what it does not know is refused.

It is a function of the question and of facts that were read in the transaction that acts on the answer. So an answer
is true for that transaction only. Backflush asks for the time at which the parts were made; all others for now, by the
plant's own clock and never by a terminal's, or yesterday's revision could be scanned in with yesterday's date.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from plant_server.domain.bom import BomRevision, ComponentVerdict, judge_component
from plant_server.domain.change_order import ChangeOrder, OrderContext, judge_revision
from plant_server.domain.item import ItemRevision
from plant_server.domain.lot import MaterialLot
from plant_server.domain.verdict import Allowed, RefusalReason, Refused, Verdict, Waived, Waiver
from plant_server.domain.work_order import TAKES_MATERIAL, WorkOrder


class InterlockCaller(StrEnum):
    """Kept with the answer; the rules are the same for all."""

    SCAN = "scan"
    ISSUE = "issue"
    BACKFLUSH = "backflush"
    START = "start"
    RESUME = "resume"


@dataclass(frozen=True, slots=True)
class InterlockRequest:
    item: str
    revision: str | None
    """None: an item without revisions, or take the lot's."""
    lot: str | None
    order: str
    time_ms: int
    caller: InterlockCaller
    serial: int | None = None
    """Of the unit in work, where changes take effect by serial number."""


@dataclass(frozen=True, slots=True)
class InterlockFacts:
    """What the answer depends on; give all of it that concerns the item, the lot and the order of the question."""

    order: WorkOrder | None
    bom: BomRevision | None
    """The one that the order pinned."""
    lot: MaterialLot | None
    revisions: tuple[ItemRevision, ...] = ()
    changes: tuple[ChangeOrder, ...] = ()
    waivers: tuple[Waiver, ...] = ()


def check(request: InterlockRequest, facts: InterlockFacts) -> Verdict:
    """Allowed, the first reason against it, or the one waiver that covers every reason against it."""
    refusals = sorted(_refusals(request, facts), key=lambda one: _ORDER[one.reason])
    if not refusals:
        return Allowed(request.order, request.lot)
    for waiver in sorted(facts.waivers, key=lambda one: one.waiver_id):
        if _covers(waiver, request, facts, refusals):
            return Waived(waiver)
    return refusals[0]


_ORDER = {reason: order for order, reason in enumerate(RefusalReason)}


def _refusals(request: InterlockRequest, facts: InterlockFacts) -> Iterator[Refused]:
    yield from _about_order(request, facts)
    if request.lot is not None:
        yield from _about_lot(request, request.lot, facts.lot)
    revisions = {request.revision}
    if facts.lot is not None and facts.lot.lot == request.lot:
        revisions = {one for one in (request.revision, facts.lot.revision) if one is not None} or {None}
    for revision in sorted(revisions, key=str):  # Two if label and books differ: both must be right.
        yield from _about_revision(request, revision, facts)


def _about_order(request: InterlockRequest, facts: InterlockFacts) -> Iterator[Refused]:
    order = facts.order
    if order is None or order.order != request.order:
        yield _refused(RefusalReason.NOT_THIS_ORDER, order=request.order)
    elif order.state not in TAKES_MATERIAL:
        yield _refused(RefusalReason.NOT_THIS_ORDER, order=request.order, state=order.state.value)


def _about_lot(request: InterlockRequest, number: str, lot: MaterialLot | None) -> Iterator[Refused]:
    if lot is None or lot.lot != number:
        yield _refused(RefusalReason.UNKNOWN_LOT, lot=number)
        return
    if lot.item != request.item:
        yield _refused(RefusalReason.WRONG_ITEM, lot=number, item=lot.item)
    if lot.reserved_for is not None and lot.reserved_for != request.order:
        yield _refused(
            RefusalReason.NOT_THIS_ORDER, lot=number, order=request.order, reserved_for=lot.reserved_for
        )
    if lot.quantity <= 0:
        yield _refused(RefusalReason.LOT_EMPTY, lot=number)
    if lot.holds:
        yield _refused(RefusalReason.LOT_ON_HOLD, lot=number, holds=", ".join(sorted(lot.holds)))
    if lot.is_expired(request.time_ms):
        yield _refused(RefusalReason.LOT_EXPIRED, lot=number, expired_ms=str(lot.expires_ms))


def _about_revision(
    request: InterlockRequest, revision: str | None, facts: InterlockFacts
) -> Iterator[Refused]:
    item, order = request.item, facts.order
    if order is not None and request.lot is None and item == order.item:
        verdict = _of_product(request, revision, facts, order)
    elif order is not None and facts.bom is not None and _is_pinned(facts.bom, order):
        verdict = judge_component(
            facts.bom, item, revision, facts.revisions, facts.changes, request.time_ms, _context(request)
        )
    else:
        verdict = ComponentVerdict(is_component=False)
    if not verdict.is_component:
        yield _refused(RefusalReason.WRONG_ITEM, item=item, order=request.order)
    elif not verdict.is_allowed and not verdict.changes:
        yield _refused(RefusalReason.UNRELEASED_REVISION, item=item, revision=revision or "")
    for change in verdict.changes:
        yield _refused(RefusalReason.SUPERSEDED_REVISION, change, item=item, revision=revision or "")


def _of_product(
    request: InterlockRequest, revision: str | None, facts: InterlockFacts, order: WorkOrder
) -> ComponentVerdict:
    """The order's own item runs with the revision that it pinned, as long as no change forbids that."""
    if revision is None or revision != order.bom_revision:
        return ComponentVerdict(is_component=True)
    verdict = judge_revision(
        facts.revisions, facts.changes, request.item, revision, request.time_ms, _context(request)
    )
    return ComponentVerdict(True, verdict.is_allowed, verdict.changes)


def _context(request: InterlockRequest) -> OrderContext:
    return OrderContext(request.order, request.serial)


def _refused(reason: RefusalReason, change: str | None = None, **params: str) -> Refused:
    return Refused(reason, change, tuple(sorted(params.items())))


def _is_pinned(bom: BomRevision, order: WorkOrder) -> bool:
    return (bom.item, bom.revision) == (order.item, order.bom_revision)


def _covers(
    waiver: Waiver, request: InterlockRequest, facts: InterlockFacts, refusals: list[Refused]
) -> bool:
    holds = facts.lot.holds if facts.lot is not None else frozenset()
    return (
        (waiver.order, waiver.lot, waiver.item) == (request.order, request.lot, request.item)
        and waiver.given_ms <= request.time_ms < waiver.expires_ms
        and all(one.reason in waiver.reasons for one in refusals)
        and all(one.change in waiver.changes for one in refusals if one.change is not None)
        and (waiver.holds is None or holds <= waiver.holds)
    )
