"""A wrong booking is reversed: its counts wait for a person again, and the ERP hears less by as much, once."""

import asyncio
from decimal import Decimal
from typing import Any

import pytest

from plant_server.runs.comparing import compare
from tests.plant_server.work_orders.floor import LONG_AGO, PATH, Floor

Span = tuple[int, int]


@pytest.fixture
async def floor_with_counters(floor: Floor) -> dict[str, int]:
    tags = await floor.station(parts="parts", reject="reject")
    await floor.item()
    await floor.reason("burr")
    await floor.reason("repaint", "rework")
    return tags


async def ended_run(floor: Floor, parts: int, made: list[int], number: str = "WO-1") -> int:
    """A run of an order of its own that made and reported these one after the other, and has ended."""
    (operation,) = await floor.operations(await floor.order(number))
    run = await floor.start(operation)
    for quantity in made:
        await floor.make(parts, quantity)
        await floor.done(f"runs/{run}/reports", {})
    await floor.done(f"runs/{run}/pause")
    return run


def span(tag_id: int, bounds: Span) -> dict[str, Any]:
    return {"tag_id": tag_id, "odometer_from": bounds[0], "odometer_to": bounds[1], "note": "wrong order"}


async def told(floor: Floor, number: str = "WO-1") -> Decimal:
    documents = await floor.documents("completion")
    return sum((Decimal(one["quantity"]) for one in documents if one["work_order"] == number), Decimal(0))


async def test_its_counts_are_nobodys_again_and_can_be_given_to_another_run(
    floor: Floor, floor_with_counters: dict[str, int]
) -> None:
    parts = floor_with_counters["parts"]
    run = await ended_run(floor, parts, [20, 5])
    other = await ended_run(floor, parts, [3], "WO-2")
    (shown,) = await floor.get(f"runs/{run}/bookings")
    assert (shown["odometer_from"], shown["odometer_to"], shown["parts"]) == (0, 25, 25)

    answer = await floor.done(f"runs/{run}/bookings/reverse", span(parts, (0, 25)))
    assert answer["not_assigned"] == [{"tag_id": parts, "odometer_from": 0, "odometer_to": 25}]
    assert (await floor.balance())[0] == (28, 3, 25)
    assert (await floor.get(f"runs/{run}"))["good"] == "0"
    (waiting,) = await floor.get("not-assigned")
    assert (waiting["reason"], waiting["steps"]) == ("reversed", 25)
    assert await told(floor) == 0

    shares = [{"run_id": run, "steps": 5}, {"run_id": other}]
    assign = {"tag_id": parts, "odometer_from": 0, "odometer_to": 25, "shares": shares}
    await floor.done("not-assigned/assign", assign)
    assert (await floor.balance())[0] == (28, 28, 0)
    assert [(await floor.get(f"runs/{one}"))["good"] for one in (run, other)] == ["5", "23"]
    assert (await told(floor), await told(floor, "WO-2")) == (5, 23)
    assert await compare(floor.connection, apply=False) == []


async def test_the_erp_hears_less_from_the_documents_that_told_it(
    floor: Floor, floor_with_counters: dict[str, int]
) -> None:
    parts = floor_with_counters["parts"]
    run = await ended_run(floor, parts, [20, 5])
    before = await floor.documents("completion")
    events = await floor.rows(
        "SELECT event_id::text FROM plant.event WHERE kind = 'run.report' ORDER BY recorded_time"
    )
    await floor.done(f"runs/{run}/bookings/reverse", span(parts, (0, 25)))
    less = (await floor.documents("completion"))[len(before) :]
    assert [(one["quantity"], one["reverses"]) for one in less] == [
        ("-5", events[1]["event_id"]),
        ("-20", events[0]["event_id"]),
    ]
    event = await floor.one("SELECT kind, actor FROM plant.event WHERE facts ? 'unbooked'")
    assert (event["kind"], event["actor"]) == ("booking.reverse", floor.person)


async def test_a_booking_is_reversed_once_whoever_asks(
    floor: Floor, floor_with_counters: dict[str, int]
) -> None:
    parts = floor_with_counters["parts"]
    run = await ended_run(floor, parts, [20])
    path, body = f"runs/{run}/bookings/reverse", span(parts, (0, 20))
    answers = await asyncio.gather(*(floor.post(path, body) for _ in range(4)))
    assert sorted(answer.status_code for answer in answers) == [200, 409, 409, 409]
    assert {answer.json()["code"] for answer in answers if answer.status_code == 409} == {"range-not-booked"}
    assert await told(floor) == 0
    assert (await floor.balance())[0] == (20, 0, 20)


async def test_what_is_no_booking_of_an_ended_run_is_refused(
    floor: Floor, floor_with_counters: dict[str, int]
) -> None:
    parts = floor_with_counters["parts"]
    run = await ended_run(floor, parts, [20])
    path = f"runs/{run}/bookings/reverse"
    assert await floor.refused(path, span(parts, (0, 19))) == (409, "range-not-booked")
    assert await floor.refused(path, span(parts, (20, 20))) == (422, "invalid-request")
    await floor.done(f"runs/{run}/reports", {"scrap": [{"quantity": 1, "reason": "burr"}], "good": 0})
    assert await floor.refused(path, span(parts, (0, 20))) == (409, "more-than-made")
    again = (await floor.done(f"runs/{run}/resume"))["run_id"]
    await floor.make(parts, 2)
    await floor.book()
    answer = await floor.refused(f"runs/{again}/bookings/reverse", span(parts, (20, 22)))
    assert answer == (409, "run-has-not-ended")
    assert await floor.refused("runs/99/bookings/reverse", span(parts, (0, 20))) == (404, "unknown-run")


async def test_rejects_and_their_scrap_go_with_the_parts(
    floor: Floor, floor_with_counters: dict[str, int]
) -> None:
    parts, reject = floor_with_counters["parts"], floor_with_counters["reject"]
    (operation,) = await floor.operations(await floor.order())
    run = await floor.start(operation)
    await floor.make(parts, 20)
    await floor.make(reject, 3)
    await floor.book()
    await floor.done(f"runs/{run}/pause")
    assert await told(floor) == 17
    answer = await floor.done(f"runs/{run}/bookings/reverse", span(parts, (0, 20)))
    assert [one["tag_id"] for one in answer["not_assigned"]] == [parts, reject]
    shown = await floor.get(f"runs/{run}")
    assert (shown["good"], shown["scrap"]) == ("0", "0")
    scrap = await floor.documents("scrap")
    assert (await told(floor), sum(int(one["quantity"]) for one in scrap)) == (0, 0)
    shares = {"shares": [{"run_id": run}]}
    await floor.done("not-assigned/assign", {"tag_id": parts, "odometer_from": 0, "odometer_to": 20} | shares)
    shown = await floor.get(f"runs/{run}")
    assert (shown["good"], shown["scrap"]) == ("17", "3")
    assert await compare(floor.connection, apply=False) == []


async def test_of_two_settings_one_is_reversed_and_the_other_stays_told(
    floor: Floor, floor_with_counters: dict[str, int]
) -> None:
    """One document tells the counts of both; after it, of one."""
    parts = floor_with_counters["parts"]
    (operation,) = await floor.operations(await floor.order())
    run = await floor.start(operation)
    await floor.make(parts, 8)
    await floor.done(f"runs/{run}/parts-per-cycle", {"cavities": 2})
    await floor.make(parts, 4)
    await floor.done(f"runs/{run}/reports", {})
    await floor.done(f"runs/{run}/pause")
    await floor.done(f"runs/{run}/bookings/reverse", span(parts, (0, 8)))
    ranges = await floor.rows("SELECT odometer_from::int, odometer_to::int FROM plant.told_range")
    assert [tuple(row.values()) for row in ranges] == [(8, 12)]
    assert await told(floor) == 4
    assert await compare(floor.connection, apply=False) == []


async def test_material_of_counts_that_are_taken_away_goes_back_to_its_lot(
    floor: Floor, floor_with_counters: dict[str, int]
) -> None:
    parts = floor_with_counters["parts"]
    await floor.item("PIN")
    await floor.item("BRACKET", revisions=[{"revision": "1", "released_time": LONG_AGO}])
    component = {"position": "10", "item": "PIN", "quantity_per": "2", "unit": "C62"}
    bom = {"item": "BRACKET", "revision": "1", "released_time": LONG_AGO, "components": [component]}
    await floor.receive("boms", "BOM-1", **bom)
    (operation,) = await floor.operations(await floor.order(revision="1"))
    run = await floor.start(operation)
    lot = {"item": "PIN", "lot": "P-1", "quantity": "100", "location": f"{PATH}/press1"}
    lot_id = (await floor.done("lots", lot))["lot_id"]
    await floor.make(parts, 8)
    await floor.done(f"runs/{run}/parts-per-cycle", {"cavities": 1, "cycles": 1})
    await floor.make(parts, 12)
    rework = {"rework": [{"quantity": 2, "reason": "repaint"}]}
    await floor.done(f"runs/{run}/reports", rework)
    assert (await floor.get(f"lots/{lot_id}"))["quantity"] == "60", "a part in rework holds its material"
    await floor.done(f"runs/{run}/pause")
    await floor.done(f"runs/{run}/bookings/reverse", span(parts, (0, 8)))
    assert (await floor.get(f"lots/{lot_id}"))["quantity"] == "76"
    used = sum(Decimal(one["quantity"]) for one in await floor.documents("consumption"))
    assert (used, await told(floor)) == (24, 10)
