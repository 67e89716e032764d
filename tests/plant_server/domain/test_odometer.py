"""Counters as factories have them, one story per test. Rates are parts per second, times are seconds."""

from __future__ import annotations

import json
from math import inf, nan

import pytest

from plant_server.domain.odometer import (
    Advance,
    Case,
    CaseKind,
    CaseStatus,
    CounterReading,
    OdometerState,
    ReadingOutOfRange,
    advance,
    review,
)

BITS_16, BITS_32 = 2**16, 2**32


class Told:
    """Folds readings and keeps what was told. Each reading is (value, time) or (value, time, unbroken)."""

    def __init__(
        self, *readings: tuple[int, float] | tuple[int, float, bool], modulus: int = BITS_32, rate: float = 10
    ):
        self.state, self.cases = OdometerState(), dict[int, Case]()
        self.modulus, self.rate = modulus, rate
        self.totals: list[int] = []
        for reading in readings:
            self.then(*reading)

    def then(self, value: int, at: float, unbroken: bool = True) -> Told:
        step = advance(
            OdometerState.from_json(json.loads(json.dumps(self.state.to_json()))),
            CounterReading(value, at),
            modulus=self.modulus,
            rate_max=self.rate,
            unbroken=unbroken,
        )
        assert step.state.total == self.state.total + step.parts
        assert step.parts >= 0
        self.keep(step)
        self.totals.append(step.state.total)
        return self

    def keep(self, step: Advance) -> None:
        self.state = step.state
        if step.case is not None:
            self.cases[step.case.number] = step.case

    @property
    def total(self) -> int:
        return self.state.total

    @property
    def open(self) -> list[tuple[CaseKind, int, int, int]]:
        """Kind, bounds, and what was believed."""
        return [
            (case.kind, case.at_least, case.at_most, case.believed)
            for case in self.cases.values()
            if case.status is CaseStatus.OPEN
        ]


# What a peer gets wrong with counters (reset live, reset between polls, reset unseen, wrap), with the right answer.


def test_reset_seen_live_counts_what_it_shows_and_asks_about_the_poll_before() -> None:
    told = Told((1000, 0), (0, 1), (30, 4))
    assert told.total == 30
    assert told.open == [(CaseKind.RESTART, 30, 41, 30)]


def test_reset_between_two_publishes_counts_45() -> None:
    told = Told((0, 0), (40, 4), (5, 5), (6, 6))
    assert told.totals == [0, 40, 40, 46]
    assert told.open == [(CaseKind.RESTART, 6, 21, 6)]


def test_reset_between_two_publishes_counts_45_when_the_machine_then_stands() -> None:
    told = Told((0, 0), (40, 4), (5, 5), (5, 35), (5, 65))
    assert told.totals == [0, 40, 40, 40, 45]
    assert told.open == [(CaseKind.RESTART, 5, 611, 5)]


def test_reader_down_and_reset_meanwhile_counts_800_at_800_and_1200_at_1200() -> None:
    told = Told((1000, 0), (700, 1000, False), (800, 1100), (1200, 1500), rate=1)
    assert told.totals == [0, 0, 800, 1200]
    assert told.open == [(CaseKind.RESTART, 800, 1101, 800)]


@pytest.mark.parametrize("modulus", [2**16, 2**31, 2**32, 2**64])
def test_wrap_counts_31(modulus: int) -> None:
    told = Told((modulus - 6, 0), (20, 3), (25, 4), modulus=modulus)
    assert told.totals == [0, 0, 31]
    assert told.open == []


@pytest.mark.parametrize("modulus", [2**16, 2**32])
def test_restart_right_after_a_wrap_is_a_case(modulus: int) -> None:
    told = Told((modulus - 6, 0), (20, 3), (5, 4), (7, 5), modulus=modulus)
    assert told.total == 7
    assert told.open == [(CaseKind.RESTART, 7, 51, 7)]


def test_wrap_during_an_outage_is_a_case_since_a_restart_looks_the_same() -> None:
    told = Told((65530, 0), (20, 30, False), (25, 31), modulus=BITS_16)
    assert told.total == 25
    assert told.open == [(CaseKind.RESTART, 25, 311, 25)]


def test_edge_killed_while_200_were_made_counts_200() -> None:
    told = Told((70_000, 0), (70_200, 60, False))
    assert told.total == 200
    assert told.open == []


# Glitches.


def test_false_zero_is_not_counted() -> None:
    told = Told((5000, 0), (0, 1), (5012, 2))
    assert (told.total, told.open) == (12, [])


def test_two_false_readings_in_a_row_are_not_counted() -> None:
    assert Told((5000, 0), (0, 1), (0, 2), (5012, 3)).total == 12
    assert Told((5000, 0), (700, 1), (3, 2), (5012, 3)).total == 12


def test_false_high_value_is_not_counted_and_no_case() -> None:
    told = Told((5000, 0), (4_000_000, 1), (5012, 2))
    assert (told.total, told.open) == (12, [])


def test_false_high_value_while_a_low_one_is_pending_is_not_counted() -> None:
    told = Told((5000, 0), (0, 1), (4_000_000, 2), (5012, 3))
    assert (told.total, told.open) == (12, [])


def test_false_zero_right_at_a_wrap_is_covered_by_a_case() -> None:
    told = Told((65519, 0), (0, 1), (4, 2), modulus=BITS_16)  # Really 65530 at 1, and 21 made.
    assert told.total == 4
    assert told.open == [(CaseKind.RESTART, 4, 21, 4)]


def test_false_zero_just_after_a_wrap_leaves_it_exact() -> None:
    told = Told((65530, 0), (4, 1), (0, 2), (24, 3), (34, 4), modulus=BITS_16)
    assert (told.total, told.open) == (40, [])


def test_false_zero_of_a_counter_that_is_young_may_be_a_restart() -> None:
    told = Told((10, 0), (0, 1), (15, 2))
    assert told.total == 5
    assert told.open == [(CaseKind.UNCLEAR, 5, 21, 5)]


def test_meter_that_shows_zero_all_night_comes_back_exact_and_settles_its_case() -> None:
    told = Told((90_000_000, 0), *((0, at) for at in range(60, 30_000, 60)), (90_000_100, 30_000))
    assert told.total == 100
    assert told.open == []
    assert told.cases[1].status is CaseStatus.SETTLED
    assert (told.cases[1].kind, told.cases[1].at_least) == (CaseKind.GLITCH, 100)


def test_young_counter_that_shows_zero_for_long_and_leaps_back_stays_a_case() -> None:
    told = Told((300, 0), *((0, at) for at in range(60, 3_000, 60)), (310, 3_000))
    assert told.total == 10
    assert told.open == [(CaseKind.UNCLEAR, 10, 30_001, 10)]


def test_wrap_believed_while_standing_and_undone_by_a_return_is_an_open_case_with_exact_bounds() -> None:
    told = Told((65530, 0), (0, 1), (0, 62), (65532, 63), modulus=BITS_16)
    assert told.totals == [0, 0, 6, 6]
    assert told.open == [(CaseKind.GLITCH, 2, 2, 6)]


# Restarts.


def test_restart_while_the_machine_stands_at_zero_counts_on_from_zero() -> None:
    told = Told((5000, 0), (0, 1), (0, 31), (0, 61), (0, 121), (3, 122), (13, 123))
    assert told.totals == [0, 0, 0, 0, 0, 3, 13]
    assert told.open == [(CaseKind.RESTART, 0, 611, 0)]


def test_two_restarts_in_a_row_count_what_the_second_shows() -> None:
    told = Told((5000, 0), (7, 1), (2, 2), (4, 3))
    assert told.total == 4
    assert told.open == [(CaseKind.RESTART, 4, 31, 4)]


def test_forward_step_over_an_outage_that_may_hide_a_restart_is_believed_and_told() -> None:
    told = Told((40, 0), (90, 60, False))
    assert told.total == 50
    assert told.open == [(CaseKind.UNSEEN_RESTART, 50, 601, 50)]


def test_small_step_down_that_no_restart_explains_adds_nothing() -> None:
    told = Told((1000, 0), (990, 1), (991, 2), (992, 3))
    assert told.totals == [0, 0, 0, 1]
    assert told.open == [(CaseKind.STEP_DOWN, 0, 21, 0)]


# Steps too large, gaps too long, readings that never agree.


def test_counter_set_up_by_hand_is_a_case_and_counting_goes_on_from_there() -> None:
    told = Told((1000, 0), (50_000, 1), (50_003, 2), (50_005, 3))
    assert told.totals == [0, 0, 0, 2]
    assert told.open == [(CaseKind.JUMP, 0, 21, 0)]


def test_gap_in_which_the_counter_may_have_gone_round_is_a_case_with_bounds() -> None:
    told = Told((60_000, 0), (3_000, 36_000, False), (3_005, 36_001), modulus=BITS_16)
    assert told.total == 3_005
    assert told.open == [(CaseKind.LONG_GAP, 3_005, 360_011, 3_005)]


def test_readings_that_never_agree_become_a_case_after_five_minutes() -> None:
    told = Told((5000, 0), *((value, 1 + 30 * n) for n, value in enumerate([9, 800_000] * 5 + [9])))
    assert told.total == 0
    assert told.open == [(CaseKind.UNCLEAR, 0, 3_011, 0)]
    told.then(700, 302).then(703, 303)
    assert told.total == 703
    assert told.open == [(CaseKind.RESTART, 703, 3_031, 703)]


def test_doubt_that_no_reading_settles_is_opened_by_a_review_and_settled_by_a_later_reading() -> None:
    told = Told((5000, 0), (0, 1))
    assert review(told.state, now=300, modulus=BITS_32, rate_max=10) == Advance(told.state, 0, None)
    told.keep(review(told.state, now=301, modulus=BITS_32, rate_max=10))
    assert told.open == [(CaseKind.UNCLEAR, 0, 11, 0)]
    told.keep(again := review(told.state, now=999, modulus=BITS_32, rate_max=10))
    assert again.case is None
    told.then(5012, 302)
    assert (told.total, told.open) == (12, [])
    assert told.cases[1].status is CaseStatus.SETTLED


def test_wrap_that_a_review_made_a_case_of_is_settled_exactly_by_a_later_reading() -> None:
    told = Told((65530, 0), (4, 1), modulus=BITS_16)
    told.keep(review(told.state, now=400, modulus=BITS_16, rate_max=10))
    told.then(14, 401)
    assert (told.total, told.open) == (20, [])
    assert (told.cases[1].kind, told.cases[1].status) == (CaseKind.WRAP, CaseStatus.SETTLED)


# Time, and what is no reading.


def test_same_reading_again_adds_nothing_however_long_it_stood() -> None:
    told = Told((65530, 0), (65530, 60), (65530, 500_000), (65531, 500_001), modulus=BITS_16)
    assert (told.total, told.open) == (1, [])


def test_step_too_large_for_no_time_is_settled_by_the_next_reading() -> None:
    told = Told((1000, 5), (1002, 5), (1001, 6))
    assert (told.total, told.open) == (1, [])
    told = Told((1000, 5), (1001, 5), (1005, 6))
    assert (told.total, told.open) == (5, [])


def test_clock_that_went_back_is_a_case_bounded_by_the_width_alone() -> None:
    told = Told((1000, 3600), (1005, 10), (1008, 11), (1010, 12), modulus=BITS_16)
    assert told.totals == [0, 0, 0, 2]
    assert told.open == [(CaseKind.CLOCK, 0, 65_535, 0)]


@pytest.mark.parametrize(("value", "at"), [(-1, 1), (BITS_16, 1), (5, nan), (5, inf)])
def test_reading_that_the_counter_cannot_show_is_refused_and_leaves_the_state(value: int, at: float) -> None:
    told = Told((5, 0), modulus=BITS_16)
    with pytest.raises(ReadingOutOfRange):
        told.then(value, at)
    assert told.then(6, 2).total == 1


def test_meter_of_32_bits_in_tenths_wraps_at_its_scaled_width() -> None:
    modulus = 2**32 * 10  # Wh, the register counts tens of Wh.
    told = Told((modulus - 500, 0), (700, 60), (1500, 120), modulus=modulus, rate=28)
    assert (told.total, told.open) == (2000, [])


def test_first_reading_is_a_baseline() -> None:
    assert Told((123_456, 0)).total == 0


def test_state_of_an_unknown_version_is_refused() -> None:
    with pytest.raises(ValueError, match="version 2"):
        OdometerState.from_json(OdometerState().to_json() | {"version": 2})
