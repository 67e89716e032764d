"""The facts from which output is rebuilt: bookings and what people entered, and the reversals of either.

Nothing is edited: a wrong fact is reversed as a whole, by a fact of its own, and entered anew.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum

from plant_server.domain.booking import OdometerRange, PartsKind
from plant_server.domain.transition import TransitionRefused


class EntryKind(StrEnum):
    GOOD = "good"
    SCRAP = "scrap"
    REWORK = "rework"


@dataclass(frozen=True, slots=True)
class Booking:
    """An odometer range that is given to a run, with the parts that it makes there."""

    booking_id: str
    run_id: str
    tag: str
    range: OdometerRange
    parts: int
    kind: PartsKind


@dataclass(frozen=True, slots=True)
class BookingReversal:
    reversal_id: str
    booking_id: str


@dataclass(frozen=True, slots=True)
class ProductionEntry:
    """What a person reported. Scrap and rework need a reason: refused with `reason_required`; `quantity_not_positive`.

    `among_rejects`: scrap that the machine's reject counter has counted already; the entry says why, not how many.
    """

    entry_id: str
    run_id: str
    kind: EntryKind
    quantity: Decimal
    reason: str | None
    actor: str
    at_ms: int
    """When the person said so, also if the terminal sent it later."""
    among_rejects: bool = False

    def __post_init__(self) -> None:
        if not self.quantity.is_finite() or self.quantity <= 0:
            raise TransitionRefused("quantity_not_positive", quantity=str(self.quantity))
        if self.kind is not EntryKind.GOOD and not self.reason:
            raise TransitionRefused("reason_required", kind=self.kind)
        if self.among_rejects and self.kind is not EntryKind.SCRAP:
            raise TransitionRefused("only_scrap_is_among_rejects", kind=self.kind)


@dataclass(frozen=True, slots=True)
class ReworkSettlement:
    """Parts of a run that were in rework for `rework_reason` and became good, or scrap for `reason`. Nothing is made by
    it. Refused: `quantity_not_positive`, `reason_required`, `rework_stays_rework`."""

    entry_id: str
    run_id: str
    rework_reason: str
    kind: EntryKind
    quantity: Decimal
    reason: str | None
    actor: str
    at_ms: int

    def __post_init__(self) -> None:
        if not self.quantity.is_finite() or self.quantity <= 0:
            raise TransitionRefused("quantity_not_positive", quantity=str(self.quantity))
        if self.kind is EntryKind.REWORK:
            raise TransitionRefused("rework_stays_rework")
        if self.kind is EntryKind.SCRAP and not self.reason:
            raise TransitionRefused("reason_required", kind=self.kind)


@dataclass(frozen=True, slots=True)
class EntryReversal:
    """Of a ProductionEntry or a ReworkSettlement."""

    reversal_id: str
    entry_id: str
    actor: str
    at_ms: int


ProductionEvent = Booking | BookingReversal | ProductionEntry | ReworkSettlement | EntryReversal
