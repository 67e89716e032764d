from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plant_server.domain.machine_state import MachineState, StateInterval
from plant_server.domain.stop import (
    ReasonAssignment,
    Stop,
    StopPiece,
    StopProposal,
    explain,
    merge_stops,
    proposals_of,
    split_stop,
    standing_ms_by_reason,
    unassigned_ms,
)
from plant_server.domain.transition import TransitionRefused

S = MachineState


def said(
    number: str, start_ms: int, end_ms: int | None, reason: str | None, at_ms: int = 0
) -> ReasonAssignment:
    return ReasonAssignment(number, start_ms, end_ms, reason, "ann", at_ms)


def a_stop(start_ms: int, end_ms: int, *, is_micro: bool = False) -> Stop:
    return Stop(start_ms, end_ms, is_micro, frozenset({"machine"}), frozenset({S.FAULT}))


def test_neighbouring_states_of_standing_still_are_one_stop_and_unknown_is_none() -> None:
    told = merge_stops(
        proposals_of(
            [
                StateInterval(S.PRODUCING, 0, 10),
                StateInterval(S.STOPPED, 10, 20),
                StateInterval(S.FAULT, 20, 50),
                StateInterval(S.UNKNOWN, 50, 60),
                StateInterval(S.FAULT, 60, 65),
                StateInterval(S.PRODUCING, 65, 90),
                StateInterval(S.IDLE, 90, 100),
            ]
        ),
        micro_below_ms=10,
    )
    assert [(one.start_ms, one.end_ms, one.is_micro) for one in told] == [
        (10, 50, False),
        (60, 65, True),
        (90, 100, False),
    ]
    assert told[0].states == {S.STOPPED, S.FAULT}


def test_what_counts_as_standing_still_is_the_plants_choice() -> None:
    intervals = [StateInterval(S.IDLE, 0, 10), StateInterval(S.FAULT, 10, 20)]
    assert [one.start_ms for one in proposals_of(intervals, {S.FAULT})] == [10]


def test_proposals_that_overlap_or_touch_are_one_stop() -> None:
    told = merge_stops(
        [
            StopProposal(10, 20, "machine", frozenset({S.FAULT})),
            StopProposal(15, 30, "andon"),
            StopProposal(30, 31, "operator"),
            StopProposal(33, 33, "operator"),
            StopProposal(40, 41, "operator"),
        ],
        micro_below_ms=5,
    )
    assert told == [
        Stop(10, 31, False, frozenset({"machine", "andon", "operator"}), frozenset({S.FAULT})),
        Stop(40, 41, True, frozenset({"operator"}), frozenset()),
    ]


def test_the_latest_word_on_a_moment_holds_and_the_rest_stays_unassigned() -> None:
    told = explain(
        [a_stop(0, 100)],
        [said("a2", 20, 60, "jam", 5), said("a1", 10, 40, "tool", 5), said("a3", 50, 55, None, 6)],
    )
    assert [(one.start_ms, one.end_ms, one.reason) for one in told] == [
        (0, 10, None),
        (10, 20, "tool"),
        (20, 50, "jam"),
        (50, 55, None),
        (55, 60, "jam"),
        (60, 100, None),
    ]
    assert unassigned_ms(told) == 55
    assert standing_ms_by_reason(told) == {None: 55, "tool": 10, "jam": 35}


def test_a_reason_without_an_end_goes_on_with_its_stop_wherever_late_facts_end_it() -> None:
    word = [said("a1", 15, None, "jam")]
    assert [(one.start_ms, one.end_ms, one.reason) for one in explain([a_stop(10, 20)], word)] == [
        (10, 15, None),
        (15, 20, "jam"),
    ]
    healed = explain([a_stop(12, 70), a_stop(80, 90)], word)
    assert [(one.start_ms, one.end_ms, one.reason) for one in healed] == [
        (12, 15, None),
        (15, 70, "jam"),
        (80, 90, None),
    ]


def test_a_stop_is_split_by_two_reasons() -> None:
    stop = a_stop(10, 50)
    both = split_stop(stop, 30, said("a1", 0, None, "jam", 1), said("a2", 0, None, "break", 2))
    assert explain([stop], both) == [StopPiece(10, 30, False, "jam"), StopPiece(30, 50, False, "break")]
    for outside in (10, 50, 5):
        with pytest.raises(TransitionRefused, match="time_outside_stop"):
            split_stop(stop, outside, *both)


def test_a_micro_stop_needs_no_reason_and_may_have_one() -> None:
    stops = [a_stop(0, 5, is_micro=True), a_stop(10, 13, is_micro=True), a_stop(20, 50)]
    told = explain(stops, [said("a1", 10, None, "jam")])
    assert unassigned_ms(told) == 30
    assert standing_ms_by_reason(told) == {None: 30, "jam": 3}


proposals = st.lists(
    st.builds(
        lambda start, length, source: StopProposal(start, start + length, source),
        st.integers(0, 60),
        st.integers(0, 15),
        st.sampled_from(["machine", "andon"]),
    ),
    max_size=10,
)
words = st.lists(
    st.builds(
        said,
        st.integers(0, 99).map(str),
        st.integers(0, 70),
        st.none() | st.integers(0, 80),
        st.none() | st.sampled_from(["jam", "tool"]),
        st.integers(0, 5),
    ),
    max_size=8,
    unique_by=lambda one: one.assignment_id,
)


@given(proposals, words, st.integers(0, 2**32))
def test_pieces_are_the_stops_whatever_was_said_in_whatever_order(
    proposed: list[StopProposal], told: list[ReasonAssignment], seed: int
) -> None:
    stops = merge_stops(proposed, 5)
    standing = [ms for one in stops for ms in range(one.start_ms, one.end_ms)]
    assert standing == sorted({ms for one in proposed for ms in range(one.start_ms, one.end_ms)})
    pieces = explain(stops, told)
    assert [ms for one in pieces for ms in range(one.start_ms, one.end_ms)] == standing
    assert all(one.start_ms < one.end_ms for one in pieces)
    draw = random.Random(seed)
    shuffled_stops = draw.sample(merge_stops(draw.sample(proposed, len(proposed)), 5), len(stops))
    assert explain(shuffled_stops, draw.sample(told, len(told))) == pieces
    for piece in pieces:  # The slow and obvious way: the last word whose span holds this moment.
        stop = next(one for one in stops if one.start_ms <= piece.start_ms < one.end_ms)
        about = [
            one
            for one in sorted(told, key=lambda one: (one.at_ms, one.assignment_id))
            if one.start_ms <= piece.start_ms
            and (piece.start_ms < one.end_ms if one.end_ms is not None else one.start_ms >= stop.start_ms)
        ]
        assert piece.reason == (about[-1].reason if about else None)
