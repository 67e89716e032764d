"""One person leaves a note and a summary, the next signs that it was read, and works at the run from then."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
from fastapi import FastAPI

from plant_server.people.roles import Role
from tests.plant_server.people.staff import add_person, command, sign_in
from tests.plant_server.work_orders.floor import PAGE, PATH, Floor, seconds_ago

STATION = f"{PATH}/press1"


@pytest.fixture
async def next_person(app: FastAPI, floor: Floor) -> AsyncIterator[httpx.AsyncClient]:
    """A browser of its own, in which the next person has signed in."""
    person = await add_person(app, floor.connection, Role.OPERATOR, name="Next")
    transport = httpx.ASGITransport(app, client=("127.0.0.1", 4711))
    async with httpx.AsyncClient(transport=transport, base_url=PAGE, headers={"Origin": PAGE}) as client:
        assert (await sign_in(client, person)).status_code == 200
        yield client


async def at_work(floor: Floor) -> list[str]:
    return [row["person"] for row in await floor.rows("SELECT person FROM plant.labor WHERE to_time IS NULL")]


async def a_run(floor: Floor) -> tuple[int, int]:
    """A run at the press; its id and its counter."""
    await floor.item()
    await floor.reason()
    tags = await floor.station(parts="parts")
    order = await floor.order()
    (operation,) = await floor.operations(order)
    return await floor.start(operation), tags["parts"]


async def summary(floor: Floor, **body: Any) -> dict[str, Any]:
    """Of a hand-over that is written now."""
    written = await floor.done("hand-overs", {"equipment": STATION, **body})
    newest = (await floor.get("hand-overs"))["items"][0]
    assert newest["hand_over_id"] == written["hand_over_id"]
    told: dict[str, Any] = newest["summary"]
    return told


async def test_who_reads_it_works_at_the_run_and_a_second_reader_is_too_late(
    floor: Floor, next_person: httpx.AsyncClient
) -> None:
    run, _ = await a_run(floor)
    written = await floor.done("hand-overs", {"equipment": STATION, "note": " Tool 3 drips oil. "})
    assert written["run_id"] == run
    assert await at_work(floor) == [floor.person]
    event = await floor.one("SELECT facts FROM plant.event WHERE kind = 'hand_over.write'")
    assert event["facts"]["hand_over"]["note"] == "Tool 3 drips oil."
    path = f"hand-overs/{written['hand_over_id']}/read"
    assert await floor.refused(path) == (409, "own-hand-over")
    answer = await command(next_person, f"/api/v1/{path}")
    assert answer.status_code == 200, answer.text
    (person,) = await at_work(floor)
    assert person != floor.person
    again = await command(next_person, f"/api/v1/{path}")
    assert (again.status_code, again.json()["code"]) == (409, "hand-over-was-read")
    assert (await floor.get("hand-overs?unread=true"))["items"] == []
    (kept,) = (await floor.get(f"hand-overs?equipment={STATION}"))["items"]
    assert f"person:{kept['read_by']}" == person


async def test_a_note_has_500_characters_at_most_and_a_station(floor: Floor) -> None:
    await floor.station()
    assert (await floor.post("hand-overs", {"equipment": STATION, "note": "x" * 501})).status_code == 422
    assert (await floor.post("hand-overs", {"equipment": STATION, "note": "x" * 500})).status_code == 200
    assert await floor.refused("hand-overs", {"equipment": f"{PATH}/nowhere"}) == (
        404,
        "unknown-station-path",
    )
    assert await floor.refused("hand-overs/4711/read") == (404, "unknown-hand-over")


async def test_the_summary_is_of_the_shift_alone(floor: Floor) -> None:
    """Counts, scrap by reason and stops since the hand-over before; a booking that began earlier is cut there."""
    run, tag = await a_run(floor)
    await floor.make(tag, 40)
    await floor.book()
    first = await summary(floor)
    assert [(one["number"], one["made"], one["good"]) for one in first["made"]] == [("WO-1", "40", "40")]
    assert first["questions"]["parts_not_reported"] == "40"
    await floor.make(tag, 7)
    await floor.book()
    await floor.done(f"runs/{run}/reports", {"scrap": [{"quantity": "2", "reason": "burr"}]})
    second = await summary(floor)
    assert second["from_time"] == first["to_time"]
    (made,) = second["made"]
    assert (made["made"], made["good"], made["scrap"]) == ("7", "5", "2")
    assert [(one["reason"], one["quantity"]) for one in second["scrap"]] == [("burr", "2")]
    assert second["scrap"][0]["name_zh"] == "原因 burr"


async def test_scrap_that_was_taken_back_is_none(floor: Floor) -> None:
    run, tag = await a_run(floor)
    await floor.make(tag, 5)
    await floor.book()
    told = await floor.done(f"runs/{run}/reports", {"scrap": [{"quantity": "2", "reason": "burr"}]})
    await floor.done(f"runs/{run}/reports/{told['report_id']}/undo")
    shift = await summary(floor)
    assert shift["scrap"] == []
    assert shift["made"][0]["good"] == "5"


async def test_the_summary_tells_stops_and_open_questions(floor: Floor) -> None:
    _, tag = await a_run(floor)
    await floor.reason("jam", "stop", stop_time="unplanned")
    device = (await floor.one("SELECT device_id FROM plant.tag WHERE tag_id = %s", tag))["device_id"]
    await stop(floor, device, seconds_ago(3600), timedelta(minutes=10), "jam")
    await stop(floor, device, seconds_ago(1800), timedelta(minutes=20), None)
    await stop(floor, device, seconds_ago(14 * 3600), timedelta(minutes=30), "jam")  # Of another shift.
    await floor.connection.execute(
        "INSERT INTO plant.not_assigned (tag_id, odometer_from, odometer_to, from_ts, to_ts, reason)"
        " VALUES (%s, 100, 137, now() - interval '5 min', now(), 'no_run')",
        (tag,),
    )
    await floor.order("WO-2")
    other = (await floor.one("SELECT work_order_id FROM plant.work_order WHERE number = 'WO-2'"))[
        "work_order_id"
    ]
    await floor.done(f"work-orders/{other}/hold", {"reason": "quality"})
    for place in (f"{PATH}/press1", PATH):  # A call of the line is not the station's to hand over.
        await floor.done("andon-calls", {"path": place, "type": "quality"})
    shift = await summary(floor)
    assert [(one["reason"], one["seconds"]) for one in shift["stood"]] == [(None, 1200), ("jam", 600)]
    assert shift["unassigned_s"] == 1200
    assert shift["questions"] == {
        "parts_not_assigned": 37,
        "stops_without_reason": 1,
        "count_cases": 0,
        "parts_not_reported": "0",
        "orders_held": 1,
        "calls_open": 1,
    }


async def stop(floor: Floor, device: int, begin: datetime, length: timedelta, reason: str | None) -> None:
    await floor.connection.execute(
        "WITH made AS (INSERT INTO plant.stop (device_id, from_ts, to_ts, micro_below_s, states)"
        " VALUES (%s, %s, %s, 120, ARRAY['fault']) RETURNING stop_id, from_ts, to_ts)"
        " INSERT INTO plant.stop_piece (stop_id, from_ts, to_ts, reason) SELECT stop_id, from_ts, to_ts, %s FROM made",
        (device, begin, begin + length, reason),
    )


async def test_a_shift_is_twelve_hours_at_most(floor: Floor) -> None:
    await floor.station()
    shift = await summary(floor)
    begin, end = (datetime.fromisoformat(shift[name]) for name in ("from_time", "to_time"))
    assert end - begin == timedelta(hours=12)
    assert end <= datetime.now(UTC)
