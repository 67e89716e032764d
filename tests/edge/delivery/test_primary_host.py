"""Whether the plant listens, by its STATE messages."""

from hypothesis import given
from hypothesis import strategies as st

from edge.delivery.primary_host import PrimaryHost


def test_an_offline_older_than_the_last_online_says_nothing() -> None:
    host = PrimaryHost()
    assert host.heard(True, 100)
    assert not host.heard(False, 99)
    assert host.online


def test_a_will_with_the_time_of_its_own_birth_counts() -> None:
    host = PrimaryHost()
    host.heard(True, 100)
    assert host.heard(False, 100)
    assert not host.online


def test_a_host_that_said_nothing_is_neither_online_nor_offline() -> None:
    assert PrimaryHost().online is None


@given(st.lists(st.tuples(st.booleans(), st.integers(0, 50))))
def test_the_word_with_the_newest_time_holds_the_last_said_of_equals(words: list[tuple[bool, int]]) -> None:
    host = PrimaryHost()
    for online, timestamp_ms in words:
        host.heard(online, timestamp_ms)
    newest = max((time for _, time in words), default=-1)
    expected = [online for online, time in words if time == newest]
    assert host.online == (expected[-1] if expected else None)
