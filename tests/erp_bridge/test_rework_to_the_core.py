"""From the plant's commands to the core's ledger: rework waits, and a booking that is taken back is taken back there.

Commands, bridge and core are real; each count of the machine is in one place of the truth table after every step.
"""

from collections.abc import AsyncIterator
from decimal import Decimal
from pathlib import Path

import httpx
import psycopg
import pytest
from fastapi import FastAPI
from psycopg import AsyncConnection

from simulators.business_truth import posted_by_station
from simulators.posting_table import postings
from tests.erp_bridge.bridge_here import BridgeHere
from tests.plant_server.api_fixture import app, connection
from tests.plant_server.database_fixture import PlantDatabase
from tests.plant_server.work_orders.floor import Floor, standing_at
from tests.simulators.business_process import BusinessProcess, released_order

__all__ = ["app", "connection"]
ITEM = "FG-100"


class Books:
    """The truth table of press1, now. What earlier tests posted into the same core is taken off."""

    def __init__(self, url: str, state_dir: Path, tag_id: int) -> None:
        self._url, self._state_dir, self._tag_id = url, state_dir, tag_id
        self._before = self._posted()

    def now(self) -> dict[str, int]:
        with psycopg.connect(self._url, autocommit=True) as session:
            found = postings(session, self._state_dir)
        balance = found.balances[self._tag_id]
        waiting = balance.untold + found.on_the_way.get(("press1", "parts"), Decimal(0))
        told = {
            "booked": balance.booked,
            "not_assigned": balance.not_assigned,
            "posted": self._posted() - self._before,
            "waiting": waiting,
            "refused": found.refused.get(("press1", "parts"), Decimal(0)),
        }
        assert told["booked"] == told["posted"] + told["waiting"] + told["refused"], told
        return {name: int(amount) for name, amount in told.items() if amount}

    def _posted(self) -> Decimal:
        sums = posted_by_station(self._state_dir).items()
        kinds = ("completions", "scrap")
        return sum(
            (quantity for (station, kind, _), quantity in sums if station == "press1" and kind in kinds),
            Decimal(0),
        )


@pytest.fixture
async def plant(app: FastAPI, connection: AsyncConnection) -> AsyncIterator[Floor]:
    async with standing_at(app, connection) as plant:
        number = plant.person.removeprefix("person:")
        await plant.done(f"people/{number}/change", {"personnel_number": "7"})  # The bridge maps that one.
        yield plant


@pytest.fixture
async def tag_id(plant: Floor) -> int:
    tags = await plant.station("press1", parts="parts")
    names = {"name_en": "Valve", "name_zh": "阀"}
    await plant.receive("items", "item", code=ITEM, unit="H87", **names)
    await plant.reason("burr")
    await plant.reason("repaint", "rework")
    return tags["parts"]


@pytest.fixture
def books(plant_database: PlantDatabase, core_process: BusinessProcess, tag_id: int) -> Books:
    return Books(plant_database.superuser_url, core_process.state_dir, tag_id)


async def run_that_made(plant: Floor, core: httpx.Client, tag_id: int, quantity: int) -> tuple[int, int]:
    """An operation and its run, of an order that the core released."""
    (operation,) = await plant.operations(await plant.order(released_order(core), item=ITEM, unit="H87"))
    run = await plant.start(operation)
    await plant.make(tag_id, quantity)
    return operation, run


async def deliver(plant: Floor, bridge: BridgeHere) -> None:
    """When the undo time is over."""
    await plant.connection.execute("UPDATE plant.outbox SET not_before = now()")
    documents = await bridge.deliver()
    wrong = [one for one in documents if one["state"] not in ("accepted", "skipped", "cancelled")]
    assert not wrong, [(one["kind"], one["state"], one["body"], one["problem"]) for one in wrong]


async def test_parts_in_rework_wait_and_are_posted_once_as_what_they_became(
    core: httpx.Client, plant: Floor, bridge: BridgeHere, books: Books, tag_id: int
) -> None:
    operation, run = await run_that_made(plant, core, tag_id, 10)
    rework = {"rework": [{"quantity": 3, "reason": "repaint"}]}
    await plant.done(f"runs/{run}/reports", rework)
    assert books.now() == {"booked": 10, "waiting": 10}
    await deliver(plant, bridge)
    assert books.now() == {"booked": 10, "posted": 7, "waiting": 3}

    settled = await plant.done(f"operations/{operation}/rework", {"good": 2})
    assert books.now() == {"booked": 10, "posted": 7, "waiting": 3}
    await deliver(plant, bridge)
    assert books.now() == {"booked": 10, "posted": 9, "waiting": 1}

    await plant.done(f"runs/{run}/reports/{settled['report_id']}/reverse", {})
    await deliver(plant, bridge)
    assert books.now() == {"booked": 10, "posted": 7, "waiting": 3}

    scrap = {"scrap": [{"quantity": 1, "reason": "burr"}]}
    await plant.done(f"operations/{operation}/rework", {"good": 2, **scrap})
    await plant.done(f"runs/{run}/pause")
    await deliver(plant, bridge)
    assert books.now() == {"booked": 10, "posted": 10}


async def test_counts_taken_from_a_run_leave_the_ledger_and_come_back_with_their_next_run(
    core: httpx.Client, plant: Floor, bridge: BridgeHere, books: Books, tag_id: int
) -> None:
    _, run = await run_that_made(plant, core, tag_id, 10)
    await plant.done(f"runs/{run}/reports", {})
    await deliver(plant, bridge)
    await plant.make(tag_id, 5)
    await plant.done(f"runs/{run}/pause")
    await deliver(plant, bridge)
    assert books.now() == {"booked": 15, "posted": 15}

    span = {"tag_id": tag_id, "odometer_from": 0, "odometer_to": 15}
    await plant.done(f"runs/{run}/bookings/reverse", span)
    assert await plant.refused(f"runs/{run}/bookings/reverse", span) == (409, "range-not-booked")
    await deliver(plant, bridge)
    assert books.now() == {"not_assigned": 15}

    _, other = await run_that_made(plant, core, tag_id, 1)
    await plant.done(f"runs/{other}/pause")
    shares = [{"run_id": run, "steps": 4}, {"run_id": other}]
    await plant.done("not-assigned/assign", span | {"shares": shares})
    await deliver(plant, bridge)
    assert books.now() == {"booked": 16, "posted": 16}


async def test_bad_parts_named_after_they_were_told_as_good_are_moved_in_the_ledger(
    core: httpx.Client, plant: Floor, bridge: BridgeHere, books: Books, tag_id: int
) -> None:
    _, run = await run_that_made(plant, core, tag_id, 10)
    await plant.done(f"runs/{run}/reports", {})
    await deliver(plant, bridge)
    scrap = {"scrap": [{"quantity": 3, "reason": "burr"}]}
    await plant.done(f"runs/{run}/reports", scrap)
    await deliver(plant, bridge)
    assert books.now() == {"booked": 10, "posted": 10}
