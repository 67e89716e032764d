"""What an ERP hears of a run besides its quantities."""

from datetime import timedelta

import pytest

from tests.plant_server.runs.material_of_a_shift import stock_up
from tests.plant_server.runs.test_booking import move_back
from tests.plant_server.work_orders.floor import PATH, Floor


async def test_good_parts_and_scrap_are_told_with_the_station_that_made_them(floor: Floor) -> None:
    await floor.station("press1")
    await floor.station("press2")
    await floor.item()
    await floor.reason("burr")
    (operation,) = await floor.operations(await floor.order())
    for station, good in (("press1", 10), ("press2", 20)):
        run = await floor.start(operation, station)
        scrap = [{"quantity": 1, "reason": "burr"}]
        await floor.done(f"runs/{run}/reports", {"good": good, "scrap": scrap})
    told = await floor.documents("completion", "scrap")
    assert [(one["quantity"], one["equipment_path"]) for one in told] == [
        ("10", f"{PATH}/press1"),
        ("1", f"{PATH}/press1"),
        ("20", f"{PATH}/press2"),
        ("1", f"{PATH}/press2"),
    ]


async def test_labor_is_told_by_the_personnel_number_and_without_one_by_our_own(floor: Floor) -> None:
    await floor.station("press1")
    await floor.item()
    (operation,) = await floor.operations(await floor.order())
    run = await floor.start(operation)
    await floor.done(f"runs/{run}/hand-over")
    person_id = int(floor.person.removeprefix("person:"))
    await floor.done(f"people/{person_id}/change", {"personnel_number": "P-1042"})
    await floor.done(f"runs/{run}/complete")
    assert [one["person"] for one in await floor.documents("labor_time")] == [floor.person, "P-1042"]
    worked = await floor.rows("SELECT DISTINCT person FROM plant.labor")
    assert worked == [{"person": floor.person}]


@pytest.mark.parametrize("who", ["the keeper", "a start"])
async def test_parts_and_rejects_that_come_together_after_the_end_are_told_without_taking_any_back(
    floor: Floor, who: str
) -> None:
    """Two counters of one machine, booked in one Event: 40 made, 3 of them rejected, are 37 good and 3 scrap."""
    tags = await floor.station(parts="parts", reject="reject")
    await floor.item()
    (operation,) = await floor.operations(await floor.order())
    run = await floor.start(operation)
    await move_back(floor, 20)
    (other,) = await floor.operations(await floor.order("WO-2"))
    await floor.done(f"runs/{run}/complete")
    ended = await floor.one("SELECT to_time FROM plant.run WHERE run_id = %s", run)
    at = ended["to_time"] - timedelta(milliseconds=1)
    await floor.make(tags["parts"], 40, at)
    await floor.make(tags["reject"], 3, at)
    await (floor.book() if who == "the keeper" else floor.start(other))
    told = await floor.documents("completion", "scrap")
    assert [(one["kind"], one["quantity"]) for one in told] == [("completion", "37"), ("scrap", "3")]
    assert [
        int(one["booked_made"]) for one in await floor.rows("SELECT * FROM plant.run WHERE run_id = %s", run)
    ] == [40]


@pytest.mark.parametrize("by_lot", [True, False])
async def test_what_an_order_makes_is_the_lot_of_its_number_if_it_is_kept_by_lot(
    floor: Floor, by_lot: bool
) -> None:
    await floor.station("press1")
    await floor.item(is_lot_tracked=by_lot)
    (operation,) = await floor.operations(await floor.order("WO-7"))
    run = await floor.start(operation)
    report = await floor.done(f"runs/{run}/reports", {"good": 10})
    await floor.connection.execute("DELETE FROM plant.outbox")  # The bridge has taken it.
    await floor.done(f"runs/{run}/reports/{report['report_id']}/reverse", {"instead": {"good": 9}})
    lots = [(one["quantity"], one["lot"]) for one in await floor.documents("completion")]
    assert lots == [(one, "WO-7" if by_lot else None) for one in ("-10", "9")]


async def test_material_is_told_before_what_was_made_of_it_so_that_a_receipt_is_worth_it(
    floor: Floor,
) -> None:
    await floor.station("press1")
    await floor.item()
    await stock_up(floor)
    (operation,) = await floor.operations(await floor.order())
    run = await floor.start(operation)
    await floor.done(f"runs/{run}/reports", {"good": 1})
    told = await floor.documents("completion", "consumption")
    assert [one["kind"] for one in told] == ["consumption", "consumption", "completion"]
