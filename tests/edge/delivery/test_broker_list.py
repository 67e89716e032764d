"""Which broker is next, when, and when a working one is left."""

import pytest

from edge.delivery.broker_list import HOST_PATIENCE_S, PLANT_PATIENCE_S, BrokerList, Stay
from edge.errors import BrokerTrouble

LOST, SILENT, HOST_OFFLINE = BrokerTrouble.LOST, BrokerTrouble.SILENT, BrokerTrouble.HOST_OFFLINE


def brokers_of(count: int, first_s: float = 1.0, max_s: float = 30.0) -> BrokerList:
    return BrokerList(tuple(f"mqtt://b{number}" for number in range(count)), first_s, max_s)


def waits(brokers: BrokerList, attempts: int) -> list[float]:
    found = []
    for _ in range(attempts):
        brokers.ended(BrokerTrouble.UNREACHABLE, "", 0)
        found.append(brokers.wait_s())
    return found


def test_brokers_have_their_turn_one_after_the_other() -> None:
    brokers, seen = brokers_of(3), []
    for _ in range(5):
        seen.append(brokers.current.url)
        brokers.ended(SILENT, "", 0)
    assert seen == ["mqtt://b0", "mqtt://b1", "mqtt://b2", "mqtt://b0", "mqtt://b1"]


def test_a_single_broker_is_waited_for_twice_as_long_each_time_up_to_the_bound() -> None:
    assert waits(brokers_of(1), 7) == [1, 2, 4, 8, 16, 30, 30]


def test_only_after_a_whole_round_the_wait_grows() -> None:
    assert waits(brokers_of(3), 9) == [1, 1, 1, 1, 1, 2, 1, 1, 4]


def test_a_loss_is_no_failure_and_a_birth_ends_the_back_off() -> None:
    brokers = brokers_of(1)
    assert waits(brokers, 4)[-1] == 8
    brokers.connected(0)
    brokers.worked()
    brokers.ended(LOST, "", 0)
    assert brokers.wait_s() == 1


def test_brokers_that_only_let_one_look_for_the_host_are_asked_ever_more_rarely() -> None:
    brokers = brokers_of(2)
    for _ in range(8):
        brokers.connected(0)
        brokers.ended(HOST_OFFLINE, "", 0)
    assert brokers.wait_s() == 8


def test_the_same_trouble_at_the_same_broker_is_news_once_until_the_edge_was_born() -> None:
    brokers = brokers_of(1)
    assert [brokers.ended(SILENT, "", 0), brokers.ended(SILENT, "", 0), brokers.ended(LOST, "", 0)] == [
        True,
        False,
        True,
    ]
    brokers.connected(0)
    brokers.worked()
    assert brokers.ended(LOST, "", 0)


def test_a_broker_passed_by_again_is_no_news() -> None:
    brokers = brokers_of(1)
    assert brokers.connected(0)
    brokers.ended(HOST_OFFLINE, "", 0)
    assert not brokers.connected(0)


def test_each_connection_hears_the_host_anew_and_each_broker_keeps_its_last_trouble() -> None:
    brokers = brokers_of(2)
    brokers.connected(5)
    brokers.current.host.heard(True, 100)
    brokers.ended(LOST, "power", 7)
    first, second = brokers.known
    assert (first.connected_ms, first.trouble, first.reason, first.trouble_ms) == (None, LOST, "power", 7)
    assert brokers.current is second
    brokers.connected(8)
    assert (second.host.online, second.host.heard(True, 50)) == (None, True)


@pytest.mark.parametrize("has_others", [True, False])
def test_whoever_hears_nothing_of_its_host_goes_on_if_there_is_somewhere_to_go(has_others: bool) -> None:
    stay = Stay.begin(10.0, has_others=has_others, awaits_host=True)
    assert stay.why_leave(10.0 + HOST_PATIENCE_S - 0.1) is None
    assert stay.why_leave(10.0 + HOST_PATIENCE_S) is (BrokerTrouble.HOST_ABSENT if has_others else None)
    stay.host_came()
    assert stay.why_leave(1e9) is None


def test_whoever_awaits_no_host_stays() -> None:
    assert Stay.begin(0.0, has_others=True, awaits_host=False).why_leave(1e9) is None


def test_a_plant_that_does_not_answer_is_looked_for_elsewhere_and_an_answer_starts_the_patience_anew() -> (
    None
):
    stay = Stay.begin(0.0, has_others=True, awaits_host=False)
    stay.unanswered(100.0)
    stay.unanswered(130.0)
    stay.answered()
    stay.unanswered(140.0)
    assert stay.why_leave(140.0 + PLANT_PATIENCE_S - 1) is None
    assert stay.why_leave(140.0 + PLANT_PATIENCE_S) is BrokerTrouble.PLANT_SILENT


def test_a_plant_that_does_not_answer_at_the_only_broker_is_waited_for() -> None:
    stay = Stay.begin(0.0, has_others=False, awaits_host=True)
    stay.unanswered(1.0)
    assert stay.why_leave(1e9) is None


def test_a_host_whose_clock_was_set_back_is_heard_anew_also_at_the_only_broker() -> None:
    stay = Stay.begin(0.0, has_others=False, awaits_host=True)
    stay.host_is_dated_back(50.0)
    stay.host_is_dated_back(52.0)
    assert stay.why_leave(50.0 + HOST_PATIENCE_S) is BrokerTrouble.HOST_ABSENT
