"""A work order: from planned to closed, by commands of people or of the ERP, never by itself.

    planned ── release ──▶ released ── start ──▶ running ⇄ paused ── complete ──▶ completed ── close ──▶ closed
       └───── cancel ─────────┴──▶ cancelled       └── abort ──▶ aborted

`hold` works from released to paused and can be set for several reasons at once; the order is free again when the last
one is lifted, and is then released if it had never started, else paused: whoever lifts a hold does not start machines.
Reaching its quantity changes nothing: what is made beyond it is stated as `over_run`, and the ERP judges.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from decimal import Decimal
from enum import StrEnum

from plant_server.domain.quantity import EXACT
from plant_server.domain.transition import TransitionRefused
from plant_server.domain.verdict import Permission


class WorkOrderState(StrEnum):
    """B2MML JobOrder in brackets."""

    PLANNED = "planned"  # [Waiting, Pending]
    RELEASED = "released"  # [Dispatched, Ready]: BOM and routing are pinned
    RUNNING = "running"  # [Running]
    PAUSED = "paused"  # [Suspended]
    HELD = "held"  # [Held]
    COMPLETED = "completed"  # [Completed]: a person or the ERP said so
    CLOSED = "closed"  # [Closed]: all postings acknowledged, nothing left to reconcile
    CANCELLED = "cancelled"  # [Cancelled]: before it ever ran
    ABORTED = "aborted"  # [Aborted]: after it ran


class WorkOrderCommand(StrEnum):
    RELEASE = "release"
    START = "start"
    PAUSE = "pause"
    RESUME = "resume"
    HOLD = "hold"
    LIFT_HOLD = "lift_hold"
    COMPLETE = "complete"
    CLOSE = "close"
    CANCEL = "cancel"
    ABORT = "abort"


_S, _C = WorkOrderState, WorkOrderCommand

TRANSITIONS: dict[tuple[WorkOrderState, WorkOrderCommand], WorkOrderState] = {
    (_S.PLANNED, _C.RELEASE): _S.RELEASED,
    (_S.PLANNED, _C.CANCEL): _S.CANCELLED,
    (_S.RELEASED, _C.START): _S.RUNNING,
    (_S.RELEASED, _C.HOLD): _S.HELD,
    (_S.RELEASED, _C.CANCEL): _S.CANCELLED,
    (_S.RUNNING, _C.PAUSE): _S.PAUSED,
    (_S.RUNNING, _C.HOLD): _S.HELD,
    (_S.RUNNING, _C.COMPLETE): _S.COMPLETED,
    (_S.RUNNING, _C.ABORT): _S.ABORTED,
    (_S.PAUSED, _C.RESUME): _S.RUNNING,
    (_S.PAUSED, _C.HOLD): _S.HELD,
    (_S.PAUSED, _C.COMPLETE): _S.COMPLETED,
    (_S.PAUSED, _C.ABORT): _S.ABORTED,
    (_S.HELD, _C.HOLD): _S.HELD,
    (_S.HELD, _C.LIFT_HOLD): _S.PAUSED,  # Or released; held while another hold stands.
    (_S.HELD, _C.CANCEL): _S.CANCELLED,  # Only if it never ran.
    (_S.HELD, _C.ABORT): _S.ABORTED,  # Only if it ran.
    (_S.COMPLETED, _C.CLOSE): _S.CLOSED,
}

TAKES_MATERIAL = frozenset({_S.RELEASED, _S.RUNNING, _S.PAUSED, _S.HELD, _S.COMPLETED, _S.ABORTED})
"""Material may be issued to, returned from and consumed by the order. After its end only for what was made before."""
TAKES_COUNTS = frozenset({_S.RUNNING, _S.PAUSED, _S.HELD, _S.COMPLETED, _S.ABORTED})
"""Counts can be booked: machines report late, also what was made before the end."""
ENDED = frozenset({_S.CLOSED, _S.CANCELLED, _S.ABORTED})


class HoldReason(StrEnum):
    QUALITY = "quality"
    CHANGE = "change"  # An engineering change touches the order.
    MATERIAL = "material"
    MACHINE = "machine"


@dataclass(frozen=True, slots=True)
class Hold:
    reason: HoldReason
    reference: str = ""
    """Number of the change order, the quality case, …"""


@dataclass(frozen=True, slots=True)
class WorkOrder:
    order: str
    item: str
    quantity: Decimal
    unit: str
    state: WorkOrderState = WorkOrderState.PLANNED
    bom_revision: str | None = None
    """Pinned at release, and so is `routing_revision`."""
    routing_revision: str | None = None
    holds: frozenset[Hold] = frozenset()
    has_started: bool = False
    good: Decimal = Decimal(0)
    scrap: Decimal = Decimal(0)
    rework: Decimal = Decimal(0)

    def __post_init__(self) -> None:
        if not self.quantity.is_finite() or self.quantity <= 0:
            raise ValueError(f"order {self.order}: a quantity of {self.quantity}")

    @property
    def remaining(self) -> Decimal:
        return max(EXACT.subtract(self.quantity, self.good), Decimal(0))

    @property
    def over_run(self) -> Decimal:
        """Good parts beyond the ordered quantity."""
        return max(EXACT.subtract(self.good, self.quantity), Decimal(0))


def release(order: WorkOrder, *, bom_revision: str, routing_revision: str) -> WorkOrder:
    """Pins what the order is made by. Which revision that may be, the interlock says."""
    state = _after(order, _C.RELEASE)
    return replace(order, state=state, bom_revision=bom_revision, routing_revision=routing_revision)


def start(order: WorkOrder, permission: Permission) -> WorkOrder:
    """`permission`: the interlock's answer for the order's own item and pinned revision."""
    _for_this_order(order, permission)
    return replace(order, state=_after(order, _C.START), has_started=True)


def pause(order: WorkOrder) -> WorkOrder:
    return replace(order, state=_after(order, _C.PAUSE))


def resume(order: WorkOrder, permission: Permission) -> WorkOrder:
    """`permission`: as for `start`, asked anew: a change may have come into force meanwhile."""
    _for_this_order(order, permission)
    return replace(order, state=_after(order, _C.RESUME))


def hold(order: WorkOrder, one: Hold) -> WorkOrder:
    """One more reason not to go on. Setting the same hold again changes nothing."""
    return replace(order, state=_after(order, _C.HOLD), holds=order.holds | {one})


def lift_hold(order: WorkOrder, one: Hold) -> WorkOrder:
    state = _after(order, _C.LIFT_HOLD)
    if one not in order.holds:
        raise TransitionRefused("no_such_hold", reason=one.reason, reference=one.reference)
    left = order.holds - {one}
    if left:
        state = _S.HELD
    elif not order.has_started:
        state = _S.RELEASED
    return replace(order, state=state, holds=left)


def complete(order: WorkOrder) -> WorkOrder:
    return replace(order, state=_after(order, _C.COMPLETE))


def close(order: WorkOrder, *, postings_open: int) -> WorkOrder:
    """`postings_open`: documents of the order that no ERP has acknowledged, and differences not yet explained."""
    state = _after(order, _C.CLOSE)
    if postings_open:
        raise TransitionRefused("postings_open", count=str(postings_open))
    return replace(order, state=state)


def cancel(order: WorkOrder) -> WorkOrder:
    state = _after(order, _C.CANCEL)
    if order.has_started:
        raise TransitionRefused("order_has_started", command=_C.CANCEL)
    return replace(order, state=state, holds=frozenset())


def abort(order: WorkOrder) -> WorkOrder:
    state = _after(order, _C.ABORT)
    if not order.has_started:
        raise TransitionRefused("order_has_not_started", command=_C.ABORT)
    return replace(order, state=state, holds=frozenset())


def repin(order: WorkOrder, *, bom_revision: str, routing_revision: str) -> WorkOrder:
    """Another BOM and routing for an order that stands still, as an engineering change demands. What was made so far
    keeps the revision it was booked with. Refused with `order_is_…` unless released, paused or held."""
    if order.state not in {_S.RELEASED, _S.PAUSED, _S.HELD}:
        raise TransitionRefused(f"order_is_{order.state}", command="repin")
    return replace(order, bom_revision=bom_revision, routing_revision=routing_revision)


def change_quantity(order: WorkOrder, quantity: Decimal) -> WorkOrder:
    """The ERP ordered more or less. Less than was made already is an over-run, not an error."""
    if order.state in ENDED or order.state is _S.COMPLETED:
        raise TransitionRefused(f"order_is_{order.state}", command="change_quantity")
    return replace(order, quantity=quantity)


def report(order: WorkOrder, *, good: Decimal, scrap: Decimal, rework: Decimal) -> WorkOrder:
    """Adds to the totals. Negative numbers reverse earlier reports; no total falls below zero."""
    if order.state not in TAKES_COUNTS:
        raise TransitionRefused(f"order_is_{order.state}", command="report")
    totals = [
        EXACT.add(had, more)
        for had, more in ((order.good, good), (order.scrap, scrap), (order.rework, rework))
    ]
    if min(totals) < 0:
        raise TransitionRefused("total_below_zero")
    return replace(order, good=totals[0], scrap=totals[1], rework=totals[2])


def _for_this_order(order: WorkOrder, permission: Permission) -> None:
    if permission.order != order.order:
        raise TransitionRefused("permission_is_for_another_order", order=order.order)


def _after(order: WorkOrder, command: WorkOrderCommand) -> WorkOrderState:
    state = TRANSITIONS.get((order.state, command))
    if state is None:
        raise TransitionRefused(f"order_is_{order.state}", command=command)
    return state
