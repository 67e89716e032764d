from datetime import UTC, datetime
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.acquisition.timestamps import BELIEVED_MS, RELEASED_MS, ClockGuard, StrictlyLater, reading_time
from edge.contract.roles import Role
from edge.errors import ClockNotReady

NOW_MS = 1_800_000_000_000


def test_a_source_time_within_5_s_is_kept():
    assert reading_time(Role.MEASUREMENT, NOW_MS - 5_000, NOW_MS) == (NOW_MS - 5_000, False)
    assert reading_time(Role.STATE, NOW_MS + 5_000, NOW_MS) == (NOW_MS + 5_000, False)


@pytest.mark.parametrize("source_ms", [None, NOW_MS - 5_001, NOW_MS + 5_001, 946_684_800_000])
def test_any_other_source_time_gives_way_to_the_read_time_and_says_so(source_ms):
    assert reading_time(Role.MEASUREMENT, source_ms, NOW_MS) == (NOW_MS, True)


@pytest.mark.parametrize("role", [Role.COUNTER, Role.METER])
def test_counts_always_carry_the_read_time(role):
    assert reading_time(role, NOW_MS - 100, NOW_MS) == (NOW_MS, True)


def test_the_later_of_two_values_in_one_millisecond_moves_on():
    times = StrictlyLater()
    assert [times.next_ms("a", NOW_MS), times.next_ms("b", NOW_MS), times.next_ms("a", NOW_MS)] == [
        NOW_MS,
        NOW_MS,
        NOW_MS + 1,
    ]


@given(st.lists(st.tuples(st.sampled_from("ab"), st.integers(0, 50)), max_size=60))
def test_the_times_of_a_tag_only_grow(asked):
    times, given_out = StrictlyLater(), {"a": [-1], "b": [-1]}
    for name, time_ms in asked:
        given_out[name].append(times.next_ms(name, time_ms))
    for seen in given_out.values():
        assert all(earlier < later for earlier, later in pairwise(seen))


class Wall:
    def __init__(self, now_ms: int) -> None:
        self.now_ms = now_ms

    def __call__(self) -> int:
        return self.now_ms


def test_a_clock_before_the_release_stamps_nothing():
    wall = Wall(NOW_MS - 10_000)
    guard = ClockGuard(released_ms=NOW_MS, wall_ms=wall)
    with pytest.raises(ClockNotReady, match="the clock says"):
        guard.now_ms()
    wall.now_ms = NOW_MS + 5
    assert guard.now_ms() == NOW_MS + 5


def test_a_clock_before_the_last_entry_stamps_nothing():
    guard = ClockGuard(last_entry_ms=NOW_MS + 60_000, released_ms=0, wall_ms=Wall(NOW_MS))
    with pytest.raises(ClockNotReady):
        guard.now_ms()
    assert guard.last_ms == NOW_MS + 60_000


def test_a_small_step_back_is_waited_out_at_the_last_time():
    wall = Wall(NOW_MS)
    guard = ClockGuard(released_ms=0, wall_ms=wall)
    assert guard.now_ms() == NOW_MS
    wall.now_ms -= 400
    assert guard.now_ms() == NOW_MS
    wall.now_ms = NOW_MS + 1
    assert guard.now_ms() == NOW_MS + 1


def test_a_large_step_back_stamps_nothing_until_the_clock_has_caught_up():
    wall = Wall(NOW_MS)
    guard = ClockGuard(released_ms=0, wall_ms=wall)
    guard.now_ms()
    wall.now_ms -= 3_600_000
    with pytest.raises(ClockNotReady):
        guard.now_ms()
    assert "but it was already" in guard.mistrust
    wall.now_ms = NOW_MS
    assert guard.now_ms() == NOW_MS
    assert guard.mistrust == ""


@pytest.mark.parametrize("year", [1970, 2000, 2025])
def test_a_computer_that_wakes_up_without_its_battery_stamps_nothing_until_it_knows_the_time(year):
    wall = Wall(int(datetime(year, 1, 1, tzinfo=UTC).timestamp() * 1000))
    guard = ClockGuard(wall_ms=wall)
    with pytest.raises(ClockNotReady, match=f"the clock says {year}-01-01"):
        guard.now_ms()
    wall.now_ms = NOW_MS
    assert guard.now_ms() == NOW_MS


def test_a_clock_decades_ahead_stamps_nothing_and_leaves_no_mark():
    wall = Wall(BELIEVED_MS + 1)
    guard = ClockGuard(wall_ms=wall)
    with pytest.raises(ClockNotReady, match="too late to be true"):
        guard.now_ms()
    wall.now_ms = NOW_MS
    assert guard.now_ms() == NOW_MS, "what it said wrongly does not count as said"


def test_a_step_forward_is_believed_at_once():
    """A computer that was off goes on with the time at which it was switched off, until it hears the right one."""
    wall = Wall(RELEASED_MS + 1)
    guard = ClockGuard(last_entry_ms=RELEASED_MS, wall_ms=wall)
    guard.now_ms()
    wall.now_ms += 90 * 86_400_000
    assert guard.now_ms() == wall.now_ms
