"""Rules and their ids: Sparkplug B 3.0, chapters 4 and 6."""

from edge.contract.topics import MessageType
from plant_server.ingest.host_session import HELD_MAX_BYTES, REBIRTH_EVERY_S, HostSession, InOrder
from plant_server.ingest.message import Opened, Opener, RawMessage
from tests.plant_server.ingest.wire_edge import WireEdge

NOW_MS = 1_800_000_000_000


class Listener:
    """A session, and a clock in the test's hand."""

    def __init__(self) -> None:
        self.session = HostSession(reorder_timeout_s=2.0)
        self.now_s = 100.0
        self._opener = Opener()

    def take(self, *messages: RawMessage) -> list[str]:
        """What may be read: types and seq numbers."""
        read: list[InOrder] = []
        for raw in messages:
            opened = self._opener.open(raw)
            assert isinstance(opened, Opened)
            read += self.session.take(opened, self.now_s)
        return [f"{step.message.type}{'' if step.message.seq is None else step.message.seq}" for step in read]

    def rebirth(self, *, after_s: float = 0.0) -> bool:
        self.now_s += after_s
        return self.session.rebirth_due(self.now_s)


def a_session() -> tuple[Listener, WireEdge]:
    listener, edge = Listener(), WireEdge(NOW_MS)
    listener.take(*edge.births())
    return listener, edge


def test_messages_in_order_are_read_at_once() -> None:
    listener, edge = a_session()
    assert listener.take(edge.data(1), edge.data(2)) == ["DDATA2", "DDATA3"]
    assert not listener.rebirth(after_s=60)


def test_seq_goes_round_after_255() -> None:
    listener, edge = a_session()
    assert len(listener.take(*(edge.data(n) for n in range(1, 600)))) == 599


def test_a_message_too_early_waits_for_the_missing_one() -> None:
    """host-reordering-success"""
    listener, edge = a_session()
    first, second, third = edge.data(1), edge.data(2), edge.data(3)
    assert listener.take(third, second) == []
    assert not listener.rebirth(after_s=1.9)
    assert listener.take(first) == ["DDATA2", "DDATA3", "DDATA4"]
    assert not listener.rebirth(after_s=60)


def test_what_does_not_come_in_time_asks_for_a_rebirth_and_nothing_is_read_until_then() -> None:
    """host-reordering-rebirth. An alias may mean something else by now: what is missing may be a birth."""
    listener, edge = a_session()
    edge.data(1)
    assert listener.take(edge.data(2)) == []
    assert listener.rebirth(after_s=2.0)
    assert listener.take(edge.data(3)) == []
    assert listener.take(*edge.births()) == ["NBIRTH0", "DBIRTH1"]
    assert listener.take(edge.data(4)) == ["DDATA2"]


def test_a_second_missing_message_has_its_own_time() -> None:
    listener, edge = a_session()
    first, second, _, fourth = (edge.data(n) for n in range(1, 5))
    assert listener.take(second, fourth) == []
    assert not listener.rebirth(after_s=1.5)
    assert listener.take(first) == ["DDATA2", "DDATA3"]
    assert not listener.rebirth(after_s=1.5)
    assert listener.rebirth(after_s=0.5)


def test_rebirths_are_asked_for_once_in_five_seconds() -> None:
    listener, edge = Listener(), WireEdge(NOW_MS)
    listener.take(edge.data(1))
    assert listener.rebirth()
    for _ in range(4):
        listener.take(edge.data(1))
        assert not listener.rebirth(after_s=1)
    assert listener.rebirth(after_s=REBIRTH_EVERY_S - 4)


def test_data_before_any_birth_asks_for_one() -> None:
    listener, edge = Listener(), WireEdge(NOW_MS)
    assert listener.take(edge.data(1)) == []
    assert listener.rebirth()
    assert not listener.rebirth(after_s=60)


def test_data_of_a_device_that_was_not_born_asks_for_a_rebirth() -> None:
    listener, edge = a_session()
    assert listener.take(edge.data(1, device="press2")) == []
    assert listener.rebirth()


def test_a_device_that_died_must_be_born_again() -> None:
    listener, edge = a_session()
    assert listener.take(edge.ddeath()) == ["DDEATH2"]
    assert listener.take(edge.data(1)) == []
    assert listener.rebirth()


def test_a_node_birth_ends_what_its_devices_were() -> None:
    listener, edge = a_session()
    assert listener.take(edge.nbirth(), edge.data(1)) == ["NBIRTH0"]


def test_a_death_counts_only_with_the_present_bdseq() -> None:
    """An old will may come after the new session's birth."""
    listener, edge = a_session()
    edge.bd_seq = 1
    listener.take(*edge.births())
    assert listener.take(edge.ndeath(bd_seq=0)) == []
    assert listener.take(edge.data(1)) == ["DDATA2"]
    assert listener.take(edge.ndeath()) == ["NDEATH"]
    assert listener.take(edge.data(2)) == []


def test_what_waits_is_bounded_by_bytes() -> None:
    """By count it cannot pass 256, for there are no more seq numbers."""
    listener, edge = a_session()
    edge.data(1)
    text = edge.reading("order", "x" * 1_000_000)
    for _ in range(HELD_MAX_BYTES // 1_000_000):
        listener.take(edge.data(2, text))
    assert listener.session.is_open
    listener.take(edge.data(2, text))
    assert not listener.session.is_open
    assert listener.rebirth()


def test_the_aliases_are_those_of_the_last_birth() -> None:
    listener, edge = a_session()
    opened = [Opener().open(message) for message in (*edge.births(), edge.data(1))]
    steps = [
        step
        for message in opened
        if isinstance(message, Opened)
        for step in listener.session.take(message, 0)
    ]
    assert steps[2].born is steps[1].born
    assert steps[2].message.type is MessageType.DDATA
