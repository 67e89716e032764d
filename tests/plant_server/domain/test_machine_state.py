from __future__ import annotations

import random
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plant_server.domain.machine_state import (
    VOCABULARIES,
    MachineState,
    StateInterval,
    UnknownVocabulary,
    intervals,
    machine_state,
)

S = MachineState

facts = st.lists(st.tuples(st.integers(0, 60), st.sampled_from(MachineState)), max_size=20)


def state_at(samples: list[tuple[int, MachineState]], at_ms: int) -> MachineState | None:
    """The slow and obvious way: the last fact not later than this; of contradicting ones the later word."""
    past = [(time, list(MachineState).index(state)) for time, state in samples if time <= at_ms]
    return list(MachineState)[max(past)[1]] if past else None


@given(facts, st.integers(0, 70), st.none() | st.integers(-5, 70))
def test_intervals_say_for_each_millisecond_what_the_last_fact_said(
    samples: list[tuple[int, MachineState]], until_ms: int, since_ms: int | None
) -> None:
    told = intervals(samples, until_ms, since_ms=since_ms)
    said = {ms: one.state for one in told for ms in range(one.start_ms, one.end_ms)}
    begin = min((time for time, _ in samples), default=until_ms) if since_ms is None else since_ms
    assert said == {ms: state_at(samples, ms) or S.UNKNOWN for ms in range(begin, until_ms)}


@given(facts, st.integers(0, 70), st.none() | st.integers(-5, 70))
def test_intervals_are_in_order_not_empty_and_neighbours_differ(
    samples: list[tuple[int, MachineState]], until_ms: int, since_ms: int | None
) -> None:
    told = intervals(samples, until_ms, since_ms=since_ms)
    assert all(one.start_ms < one.end_ms for one in told)
    for one, following in pairwise(told):
        assert one.end_ms == following.start_ms
        assert one.state is not following.state


@given(facts, st.integers(0, 70), st.randoms(use_true_random=False))
def test_order_and_copies_of_facts_change_nothing(
    samples: list[tuple[int, MachineState]], until_ms: int, shuffler: random.Random
) -> None:
    shuffled = samples + samples[:3]
    shuffler.shuffle(shuffled)
    assert intervals(shuffled, until_ms) == intervals(samples, until_ms)


def test_late_fact_heals_the_unknown_before_the_first() -> None:
    assert intervals([(10, S.PRODUCING)], 20, since_ms=0) == [
        StateInterval(S.UNKNOWN, 0, 10),
        StateInterval(S.PRODUCING, 10, 20),
    ]
    assert intervals([(10, S.PRODUCING), (-5, S.IDLE)], 20, since_ms=0) == [
        StateInterval(S.IDLE, 0, 10),
        StateInterval(S.PRODUCING, 10, 20),
    ]


def test_of_two_states_in_one_millisecond_the_less_favourable_is_taken() -> None:
    assert intervals([(0, S.FAULT), (0, S.PRODUCING)], 5) == [StateInterval(S.FAULT, 0, 5)]


def test_no_facts_give_no_intervals_and_unknown_where_a_start_is_given() -> None:
    assert intervals([], 10) == []
    assert intervals([], 10, since_ms=4) == [StateInterval(S.UNKNOWN, 4, 10)]


@pytest.mark.parametrize(
    ("vocabulary", "codes"),
    [
        ("packml", range(1, 18)),
        ("machinery", range(4)),
        ("machinetool_program", range(5)),
        ("machinetool_channel", range(3)),
        ("euromap_job", range(1, 12)),
        ("cell", range(5)),
    ],
)
def test_every_code_of_a_vocabulary_has_a_word_in_every_mode(vocabulary: str, codes: range) -> None:
    for mode in (None, 0, 1, 2, 3, 4, 5, 99):
        assert S.UNKNOWN not in {machine_state(vocabulary, code, mode) for code in codes}
        for code in (-1, codes.stop, 4711):
            assert machine_state(vocabulary, code, mode) is S.UNKNOWN
    assert [machine_state(vocabulary, code) for code in codes].count(S.PRODUCING) == 1


@pytest.mark.parametrize(
    ("vocabulary", "code", "mode", "state"),
    [
        ("packml", 6, None, S.PRODUCING),
        ("packml", 6, 1, S.PRODUCING),
        ("packml", 6, 3, S.SETUP),
        ("packml", 4, 2, S.MAINTENANCE),
        ("packml", 9, 3, S.FAULT),
        ("packml", 11, 1, S.STOPPED),
        ("packml", 5, 1, S.IDLE),
        ("machinery", 3, 3, S.PRODUCING),
        ("machinery", 3, 2, S.SETUP),
        ("machinery", 2, 3, S.IDLE),
        ("machinery", 2, 1, S.MAINTENANCE),
        ("machinery", 1, 3, S.FAULT),
        ("machinery", 0, 1, S.OFF),
        ("machinetool_program", 1, 1, S.PRODUCING),
        ("machinetool_program", 1, None, S.PRODUCING),
        ("machinetool_program", 1, 3, S.PRODUCING),
        ("machinetool_program", 1, 0, S.SETUP),
        ("machinetool_program", 2, 1, S.IDLE),
        ("machinetool_program", 3, 1, S.STOPPED),
        ("machinetool_program", 3, 4, S.MAINTENANCE),
        ("machinetool_program", 4, 4, S.FAULT),
        ("machinetool_channel", 0, 1, S.PRODUCING),
        ("machinetool_channel", 1, 1, S.STOPPED),
        ("machinetool_channel", 2, 2, S.SETUP),
        ("euromap_job", 6, 1, S.PRODUCING),
        ("euromap_job", 6, 4, S.SETUP),
        ("euromap_job", 6, 5, S.OFF),
        ("euromap_job", 7, 1, S.STOPPED),
        ("cell", 0, None, S.OFF),
        ("cell", 1, None, S.IDLE),
        ("cell", 2, None, S.PRODUCING),
        ("cell", 3, None, S.FAULT),
        ("cell", 4, None, S.SETUP),
    ],
)
def test_code_means(vocabulary: str, code: int, mode: int | None, state: MachineState) -> None:
    assert machine_state(vocabulary, code, mode) is state


def test_vocabulary_that_does_not_exist_is_refused_by_name() -> None:
    with pytest.raises(UnknownVocabulary, match="klingon"):
        machine_state("klingon", 1)
    assert {
        "packml",
        "machinery",
        "machinetool_program",
        "machinetool_channel",
        "euromap_job",
        "cell",
    } == VOCABULARIES
