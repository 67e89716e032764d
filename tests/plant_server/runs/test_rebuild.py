"""Every balance can be made again from Events alone, and is the same."""

from typing import Any

from plant_server.runs.rebuild import rebuild
from tests.plant_server.work_orders.floor import LONG_AGO, PATH, Floor, seconds_ago

TABLES = {
    "work_order": "work_order_id, state, has_started, made, good, scrap, rework",
    "operation": "operation_id, state, made, good, scrap, rework",
    "run": "run_id, booked_made, booked_scrap, booked_rejected, booked_setup, entered_good, entered_scrap,"
    " entered_rework, among_rejects",
    "run_tag": "*",
    "counted_tag": "tag_id, position, ts",
    "booking": "*",
    "not_assigned": "*",
    "production_entry": "*",
    "run_told": "*",
    "told_range": "*",
    "count_case": "*",
}


async def snapshot(floor: Floor) -> dict[str, list[Any]]:
    return {
        table: sorted(await floor.rows(f"SELECT {columns} FROM plant.{table}"), key=repr)  # noqa: S608
        for table, columns in TABLES.items()
    }


async def live_through_a_shift(floor: Floor) -> None:
    """A bit of everything: two orders, a change at full speed, cavities, rejects, an undo, a reversal, a hold."""
    tags = await floor.station(parts="parts", reject="reject")
    parts, reject = tags["parts"], tags["reject"]
    await floor.item()
    await floor.reason("burr")
    await floor.reason("repaint", "rework")
    steps = [
        {"position": number, "name_en": f"Step {number}", "name_zh": f"{number}", "work_center": PATH}
        for number in (10, 20)
    ]
    steps[0]["transfer_quantity"] = "5"
    await floor.receive(
        "routings", "r", item="BRACKET", revision="1", released_time=LONG_AGO, operations=steps
    )
    await floor.make(parts, 30, seconds_ago(50))
    await floor.book()
    first = await floor.order("WO-1")
    one, _ = await floor.operations(first)
    other, _ = await floor.operations(await floor.order("WO-2"))
    run = await floor.start(one, with_setup=True)
    await floor.make(parts, 4)
    await floor.done(f"runs/{run}/end-setup")
    await floor.make(parts, 20)
    await floor.make(reject, 3)
    await floor.book()
    report = await floor.done(f"runs/{run}/reports", {"scrap": [{"quantity": 5, "reason": "burr"}]})
    await floor.done(f"runs/{run}/reports/{report['report_id']}/undo")
    rework = {"good": 3, "rework": [{"quantity": 1, "reason": "repaint"}]}
    report = await floor.done(f"runs/{run}/reports", rework)
    await floor.make(parts, 6)
    second = (await floor.done(f"runs/{run}/change", {"operation_id": other, "count_source": "both"}))[
        "run_id"
    ]
    await floor.make(parts, 11)
    await floor.done(f"runs/{second}/reports", {"good": 9})
    body = {"tag_id": parts, "odometer_from": 5, "odometer_to": 25}
    shares = [{"run_id": run, "steps": 12}, {"run_id": second}]
    await floor.done("not-assigned/assign", body | {"shares": shares})
    await floor.done(f"runs/{run}/reports/{report['report_id']}/reverse", {"instead": {"good": 2}})
    await floor.done(f"runs/{second}/pause")
    await floor.make(parts, 2)
    await floor.book()
    await floor.done(f"work-orders/{first}/hold", {"reason": "quality"})
    await floor.done("count-cases/settle", {"kind": "difference", "run_id": second, "note": "looked"})


async def test_a_rebuild_makes_identical_tables(floor: Floor) -> None:
    await live_through_a_shift(floor)
    before = await snapshot(floor)
    assert all(rows for rows in before.values()), "each table has something to lose"
    await rebuild(floor.connection)
    assert await snapshot(floor) == before


async def test_what_was_changed_without_an_event_is_mended(floor: Floor) -> None:
    await live_through_a_shift(floor)
    before = await snapshot(floor)
    for statement in (
        "DELETE FROM plant.booking",
        "DELETE FROM plant.told_range",
        "DELETE FROM plant.production_entry WHERE kind = 'good'",
        "UPDATE plant.work_order SET good = good + 1, state = 'closed'",
        "UPDATE plant.operation SET made = 0, state = 'skipped'",
        "UPDATE plant.run SET booked_made = booked_made - 1",
        "UPDATE plant.counted_tag SET position = 0",
    ):
        await floor.connection.execute(statement.encode())
    await rebuild(floor.connection)
    assert await snapshot(floor) == before
