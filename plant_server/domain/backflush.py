"""Consumption by what was produced: the order's pinned BOM says how much, the lots at the station give it.

Quantities are exact. What a consumption leaves below the last decimal of the stock unit is carried to the next one of
the same order and component, so the sum over an order is the BOM times what was made, to the last decimal. No lot
goes below zero: what the lots cannot give is a shortage, stated and never booked on somebody's guess. Parts that were
made are made; a shortage or a refused lot never undoes them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from fractions import Fraction

from plant_server.domain.bom import BomRevision, Component, ComponentScrapPolicy, Issuing
from plant_server.domain.item import Item
from plant_server.domain.lot import MaterialLot, consume
from plant_server.domain.quantity import EXACT, Quantity, cut, exact_sum, split
from plant_server.domain.unit import factor
from plant_server.domain.verdict import Permission, Refused, Verdict


class LotChoice(StrEnum):
    """Which lot gives first."""

    FIFO = "fifo"  # The one that was received first.
    FEFO = "fefo"  # The one that expires first; those that never expire last.
    TOGETHER = "together"  # All at once in the ratio of what they have: hoppers that run side by side.


@dataclass(frozen=True, slots=True)
class Requirement:
    """What one component of the BOM owes for parts that were made, in the stock unit of its item."""

    component: Component
    quantity: Quantity
    residual: Fraction
    """To carry to the next requirement of this order and BOM position, in the stock unit."""


@dataclass(frozen=True, slots=True)
class LotShare:
    lot: str
    quantity: Decimal
    permission: Permission


@dataclass(frozen=True, slots=True)
class Allocation:
    """`shares` and `shortage` add up to what was required."""

    required: Quantity
    shares: tuple[LotShare, ...]
    shortage: Decimal
    refused: tuple[tuple[str, Refused], ...]
    """Lots that lay there and must not be used: with a shortage, very likely the ones that were."""


@dataclass(frozen=True, slots=True)
class Consumption:
    requirement: Requirement
    allocation: Allocation


def requirements(
    bom: BomRevision,
    good: Decimal,
    scrap: Decimal,
    items: Mapping[str, Item],
    carry: Mapping[str, Fraction],
) -> tuple[Requirement, ...]:
    """One for each backflushed component of the order's pinned BOM.

    `good` and `scrap`: what was made since the last backflush, in the BOM's unit, not negative: a reversal reverses
    consumptions, it does not compute new ones. `items`: the components' items. `carry`: the last residual per BOM
    position. Raises what `unit.factor` raises.
    """
    if good < 0 or scrap < 0:
        raise ValueError(f"{good} good, {scrap} scrap")
    told = []
    for component in bom.components:
        if component.issuing is not Issuing.BACKFLUSH:
            continue
        counts_scrap = component.scrap_policy is ComponentScrapPolicy.GOOD_AND_SCRAP
        made = EXACT.add(good, scrap) if counts_scrap else good
        item = items[component.item]
        per = Fraction(component.quantity_per) / Fraction(bom.base_quantity)
        due = Fraction(made) * per * (1 + Fraction(component.scrap_factor))
        exact = due * factor(component.unit, item.unit, item.conversions)
        value, residual = cut(exact + carry.get(component.position, Fraction(0)), item.scale)
        told.append(Requirement(component, Quantity(value, item.unit), residual))
    return tuple(told)


def allocate(
    required: Quantity,
    lots: Iterable[MaterialLot],
    location: str,
    choice: LotChoice,
    ask: Callable[[MaterialLot], Verdict],
) -> Allocation:
    """Which lots at `location` give how much. `ask` is the interlock, asked once for each lot that has something.
    Lots are kept in the unit of `required`; a lot in another unit raises ValueError."""
    usable: list[tuple[MaterialLot, Permission]] = []
    refused: list[tuple[str, Refused]] = []
    for lot in sorted(lots, key=lambda one: _turn(one, choice)):
        if lot.unit != required.unit:
            raise ValueError(f"lot {lot.lot} is kept in {lot.unit}, not in {required.unit}")
        if lot.at(location) <= 0:
            continue
        verdict = ask(lot)
        if isinstance(verdict, Refused):
            refused.append((lot.lot, verdict))
        else:
            usable.append((lot, verdict))
    has = [lot.at(location) for lot, _ in usable]
    given = _together(required.value, has) if choice is LotChoice.TOGETHER else _in_turn(required.value, has)
    shares = tuple(
        LotShare(lot.lot, value, permission)
        for (lot, permission), value in zip(usable, given, strict=True)
        if value > 0
    )
    return Allocation(required, shares, EXACT.subtract(required.value, exact_sum(given)), tuple(refused))


def backflush(
    bom: BomRevision,
    good: Decimal,
    scrap: Decimal,
    items: Mapping[str, Item],
    carry: Mapping[str, Fraction],
    lots: Sequence[MaterialLot],
    location: str,
    choice: LotChoice,
    ask: Callable[[MaterialLot], Verdict],
) -> tuple[Consumption, ...]:
    """`requirements`, each allocated to the lots of its item that lie at `location`. A component that stands at two
    positions of the BOM takes from what the first one left."""
    left: dict[str, list[MaterialLot]] = {}
    for lot in lots:
        left.setdefault(lot.item, []).append(lot)
    told = []
    for requirement in requirements(bom, good, scrap, items, carry):
        own = left.get(requirement.component.item, [])
        allocation = allocate(requirement.quantity, own, location, choice, ask)
        taken = {share.lot: share for share in allocation.shares}
        left[requirement.component.item] = [_after(lot, location, taken.get(lot.lot)) for lot in own]
        told.append(Consumption(requirement, allocation))
    return tuple(told)


def _after(lot: MaterialLot, location: str, share: LotShare | None) -> MaterialLot:
    return lot if share is None else consume(lot, share.quantity, location, share.permission)


def _turn(lot: MaterialLot, choice: LotChoice) -> tuple[bool, int, int, str]:
    if choice is LotChoice.FEFO:
        return (lot.expires_ms is None, lot.expires_ms or 0, lot.received_ms, lot.lot)
    return (False, 0, lot.received_ms, lot.lot)


def _in_turn(required: Decimal, has: Sequence[Decimal]) -> list[Decimal]:
    given = []
    for one in has:
        share = min(one, required)
        given.append(share)
        required = EXACT.subtract(required, share)
    return given


def _together(required: Decimal, has: Sequence[Decimal]) -> list[Decimal]:
    if required >= exact_sum(has):
        return list(has)
    # With as many decimals as any of them, a share rounded up never exceeds what its lot has.
    scale = max(_decimals(one) for one in (required, *has))
    return split(required, has, scale)


def _decimals(value: Decimal) -> int:
    exponent = value.as_tuple().exponent
    assert isinstance(exponent, int), "quantities are finite"  # noqa: S101 - told to the type checker
    return max(-exponent, 0)
