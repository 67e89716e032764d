"""What cannot be stored is kept with its bytes and the reason, and holds up nobody."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest

from tests.system.conftest import OpensWorkshop
from tests.system.fake_edge import GROUP, LEVEL, NAME, NOTE, FakeEdge, fake_edge
from tests.system.workshop import Wiring, Workshop

pytestmark = [pytest.mark.system, pytest.mark.timeout(120)]

CURSOR = "SELECT committed FROM plant.edge_cursor WHERE epoch = %(epoch)s"
KEPT = "SELECT payload, reason, detail, first, last FROM plant.quarantine ORDER BY quarantine_id"
NOTES = """SELECT value FROM plant.text_sample JOIN plant.tag USING (tag_id) JOIN plant.device USING (device_id)
           WHERE device.name = 'fake1' ORDER BY ts"""
WORST_LAG_S = """SELECT coalesce(max(extract(epoch FROM stored_time - newest)), 0)::float8
                 FROM plant.commit_log JOIN plant.edge USING (edge_id)
                 WHERE node = %(edge)s AND stored_time BETWEEN %(from_)s::timestamptz AND %(to)s::timestamptz"""
NOW = "SELECT clock_timestamp()"
DELAY_MAX_S = 1.0
BEFORE = timedelta(seconds=5)
CROWD = 40


@pytest.fixture(scope="module")
def shop(open_workshop: OpensWorkshop) -> Workshop:
    shop = open_workshop(Wiring(edges=(("demo", "press-shop"), (GROUP, NAME))))
    shop.produce()
    shop.wait_until_moving()
    return shop


@pytest.fixture(scope="module")
def fake(shop: Workshop) -> Iterator[FakeEdge]:
    with fake_edge(shop.plant.broker) as fake:
        fake.give_birth()
        fake.say(NOTE, "begins well")
        shop.wait_until("the first entry of the fake edge", lambda: committed(shop, fake) == 1)
        yield fake


def test_a_text_that_postgresql_cannot_hold_is_set_apart(shop: Workshop, fake: FakeEdge) -> None:
    began = shop.value(NOW)
    in_a_crowd(fake)
    poison = fake.say(NOTE, "no\x00thing")
    number = fake.head
    in_a_crowd(fake)
    fake.say(NOTE, "goes on")
    shop.wait_until("the cursor beyond the poison", lambda: committed(shop, fake) == fake.head)
    assert kept(shop, poison) == [("refused_by_database", number, number)]
    assert [note for (note,) in shop.rows(NOTES)][-1] == "goes on"
    assert "no\x00thing" not in str(shop.rows(NOTES))
    assert_nobody_waited(shop, began)


def test_an_alias_no_birth_declared_is_set_apart(shop: Workshop, fake: FakeEdge) -> None:
    began = shop.value(NOW)
    in_a_crowd(fake)
    poison = fake.say_under_unknown_alias()
    number = fake.head
    in_a_crowd(fake)
    shop.wait_until("the cursor beyond the poison", lambda: committed(shop, fake) == fake.head)
    assert kept(shop, poison) == [("unknown_alias", number, number)]
    assert_nobody_waited(shop, began)


def test_bytes_that_are_no_payload_are_set_apart(shop: Workshop, fake: FakeEdge) -> None:
    began = shop.value(NOW)
    in_a_crowd(fake)
    nonsense = fake.say_nonsense()
    in_a_crowd(fake)
    shop.wait_until("what came after the nonsense", lambda: committed(shop, fake) == fake.head)
    assert kept(shop, nonsense) == [("malformed", None, None)]
    assert_nobody_waited(shop, began)


def test_the_real_edge_beside_it_balances(shop: Workshop, fake: FakeEdge) -> None:
    assert committed(shop, fake) == fake.head
    verdict = shop.verdict()
    assert verdict.good, str(verdict)


def committed(shop: Workshop, fake: FakeEdge) -> int:
    return int(shop.value(CURSOR, epoch=fake.epoch) or 0)


def in_a_crowd(fake: FakeEdge) -> None:
    """Sound messages that share the plant's batch with the poison."""
    for number in range(CROWD):
        fake.say(LEVEL, float(number))


def kept(shop: Workshop, payload: bytes) -> list[tuple[Any, ...]]:
    """Reason and numbers of what is in quarantine with these very bytes."""
    rows = [(bytes(row[0]), *row[1:]) for row in shop.rows(KEPT)]
    assert all(detail for _, _, detail, _, _ in rows)
    return [(reason, first, last) for body, reason, _, first, last in rows if body == payload]


def assert_nobody_waited(shop: Workshop, began: Any) -> None:
    """The real edge's readings were stored hardly later than before."""
    shop.wait_until_moving()
    edge = shop.floor.options.edge[1]
    before = shop.value(WORST_LAG_S, edge=edge, from_=began - BEFORE, to=began)
    lag_s = shop.value(WORST_LAG_S, edge=edge, from_=began, to=shop.value(NOW))
    print(f"\nread to stored, at worst: {lag_s:.2f} s with the poison, {before:.2f} s before it")
    assert lag_s < before + DELAY_MAX_S
