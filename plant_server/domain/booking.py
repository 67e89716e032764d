"""Bookings: every part that the odometer counted belongs to one run or to nobody yet, and never to two.

A booking is a half-open range (from, to] of one tag's odometer, given to a run. Ranges of a tag exclude one another,
so counting twice is not a mistake that can be made. What runs divide among themselves is decided by time: a run that
is on from a until b gets what lies between the odometer at the last reading ≤ a and at the last reading ≤ b. What
lies between runs is *not assigned* until a person says whose it is; what comes late for a run that has ended is
marked, for a policy or a person to book. A booking is never changed: a wrong one is reversed as a whole, and its range
is free again.

Parts are whole. In a setting with p parts per cycle a range makes floor(p × to) − floor(p × from), both counted from
where the setting began: cut into however many bookings, a setting makes what it makes in one.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from fractions import Fraction
from itertools import pairwise
from math import floor

from plant_server.domain.count_history import CountHistory
from plant_server.domain.run import Phase, Run, RunSetting, SetupPartsPolicy


class Counts(StrEnum):
    """What a counter counts (the birth property `counts`)."""

    CYCLES = "cycles"
    PARTS = "parts"
    GOOD = "good"
    REJECT = "reject"


class PartsKind(StrEnum):
    """What the parts of a booking are for the run's totals."""

    MADE = "made"  # Good, unless a reject counter or a person says otherwise.
    SCRAP = "scrap"  # Made, and scrap.
    REJECTED = "rejected"  # Scrap among those that another counter has counted as made.
    NOT_COUNTED = "not_counted"  # Booked so that the range is explained; neither good nor scrap.


@dataclass(frozen=True, slots=True, order=True)
class OdometerRange:
    """(`odometer_from`, `odometer_to`], in the tag's units; never empty."""

    odometer_from: int
    odometer_to: int

    def __post_init__(self) -> None:
        if self.odometer_from >= self.odometer_to:
            raise ValueError(f"({self.odometer_from}, {self.odometer_to}] is empty")

    @property
    def units(self) -> int:
        return self.odometer_to - self.odometer_from

    def overlap(self, other: OdometerRange) -> OdometerRange | None:
        begin = max(self.odometer_from, other.odometer_from)
        end = min(self.odometer_to, other.odometer_to)
        return OdometerRange(begin, end) if begin < end else None


@dataclass(frozen=True, slots=True)
class CounterTag:
    """`rejects_are_among_parts`: of a reject counter whose station has another one that counts good and bad alike."""

    tag: str
    counts: Counts
    rejects_are_among_parts: bool = False


@dataclass(frozen=True, slots=True)
class BookingProposal:
    """What a Booking would say; it becomes one as an Event with an id."""

    tag: str
    run_id: str
    range: OdometerRange
    parts: int
    kind: PartsKind
    is_late: bool
    """For a run that was through when the counts came: a case, booked by policy or by a person."""


@dataclass(frozen=True, slots=True)
class NotAssigned:
    """Counts that no run owns: "37 since 14:03: which order?"."""

    tag: str
    range: OdometerRange
    since_ms: int | None
    """Time of the reading that showed the first of them."""


@dataclass(frozen=True, slots=True)
class BookingPlan:
    """All of the unbooked, once: the ranges of both lists add up to it."""

    proposals: tuple[BookingProposal, ...]
    not_assigned: tuple[NotAssigned, ...]


def unbooked(whole: OdometerRange | None, booked: Iterable[OdometerRange]) -> tuple[OdometerRange, ...]:
    """What of `whole` lies in none of `booked`, in order."""
    if whole is None:
        return ()
    free: list[OdometerRange] = []
    begin = whole.odometer_from
    for one in sorted(booked):
        end = min(one.odometer_from, whole.odometer_to)
        if begin < end:
            free.append(OdometerRange(begin, end))
        begin = max(begin, one.odometer_to)
    if begin < whole.odometer_to:
        free.append(OdometerRange(begin, whole.odometer_to))
    return tuple(free)


def plan_bookings(
    tag: CounterTag,
    history: CountHistory,
    booked: Iterable[OdometerRange],
    runs: Iterable[Run],
    until_ms: int,
    *,
    through: Collection[str] = (),
) -> BookingPlan:
    """Divides what the tag counted up to `until_ms` and nobody has booked among the runs of its station.

    `history` must reach back to the start of the first run that is given. `through`: ids of runs whose order is
    completed or beyond. Should runs overlap in time (they must not), the one that began first takes its whole time.
    """
    end = history.total_at(until_ms)
    whole = OdometerRange(history.baseline, end) if end > history.baseline else None
    free = list(unbooked(whole, booked))
    proposals: list[BookingProposal] = []
    for run in sorted(runs, key=lambda one: (one.from_ms, one.run_id)):
        for setting, span in _spans(run, history, until_ms):
            for piece in [cut for one in free if (cut := one.overlap(span))]:
                parts = parts_of(tag, setting, history.total_at(setting.from_ms), piece)
                kind = kind_of(tag, setting.phase, run.setup_parts)
                proposals.append(
                    BookingProposal(tag.tag, run.run_id, piece, parts, kind, run.run_id in through)
                )
            free = [left for one in free for left in unbooked(one, [span])]
    nobodys = tuple(NotAssigned(tag.tag, one, history.passed_ms(one.odometer_from)) for one in free)
    return BookingPlan(tuple(proposals), nobodys)


def assign(
    tag: CounterTag, run: Run, of: OdometerRange, booked: Iterable[OdometerRange]
) -> tuple[BookingProposal, ...]:
    """A person says that what is free in `of` was made by `run`, though at another time: by its last setting."""
    setting = run.settings[-1]
    kind = kind_of(tag, setting.phase, run.setup_parts)
    return tuple(
        BookingProposal(tag.tag, run.run_id, one, parts_of(tag, setting, of.odometer_from, one), kind, False)
        for one in unbooked(of, booked)
    )


def parts_of(tag: CounterTag, setting: RunSetting, origin: int, of: OdometerRange) -> int:
    """Whole parts of a range within one setting that began at odometer `origin`."""
    per = setting.parts_per_cycle.parts if tag.counts is Counts.CYCLES else Fraction(1)
    return floor(per * (of.odometer_to - origin)) - floor(per * (of.odometer_from - origin))


def kind_of(tag: CounterTag, phase: Phase, setup_parts: SetupPartsPolicy) -> PartsKind:
    in_setup = phase is Phase.SETUP and setup_parts is not SetupPartsPolicy.GOOD
    if in_setup and setup_parts is SetupPartsPolicy.NOT_COUNTED:
        return PartsKind.NOT_COUNTED
    if tag.counts is not Counts.REJECT:
        return PartsKind.SCRAP if in_setup else PartsKind.MADE
    if not tag.rejects_are_among_parts:
        return PartsKind.SCRAP
    # In set-up the other counter has booked all of them as scrap already.
    return PartsKind.NOT_COUNTED if in_setup else PartsKind.REJECTED


def _spans(run: Run, history: CountHistory, until_ms: int) -> Iterator[tuple[RunSetting, OdometerRange]]:
    """What the odometer did in each setting of a run."""
    end_ms = until_ms if run.to_ms is None else min(run.to_ms, until_ms)
    bounds_ms = [one.from_ms for one in run.settings] + [end_ms]
    for setting, (from_ms, to_ms) in zip(run.settings, pairwise(bounds_ms), strict=True):
        begin, end = history.total_at(from_ms), history.total_at(min(to_ms, end_ms))
        if begin < end:
            yield setting, OdometerRange(begin, end)
