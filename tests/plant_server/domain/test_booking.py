"""Bookings against a shop floor that knows to whom every single count belongs; and broken bookings, which it must
catch."""

from __future__ import annotations

import random
import sys
from dataclasses import replace
from inspect import getsource
from itertools import pairwise
from math import floor
from types import ModuleType
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from plant_server.domain import booking
from plant_server.domain.booking import (
    CounterTag,
    Counts,
    OdometerRange,
    PartsKind,
    assign,
    kind_of,
    plan_bookings,
    unbooked,
)
from plant_server.domain.count_history import CountHistory, OdometerPoint
from plant_server.domain.run import (
    PartsPerCycle,
    Phase,
    Run,
    RunSetting,
    SetupPartsPolicy,
    change_parts_per_cycle,
    end_run,
    new_run,
)

CYCLES = CounterTag("press1/cycles", Counts.CYCLES)
FOUR = PartsPerCycle(4)
HISTORY = CountHistory([OdometerPoint(at_ms, at_ms // 10) for at_ms in range(0, 1001, 10)])


def a_run(run_id: str, from_ms: int, to_ms: int | None, per: PartsPerCycle = FOUR) -> Run:
    run = new_run(run_id, "WO1", 10, "mould", "press1", from_ms, per, with_setup=False)
    return run if to_ms is None else end_run(run, to_ms)


def test_what_a_run_made_is_between_the_last_readings_not_later_than_its_bounds() -> None:
    told = plan_bookings(CYCLES, HISTORY, [], [a_run("R1", 105, 299), a_run("R2", 305, None)], 1000)
    first, second = told.proposals
    assert (first.run_id, first.range, first.parts) == ("R1", OdometerRange(10, 29), 19 * 4)
    assert (second.run_id, second.range, second.parts) == ("R2", OdometerRange(30, 100), 70 * 4)
    assert [(one.range, one.since_ms) for one in told.not_assigned] == [
        (OdometerRange(0, 10), 10),
        (OdometerRange(29, 30), 300),
    ]


def test_what_is_booked_already_is_not_booked_again() -> None:
    run = a_run("R1", 0, None)
    told = plan_bookings(CYCLES, HISTORY, [OdometerRange(20, 30), OdometerRange(99, 120)], [run], 1000)
    assert [one.range for one in told.proposals] == [OdometerRange(0, 20), OdometerRange(30, 99)]
    assert told.not_assigned == ()


def test_a_blocked_cavity_counts_from_when_it_was_blocked() -> None:
    run = change_parts_per_cycle(a_run("R1", 0, None), 500, PartsPerCycle(4, blocked=1))
    told = plan_bookings(CYCLES, HISTORY, [], [run], 1000)
    assert [(one.range.units, one.parts) for one in told.proposals] == [(50, 200), (50, 150)]


def test_half_a_part_per_cycle_is_floored_once_and_not_at_every_booking() -> None:
    run = a_run("R1", 0, None, PartsPerCycle(1, cycles=2))
    booked: list[OdometerRange] = []
    parts = []
    for until_ms in (10, 30, 40, 50, 110):
        for one in plan_bookings(CYCLES, HISTORY, booked, [run], until_ms).proposals:
            booked.append(one.range)
            parts.append(one.parts)
    assert parts == [0, 1, 1, 0, 3]


def test_late_counts_of_a_run_that_is_through_are_marked_and_belong_to_it_still() -> None:
    told = plan_bookings(
        CYCLES,
        HISTORY,
        [OdometerRange(0, 8)],
        [a_run("R1", 0, 100), a_run("R2", 100, None)],
        200,
        through={"R1"},
    )
    assert [(one.run_id, one.range, one.is_late) for one in told.proposals] == [
        ("R1", OdometerRange(8, 10), True),
        ("R2", OdometerRange(10, 20), False),
    ]


def test_counts_of_nobody_are_given_to_a_run_as_far_as_they_are_free() -> None:
    told = assign(CYCLES, a_run("R1", 500, 600), OdometerRange(0, 10), [OdometerRange(4, 6)])
    assert [(one.range, one.parts) for one in told] == [
        (OdometerRange(0, 4), 16),
        (OdometerRange(6, 10), 16),
    ]


def test_runs_that_overlap_share_nothing() -> None:
    told = plan_bookings(CYCLES, HISTORY, [], [a_run("R2", 50, 500), a_run("R1", 0, 100)], 1000)
    assert [(one.run_id, one.range) for one in told.proposals] == [
        ("R1", OdometerRange(0, 10)),
        ("R2", OdometerRange(10, 50)),
    ]


K = PartsKind
PART, REJECT = CounterTag("t", Counts.PARTS), CounterTag("t", Counts.REJECT)
AMONG = CounterTag("t", Counts.REJECT, rejects_are_among_parts=True)


@pytest.mark.parametrize(
    ("tag", "policy", "in_production", "in_setup"),
    [
        (PART, SetupPartsPolicy.SCRAP, K.MADE, K.SCRAP),
        (PART, SetupPartsPolicy.NOT_COUNTED, K.MADE, K.NOT_COUNTED),
        (PART, SetupPartsPolicy.GOOD, K.MADE, K.MADE),
        (REJECT, SetupPartsPolicy.SCRAP, K.SCRAP, K.SCRAP),
        (REJECT, SetupPartsPolicy.NOT_COUNTED, K.SCRAP, K.NOT_COUNTED),
        (REJECT, SetupPartsPolicy.GOOD, K.SCRAP, K.SCRAP),
        (AMONG, SetupPartsPolicy.SCRAP, K.REJECTED, K.NOT_COUNTED),
        (AMONG, SetupPartsPolicy.NOT_COUNTED, K.REJECTED, K.NOT_COUNTED),
        (AMONG, SetupPartsPolicy.GOOD, K.REJECTED, K.REJECTED),
    ],
)
def test_what_parts_are_depends_on_the_counter_the_phase_and_the_item(
    tag: CounterTag, policy: SetupPartsPolicy, in_production: PartsKind, in_setup: PartsKind
) -> None:
    assert kind_of(tag, Phase.PRODUCTION, policy) is in_production
    assert kind_of(tag, Phase.SETUP, policy) is in_setup


def test_an_empty_range_cannot_be_made() -> None:
    for wrong in ((5, 5), (6, 5)):
        with pytest.raises(ValueError, match="is empty"):
            OdometerRange(*wrong)


ranges = st.lists(
    st.tuples(st.integers(0, 40), st.integers(1, 10)).map(lambda one: OdometerRange(one[0], sum(one))),
    max_size=8,
)


@given(ranges, st.integers(0, 20), st.integers(1, 30))
def test_the_unbooked_is_every_unit_that_is_in_no_booking(
    booked: list[OdometerRange], begin: int, units: int
) -> None:
    told = unbooked(OdometerRange(begin, begin + units), booked)
    free = [unit for one in told for unit in range(one.odometer_from + 1, one.odometer_to + 1)]
    taken = {unit for one in booked for unit in range(one.odometer_from + 1, one.odometer_to + 1)}
    assert free == [unit for unit in range(begin + 1, begin + units + 1) if unit not in taken]


# A shop floor: readings, and runs that follow one another with pauses and blocked cavities in between.

Floor = tuple[list[OdometerPoint], list[Run], list[int]]


def a_floor(seed: int) -> Floor:
    draw = random.Random(seed)
    points, total, at_ms = [], 0, 0
    for _ in range(draw.randint(0, 25)):
        at_ms += draw.randint(1, 20)
        total += draw.choice([0, 1, 1, 2, 7])
        points.append(OdometerPoint(at_ms, total))
    runs, now_ms = [], draw.randint(0, 30)
    for number in range(draw.randint(0, 5)):
        per = PartsPerCycle(draw.randint(1, 4), 0, draw.choice([1, 1, 2, 3]))
        setting, found = RunSetting(now_ms, Phase.PRODUCTION, per), []
        for _ in range(draw.randint(1, 3)):
            found.append(setting)
            now_ms += draw.randint(1, 40)
            blocked = PartsPerCycle(4, draw.randint(0, 4), draw.choice([1, 2]))
            setting = RunSetting(now_ms, Phase.PRODUCTION, blocked)
        runs.append(replace(a_run(f"R{number}", found[0].from_ms, now_ms, per), settings=tuple(found)))
        now_ms += draw.choice([0, 0, draw.randint(1, 30)])
    looks = sorted(draw.randint(0, max(at_ms, now_ms) + 10) for _ in range(draw.randint(1, 6)))
    return points, runs, [*looks, max(at_ms, now_ms) + 10]


def truth(points: list[OdometerPoint], runs: list[Run]) -> tuple[dict[str, int], dict[str, int], int]:
    """Units and parts per run, unit by unit, and what is nobody's."""
    units: dict[str, int] = {}
    of_setting: dict[tuple[str, int], int] = {}
    nobodys = 0
    seen = 0
    for point in points:
        made, seen = point.total - seen, point.total
        for run in runs:
            assert run.to_ms is not None
            if run.from_ms < point.at_ms <= run.to_ms:
                begins = [one.from_ms for one in run.settings]
                which = max(n for n, begin in enumerate(begins) if begin < point.at_ms)
                units[run.run_id] = units.get(run.run_id, 0) + made
                of_setting[run.run_id, which] = of_setting.get((run.run_id, which), 0) + made
                break
        else:
            nobodys += made
    parts: dict[str, int] = {}
    for (run_id, which), count in of_setting.items():
        per = next(run for run in runs if run.run_id == run_id).settings[which].parts_per_cycle.parts
        parts[run_id] = parts.get(run_id, 0) + floor(count * per)
    return units, parts, nobodys


def as_of(runs: list[Run], at_ms: int) -> list[Run]:
    """The runs as people knew them then."""
    known = []
    for run in runs:
        settings = tuple(one for one in run.settings if one.from_ms <= at_ms)
        if settings:
            ended = run.to_ms is not None and run.to_ms <= at_ms
            known.append(replace(run, settings=settings, to_ms=run.to_ms if ended else None))
    return known


def check(module: Any, floor_: Floor) -> None:
    """Whoever looks, and however often: every unit once, each run what it made, and the rest nobody's."""
    points, runs, looks = floor_
    tag = module.CounterTag(CYCLES.tag, module.Counts.CYCLES)
    booked: list[Any] = []
    units: dict[str, int] = {}
    parts: dict[str, int] = {}
    for at_ms in looks:
        history = CountHistory([one for one in points if one.at_ms <= at_ms])
        plan = module.plan_bookings(tag, history, booked, as_of(runs, at_ms), at_ms)
        for one in plan.proposals:
            assert one.parts >= 0
            booked.append(one.range)
            units[one.run_id] = units.get(one.run_id, 0) + one.range.units
            parts[one.run_id] = parts.get(one.run_id, 0) + one.parts
        for left, right in pairwise(sorted(booked)):
            assert left.odometer_to <= right.odometer_from, "booked twice"
        free = sum(one.range.units for one in plan.not_assigned)
        assert sum(one.units for one in booked) + free == history.total
    expected_units, expected_parts, nobodys = truth(points, runs)
    told = {run: count for run, count in units.items() if count}
    assert told == {run: count for run, count in expected_units.items() if count}
    assert {run: count for run, count in parts.items() if count} == {
        run: count for run, count in expected_parts.items() if count
    }
    assert free == nobodys


@settings(max_examples=400, deadline=None)
@given(st.integers(0, 2**32).map(a_floor))
def test_every_count_belongs_to_one_run_or_to_nobody_however_often_somebody_looks(floor_: Floor) -> None:
    check(booking, floor_)


MUTANTS = {
    "books what was booked": ("    free = list(unbooked(whole, booked))", "    free = [whole] if whole else []"),
    "floors at every booking": (
        "return floor(per * (of.odometer_to - origin)) - floor(per * (of.odometer_from - origin))",
        "return floor(per * of.units)",
    ),
    "counts from where the odometer began": (
        "history.total_at(setting.from_ms), piece)",
        "0, piece)",
    ),
    "gives a run what came after it": ("min(run.to_ms, until_ms)", "until_ms"),
    "gives a run what came before it": ("for run in sorted(runs, key", "for run in sorted((replace_from(one) for one in runs), key"),
    "forgets that a cavity was blocked": (
        "in zip(run.settings, pairwise",
        "in zip([run.settings[0]] * len(run.settings), pairwise",
    ),
    "loses what nobody owns": ("for one in free)\n    return BookingPlan", "for one in free[1:])\n    return BookingPlan"),
    "believes bookings reach to the last one": (
        "        begin = max(begin, one.odometer_to)\n",
        "        begin = one.odometer_to + 1\n",
    ),
    "counts half a part for a whole one": ("return floor(per * (of.odometer_to - origin)) -", "return -floor(-per * (of.odometer_to - origin)) -"),
}  # fmt: skip


def mutant(old: str, new: str) -> ModuleType:
    source = getsource(booking)
    assert source.count(old) == 1, f"nothing to change reads: {old}"
    broken = ModuleType(booking.__name__)
    broken.__dict__["replace_from"] = lambda run: replace(
        run, from_ms=0, settings=(replace(run.settings[0], from_ms=0), *run.settings[1:])
    )
    sys.modules[booking.__name__] = broken
    try:
        exec(source.replace(old, new), broken.__dict__)  # noqa: S102 - our own source
    finally:
        sys.modules[booking.__name__] = booking
    return broken


FLOORS = [a_floor(seed) for seed in range(150)]


@pytest.mark.parametrize(("old", "new"), MUTANTS.values(), ids=MUTANTS)
def test_a_broken_booking_is_caught(old: str, new: str) -> None:
    broken = mutant(old, new)

    def check_all() -> None:
        for floor_ in FLOORS:
            check(broken, floor_)

    with pytest.raises((AssertionError, ValueError)):
        check_all()


def test_a_booking_that_was_only_read_again_is_not_broken() -> None:
    again = mutant("free = list(", "free = list(")
    for floor_ in FLOORS:
        check(again, floor_)
