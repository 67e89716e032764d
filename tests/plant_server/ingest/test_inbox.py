import threading

from plant_server.ingest.inbox import Inbox
from plant_server.ingest.message import RawMessage

DATA = "spBv1.0/demo/DDATA/press-shop/press1"
BIRTH = "spBv1.0/demo/NBIRTH/press-shop"


def message(topic: str = DATA, size: int = 10) -> RawMessage:
    return RawMessage.received(topic, bytes(size), 0)


def collect(inbox: Inbox, messages: int = 100, size: int = 1 << 20) -> int:
    return len(inbox.collect(wait_s=0, linger_s=0, messages=messages, size=size))


def test_when_it_is_full_data_is_dropped_and_counted() -> None:
    inbox = Inbox(messages_max=3)
    assert [inbox.put(message()) for _ in range(5)] == [True, True, True, False, False]
    assert (inbox.dropped, inbox.is_full) == (2, True)
    assert collect(inbox) == 3
    assert inbox.put(message())
    assert not inbox.is_full


def test_births_and_deaths_may_still_enter_up_to_twice_the_bound() -> None:
    inbox = Inbox(messages_max=2)
    inbox.put(message())
    inbox.put(message())
    assert [inbox.put(message(BIRTH)) for _ in range(3)] == [True, True, False]


def test_it_is_bounded_by_bytes_too() -> None:
    inbox = Inbox(bytes_max=1000)
    assert [inbox.put(message(size=400)) for _ in range(3)] == [True, True, False]


def test_a_batch_is_bounded_by_messages_and_bytes() -> None:
    inbox = Inbox()
    for _ in range(10):
        inbox.put(message(size=100))
    assert collect(inbox, messages=4) == 4
    assert collect(inbox, size=250) == 3
    assert collect(inbox) == 3


def test_nothing_is_an_empty_batch_after_the_wait() -> None:
    assert Inbox().collect(wait_s=0.01, linger_s=0.01, messages=1, size=1) == []


def test_enough_messages_or_a_quiet_edge_end_the_lingering() -> None:
    """The linger is longer than the test's time-out."""
    inbox = Inbox()
    for _ in range(5):
        inbox.put(message())
    assert len(inbox.collect(wait_s=600, linger_s=600, messages=3, size=1 << 20)) == 3
    assert len(inbox.collect(wait_s=600, linger_s=600, messages=3, size=1 << 20)) == 2


def test_a_first_message_ends_the_wait() -> None:
    inbox = Inbox()
    taken: list[int] = []

    def take() -> None:
        taken.append(len(inbox.collect(wait_s=600, linger_s=0, messages=3, size=1 << 20)))

    taker = threading.Thread(target=take, daemon=True)
    taker.start()
    inbox.put(message())
    taker.join(30)
    assert taken == [1]
