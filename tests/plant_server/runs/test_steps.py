"""Counts divided among runs by the time of their readings."""

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from plant_server.domain.booking import CounterTag, Counts, OdometerRange, plan_bookings
from plant_server.domain.count_history import CountHistory, OdometerPoint
from plant_server.domain.run import PartsPerCycle, Phase, Run, RunSetting
from plant_server.runs.steps import Loss, Nobodys, Piece, Point, Slot, divide

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
