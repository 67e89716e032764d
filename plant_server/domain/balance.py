"""Balances rebuilt from the facts alone, whatever their order and however often each is told.

Facts that contradict one another (two live bookings of one range, one id with two bodies, a reversal of nothing, more
settled than was in rework) do not stop it: one of them is taken, always the same, and the others are named. They are alarms, the database excludes
them.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal

from plant_server.domain.booking import OdometerRange, PartsKind
from plant_server.domain.production_entry import (
    Booking,
    BookingReversal,
    EntryKind,
    EntryReversal,
    ProductionEntry,
    ProductionEvent,
    ReworkSettlement,
)
from plant_server.domain.quantity import EXACT, exact_sum
from plant_server.domain.run import CountSource

_NONE = Decimal(0)
_Reason = tuple[str, EntryKind, str]


@dataclass(frozen=True, slots=True)
class RunBalance:
    """Booked parts by kind, and what people entered."""

    booked: Mapping[PartsKind, int]
    entered: Mapping[EntryKind, Decimal]
    """Without the scrap among rejects."""
    among_rejects: Decimal


@dataclass(frozen=True, slots=True)
class Balances:
    tags: Mapping[str, tuple[OdometerRange, ...]]
    """Booked ranges per tag, in order, neighbours joined."""
    runs: Mapping[str, RunBalance]
    scrap_reasons: Mapping[tuple[str, EntryKind, str], Decimal]
    """Per (run, scrap or rework, reason)."""
    conflicts: tuple[str, ...]
    """Ids of facts that were set aside."""

    def booked_units(self, tag: str) -> int:
        return sum(one.units for one in self.tags.get(tag, ()))


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a run made: good + scrap + rework = made + unmatched, for counts of a machine."""

    made: Decimal
    good: Decimal
    scrap: Decimal
    rework: Decimal
    unmatched: Decimal = _NONE
    """More bad parts were named than the machine made so far."""
    set_aside: Decimal = _NONE
    """Good parts that a person entered though the machine counts."""
    difference: Decimal = _NONE
    """People's total less the machine's, where both count: a case unless zero when the run has ended."""
    unexplained_rejects: Decimal = _NONE
    """Scrap of the machine for which nobody has named a reason."""


def balances(events: Iterable[ProductionEvent]) -> Balances:
    """A total function: any facts, in any order, any number of times."""
    conflicts: set[str] = set()
    facts = _once(events, conflicts)
    reversed_ids = _reversed(facts, conflicts)
    bookings = [one for one in facts if isinstance(one, Booking) and one.booking_id not in reversed_ids]
    entries = [one for one in facts if isinstance(one, ProductionEntry) and one.entry_id not in reversed_ids]
    settled = [one for one in facts if isinstance(one, ReworkSettlement) and one.entry_id not in reversed_ids]
    by_reason = _by_reason(entries)
    settled = _settled(settled, by_reason, conflicts)
    tags: dict[str, list[OdometerRange]] = {}
    booked: dict[str, dict[PartsKind, int]] = {}
    for booking in bookings:
        if not _takes(tags.setdefault(booking.tag, []), booking.range):
            conflicts.add(booking.booking_id)
            continue
        of_run = booked.setdefault(booking.run_id, {})
        of_run[booking.kind] = of_run.get(booking.kind, 0) + booking.parts
    runs = {
        run: _run_balance(
            booked.get(run, {}),
            [one for one in entries if one.run_id == run],
            [one for one in settled if one.run_id == run],
        )
        for run in sorted({*booked, *(one.run_id for one in entries)})
    }
    return Balances(
        {tag: _joined(ranges) for tag, ranges in sorted(tags.items())},
        runs,
        by_reason,
        tuple(sorted(conflicts)),
    )


def outcome(run: RunBalance, source: CountSource) -> Outcome:
    """What counts, of what was booked and what was entered."""
    booked = {kind: Decimal(run.booked.get(kind, 0)) for kind in PartsKind}
    entered = {kind: run.entered.get(kind, _NONE) for kind in EntryKind}
    told = exact_sum([*entered.values(), run.among_rejects])
    machine_scrap = EXACT.add(booked[PartsKind.SCRAP], booked[PartsKind.REJECTED])
    if source is CountSource.OPERATOR:
        scrap = EXACT.add(entered[EntryKind.SCRAP], run.among_rejects)
        return Outcome(told, entered[EntryKind.GOOD], scrap, entered[EntryKind.REWORK])
    made = EXACT.add(booked[PartsKind.MADE], booked[PartsKind.SCRAP])
    scrap = EXACT.add(machine_scrap, entered[EntryKind.SCRAP])
    rest = EXACT.subtract(made, EXACT.add(scrap, entered[EntryKind.REWORK]))
    both = source is CountSource.BOTH
    return Outcome(
        made,
        max(rest, _NONE),
        scrap,
        entered[EntryKind.REWORK],
        unmatched=max(EXACT.minus(rest), _NONE),
        set_aside=_NONE if both else entered[EntryKind.GOOD],
        difference=EXACT.subtract(told, made) if both else _NONE,
        unexplained_rejects=max(EXACT.subtract(machine_scrap, run.among_rejects), _NONE),
    )


def _id(event: ProductionEvent) -> str:
    match event:
        case Booking():
            return event.booking_id
        case ProductionEntry() | ReworkSettlement():
            return event.entry_id
        case BookingReversal() | EntryReversal():
            return event.reversal_id


def _once(events: Iterable[ProductionEvent], conflicts: set[str]) -> list[ProductionEvent]:
    """One fact per id, by id."""
    known: dict[str, ProductionEvent] = {}
    for event in events:
        number = _id(event)
        other = known.setdefault(number, event)
        if other != event:
            conflicts.add(number)
            known[number] = min(other, event, key=repr)
    return [known[number] for number in sorted(known)]


def _reversed(facts: list[ProductionEvent], conflicts: set[str]) -> set[str]:
    bookings = {one.booking_id for one in facts if isinstance(one, Booking)}
    entries = {one.entry_id for one in facts if isinstance(one, ProductionEntry | ReworkSettlement)}
    told: set[str] = set()
    for one in facts:
        if isinstance(one, BookingReversal):
            target, known = one.booking_id, bookings
        elif isinstance(one, EntryReversal):
            target, known = one.entry_id, entries
        else:
            continue
        if target not in known or target in told:
            conflicts.add(one.reversal_id)
        told.add(target)
    return told


def _takes(ranges: list[OdometerRange], one: OdometerRange) -> bool:
    """Puts the range where it belongs among the disjoint, ordered others, if it is free."""
    index = bisect_left(ranges, one)
    if any(one.overlap(near) for near in ranges[max(index - 1, 0) : index + 1]):
        return False
    ranges.insert(index, one)
    return True


def _settled(
    settlements: list[ReworkSettlement], by_reason: dict[_Reason, Decimal], conflicts: set[str]
) -> list[ReworkSettlement]:
    """Moves in `by_reason` what was in rework; returns what could be moved. The others are named."""
    taken = []
    for one in settlements:
        rework = (one.run_id, EntryKind.REWORK, one.rework_reason)
        if by_reason.get(rework, _NONE) < one.quantity:
            conflicts.add(one.entry_id)
            continue
        by_reason[rework] = EXACT.subtract(by_reason[rework], one.quantity)
        if one.reason:
            scrap = (one.run_id, one.kind, one.reason)
            by_reason[scrap] = EXACT.add(by_reason.get(scrap, _NONE), one.quantity)
        taken.append(one)
    return taken


def _run_balance(
    booked: Mapping[PartsKind, int], entries: list[ProductionEntry], settled: list[ReworkSettlement]
) -> RunBalance:
    entered = {
        kind: exact_sum(one.quantity for one in entries if one.kind is kind and not one.among_rejects)
        for kind in EntryKind
    }
    for move in settled:
        entered[EntryKind.REWORK] = EXACT.subtract(entered[EntryKind.REWORK], move.quantity)
        entered[move.kind] = EXACT.add(entered[move.kind], move.quantity)
    among = exact_sum(one.quantity for one in entries if one.among_rejects)
    return RunBalance({kind: booked.get(kind, 0) for kind in PartsKind}, entered, among)


def _by_reason(entries: list[ProductionEntry]) -> dict[_Reason, Decimal]:
    told: dict[_Reason, Decimal] = {}
    for one in entries:
        if one.reason:
            key = (one.run_id, one.kind, one.reason)
            told[key] = EXACT.add(told.get(key, _NONE), one.quantity)
    return told


def _joined(ranges: list[OdometerRange]) -> tuple[OdometerRange, ...]:
    told: list[OdometerRange] = []
    for one in ranges:
        if told and told[-1].odometer_to == one.odometer_from:
            told[-1] = OdometerRange(told[-1].odometer_from, one.odometer_to)
        else:
            told.append(one)
    return tuple(told)
