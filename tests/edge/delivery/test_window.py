"""The window: bounds, timer, and the promise that whatever is lost, all entries are stored once and in order."""

from dataclasses import dataclass

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from edge.delivery.window import BYTES_MAX, MESSAGE_BYTES_MAX, Window
from tests.edge.delivery.window_model import Script, run

scripts = st.builds(
    Script,
    entries=st.integers(1, 300),
    cuts=st.lists(st.tuples(st.integers(1, 20), st.integers(20, MESSAGE_BYTES_MAX)), min_size=1, max_size=20),
    lost=st.lists(st.booleans(), max_size=150),
    events=st.dictionaries(st.integers(0, 400), st.one_of(st.just("rebirth"), st.floats(0, 1)), max_size=4),
)


@settings(max_examples=150, deadline=None)
@given(scripts)
def test_whatever_is_lost_all_entries_are_stored_once_and_in_order(script: Script) -> None:
    run(script)


@dataclass(slots=True)
class TakesSentForCommitted(Window):
    def go_back(self, now: float) -> None:
        sent = self.next - 1
        Window.go_back(self, now)
        if self.position is not None:
            self.position, self.next = sent, sent + 1


@dataclass(slots=True)
class NeverGoesBack(Window):
    def go_back(self, now: float) -> None:
        following = self.next
        Window.go_back(self, now)
        self.next = following
        self.fruitless = 0


@dataclass(slots=True)
class IgnoresALowerFirstCommitted(Window):
    def committed(self, number: int, now: float) -> None:
        if self.position is None and self._known is not None:
            number = max(number, self._known)
        Window.committed(self, number, now)


@dataclass(slots=True)
class SendsAtOnceAfterABirth(Window):
    def born(self, now: float) -> None:
        Window.born(self, now)
        self.position, self.next = self._known or 0, (self._known or 0) + 1


@dataclass(slots=True)
class KnowsNoBound(Window):
    def may_send(self) -> bool:
        return self.position is not None


@pytest.mark.parametrize(
    "mutant",
    [
        TakesSentForCommitted,
        NeverGoesBack,
        IgnoresALowerFirstCommitted,
        SendsAtOnceAfterABirth,
        KnowsNoBound,
    ],
)
def test_the_promise_is_broken_by_a_window_that_is_wrong(mutant: type[Window]) -> None:
    @settings(
        max_examples=300,
        deadline=None,
        database=None,
        derandomize=True,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
        report_multiple_bugs=False,
    )
    @given(scripts)
    def promise(script: Script) -> None:
        run(script, mutant)

    with pytest.raises(AssertionError):
        promise()


def _sending(*, at: float = 0.0, committed: int = 0) -> Window:
    window = Window()
    window.born(at)
    window.committed(committed, at)
    return window


def test_64_small_messages_fill_the_window() -> None:
    window = _sending()
    for number in range(1, 65):
        assert window.may_send()
        window.sent(number, number, 10, 0.0)
    assert not window.may_send()
    window.committed(1, 0.1)
    assert window.may_send()


def test_a_large_message_always_fits_in_what_is_left_of_a_mebibyte() -> None:
    window = _sending()
    while window.may_send():
        window.sent(window.next, window.next, MESSAGE_BYTES_MAX, 0.0)
    assert window.unanswered_bytes == BYTES_MAX


def test_silence_of_a_second_sends_again_and_each_time_waits_twice_as_long() -> None:
    window = _sending()
    window.sent(1, 5, 100, 10.0)
    waits = []
    now = 10.0
    for _ in range(8):
        due_at = window.due_at()
        assert due_at is not None
        waits.append(due_at - now)
        now = due_at
        window.go_back(now)
        assert window.next == 1
        window.sent(1, 5, 100, now)
    assert waits == pytest.approx([1, 2, 4, 8, 16, 30, 30, 30])


def test_births_that_nobody_answers_come_ever_more_seldom() -> None:
    window = Window()
    window.born(0.0)
    waits, now = [], 0.0
    for _ in range(6):
        due_at = window.due_at()
        assert due_at is not None
        waits.append(due_at - now)
        now = due_at
        window.go_back(now)
        window.born(now)
    assert waits == pytest.approx([1, 2, 4, 8, 16, 30])


def test_an_answered_birth_without_progress_keeps_the_back_off() -> None:
    window = _sending(committed=7)
    window.sent(8, 8, 100, 0.0)
    for now in (1.0, 3.0):
        window.go_back(now)
        window.born(now)
        window.committed(7, now)
        window.sent(8, 8, 100, now)
    assert window.due_at() == pytest.approx(3.0 + 4.0)
    assert window.fruitless == 2
    window.committed(8, 5.0)
    assert window.fruitless == 0
    assert window.due_at() is None


def test_the_timer_follows_a_slow_plant() -> None:
    window = _sending()
    for number in range(1, 40):
        window.sent(number, number, 10, float(number))
        window.committed(number, number + 0.8)
    window.sent(40, 40, 10, 100.0)
    assert window.due_at() == pytest.approx(103.2, abs=0.05)


def test_the_first_committed_after_a_birth_may_go_down_and_a_later_one_may_not() -> None:
    window = _sending(committed=50)
    window.born(1.0)
    assert not window.may_send()
    window.committed(20, 1.1)
    assert (window.position, window.next) == (20, 21)
    window.committed(10, 1.2)
    assert (window.position, window.next) == (20, 21)
    window.committed(30, 1.3)
    assert (window.position, window.next) == (30, 31)


def test_a_message_stored_in_part_is_sent_again_from_where_the_plant_stands() -> None:
    window = _sending()
    window.sent(1, 10, 100, 0.0)
    window.sent(11, 20, 100, 0.0)
    window.committed(14, 0.2)
    assert window.next == 15
    assert window.unanswered_messages == 0
