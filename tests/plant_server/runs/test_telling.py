"""What an ERP hears of a run besides its quantities."""

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
