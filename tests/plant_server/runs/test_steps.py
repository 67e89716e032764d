"""Counts divided among runs by the time of their readings."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from plant_server.domain.booking import CounterTag, Counts, OdometerRange, plan_bookings
from plant_server.domain.count_history import CountHistory, OdometerPoint
from plant_server.domain.run import PartsPerCycle, Phase, Run, RunSetting
from plant_server.runs.steps import Loss, Nobodys, Piece, Point, Slot, divide, with_unchanged

NOON = datetime(2026, 1, 5, 12, tzinfo=UTC)


def at(seconds: float) -> datetime:
    return NOON + timedelta(seconds=seconds)


def slot(run_id: int, begin: float, end: float | None, *, is_late: bool = False) -> Slot:
    until = None if end is None else at(end)
    return Slot(
        run_id, run_id, at(begin), until, at(begin), Phase.PRODUCTION, PartsPerCycle(1), is_late=is_late
    )


def owners(pieces: list[Piece]) -> list[tuple[int, int, int | str]]:
    """(from, to, run or why nobody's)"""
    return [
        (one.odometer_from, one.odometer_to, one.slot.run_id if one.slot else str(one.reason))
        for one in pieces
    ]


def test_a_change_at_full_speed_loses_nothing_and_a_reading_at_the_very_moment_is_the_earlier_runs() -> None:
    points = [Point(at(second), second * 3) for second in range(1, 11)]
    pieces = divide(0, None, points, [slot(1, 0, 5), slot(2, 5, None)], [])
    assert owners(pieces) == [(0, 15, 1), (15, 30, 2)]
    assert (pieces[0].to_ts, pieces[1].from_ts) == (at(5), at(6))


def test_what_lies_between_runs_is_nobodys() -> None:
    points = [Point(at(1), 1), Point(at(6), 3), Point(at(11), 7)]
    pieces = divide(0, None, points, [slot(1, 0, 5), slot(2, 10, None)], [])
    assert owners(pieces) == [(0, 1, 1), (1, 3, Nobodys.NO_RUN), (3, 7, 2)]


def test_an_advance_over_a_lost_contact_and_a_change_of_runs_cannot_be_split() -> None:
    """Contact is lost at 3 and found at 20; the runs changed at 10. Before and after, each has its own."""
    points = [Point(at(1), 10), Point(at(2), 20), Point(at(20), 120), Point(at(21), 130)]
    slots, losses = [slot(1, 0, 10), slot(2, 10, None)], [Loss(at(3), at(20))]
    assert owners(divide(0, None, points, slots, losses)) == [
        (0, 20, 1),
        (20, 120, Nobodys.SPANS_RUNS),
        (120, 130, 2),
    ]


def test_an_advance_over_a_lost_contact_within_one_run_is_its() -> None:
    points = [Point(at(12), 10), Point(at(40), 120)]
    slots, losses = [slot(1, 0, 10), slot(2, 10, None)], [Loss(at(15), at(39))]
    assert owners(divide(0, at(11), points, slots, losses)) == [(0, 120, 2)]


def test_a_change_before_the_contact_was_lost_is_no_doubt() -> None:
    points = [Point(at(40), 100)]
    slots, losses = [slot(1, 0, 10), slot(2, 10, None)], [Loss(at(15), None)]
    assert owners(divide(0, at(9), points, slots, losses)) == [(0, 100, 2)]


def test_readings_that_an_edge_kept_through_an_outage_are_split_by_their_times() -> None:
    """W6: 60 on the first order, 40 on the second, all of it delivered after both."""
    points = [Point(at(second), second) for second in range(1, 101)]
    pieces = divide(0, None, points, [slot(1, 0, 60), slot(2, 60, 100)], [])
    assert owners(pieces) == [(0, 60, 1), (60, 100, 2)]


def test_what_comes_for_a_run_that_is_through_is_proposed_and_not_taken() -> None:
    (piece,) = divide(0, None, [Point(at(2), 5)], [slot(1, 0, 4, is_late=True)], [])
    assert (piece.slot, piece.reason, piece.proposed_run_id) == (None, Nobodys.LATE, 1)


def test_what_was_looked_at_is_not_looked_at_again() -> None:
    assert divide(7, at(3), [Point(at(2), 5), Point(at(3), 7)], [slot(1, 0, None)], []) == []


def test_an_unchanged_reading_after_a_loss_proves_that_nothing_was_made_in_it() -> None:
    """Idle from 3 to 20 without contact, unchanged at 20; the new run begins at 25 and its first part comes at 30."""
    slots, losses = [slot(1, 0, 10), slot(2, 25, None)], [Loss(at(3), at(20))]
    points = [Point(at(2), 20), Point(at(30), 21)]
    assert owners(divide(0, None, points, slots, losses)) == [(0, 20, 1), (20, 21, Nobodys.SPANS_RUNS)]
    seen = with_unchanged(0, points, [at(20)])
    assert owners(divide(0, None, seen, slots, losses)) == [(0, 20, 1), (20, 21, 2)]
    assert owners(divide(20, at(2), with_unchanged(20, points[1:], [at(20)]), slots, losses)) == [(20, 21, 2)]


def test_an_unchanged_reading_between_two_losses_ends_the_first_alone() -> None:
    slots, losses = [slot(1, 0, 10), slot(2, 25, None)], [Loss(at(3), at(8)), Loss(at(15), at(28))]
    seen = with_unchanged(20, [Point(at(30), 21)], [at(8)])
    assert owners(divide(20, at(2), seen, slots, losses)) == [(20, 21, Nobodys.SPANS_RUNS)]
    seen = with_unchanged(20, [Point(at(30), 21)], [at(8), at(28)])
    assert owners(divide(20, at(2), seen, slots, losses)) == [(20, 21, 2)]


def test_a_reading_that_a_clock_put_out_of_order_proves_nothing() -> None:
    points = [Point(at(30), 5), Point(at(10), 6)]
    assert with_unchanged(0, points, [at(20)]) == points


boundaries = st.lists(st.integers(0, 60), min_size=2, max_size=8, unique=True).map(sorted)
advances = st.lists(st.tuples(st.integers(1, 70), st.integers(1, 9)), min_size=1, max_size=30)


@given(bounds=boundaries, steps=advances, gaps=st.lists(st.booleans(), min_size=8, max_size=8))
def test_without_losses_it_gives_each_run_what_the_domain_gives_it(
    bounds: list[int], steps: list[tuple[int, int]], gaps: list[bool]
) -> None:
    spans = [(begin, end) for begin, end, gap in zip(bounds, bounds[1:], gaps, strict=False) if not gap]
    points, total = [], 0
    for second, more in sorted(dict(steps).items()):
        total += more
        points.append(Point(at(second), total))
    slots = [slot(number, begin, end) for number, (begin, end) in enumerate(spans, 1)]
    ours: dict[int, int] = {}
    for piece in divide(0, None, points, slots, []):
        owner = piece.slot.run_id if piece.slot else 0
        ours[owner] = ours.get(owner, 0) + piece.odometer_to - piece.odometer_from

    runs = [
        Run(
            str(number),
            "",
            10,
            "",
            "",
            begin * 1000,
            (RunSetting(begin * 1000, Phase.PRODUCTION, PartsPerCycle(1)),),
            end * 1000,
        )
        for number, (begin, end) in enumerate(spans, 1)
    ]
    history = CountHistory(
        OdometerPoint(int((one.ts - NOON).total_seconds()) * 1000, one.total) for one in points
    )
    plan = plan_bookings(CounterTag("t", Counts.PARTS), history, [], runs, 100_000)
    theirs = {int(one.run_id): 0 for one in plan.proposals}
    for one in plan.proposals:
        theirs[int(one.run_id)] += one.range.units
    if nobodys := sum(one.range.units for one in plan.not_assigned):
        theirs[0] = nobodys
    assert ours == theirs
    assert sum(ours.values()) == OdometerRange(0, total).units


@dataclass(frozen=True, slots=True)
class _Shift:
    """A machine read once a second: what it made in each, when nobody could read it, and when the runs changed."""

    made: list[int]
    blind: list[bool]
    bounds: list[int]

    def total_at(self, second: int) -> int:
        return sum(self.made[: second + 1])

    def spells(self) -> list[tuple[int, int]]:
        """First and last second of each time without contact."""
        found: list[tuple[int, int]] = []
        for second in (one for one, blind in enumerate(self.blind) if blind):
            if found and found[-1][1] == second - 1:
                found[-1] = (found[-1][0], second)
            else:
                found.append((second, second))
        return found


@st.composite
def shifts(draw: st.DrawFn) -> _Shift:
    seconds = draw(st.integers(5, 40))
    made = draw(st.lists(st.integers(0, 2), min_size=seconds, max_size=seconds))
    for begin, length in draw(st.lists(st.tuples(st.integers(0, 39), st.integers(1, 15)), max_size=3)):
        made[begin : begin + length] = [0] * len(made[begin : begin + length])
    blind = [False] * seconds
    for begin, length in draw(st.lists(st.tuples(st.integers(1, 39), st.integers(1, 12)), max_size=3)):
        blind[begin : begin + length] = [True] * len(blind[begin : begin + length])
    bounds = draw(st.lists(st.integers(0, seconds), min_size=2, max_size=6, unique=True).map(sorted))
    return _Shift([1, *made[1:]], blind, bounds)


@given(shift=shifts())
def test_a_person_is_asked_only_what_nobody_saw_and_nothing_is_given_to_a_wrong_run(shift: _Shift) -> None:
    """Readings that show an advance, and after each loss the first one; the truth is what was made in each second."""
    points: list[Point] = []
    unchanged: list[datetime] = []
    for second in (one for one, blind in enumerate(shift.blind) if not blind):
        total = shift.total_at(second)
        if total > (points[-1].total if points else 0):
            points.append(Point(at(second), total))
        elif second and shift.blind[second - 1]:
            unchanged.append(at(second))
    losses = [Loss(at(begin - 0.5), at(end + 1)) for begin, end in shift.spells()]
    slots = [
        slot(number, begin, end)
        for number, (begin, end) in enumerate(zip(shift.bounds, shift.bounds[1:], strict=False), 1)
    ]
    pieces = divide(0, None, with_unchanged(0, points, unchanged), slots, losses)
    assert [(one.odometer_from, one.odometer_to) for one in pieces] == _joined(pieces)
    assert sum(one.odometer_to - one.odometer_from for one in pieces) == (points[-1].total if points else 0)
    owner = {
        part: piece for piece in pieces for part in range(piece.odometer_from + 1, piece.odometer_to + 1)
    }
    for second, made in enumerate(shift.made):
        if shift.total_at(second) > (points[-1].total if points else 0):
            break  # Made, and not read again.
        for part in range(shift.total_at(second) - made + 1, shift.total_at(second) + 1):
            piece = owner[part]
            spell = next(((b, e) for b, e in shift.spells() if b <= second <= e + 1), None)
            if piece.reason is Nobodys.SPANS_RUNS:
                assert spell is not None, "it was seen"
                assert any(spell[0] <= bound <= spell[1] for bound in shift.bounds), (
                    "nothing changed meanwhile"
                )
                assert sum(shift.made[spell[0] : spell[1] + 2]), "nothing was made meanwhile"
                continue
            held = next((one.run_id for one in slots if one.holds(at(second))), None)
            assert (piece.slot.run_id if piece.slot else None) == held


def _joined(pieces: list[Piece]) -> list[tuple[int, int]]:
    bounds = [0, *(one.odometer_to for one in pieces)]
    return list(pairwise(bounds))
