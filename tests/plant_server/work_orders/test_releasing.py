"""Release pins the item's revision, its BOM and its routing; changes hold what they touch; stations see what to do."""

from typing import Any

from tests.plant_server.work_orders.floor import LONG_AGO, PATH, Floor

SCREW = {"position": "10", "item": "SCREW", "quantity_per": "4", "unit": "C62"}


def step(position: int, **more: Any) -> dict[str, Any]:
    name = f"Step {position}"
    return {"position": position, "name_en": name, "name_zh": name, "work_center": PATH, **more}


async def bom(floor: Floor, revision: str, **more: Any) -> None:
    content = {"item": "BRACKET", "revision": revision, "released_time": LONG_AGO, "components": [SCREW]}
    await floor.receive("boms", f"bom-{revision}", **content | more)


async def change(floor: Floor, **more: Any) -> None:
    content = {
        "number": "ECN-7",
        "item": "BRACKET",
        "old_revision": "A",
        "new_revision": "B",
        "effectivity": {"kind": "date", "from_time": LONG_AGO},
        "disposition": "scrap",
        "released_time": LONG_AGO,
    }
    await floor.receive("change-orders", "ECN-7", **content | more)


async def two_revisions(floor: Floor) -> None:
    await floor.item("SCREW")
    await floor.item()
    await bom(floor, "A")
    await bom(floor, "B")


async def test_release_pins_the_revision_that_changes_allow(floor: Floor) -> None:
    await two_revisions(floor)
    await change(floor)
    order = await floor.order()
    detail = await floor.get(f"work-orders/{order}")
    pinned = await floor.one("SELECT revision FROM plant.bom WHERE bom_id = %s", detail["bom_id"])
    assert (detail["revision"], pinned["revision"]) == ("B", "B")


async def test_a_superseded_revision_is_refused_with_its_change(floor: Floor) -> None:
    await two_revisions(floor)
    await change(floor)
    body = {"external_id": "x", "external_revision": 1, "number": "WO", "item": "BRACKET", "quantity": 1}
    answer = await floor.post("work-orders", body | {"revision": "A", "release": True})
    assert (answer.status_code, answer.json()["code"]) == (409, "superseded-revision")
    assert answer.json()["params"]["change"] == "ECN-7"


async def test_what_is_not_released_is_not_made(floor: Floor) -> None:
    await floor.item(revisions=[{"revision": "A"}])
    order = await floor.order(release=False)
    assert await floor.refused(f"work-orders/{order}/release") == (409, "no-released-revision")


async def test_a_released_change_holds_the_orders_that_pinned_what_it_replaces(floor: Floor) -> None:
    await two_revisions(floor)
    old = await floor.order("WO-A", revision="A")
    new = await floor.order("WO-B", revision="B")
    await change(floor)
    detail = await floor.get(f"work-orders/{old}")
    assert (detail["state"], detail["holds"][0]["reference"]) == ("held", "ECN-7")
    assert (await floor.get(f"work-orders/{new}"))["state"] == "released"


async def test_a_change_of_a_component_holds_the_orders_that_take_it(floor: Floor) -> None:
    await floor.item("SCREW", revisions=[{"revision": name, "released_time": LONG_AGO} for name in "AB"])
    await floor.item()
    await bom(floor, "A")
    order = await floor.order()
    await change(floor, item="SCREW")
    assert (await floor.get(f"work-orders/{order}"))["state"] == "held"


async def test_where_old_stock_is_used_up_nobody_is_stopped(floor: Floor) -> None:
    await two_revisions(floor)
    order = await floor.order(revision="A")
    await change(floor, disposition="use_up")
    assert (await floor.get(f"work-orders/{order}"))["state"] == "released"


async def test_an_old_revision_does_not_start_even_when_its_hold_was_lifted(floor: Floor) -> None:
    await floor.station()
    await two_revisions(floor)
    order = await floor.order(revision="A")
    await change(floor)
    await floor.done(f"work-orders/{order}/lift-hold", {"reason": "change", "reference": "ECN-7"})
    (operation,) = await floor.operations(order)
    answer = await floor.post("runs", {"operation_id": operation, "equipment": f"{PATH}/press1"})
    assert (answer.status_code, answer.json()["code"]) == (409, "superseded-revision")
    assert answer.json()["params"]["change"] == "ECN-7"


async def test_operations_follow_one_another_and_a_transfer_quantity_lets_the_next_begin(
    floor: Floor,
) -> None:
    await floor.station("press1")
    await floor.station("press2")
    await floor.item()
    steps = [step(10, transfer_quantity="5"), step(20, is_optional=True), step(30)]
    await floor.receive(
        "routings", "r", item="BRACKET", revision="1", released_time=LONG_AGO, operations=steps
    )
    order = await floor.order()
    first, second, third = await floor.operations(order)
    other = {"operation_id": second, "equipment": f"{PATH}/press2"}
    assert await floor.refused("runs", other) == (409, "operation-is-pending")
    run = await floor.start(first)
    await floor.done(f"runs/{run}/reports", {"good": 4})
    assert await floor.refused("runs", other) == (409, "operation-is-pending")
    report = await floor.done(f"runs/{run}/reports", {"good": 1})
    states = [one["state"] for one in (await floor.get(f"work-orders/{order}"))["operations"]]
    assert states == ["running", "ready", "pending"]
    await floor.done(f"runs/{run}/reports/{report['report_id']}/undo")
    assert await floor.refused("runs", other) == (409, "operation-is-pending")
    assert await floor.refused(f"operations/{third}/skip") == (409, "operation-is-not-optional")


async def test_only_the_last_operation_makes_what_the_order_makes(floor: Floor) -> None:
    await floor.station("press1")
    await floor.reason("burr")
    await floor.item()
    steps = [step(10), step(20)]
    await floor.receive(
        "routings", "r", item="BRACKET", revision="1", released_time=LONG_AGO, operations=steps
    )
    order = await floor.order()
    first, second = await floor.operations(order)
    run = await floor.start(first)
    await floor.done(f"runs/{run}/reports", {"good": 9, "scrap": [{"quantity": 1, "reason": "burr"}]})
    detail = await floor.get(f"work-orders/{order}")
    assert (detail["good"], detail["scrap"]) == ("0", "1")
    await floor.done(f"runs/{run}/complete")
    run = await floor.start(second)
    await floor.done(f"runs/{run}/reports", {"good": 8})
    assert (await floor.get(f"work-orders/{order}"))["good"] == "8"
    assert [one["quantity"] for one in await floor.documents("completion")] == ["8"]


async def test_a_station_sees_what_it_may_do_next_ready_first_then_by_priority_and_due_time(
    floor: Floor,
) -> None:
    await floor.station("press1")
    await floor.item()
    late, soon = "2030-01-02T00:00:00Z", "2030-01-01T00:00:00Z"
    await floor.order("LATE", due_time=late)
    await floor.order("SOON", due_time=soon)
    await floor.order("URGENT", due_time=late, priority=1)
    await floor.order("ELSEWHERE", work_center="demo/plant1/area1/line2", priority=1)
    await floor.order("PLANNED", release=False)
    running = await floor.order("RUNNING", priority=1)
    await floor.start((await floor.operations(running))[0])
    held = await floor.order("HELD", priority=1)
    await floor.done(f"work-orders/{held}/hold", {"reason": "material"})
    told = [one["number"] for one in await floor.get(f"dispatch?equipment={PATH}/press1")]
    assert told == ["URGENT", "SOON", "LATE", "RUNNING", "HELD"]


async def test_an_operation_runs_only_at_its_work_centre(floor: Floor) -> None:
    await floor.station("press1")
    await floor.item()
    order = await floor.order(work_center="demo/plant1/area1/line2")
    (operation,) = await floor.operations(order)
    body = {"operation_id": operation, "equipment": f"{PATH}/press1"}
    assert await floor.refused("runs", body) == (422, "wrong-station")
