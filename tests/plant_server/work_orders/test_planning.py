"""A released order is pinned anew as long as it has not started, and a person's place for it outlives the ERP's."""

from tests.plant_server.work_orders.floor import LONG_AGO, PATH, Floor
from tests.plant_server.work_orders.test_releasing import change, step, two_revisions


async def last_event(floor: Floor, kind: str) -> dict[str, object]:
    return await floor.one(
        "SELECT actor, body, facts FROM plant.event WHERE kind = %s ORDER BY recorded_time DESC LIMIT 1", kind
    )


async def test_a_repinned_order_is_made_by_the_other_revision_and_todays_routing(floor: Floor) -> None:
    await two_revisions(floor)
    order = await floor.order(revision="A")
    before = await floor.get(f"work-orders/{order}")
    steps = [step(10), step(20)]
    await floor.receive(
        "routings", "r", item="BRACKET", revision="7", released_time=LONG_AGO, operations=steps
    )
    await floor.done(f"work-orders/{order}/repin", {"revision": "B"})
    after = await floor.get(f"work-orders/{order}")
    pinned = await floor.one("SELECT revision FROM plant.bom WHERE bom_id = %s", after["bom_id"])
    assert (after["revision"], pinned["revision"], after["routing_revision"]) == ("B", "B", "7")
    assert [one["state"] for one in after["operations"]] == ["ready", "pending"]
    assert (after["state"], after["released_time"]) == ("released", before["released_time"])
    event = await last_event(floor, "work_order.repin")
    assert event["actor"] == floor.person
    told = event["facts"]["repinned"]  # type: ignore[index]
    assert (told["from"]["item_revision"], told["to"]["item_revision"]) == ("A", "B")
    assert (told["from"]["bom_id"], told["to"]["bom_id"]) == (before["bom_id"], after["bom_id"])


async def test_a_repin_is_judged_like_a_release(floor: Floor) -> None:
    await two_revisions(floor)
    await change(floor)
    order = await floor.order()
    answer = await floor.post(f"work-orders/{order}/repin", {"revision": "A"})
    assert (answer.status_code, answer.json()["code"]) == (409, "superseded-revision")
    assert answer.json()["params"]["change"] == "ECN-7"
    assert await floor.refused(f"work-orders/{order}/repin", {"revision": "C"}) == (
        409,
        "unreleased-revision",
    )
    assert (await floor.get(f"work-orders/{order}"))["revision"] == "B"


async def test_only_a_released_order_that_has_not_started_is_repinned(floor: Floor) -> None:
    await floor.station()
    await two_revisions(floor)
    planned = await floor.order("PLANNED", release=False)
    body = {"revision": "B"}
    assert await floor.refused(f"work-orders/{planned}/repin", body) == (409, "order-is-planned")
    started = await floor.order("STARTED", revision="A")
    (operation,) = await floor.operations(started)
    await floor.start(operation)
    assert await floor.refused(f"work-orders/{started}/repin", body) == (409, "order-running")
    assert await floor.refused("work-orders/999/repin", body) == (404, "unknown-work-order")


async def test_an_order_that_a_change_holds_is_repinned_and_then_free_to_start(floor: Floor) -> None:
    await floor.station()
    await two_revisions(floor)
    order = await floor.order(revision="A")
    await change(floor)
    await floor.done(f"work-orders/{order}/repin", {"revision": "B"})
    assert (await floor.get(f"work-orders/{order}"))["state"] == "held", "a person lifts the hold"
    await floor.done(f"work-orders/{order}/lift-hold", {"reason": "change", "reference": "ECN-7"})
    (operation,) = await floor.operations(order)
    await floor.start(operation)


async def next_at_the_station(floor: Floor) -> list[str]:
    return [one["number"] for one in await floor.get(f"dispatch?equipment={PATH}/press1")]


async def test_a_persons_place_outlives_the_erps_until_it_is_given_back(floor: Floor) -> None:
    await floor.station()
    await floor.item()
    await floor.order("FIRST", priority=3)
    order = await floor.order("SECOND", priority=5)
    assert await next_at_the_station(floor) == ["FIRST", "SECOND"]
    body = {"priority": 1, "reason": "The customer waits."}
    await floor.done(f"work-orders/{order}/resequence", body)
    assert await next_at_the_station(floor) == ["SECOND", "FIRST"]
    await floor.order("SECOND", priority=9)
    assert await next_at_the_station(floor) == ["SECOND", "FIRST"]
    detail = await floor.get(f"work-orders/{order}")
    assert (detail["priority"], detail["ordered_priority"]) == (1, 9)
    event = await last_event(floor, "work_order.resequence")
    assert (event["actor"], event["body"]["reason"]) == (floor.person, body["reason"])  # type: ignore[index]
    await floor.done(f"work-orders/{order}/resequence", {"priority": None, "reason": "Delivered otherwise."})
    assert await next_at_the_station(floor) == ["FIRST", "SECOND"]
    told = (await last_event(floor, "work_order.resequence"))["facts"]["resequenced"]  # type: ignore[index]
    assert (told["from"], told["to"], told["ordered"]) == (1, None, 9)


async def test_a_place_needs_a_reason_and_an_order_that_is_still_to_be_made(floor: Floor) -> None:
    await floor.item()
    order = await floor.order()
    for wrong in (
        {"priority": 1},
        {"priority": 0, "reason": "x"},
        {"priority": 10, "reason": "x"},
        {"reason": "x"},
    ):
        assert (await floor.refused(f"work-orders/{order}/resequence", wrong))[0] == 422
    await floor.done(f"work-orders/{order}/cancel")
    assert await floor.refused(f"work-orders/{order}/resequence", {"priority": 1, "reason": "x"}) == (
        409,
        "order-is-cancelled",
    )
