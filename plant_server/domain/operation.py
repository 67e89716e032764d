"""The operations of a released order: pending → ready → running ⇄ paused → completed | skipped.

An operation is ready when all operations of the position before it are completed, or have made their transfer
quantity: the next one may begin while the one before still runs. A skipped position is as if it were not there. What is ready follows from the others alone, so a
reversed count can take it back until the operation has started.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from enum import StrEnum

from plant_server.domain.quantity import EXACT
from plant_server.domain.routing import Routing
from plant_server.domain.transition import TransitionRefused


class OperationState(StrEnum):
    PENDING = "pending"  # Waits for the operations before it.
    READY = "ready"
    RUNNING = "running"
    PAUSED = "paused"
    COMPLETED = "completed"
    SKIPPED = "skipped"


class OperationCommand(StrEnum):
    START = "start"
    PAUSE = "pause"
    RESUME = "resume"
    COMPLETE = "complete"
    SKIP = "skip"


_S, _C = OperationState, OperationCommand

TRANSITIONS: dict[tuple[OperationState, OperationCommand], OperationState] = {
    (_S.READY, _C.START): _S.RUNNING,
    (_S.RUNNING, _C.PAUSE): _S.PAUSED,
    (_S.PAUSED, _C.RESUME): _S.RUNNING,
    (_S.RUNNING, _C.COMPLETE): _S.COMPLETED,
    (_S.PAUSED, _C.COMPLETE): _S.COMPLETED,
    (_S.PENDING, _C.SKIP): _S.SKIPPED,
    (_S.READY, _C.SKIP): _S.SKIPPED,
}

STARTED = frozenset({_S.RUNNING, _S.PAUSED, _S.COMPLETED})


@dataclass(frozen=True, slots=True)
class Operation:
    order: str
    position: int
    name: str
    state: OperationState = OperationState.PENDING
    transfer_quantity: Decimal | None = None
    is_optional: bool = False
    good: Decimal = Decimal(0)


def operations_of(order: str, routing: Routing) -> tuple[Operation, ...]:
    """The operations of an order at its release, the first ones ready."""
    made = [
        Operation(
            order,
            one.position,
            one.name,
            transfer_quantity=one.transfer_quantity,
            is_optional=one.is_optional,
        )
        for one in sorted(routing.operations, key=lambda one: (one.position, one.name))
    ]
    return refresh(made)


def refresh(operations: Sequence[Operation]) -> tuple[Operation, ...]:
    """The same operations, those that have not started as pending or ready as the others make them."""
    return tuple(
        replace(one, state=_S.READY if _may_begin(one, operations) else _S.PENDING)
        if one.state in (_S.PENDING, _S.READY)
        else one
        for one in operations
    )


def command(
    operations: Sequence[Operation], position: int, name: str, what: OperationCommand
) -> tuple[Operation, ...]:
    """All operations of the order after `what` was done to one of them. Raises TransitionRefused."""
    target = _find(operations, position, name)
    state = TRANSITIONS.get((target.state, what))
    if state is None:
        raise TransitionRefused(f"operation_is_{target.state}", command=what, operation=name)
    if what is _C.SKIP and not target.is_optional:
        raise TransitionRefused("operation_is_not_optional", command=what, operation=name)
    changed = replace(target, state=state)
    return refresh([changed if one is target else one for one in operations])


def report_good(
    operations: Sequence[Operation], position: int, name: str, good: Decimal
) -> tuple[Operation, ...]:
    """Adds good parts to an operation that has started; negative ones reverse. Raises TransitionRefused."""
    target = _find(operations, position, name)
    if target.state not in STARTED:
        raise TransitionRefused(f"operation_is_{target.state}", command="report", operation=name)
    total = EXACT.add(target.good, good)
    if total < 0:
        raise TransitionRefused("total_below_zero")
    changed = replace(target, good=total)
    return refresh([changed if one is target else one for one in operations])


def _find(operations: Sequence[Operation], position: int, name: str) -> Operation:
    for one in operations:
        if (one.position, one.name) == (position, name):
            return one
    raise TransitionRefused("no_such_operation", operation=name, position=str(position))


def _may_begin(one: Operation, operations: Sequence[Operation]) -> bool:
    """Only the nearest position before it counts: that one had to wait for those before itself."""
    earlier = [
        other for other in operations if other.position < one.position and other.state is not _S.SKIPPED
    ]
    nearest = max((other.position for other in earlier), default=None)
    return all(
        other.state is _S.COMPLETED or _has_handed_on(other) for other in earlier if other.position == nearest
    )


def _has_handed_on(one: Operation) -> bool:
    return one.transfer_quantity is not None and one.state in STARTED and one.good >= one.transfer_quantity
