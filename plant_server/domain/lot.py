"""A material lot: received once, moved between store and line, consumed, returned, counted; never below zero anywhere.

Whether it may be used now is its state: on hold (by any number of holds), empty, expired or available. Issue and
consumption take the interlock's permission, so nobody can forget to ask for it. Bad lots can still be returned and
counted: those moves put nothing into a product.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from decimal import Decimal
from enum import StrEnum

from plant_server.domain.quantity import EXACT, exact_sum
from plant_server.domain.transition import TransitionRefused
from plant_server.domain.verdict import Permission


class LotState(StrEnum):
    AVAILABLE = "available"
    HOLD = "hold"
    EXPIRED = "expired"
    EMPTY = "empty"


@dataclass(frozen=True, slots=True)
class MaterialLot:
    """Quantities are in `unit`, the stock unit of the item, and stand per location (EquipmentPath or store)."""

    lot: str
    item: str
    revision: str | None
    unit: str
    received_ms: int
    expires_ms: int | None = None
    """From then on it is expired."""
    reserved_for: str | None = None
    """The only order that may take it."""
    holds: frozenset[str] = frozenset()
    """References of quality cases or change orders; any of them holds the lot."""
    stock: tuple[tuple[str, Decimal], ...] = ()
    """(location, quantity), by location; none is zero."""

    @property
    def quantity(self) -> Decimal:
        return exact_sum(value for _, value in self.stock)

    def at(self, location: str) -> Decimal:
        return next((value for place, value in self.stock if place == location), Decimal(0))

    def is_expired(self, at_ms: int) -> bool:
        return self.expires_ms is not None and at_ms >= self.expires_ms

    def state(self, at_ms: int) -> LotState:
        if self.holds:
            return LotState.HOLD
        if self.quantity == 0:
            return LotState.EMPTY
        return LotState.EXPIRED if self.is_expired(at_ms) else LotState.AVAILABLE


def receive(lot: MaterialLot, quantity: Decimal, location: str) -> MaterialLot:
    """More of the lot arrived (or the first of it)."""
    return _with(lot, location, _positive(quantity))


def issue(
    lot: MaterialLot, quantity: Decimal, source: str, target: str, permission: Permission
) -> MaterialLot:
    """From the store to the line. Refused with `quantity_not_positive` or `lot_is_short`."""
    _of_this_lot(lot, permission)
    return _move(lot, quantity, source, target)


def return_to_store(lot: MaterialLot, quantity: Decimal, source: str, target: str) -> MaterialLot:
    """What was not used goes back. Refused as `issue`."""
    return _move(lot, quantity, source, target)


def consume(lot: MaterialLot, quantity: Decimal, location: str, permission: Permission) -> MaterialLot:
    """Went into a product at `location`. Refused as `issue`: what the books do not have cannot be consumed from them;
    the rest is a shortage for a person (`backflush`)."""
    _of_this_lot(lot, permission)
    return _with(lot, location, EXACT.minus(_positive(quantity)))


def reverse_consumption(lot: MaterialLot, quantity: Decimal, location: str) -> MaterialLot:
    """Undoes a consumption as a whole, whatever state the lot is in now."""
    return _with(lot, location, _positive(quantity))


def adjust(lot: MaterialLot, counted: Decimal, location: str) -> tuple[MaterialLot, Decimal]:
    """A person counted `counted` at `location`: the lot as counted, and the difference to post with its reason."""
    if not counted.is_finite() or counted < 0:
        raise TransitionRefused("quantity_is_negative", quantity=str(counted))
    difference = EXACT.subtract(counted, lot.at(location))
    return _with(lot, location, difference), difference


def hold(lot: MaterialLot, reference: str) -> MaterialLot:
    return replace(lot, holds=lot.holds | {reference})


def lift_hold(lot: MaterialLot, reference: str) -> MaterialLot:
    if reference not in lot.holds:
        raise TransitionRefused("no_such_hold", lot=lot.lot, reference=reference)
    return replace(lot, holds=lot.holds - {reference})


def _move(lot: MaterialLot, quantity: Decimal, source: str, target: str) -> MaterialLot:
    taken = _with(lot, source, EXACT.minus(_positive(quantity)))
    return _with(taken, target, quantity)


def _of_this_lot(lot: MaterialLot, permission: Permission) -> None:
    if permission.lot != lot.lot:
        raise TransitionRefused("permission_is_for_another_lot", lot=lot.lot)


def _positive(quantity: Decimal) -> Decimal:
    if not quantity.is_finite() or quantity <= 0:
        raise TransitionRefused("quantity_not_positive", quantity=str(quantity))
    return quantity


def _with(lot: MaterialLot, location: str, change: Decimal) -> MaterialLot:
    value = EXACT.add(lot.at(location), change)
    if value < 0:
        raise TransitionRefused(
            "lot_is_short", lot=lot.lot, location=location, has=str(lot.at(location)), asked=str(-change)
        )
    others = [(place, had) for place, had in lot.stock if place != location]
    return replace(lot, stock=tuple(sorted(others + ([(location, value)] if value else []))))
