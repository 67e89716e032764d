"""A client's clock may be wrong by hours: what it tells is as old as it says, and the Event keeps a note."""

from datetime import UTC, datetime, timedelta

import pytest

from plant_server.events.client_clock import OLDEST, by_our_clock

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)


@pytest.mark.parametrize("skew_s", [-50_400, -2.1, 2.1, 50_400])
def test_with_a_clock_that_is_off_it_is_as_old_as_between_the_two_times(skew_s: float) -> None:
    sent = NOW + timedelta(seconds=skew_s)
    told = by_our_clock(sent - timedelta(minutes=7), sent, NOW)
    assert told.event_time == NOW - timedelta(minutes=7)
    assert told.notes["clock"]["client_skew_s"] == pytest.approx(skew_s)
    assert datetime.fromisoformat(told.notes["clock"]["client_time"]) == sent - timedelta(minutes=7)


@pytest.mark.parametrize("skew_s", [-2, 0, 1.9])
def test_with_a_clock_that_is_right_the_time_stands(skew_s: float) -> None:
    said = NOW - timedelta(hours=14)
    told = by_our_clock(said, NOW + timedelta(seconds=skew_s), NOW)
    assert (told.event_time, told.notes) == (said, {})


def test_a_clock_that_was_set_back_makes_nothing_of_the_future() -> None:
    sent = NOW - timedelta(hours=3)
    assert by_our_clock(sent + timedelta(hours=2), sent, NOW).event_time == NOW


def test_a_clock_that_tells_nonsense_does_not_break_ours() -> None:
    told = by_our_clock(datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC), NOW)
    assert told.event_time == NOW - OLDEST


def test_who_tells_no_second_time_is_taken_at_its_word() -> None:
    said = NOW - timedelta(hours=1)
    assert by_our_clock(said, None, NOW).event_time == said
    assert by_our_clock(None, NOW, NOW).event_time == NOW
