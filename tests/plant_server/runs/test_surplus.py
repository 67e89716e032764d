"""More than the operation before delivered is a case for a person; the report itself is never lost."""

from typing import Any

import pytest

from plant_server.runs.comparing import compare
from tests.plant_server.work_orders.floor import LONG_AGO, PATH, Floor


@pytest.fixture
async def runs(floor: Floor) -> list[int]:
    """Of the operations 10 and 20 of one order, at two stations where people count."""
    await floor.station("press1")
    await floor.station("press2")
    await floor.item()
    await floor.reason("burr")
    await floor.reason("repaint", "rework")
    steps: list[dict[str, Any]] = [
        {"position": number, "name_en": f"Step {number}", "name_zh": f"{number}", "work_center": PATH}
        for number in (10, 20)
    ]
    steps[0]["transfer_quantity"] = "5"
    routing = {"item": "BRACKET", "revision": "1", "released_time": LONG_AGO, "operations": steps}
    await floor.receive("routings", "r", **routing)
    first, second = await floor.operations(await floor.order())
    one = await floor.start(first, "press1", count_source="operator")
    await floor.done(f"runs/{one}/reports", {"good": 9})
    return [one, await floor.start(second, "press2", count_source="operator")]


def bad(kind: str, reason: str) -> dict[str, Any]:
    return {kind: [{"quantity": 1, "reason": reason}]}


async def cases(floor: Floor) -> list[tuple[str, int, str]]:
    found = await floor.get("count-cases")
    return [(one["kind"], one["run_id"], one["quantity"]) for one in found]


async def test_nine_in_and_ten_out_is_a_case_and_no_refusal(floor: Floor, runs: list[int]) -> None:
    await floor.done(f"runs/{runs[1]}/reports", {"good": 8, **bad("scrap", "burr")})
    assert await cases(floor) == []
    answer = await floor.done(f"runs/{runs[1]}/reports", {"good": 1})
    assert answer["order_good"] == "9"
    assert await cases(floor) == [("surplus", runs[1], "1")]
    await floor.done(f"runs/{runs[1]}/reports", {"good": 2})
    assert await cases(floor) == [("surplus", runs[1], "3")]
    assert await compare(floor.connection, apply=False) == []


async def test_it_goes_away_by_itself_when_the_missing_report_comes(floor: Floor, runs: list[int]) -> None:
    await floor.done(f"runs/{runs[1]}/reports", {"good": 10})
    await floor.done(f"runs/{runs[0]}/reports", {"good": 1})
    assert await cases(floor) == []
    (settled,) = await floor.get("count-cases?open=false")
    assert (settled["quantity"], settled["settled_by"]) == ("0", "plant")
    assert await compare(floor.connection, apply=False) == []


async def test_a_report_that_is_taken_back_leaves_the_next_operation_with_too_much(
    floor: Floor, runs: list[int]
) -> None:
    report = await floor.done(f"runs/{runs[0]}/reports", {"good": 1})
    await floor.done(f"runs/{runs[1]}/reports", {"good": 10})
    assert await cases(floor) == []
    await floor.done(f"runs/{runs[0]}/reports/{report['report_id']}/undo")
    assert await cases(floor) == [("surplus", runs[1], "1")]


async def test_a_part_in_rework_was_not_delivered_until_it_is_good(floor: Floor, runs: list[int]) -> None:
    (first, _) = await floor.operations(1)
    await floor.done(f"runs/{runs[0]}/reports", bad("rework", "repaint"))
    await floor.done(f"runs/{runs[1]}/reports", {"good": 10})
    assert await cases(floor) == [("surplus", runs[1], "1")]
    await floor.done(f"operations/{first}/rework", {"good": 1})
    assert await cases(floor) == []


async def test_a_person_settles_it_and_more_opens_it_again(floor: Floor, runs: list[int]) -> None:
    await floor.done(f"runs/{runs[1]}/reports", {"good": 10})
    settle = {"kind": "surplus", "run_id": runs[1], "note": "one came from the sample"}
    await floor.done("count-cases/settle", settle)
    await floor.done(f"runs/{runs[0]}/pause")
    assert await cases(floor) == []
    await floor.done(f"runs/{runs[1]}/reports", {"good": 1})
    assert await cases(floor) == [("surplus", runs[1], "2")]


async def test_where_a_machine_counts_it_is_not_asked(floor: Floor, runs: list[int]) -> None:
    """Its counts may still be on their way."""
    tags = await floor.station("press9", parts="parts")
    (first, _) = await floor.operations(1)
    run = await floor.start(first, "press9", count_source="machine")
    await floor.done(f"runs/{runs[1]}/reports", {"good": 12})
    assert await cases(floor) == []
    await floor.make(tags["parts"], 3)
    await floor.done(f"runs/{run}/pause")
    assert await cases(floor) == []
