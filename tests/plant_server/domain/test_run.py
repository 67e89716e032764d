from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from itertools import pairwise

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from plant_server.domain.run import (
    PartsPerCycle,
    Phase,
    Run,
    change_parts_per_cycle,
    end_run,
    end_setup,
    new_run,
    start_run,
)
from plant_server.domain.transition import TransitionRefused

FOUR = PartsPerCycle(4)


def a_run(run_id: str = "R1", at_ms: int = 100, *, with_setup: bool = True, station: str = "press1") -> Run:
    return new_run(run_id, "WO1", 10, "mould", station, at_ms, FOUR, with_setup=with_setup)


def test_blocked_cavities_make_nothing() -> None:
    assert PartsPerCycle(4, blocked=1).parts == 3
    assert PartsPerCycle(1, cycles=2).parts == Fraction(1, 2)
    assert PartsPerCycle(4, blocked=4).parts == 0
    for wrong in ({"cavities": 0}, {"cavities": 2, "blocked": 3}, {"cavities": 1, "cycles": 0}):
        with pytest.raises(ValueError, match="cavities"):
            PartsPerCycle(**wrong)


def test_what_is_pinned_at_the_start_changes_only_from_now_on() -> None:
    run = end_setup(a_run(), 150)
    run = change_parts_per_cycle(run, 200, PartsPerCycle(4, 1))
    told = [(one.from_ms, one.phase, int(one.parts_per_cycle.parts)) for one in run.settings]
    assert told == [(100, Phase.SETUP, 4), (150, Phase.PRODUCTION, 4), (200, Phase.PRODUCTION, 3)]
    again = change_parts_per_cycle(run, 200, PartsPerCycle(4, 2))
    assert [int(one.parts_per_cycle.parts) for one in again.settings] == [4, 4, 2]


def test_a_station_runs_one_thing_at_a_time() -> None:
    first = a_run()
    for new in (a_run("R2", 100), a_run("R2", 50), a_run("R2", 500)):
        with pytest.raises(TransitionRefused, match="station_is_busy"):
            start_run(new, [first])
    ended = end_run(first, 200)
    with pytest.raises(TransitionRefused, match="station_is_busy"):
        start_run(a_run("R2", 199), [ended])
    assert start_run(a_run("R2", 200), [ended]).is_open
    assert start_run(a_run("R2", 150, station="press2"), [first]).is_open
    with pytest.raises(TransitionRefused, match="run_exists"):
        start_run(a_run("R1", 300), [ended])


def test_a_run_that_has_ended_changes_no_more() -> None:
    ended = end_run(a_run(), 200)
    changes: list[Callable[[Run], Run]] = [
        lambda run: end_run(run, 300),
        lambda run: end_setup(run, 300),
        lambda run: change_parts_per_cycle(run, 300, FOUR),
    ]
    for change in changes:
        with pytest.raises(TransitionRefused, match="run_has_ended"):
            change(ended)
    with pytest.raises(TransitionRefused, match="time_goes_back"):
        end_run(a_run(), 99)
    with pytest.raises(TransitionRefused, match="run_is_not_in_setup"):
        end_setup(a_run(with_setup=False), 200)


class RunMachine(RuleBasedStateMachine):
    """A station on which somebody starts, changes and ends runs, with clocks that are sometimes late."""

    def __init__(self) -> None:
        super().__init__()
        self.runs: list[Run] = []
        self.now_ms = 0

    @rule(later=st.integers(-5, 20), with_setup=st.booleans())
    def start(self, later: int, with_setup: bool) -> None:
        at_ms = self.now_ms + later
        new = a_run(f"R{len(self.runs)}", at_ms, with_setup=with_setup)
        try:
            self.runs.append(start_run(new, self.runs))
        except TransitionRefused:
            assert any(run.to_ms is None or run.to_ms > at_ms for run in self.runs)
        self.now_ms = max(self.now_ms, at_ms)

    @precondition(lambda self: self.runs)
    @rule(
        later=st.integers(-5, 20), what=st.sampled_from(["end", "setup", "cavity"]), blocked=st.integers(0, 4)
    )
    def change(self, later: int, what: str, blocked: int) -> None:
        at_ms = self.now_ms + later
        run = self.runs[-1]
        try:
            if what == "end":
                self.runs[-1] = end_run(run, at_ms)
            elif what == "setup":
                self.runs[-1] = end_setup(run, at_ms)
            else:
                self.runs[-1] = change_parts_per_cycle(run, at_ms, PartsPerCycle(4, blocked))
        except TransitionRefused:
            assert not run.is_open or at_ms < run.settings[-1].from_ms or what == "setup"
            return
        self.now_ms = max(self.now_ms, at_ms)

    @invariant()
    def runs_of_a_station_follow_one_another(self) -> None:
        assert sum(run.is_open for run in self.runs) <= 1
        for run, after in pairwise(sorted(self.runs, key=lambda one: one.from_ms)):
            assert run.to_ms is not None
            assert run.to_ms <= after.from_ms
        for run in self.runs:
            times = [one.from_ms for one in run.settings]
            assert times[0] == run.from_ms
            assert all(one < after for one, after in pairwise(times))
            assert run.to_ms is None or run.to_ms >= times[-1]


TestRunMachine = RunMachine.TestCase
TestRunMachine.settings = settings(max_examples=60, stateful_step_count=30, deadline=None)
