"""A report costs as much after hundreds of others as before them: it reads no row for each of those."""

import json
from collections.abc import Iterator
from typing import Any

from plant_server.database import load_queries
from tests.plant_server.work_orders.floor import Floor

QUERIES = load_queries("plant_server.runs")
OTHERS = 300
ROWS_MOST = 30
"""Of the run, its operation, station and order, its bad parts and totals: far fewer than there were reports."""


async def run_of_one_station(floor: Floor) -> int:
    await floor.station()
    await floor.item()
    await floor.reason("burr")
    (operation,) = await floor.operations(await floor.order(quantity="1000"))
    return await floor.start(operation)


async def read_rows(floor: Floor, run_id: int) -> int:
    """How many rows the database looks at when a report reads its run under the order's lock."""
    cursor = await floor.connection.execute(
        b"EXPLAIN (ANALYZE, FORMAT JSON) " + QUERIES["run"], {"run_id": run_id}
    )
    row = await cursor.fetchone()
    assert row is not None
    (plan,) = row[0] if isinstance(row[0], list) else json.loads(row[0])
    return sum(round(one) for one in _rows(plan["Plan"]))


def _rows(plan: dict[str, Any]) -> Iterator[float]:
    """Of the plan's leaves: what they gave and what they threw away."""
    below = plan.get("Plans", [])
    if "Relation Name" in plan:
        yield (plan["Actual Rows"] + plan.get("Rows Removed by Filter", 0)) * plan["Actual Loops"]
    for one in below:
        yield from _rows(one)


async def test_a_report_does_not_look_at_those_before_it(floor: Floor) -> None:
    run_id = await run_of_one_station(floor)
    for _ in range(OTHERS):
        await floor.done(f"runs/{run_id}/reports", {"good": 1})
    await floor.done(f"runs/{run_id}/reports", {"scrap": [{"quantity": 2, "reason": "burr"}]})
    await floor.connection.execute("ANALYZE plant.production_entry, plant.run_told, plant.run_told_total")
    assert await read_rows(floor, run_id) <= ROWS_MOST


async def test_totals_of_what_was_told_are_sums_whatever_is_taken_back(floor: Floor) -> None:
    run_id = await run_of_one_station(floor)
    reports = [
        await floor.done(f"runs/{run_id}/reports", body)
        for body in (
            {"good": 5},
            {"good": 3, "scrap": [{"quantity": 2, "reason": "burr"}]},
            {"scrap": [{"quantity": 1, "reason": "burr"}]},
        )
    ]
    for report in reports[1:]:
        await floor.done(f"runs/{run_id}/reports/{report['report_id']}/undo", {})
        assert await _totals(floor) == await _sums(floor)
    assert await _totals(floor) == [("completion", "", 5)], "nothing is left of scrap, and so no total"
    await floor.done(f"runs/{run_id}/reports", {"good": 4})
    await floor.done(f"runs/{run_id}/complete", {})
    assert await _totals(floor) == await _sums(floor) == [("completion", "", 9)]


async def _totals(floor: Floor) -> list[tuple[Any, ...]]:
    rows = await floor.rows("SELECT kind, reason, quantity FROM plant.run_told_total ORDER BY kind, reason")
    return [tuple(row.values()) for row in rows]


async def _sums(floor: Floor) -> list[tuple[Any, ...]]:
    rows = await floor.rows(
        "SELECT kind, reason, sum(quantity) AS quantity FROM plant.run_told GROUP BY kind, reason ORDER BY kind, reason"
    )
    return [tuple(row.values()) for row in rows]
