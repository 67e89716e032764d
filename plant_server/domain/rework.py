"""Parts in rework, until it is settled whether they became good or scrap.

A part in rework was made, and is neither good nor scrap: its run has it as rework with the reason it was named for.
Settling moves it, within the run that made it, so that run, station and order keep adding up. The oldest go first.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from decimal import Decimal

from plant_server.domain.production_entry import EntryKind
from plant_server.domain.quantity import EXACT, exact_sum
from plant_server.domain.transition import TransitionRefused

_NONE = Decimal(0)


@dataclass(frozen=True, slots=True)
class InRework:
    """What stands in rework of a run under one reason; never below zero."""

    run_id: int
    reason: str
    quantity: Decimal


@dataclass(frozen=True, slots=True)
class Became:
    """What a part in rework is now. Scrap needs a reason."""

    kind: EntryKind
    quantity: Decimal
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class Move:
    """`quantity` of a run leaves its rework (named for `rework_reason`) and becomes good, or scrap for `reason`."""

    run_id: int
    rework_reason: str
    kind: EntryKind
    quantity: Decimal
    reason: str | None


def settle(waiting: Sequence[InRework], became: Sequence[Became]) -> tuple[Move, ...]:
    """Divide what became of parts among those that wait, the first of each first.

    Refused: `more_than_in_rework`, with nothing moved.
    """
    there, wanted = exact_sum(one.quantity for one in waiting), exact_sum(one.quantity for one in became)
    if wanted > there:
        raise TransitionRefused("more_than_in_rework", in_rework=format(there, "f"))
    left, moves = list(waiting), []
    for one in became:
        rest = one.quantity
        while rest > 0:
            first = left[0]
            quantity = min(rest, first.quantity)
            if quantity > 0:
                moves.append(Move(first.run_id, first.reason, one.kind, quantity, one.reason))
            rest = EXACT.subtract(rest, quantity)
            left[0] = replace(first, quantity=EXACT.subtract(first.quantity, quantity))
            if left[0].quantity <= _NONE:
                left.pop(0)
    return tuple(moves)
