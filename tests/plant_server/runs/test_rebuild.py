"""Every balance can be made again from Events alone, and is the same."""

import asyncio
import os
import sys
from typing import Any

from plant_server.runs.comparing import TABLES, compare
from plant_server.runs.rebuild import rebuild
from tests.plant_server.database_fixture import PlantDatabase
from tests.plant_server.runs.calls_of_a_shift import call_for_help
from tests.plant_server.runs.material_of_a_shift import (
    meter_at_the_station,
    move_material,
    stock_up,
    tell_energy,
)
from tests.plant_server.work_orders.floor import LONG_AGO, PATH, Floor, seconds_ago


async def snapshot(floor: Floor) -> dict[str, list[Any]]:
    return {
        table: sorted(await floor.rows(f"SELECT {', '.join(columns) or '*'} FROM plant.{table}"), key=repr)  # noqa: S608
        for table, columns in TABLES.items()
    }


async def live_through_a_shift(floor: Floor) -> None:
    """A bit of everything: two orders, a change at full speed, cavities, rejects, an undo, a reversal, a hold."""
    tags = await floor.station(parts="parts", reject="reject")
    parts, reject = tags["parts"], tags["reject"]
    meter = await meter_at_the_station(floor)
    await floor.item()
    lots = await stock_up(floor)
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
    await move_material(floor, lots, "WO-1")
    await call_for_help(floor)
    await floor.make(parts, 6)
    await floor.make(meter, 250)
    second = (await floor.done(f"runs/{run}/change", {"operation_id": other, "count_source": "both"}))[
        "run_id"
    ]
    await tell_energy(floor, meter)
    await floor.make(parts, 11)
    reworked = {"good": 7, "rework": [{"quantity": 2, "reason": "repaint"}]}
    await floor.done(f"runs/{second}/reports", reworked)
    await floor.done(f"operations/{other}/rework", {"good": 1})
    scrapped = await floor.done(f"operations/{other}/rework", {"scrap": [{"quantity": 1, "reason": "burr"}]})
    await floor.done(f"runs/{second}/reports/{scrapped['report_id']}/undo")
    body = {"tag_id": parts, "odometer_from": 5, "odometer_to": 25}
    shares = [{"run_id": run, "steps": 12}, {"run_id": second}]
    await floor.done("not-assigned/assign", body | {"shares": shares})
    await floor.done(f"runs/{run}/reports/{report['report_id']}/reverse", {"instead": {"good": 2}})
    await floor.done(f"runs/{second}/pause")
    await floor.make(parts, 2)
    await floor.book()
    await floor.done(f"work-orders/{first}/hold", {"reason": "quality"})
    await floor.done("count-cases/settle", {"kind": "difference", "run_id": second, "note": "looked"})


async def spoil(floor: Floor) -> None:
    """Changes that no Event explains."""
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


async def test_a_rebuild_makes_identical_tables(floor: Floor) -> None:
    await live_through_a_shift(floor)
    before = await snapshot(floor)
    assert all(rows for rows in before.values()), "each table has something to lose"
    await rebuild(floor.connection)
    assert await snapshot(floor) == before


async def test_what_was_changed_without_an_event_is_mended(floor: Floor) -> None:
    await live_through_a_shift(floor)
    before = await snapshot(floor)
    await spoil(floor)
    await rebuild(floor.connection)
    assert await snapshot(floor) == before


async def test_looking_names_each_table_that_differs_and_changes_nothing(floor: Floor) -> None:
    await live_through_a_shift(floor)
    assert await compare(floor.connection, apply=False) == []
    bookings = await floor.rows("SELECT * FROM plant.booking")
    await spoil(floor)
    spoilt = await snapshot(floor)
    steps: list[tuple[str, int, int]] = []
    found = await compare(
        floor.connection, apply=False, progress=lambda what, done, total: steps.append((what, done, total))
    )
    assert {one.table for one in found} == {
        *("booking", "told_range", "production_entry", "work_order", "operation", "run", "counted_tag")
    }
    (booking,) = (one for one in found if one.table == "booking")
    assert (booking.not_theirs, booking.missing) == (0, len(bookings))
    assert booking.shown[0].startswith("+ {")
    assert await snapshot(floor) == spoilt
    assert {what for what, _, _ in steps} == {"events", "ranges"}
    assert all(done <= total for _, done, total in steps)
    assert steps[-1][1] == steps[-1][2], "it comes to its end"


async def test_the_command_looks_and_writes_only_when_told(
    floor: Floor, plant_database: PlantDatabase
) -> None:
    await live_through_a_shift(floor)
    before = await snapshot(floor)
    await spoil(floor)
    code, said = await audit_rebuild(plant_database)
    assert code == 1
    assert "booking: 0 rows no Event explains" in said
    assert await snapshot(floor) != before
    code, said = await audit_rebuild(plant_database, "--apply")
    assert (code, said.splitlines()[-1]) == (0, "written as the Events say")
    assert await snapshot(floor) == before
    code, said = await audit_rebuild(plant_database)
    assert (code, said.strip()) == (0, "every balance is as the Events say")


async def audit_rebuild(database: PlantDatabase, *options: str) -> tuple[int | None, str]:
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "lineside", "audit", "rebuild", *options),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
        env=os.environ | {"LINESIDE_DATABASE_URL": database.url},
    )
    said, _ = await asyncio.wait_for(process.communicate(), 60)
    return process.returncode, said.decode()
