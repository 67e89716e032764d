"""A call is one need: open, acknowledged, ended once; only a fresh one that nobody answers is told to more people."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from plant_server.domain.andon_call import (
    DEFAULT_LEVELS,
    FRESH,
    AndonCall,
    Caller,
    CallState,
    CallType,
    acknowledge,
    due_levels,
    joined,
    new_call,
    resolve,
    roles_told,
    tell,
    withdraw,
)
from plant_server.domain.transition import TransitionRefused

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
LI = Caller("person:1", "station:1")
NOBODY_SIGNED_IN = Caller("station:1", "station:1")
ELSEWHERE = Caller("person:2", "station:2")


def minutes(number: float) -> timedelta:
    return timedelta(minutes=number)


def called(
    call_id: str = "a", at: datetime = NOON, heard: datetime | None = None, type: CallType = CallType.QUALITY
) -> AndonCall:
    return new_call(call_id, "p/line1/press1", "p/line1", type, LI, at, heard or at)


def test_a_call_is_late_when_it_was_heard_of_more_than_five_minutes_after_it_was_made() -> None:
    assert not called(heard=NOON + FRESH).is_late
    assert called(heard=NOON + FRESH + timedelta(microseconds=1)).is_late
    ahead = called(at=NOON + minutes(9), heard=NOON)
    assert (ahead.raised_time, ahead.is_late) == (NOON, False)


def test_the_same_call_again_is_the_one_that_is_open() -> None:
    first = called()
    again = called("b", NOON + minutes(2))
    assert joined(again, [first]) == first
    assert joined(again, [resolve(first, "person:2", NOON + minutes(1))]) is None
    late = called("l", NOON - minutes(30), NOON)
    assert joined(again, [late]) is None, "what is only listed is no answer to who calls now"


@pytest.mark.parametrize(
    ("minute", "is_the_same"), [(-6, False), (-5, True), (0, True), (10, True), (10.1, False)]
)
def test_a_late_call_is_the_one_that_was_on_when_it_was_made(minute: float, is_the_same: bool) -> None:
    """Another terminal had contact, called at noon, and was helped ten minutes later."""
    known = resolve(called(), "person:2", NOON + minutes(10))
    late = called("b", NOON + minutes(minute), NOON + minutes(60))
    assert (joined(late, [known]) == known) is is_the_same


def test_late_calls_of_one_place_wait_as_one_until_somebody_has_seen_them() -> None:
    first = called("a", NOON, NOON + minutes(60))
    other = called("b", NOON + minutes(20), NOON + minutes(61))
    assert joined(other, [first]) == first
    assert joined(other, [resolve(first, "person:2", NOON + minutes(62))]) is None


def test_who_comes_says_when_and_another_takes_over_only_when_that_time_has_passed() -> None:
    call = acknowledge(called(), "person:2", NOON + minutes(2), minutes(5))
    assert (call.state, call.eta_time) == (CallState.ACKNOWLEDGED, NOON + minutes(7))
    with pytest.raises(TransitionRefused) as refused:
        acknowledge(call, "person:3", NOON + minutes(6), minutes(1))
    assert (refused.value.code, refused.value.params) == ("call_is_acknowledged", {"by": "person:2"})
    later = acknowledge(call, "person:2", NOON + minutes(6), minutes(10))
    assert later.eta_time == NOON + minutes(16)
    other = acknowledge(later, "person:3", NOON + minutes(16), minutes(0))
    assert other.acknowledged_by == "person:3"
    assert other.acknowledged_time == NOON + minutes(2), "the first answer is the response"


@pytest.mark.parametrize("eta", [minutes(-1), minutes(481)])
def test_a_time_beyond_a_shift_is_none(eta: timedelta) -> None:
    with pytest.raises(TransitionRefused, match="eta_out_of_range"):
        acknowledge(called(), "person:2", NOON, eta)


@pytest.mark.parametrize(
    ("caller", "may"),
    [
        (LI, True),
        (NOBODY_SIGNED_IN, True),
        (Caller("person:1", "station:9"), True),
        (Caller("person:1"), True),
        (ELSEWHERE, False),
        (Caller("person:2"), False),
    ],
)
def test_a_call_is_withdrawn_by_the_person_or_at_the_terminal_that_called(caller: Caller, may: bool) -> None:
    if may:
        assert withdraw(called(), caller, NOON).state is CallState.WITHDRAWN
    else:
        with pytest.raises(TransitionRefused, match="not_the_caller"):
            withdraw(called(), caller, NOON)


def test_levels_come_after_3_5_15_and_30_minutes() -> None:
    call, told = called(), []
    for second in range(0, 3600, 5):
        now = NOON + timedelta(seconds=second)
        for level in due_levels(call, DEFAULT_LEVELS, now):
            call = tell(call, level.level)
            told.append((now - NOON, level.level, roles_told(call, level)))
    assert told == [
        (minutes(3), 1, ("quality",)),
        (minutes(5), 2, ("lead",)),
        (minutes(15), 3, ("lead", "maintenance", "quality")),
        (minutes(30), 4, ("manager",)),
    ]


def test_levels_that_were_missed_are_told_together_and_in_order() -> None:
    due = due_levels(called(), reversed(DEFAULT_LEVELS), NOON + minutes(20))
    assert [one.level for one in due] == [1, 2, 3]


def test_nobody_is_told_of_what_was_answered_or_came_late() -> None:
    later = NOON + minutes(60)
    for call in (
        acknowledge(called(), "person:2", NOON, minutes(5)),
        withdraw(called(), LI, NOON),
        called(heard=later),
    ):
        assert due_levels(call, DEFAULT_LEVELS, later) == []
        with pytest.raises(TransitionRefused, match="level_was_told"):
            tell(call, 1)


class Floor(RuleBasedStateMachine):
    """Calls of one place and type from two terminals, at times that may be told late, answered by two people."""

    def __init__(self) -> None:
        super().__init__()
        self.now = NOON
        self.calls: dict[str, AndonCall] = {}
        self.number = 0
        self.told: list[tuple[str, int]] = []
        self.answered: dict[str, datetime] = {}

    def some(self, pick: int) -> AndonCall:
        return sorted(self.calls.values(), key=lambda one: one.call_id)[pick % len(self.calls)]

    def put(self, call: AndonCall) -> None:
        assert call.version == self.calls[call.call_id].version + 1
        self.calls[call.call_id] = call

    @rule(minute=st.floats(0, 40))
    def time_passes(self, minute: float) -> None:
        self.now += minutes(minute)

    @rule(age=st.floats(0, 90), caller=st.sampled_from([LI, ELSEWHERE]))
    def somebody_calls(self, age: float, caller: Caller) -> None:
        self.number += 1
        made = self.now - minutes(age)
        new = new_call(f"{self.number:04}", "p/m", "p", CallType.LEAD, caller, made, self.now)
        same = joined(new, self.calls.values())
        if same is None:
            self.calls[new.call_id] = new
        else:
            assert same == self.calls[same.call_id]
            assert new.is_late or same.is_unanswered or same.state is CallState.ACKNOWLEDGED

    @precondition(lambda self: self.calls)
    @rule(
        pick=st.integers(0, 99),
        by=st.sampled_from(["person:3", "person:4"]),
        eta=st.integers(0, 30),
    )
    def somebody_answers(self, pick: int, by: str, eta: int) -> None:
        call = self.some(pick)
        taken = (
            call.acknowledged_by not in (None, by) and call.eta_time is not None and self.now < call.eta_time
        )
        if call.ended_time is not None or taken:
            with pytest.raises(TransitionRefused):
                acknowledge(call, by, self.now, minutes(eta))
            return
        self.put(acknowledge(call, by, self.now, minutes(eta)))
        self.answered.setdefault(call.call_id, self.now)

    @precondition(lambda self: self.calls)
    @rule(pick=st.integers(0, 99), caller=st.sampled_from([LI, ELSEWHERE, None]))
    def it_ends(self, pick: int, caller: Caller | None) -> None:
        call = self.some(pick)
        may = call.ended_time is None and (caller is None or caller.by == call.raised_by)
        try:
            self.put(withdraw(call, caller, self.now) if caller else resolve(call, "person:3", self.now))
        except TransitionRefused:
            assert not may
        else:
            assert may

    @rule()
    def the_keeper_looks(self) -> None:
        for call in list(self.calls.values()):
            for level in due_levels(call, DEFAULT_LEVELS, self.now):
                self.told.append((call.call_id, level.level))
                self.put(tell(self.calls[call.call_id], level.level))

    @invariant()
    def one_fresh_call_is_open_at_most(self) -> None:
        on = [one for one in self.calls.values() if one.ended_time is None]
        assert len([one for one in on if not one.is_late]) <= 1
        assert len([one for one in on if one.is_late]) <= 1

    @invariant()
    def each_level_was_told_once_and_never_of_a_late_call(self) -> None:
        assert len(set(self.told)) == len(self.told)
        assert not [one for one, _ in self.told if self.calls[one].is_late]
        for call in self.calls.values():
            levels = [level for call_id, level in self.told if call_id == call.call_id]
            assert levels == list(range(1, call.level + 1))

    @invariant()
    def its_times_are_in_order_and_its_first_answer_stays(self) -> None:
        for call in self.calls.values():
            assert call.acknowledged_time == self.answered.get(call.call_id)
            assert (call.ended_time is None) is (call.state in (CallState.OPEN, CallState.ACKNOWLEDGED))
            assert (call.ended_by is None) is (call.ended_time is None)
            times = [call.raised_time, call.acknowledged_time, call.ended_time]
            known = [one for one in times if one is not None]
            assert known == sorted(known)


TestFloor = Floor.TestCase
TestFloor.settings = settings(max_examples=150, stateful_step_count=30, deadline=None)
