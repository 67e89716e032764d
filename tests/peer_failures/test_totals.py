"""W1: no quantity is lost between those who report at once, and an answer is never ahead of its commit.

The API is a process of its own: a client inside the same process would wait for the handler to end, commit and all,
and could not see an answer that left too early.
"""

import asyncio
from decimal import Decimal

import pytest

from tests.peer_failures.sums import PLACES, good_everywhere
from tests.plant_server.work_orders.floor import Floor

REPORTS = 300


@pytest.mark.timeout(300)
async def test_300_reports_of_one_client_are_each_seen_by_the_next_read(floor: Floor, run: int) -> None:
    (order,) = [one["work_order_id"] for one in (await floor.get("work-orders"))["items"]]
    stale = []
    for number in range(1, REPORTS + 1):
        answer = await floor.done(f"runs/{run}/reports", {"good": 1})
        shown = await floor.get(f"runs/{run}"), await floor.get(f"work-orders/{order}")
        said = (answer["order_good"], shown[0]["good"], shown[0]["order_good"], shown[1]["good"])
        if said != (str(number),) * 4:
            stale.append((number, said))
    assert stale == []
    assert await good_everywhere(floor) == dict.fromkeys(PLACES, Decimal(REPORTS))


@pytest.mark.timeout(300)
async def test_10_clients_on_one_order_are_exact_in_events_ledger_and_totals(floor: Floor, run: int) -> None:
    async def client(number: int) -> None:
        for _ in range(20):
            await floor.done(f"runs/{run}/reports", {"good": number})

    await asyncio.gather(*(client(number) for number in range(1, 11)))
    assert await good_everywhere(floor) == dict.fromkeys(PLACES, Decimal(20 * sum(range(1, 11))))


@pytest.mark.timeout(300)
async def test_50_clients_report_issue_and_complete_one_order_at_once(floor: Floor, run: int) -> None:
    """Sums exact, no stock below zero, no second completion: the last kilogram goes to whoever came first."""
    await floor.item("OIL", is_lot_tracked=True)
    (order,) = [one["work_order_id"] for one in (await floor.get("work-orders"))["items"]]
    lot = await floor.done("lots", {"item": "OIL", "lot": "L1", "quantity": "20", "location": "store"})
    issue = {"order": "WO-1", "quantity": "2", "from_location": "store", "to_location": "line"}
    paths = [(f"runs/{run}/reports", {"good": 3})] * 25
    paths += [(f"lots/{lot['lot_id']}/issue", issue)] * 20
    paths += [(f"work-orders/{order}/complete", {"confirm": True})] * 5
    statuses = dict.fromkeys((path for path, _ in paths), 0)

    async def client(path: str, body: dict[str, object]) -> None:
        answer = await floor.post(path, body)
        assert answer.status_code in (200, 409), answer.text
        statuses[path] += answer.status_code == 200

    async with asyncio.timeout(120), asyncio.TaskGroup() as tasks:
        for path, body in paths:
            tasks.create_task(client(path, body))
    reported, issued, completed = statuses.values()
    assert completed == 1
    assert issued <= 10
    stock = {row["location"]: row["quantity"] for row in await floor.rows("SELECT * FROM plant.lot_stock")}
    assert (stock.get("store", Decimal(0)), stock.get("line", Decimal(0))) == (20 - 2 * issued, 2 * issued)
    assert reported > 0
    assert await good_everywhere(floor) == dict.fromkeys(PLACES, Decimal(3 * reported))
