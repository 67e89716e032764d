"""Stops in the database are what the states and the words say, whatever the order in which they came."""

import random

import psycopg
import pytest
from psycopg import AsyncConnection

from plant_server.stops.projection import project_stops
from tests.plant_server.facts import at
from tests.plant_server.stops.press import Press, set_up

STORY = [(0, "producing"), (300, "fault"), (900, "stopped"), (1200, "producing"), (2000, "idle")]


async def test_neighbouring_states_that_stand_are_one_stop(press: Press) -> None:
    await press.tell(*STORY)
    assert list((await press.stops()).values()) == [(300, 1200), (2000, None)]
    states = await press.one("SELECT states FROM plant.stop ORDER BY from_ts LIMIT 1")
    assert states == ["fault", "stopped"]


async def test_a_stop_keeps_its_id_when_late_facts_move_its_bounds(press: Press) -> None:
    await press.tell(*STORY)
    first, last = await press.stops()
    await press.tell((200, "fault"), (1300, "fault"), (1250, "fault"), (1200, "fault"), (1400, "producing"))
    assert await press.stops() == {first: (200, 1400), last: (2000, None)}


async def test_an_open_stop_ends_where_the_machine_goes_on(press: Press) -> None:
    await press.tell(*STORY)
    _, last = await press.stops()
    await press.tell((2600, "producing"))
    assert (await press.stops())[last] == (2000, 2600)


async def test_lost_contact_is_no_stop(press: Press, connection: AsyncConnection) -> None:
    await press.tell((0, "producing"), (300, "fault"))
    await connection.execute(
        "INSERT INTO plant.device_contact (device_id, ts, online) VALUES (%s, %s, false)",
        (press.device_id, at(600)),
    )
    await press.keep()
    assert list((await press.stops()).values()) == [(300, 600)]


async def test_a_stop_that_late_facts_take_back_is_remembered_by_its_id(press: Press) -> None:
    await press.tell(*STORY)
    first, _ = await press.stops()
    await press.tell((300, "producing"), (900, "producing"))
    # Two states at one time contradict each other, and the less favourable holds.
    assert first in await press.stops()
    await press.connection.execute("DELETE FROM plant.sample WHERE value <> 6 AND ts < %s", (at(1000),))
    await press.tell((300, "producing"), (900, "producing"))
    assert first not in await press.stops()
    assert await press.one("SELECT from_ts FROM plant.stop_gone WHERE stop_id = %s", first) == at(300)


async def test_facts_in_random_order_with_the_keeper_between_them_give_the_same_stops(
    press: Press, connection: AsyncConnection
) -> None:
    chance = random.Random(20260724)
    states = ["producing", "fault", "idle", "stopped"]
    story = [(number * 60, chance.choice(states)) for number in range(60)]
    straight = await set_up(connection, "press2", "demo/plant1/area1/line1/press2")
    await straight.tell(*story)
    expected = list((await straight.stops()).values())
    assert len(expected) > 5
    shuffled = chance.sample(story, len(story))
    for begin in range(0, len(shuffled), 7):
        await press.tell(*shuffled[begin : begin + 7])
    assert list((await press.stops()).values()) == expected
    assert [piece[:2] for piece in await press.pieces()] == expected


async def test_the_projection_is_at_rest_when_nothing_changed(
    press: Press, connection: AsyncConnection
) -> None:
    await press.tell(*STORY)
    versions = "SELECT array_agg(xmin::text ORDER BY stop_id) FROM plant.stop"
    before = await press.one(versions)
    await connection.execute("INSERT INTO plant.stop_dirty VALUES (%s, %s)", (press.device_id, at(0)))
    await press.keep()
    assert await press.one(versions) == before


async def test_rows_of_somebody_else_are_put_right(press: Press, connection: AsyncConnection) -> None:
    await press.tell(*STORY)
    await connection.execute(
        "INSERT INTO plant.stop (device_id, from_ts, to_ts, micro_below_s, states) VALUES (%s, %s, %s, 0, '{}')",
        (press.device_id, at(1300), at(1900)),
    )
    await press.tell((1250, "producing"), (2600, "producing"))
    assert list((await press.stops()).values()) == [(300, 1200), (2000, 2600)]


async def test_two_stops_of_a_machine_never_lie_over_one_another(
    press: Press, connection: AsyncConnection
) -> None:
    await press.tell(*STORY)
    with pytest.raises(psycopg.errors.ExclusionViolation):
        await connection.execute(
            "INSERT INTO plant.stop (device_id, from_ts, to_ts, micro_below_s, states) VALUES (%s, %s, %s, 0, '{}')",
            (press.device_id, at(200), at(400)),
        )


async def test_a_big_backlog_of_marks_is_worked_off_in_pieces(
    press: Press, connection: AsyncConnection
) -> None:
    await press.tell(*STORY)
    await connection.execute(
        "INSERT INTO plant.stop_dirty SELECT %s, %s FROM generate_series(1, 1500)", (press.device_id, at(0))
    )
    assert await project_stops(connection) is True
    assert await project_stops(connection) is False
    assert await press.one("SELECT count(*) FROM plant.stop_dirty") == 0
