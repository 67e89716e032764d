"""Parts in rework are settled as good or as scrap, in the run that made them, and the ERP hears it once."""

from collections import defaultdict
from decimal import Decimal
from typing import Any

import pytest

from plant_server.runs.comparing import compare
from tests.plant_server.runs.test_reports import after_the_undo_time
from tests.plant_server.work_orders.floor import Floor


@pytest.fixture
async def operation(floor: Floor) -> int:
    """Of an order of one operation, done at a station without a counter."""
    await floor.station()
    await floor.item()
    await floor.reason("burr")
    await floor.reason("repaint", "rework")
    await floor.reason("regrind", "rework")
    (operation,) = await floor.operations(await floor.order())
    return operation


def rework(quantity: int, reason: str = "repaint", **more: Any) -> dict[str, Any]:
    return {"rework": [{"quantity": quantity, "reason": reason}], **more}


def scrap(quantity: int) -> dict[str, Any]:
    return {"scrap": [{"quantity": quantity, "reason": "burr"}]}


async def totals(floor: Floor) -> tuple[int, int, int, int]:
    """Made, good, scrap, rework: of the order, its operation, and its runs all the same."""
    order = await floor.one("SELECT made, good, scrap, rework FROM plant.work_order")
    assert await floor.one("SELECT made, good, scrap, rework FROM plant.operation") == order
    runs = [
        await floor.get(f"runs/{row['run_id']}") for row in await floor.rows("SELECT run_id FROM plant.run")
    ]
    for name in ("good", "scrap", "rework"):
        assert sum(Decimal(run[name]) for run in runs) == order[name]
    made, good, scrapped, in_rework = (int(value) for value in order.values())
    return made, good, scrapped, in_rework


async def told(floor: Floor) -> dict[tuple[str, str, bool], int]:
    """What all documents say together, by kind, reason and whether it is rework."""
    sums: dict[tuple[str, str, bool], int] = defaultdict(int)
    for one in await floor.documents("completion", "scrap"):
        sums[one["kind"], one.get("reason", ""), one.get("rework", False)] += int(one["quantity"])
    return {key: quantity for key, quantity in sums.items() if quantity}


async def test_a_part_in_rework_is_no_receipt_until_it_is_good(floor: Floor, operation: int) -> None:
    run = await floor.start(operation)
    await floor.done(f"runs/{run}/reports", rework(3, good=10))
    assert await totals(floor) == (13, 10, 0, 3)
    assert await told(floor) == {("completion", "", False): 10, ("scrap", "repaint", True): 3}

    answer = await floor.done(f"operations/{operation}/rework", {"good": 2})
    assert (answer["good"], answer["in_rework"], answer["order_good"]) == ("2", "1", "12")
    assert await totals(floor) == (13, 12, 0, 1)
    assert await told(floor) == {("completion", "", False): 12, ("scrap", "repaint", True): 1}

    answer = await floor.done(f"operations/{operation}/rework", scrap(1))
    assert (answer["scrap"], answer["in_rework"], answer["order_scrap"]) == ("1", "0", "1")
    assert await totals(floor) == (13, 12, 1, 0)
    assert await told(floor) == {("completion", "", False): 12, ("scrap", "burr", False): 1}


async def test_never_more_than_stands_in_rework(floor: Floor, operation: int) -> None:
    run = await floor.start(operation)
    await floor.done(f"runs/{run}/reports", rework(2, good=1))
    path = f"operations/{operation}/rework"
    assert await floor.refused(path, {"good": 2, **scrap(1)}) == (409, "more-than-in-rework")
    assert await floor.refused(path, {"good": 1, "rework_reason": "regrind"}) == (409, "more-than-in-rework")
    assert await floor.refused(path, {"good": 0.5}) == (422, "too-many-decimals")
    assert await floor.refused(path, {"scrap": [{"quantity": 1, "reason": "no"}]}) == (422, "unknown-reason")
    assert await floor.refused(path, {}) == (422, "invalid-request")
    assert await floor.refused("operations/99/rework", {"good": 1}) == (404, "unknown-operation")
    assert await totals(floor) == (3, 1, 0, 2)


async def test_the_oldest_go_first_in_the_runs_that_made_them(floor: Floor, operation: int) -> None:
    await floor.station("press2")
    first = await floor.start(operation)
    await floor.done(f"runs/{first}/reports", rework(2))
    await floor.done(f"runs/{first}/pause")
    second = await floor.start(operation, "press2")
    await floor.done(f"runs/{second}/reports", rework(3, "regrind"))
    waiting = await floor.get(f"operations/{operation}/rework")
    assert [(one["run_id"], one["reason"], one["quantity"]) for one in waiting] == [
        (first, "repaint", "2"),
        (second, "regrind", "3"),
    ]
    answer = await floor.done(f"operations/{operation}/rework", {"good": 3, **scrap(1)})
    assert answer["runs"] == [first, second]
    assert (await floor.get(f"runs/{first}"))["good"] == "2"
    shown = await floor.get(f"runs/{second}")
    assert (shown["good"], shown["scrap"], shown["rework"]) == ("1", "1", "1")
    stations = {one["equipment_path"][-6:] for one in await floor.documents("completion")}
    assert stations == {"press1", "press2"}


async def test_a_settlement_is_undone_in_all_its_runs_and_the_erp_never_hears_it(
    floor: Floor, operation: int
) -> None:
    await floor.station("press2")
    runs = [await floor.start(operation, station) for station in ("press1", "press2")]
    for run in runs:
        await floor.done(f"runs/{run}/reports", rework(2))
    before = await told(floor)
    settled = await floor.done(f"operations/{operation}/rework", {"good": 3})
    undo = f"runs/{runs[1]}/reports/{settled['report_id']}/undo"
    await floor.done(undo)
    assert await totals(floor) == (4, 0, 0, 4)
    assert await told(floor) == before
    assert await floor.refused(undo) == (409, "already-reversed")


async def test_a_settlement_is_reversed_later_and_the_erp_hears_the_difference(
    floor: Floor, operation: int
) -> None:
    run = await floor.start(operation)
    report = await floor.done(f"runs/{run}/reports", rework(2, good=5))
    settled = await floor.done(f"operations/{operation}/rework", {"good": 1, **scrap(1)})
    documents = [(one["kind"], one["quantity"], one["reverses"]) for one in await floor.documents("scrap")]
    assert ("scrap", "-2", report["report_id"]) in documents
    await after_the_undo_time(floor)
    await floor.done(f"runs/{run}/reports/{settled['report_id']}/reverse", {})
    assert await totals(floor) == (7, 5, 0, 2)
    assert await told(floor) == {
        ("completion", "", False): -1,
        ("scrap", "burr", False): -1,
        ("scrap", "repaint", True): 2,
    }


async def test_a_report_of_rework_is_not_taken_back_under_what_became_of_it(
    floor: Floor, operation: int
) -> None:
    run = await floor.start(operation)
    report = await floor.done(f"runs/{run}/reports", rework(2))
    settled = await floor.done(f"operations/{operation}/rework", {"good": 1})
    undo = f"runs/{run}/reports/{report['report_id']}/undo"
    assert await floor.refused(undo) == (409, "rework-was-settled")
    await floor.done(f"runs/{run}/reports/{settled['report_id']}/undo")
    await floor.done(undo)
    assert await totals(floor) == (0, 0, 0, 0)
    assert await told(floor) == {}


async def test_where_the_machine_counts_nothing_is_made_by_it(floor: Floor, operation: int) -> None:
    tags = await floor.station("press9", parts="parts")
    run = await floor.start(operation, "press9", count_source="machine")
    await floor.make(tags["parts"], 10)
    await floor.done(f"runs/{run}/reports", rework(3))
    assert await totals(floor) == (10, 7, 0, 3)
    await floor.done(f"operations/{operation}/rework", {"good": 2})
    assert await totals(floor) == (10, 9, 0, 1)
    assert (await floor.get(f"runs/{run}"))["since_last_report"] == "0"
    await floor.done(f"runs/{run}/pause")
    await floor.done(f"operations/{operation}/rework", scrap(1))
    assert await totals(floor) == (10, 9, 1, 0)
    assert await told(floor) == {("completion", "", False): 9, ("scrap", "burr", False): 1}


async def test_bad_parts_that_were_told_as_good_are_taken_back_from_the_report_that_told_them(
    floor: Floor, operation: int
) -> None:
    tags = await floor.station("press9", parts="parts")
    run = await floor.start(operation, "press9", count_source="machine")
    reports = []
    for _ in range(2):
        await floor.make(tags["parts"], 5)
        reports.append((await floor.done(f"runs/{run}/reports", {}))["report_id"])
    named = await floor.done(f"runs/{run}/reports", scrap(7))
    less = [
        (one["quantity"], one["reverses"])
        for one in await floor.documents("completion")
        if int(one["quantity"]) < 0
    ]
    assert less == [("-5", reports[1]), ("-2", reports[0])]
    assert await told(floor) == {("completion", "", False): 3, ("scrap", "burr", False): 7}
    await after_the_undo_time(floor)
    await floor.done(f"runs/{run}/reports/{named['report_id']}/reverse", {})
    assert await told(floor) == {("completion", "", False): 7, ("scrap", "burr", False): -7}
    await floor.done(f"runs/{run}/pause")
    assert await told(floor) == {("completion", "", False): 7, ("scrap", "burr", False): -7}
    assert await compare(floor.connection, apply=False) == []


async def test_a_report_undone_under_one_that_took_from_it_leaves_the_sums_right(
    floor: Floor, operation: int
) -> None:
    """Neither was claimed: what is told in the end is what the run is."""
    tags = await floor.station("press9", parts="parts")
    run = await floor.start(operation, "press9", count_source="machine")
    await floor.make(tags["parts"], 10)
    reports = [await floor.done(f"runs/{run}/reports", body) for body in ({}, scrap(1))]
    for report in reports:
        await floor.done(f"runs/{run}/reports/{report['report_id']}/undo")
    await floor.done(f"runs/{run}/pause")
    assert await told(floor) == {("completion", "", False): 10}
    assert await compare(floor.connection, apply=False) == []
