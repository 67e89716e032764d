"""W5 and W6 in a living factory: a reader or the plant is dead while orders change and machines go on."""

import time
from collections.abc import AsyncIterator, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from psycopg import AsyncConnection

from plant_server.demo.plant import Plant
from tests.peer_failures.api_process import ApiProcess
from tests.plant_server.work_orders.floor import Floor
from tests.system.scripted_cells import ScriptedCell, ScriptedCells
from tests.system.workshop import Wiring, Workshop, workshop

pytestmark = [pytest.mark.system, pytest.mark.timeout(240)]

CELLS = ("edge_dead", "plant_dead", "all_dead", "watched")
WHERE = "test/plant1/area1/scripted"
SHOWN = """SELECT last_value.value FROM plant.last_value JOIN plant.tag USING (tag_id) JOIN plant.device USING (device_id)
           WHERE device.name = %(device)s AND tag.name = 'parts'"""
POLLED_WITHIN_S = 2.0  # Ten periods of a cell.
OUTAGE_S = 5.0
NO_CONTACT_WITHIN_S = 10.0


@dataclass(frozen=True, slots=True)
class Outages:
    shop: Workshop
    cells: ScriptedCells

    def cell(self, name: str) -> ScriptedCell:
        return self.cells.by_name[name]

    def seen(self, name: str, value: int) -> None:
        """Until the plant has it."""
        self.shop.wait_until(f"{name} at {value}", lambda: self.shop.value(SHOWN, device=name) == value)

    def pass_time(self, seconds: float) -> None:
        until = time.monotonic() + seconds
        self.shop.wait_until(f"{seconds} s to pass", lambda: time.monotonic() > until)

    def kill_plant(self) -> None:
        for child in self.shop.plant.children:
            child.kill()

    def start_plant(self) -> None:
        for child in self.shop.plant.children:
            child.start()


@pytest.fixture(scope="module")
def outages(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Outages]:
    with ExitStack() as open_:
        home: Path = tmp_path_factory.mktemp("outages")
        cells = open_.enter_context(ScriptedCells(home / "demo"))

        def add_cells(config: dict[str, Any], _: Plant) -> None:
            config["devices"] += [cells.add(name).device() for name in CELLS]

        shop = open_.enter_context(workshop(home, Wiring(rewire=add_cells)))
        outages = Outages(shop, cells)
        for name in CELLS:
            outages.seen(name, 0)
        yield outages


@pytest.fixture
async def people(outages: Outages) -> AsyncIterator[Floor]:
    """Somebody with every role, at the API of the living plant."""
    plant = outages.shop.plant
    api = ApiProcess(plant.api_url, plant.api)
    url = plant.database.url("lineside_plant")
    async with await AsyncConnection.connect(url, autocommit=True) as connection:
        await api.until_it_answers()
        async with api.floor(connection) as people:
            yield people


async def order_of(people: Floor, number: str) -> tuple[int, int]:
    order = await people.order(number, item=f"ITEM-{number}")
    (operation,) = await people.operations(order)
    return order, operation


async def start(people: Floor, operation: int, cell: str) -> int:
    body = {"operation_id": operation, "equipment": f"{WHERE}/{cell}"}
    return int((await people.done("runs", body))["run_id"])


async def two_orders(people: Floor, cell: str) -> tuple[tuple[int, int], tuple[int, int]]:
    for number in (f"{cell}-1", f"{cell}-2"):
        await people.item(f"ITEM-{number}")
    return await order_of(people, f"{cell}-1"), await order_of(people, f"{cell}-2")


def made(shop: Workshop, order: int) -> int:
    return int(shop.value("SELECT made FROM plant.work_order WHERE work_order_id = %(order)s", order=order))


async def waiting(people: Floor, cell: str) -> list[tuple[int, str]]:
    rows = await people.get(f"not-assigned?equipment={quote(f'{WHERE}/{cell}')}")
    return [(row["steps"], row["reason"]) for row in rows]


async def state_at(people: Floor, cell: str, at_s: float) -> str:
    """What the API says of one moment, UTC."""
    moment = datetime.fromtimestamp(at_s, UTC)
    span = [datetime.fromtimestamp(at_s + shift, UTC).isoformat() for shift in (-0.5, 0.5)]
    path = f"machines/{quote(f'{WHERE}/{cell}')}/state?from={quote(span[0])}&to={quote(span[1])}"
    for interval in (await people.get(path))["intervals"]:
        begins, ends = datetime.fromisoformat(interval["from_ts"]), interval["to_ts"]
        if begins <= moment and (ends is None or moment < datetime.fromisoformat(ends)):
            return str(interval["state"])
    raise AssertionError("a span has no holes")


async def contact(people: Floor, cell: str) -> str:
    return str((await people.get(f"machines/{quote(f'{WHERE}/{cell}')}/state"))["contact"])


async def test_counts_read_while_the_plant_was_down_go_60_to_the_first_order_and_40_to_the_second(
    outages: Outages, people: Floor
) -> None:
    """The edge goes on reading and delivers late: each reading has its time, so each order gets its own."""
    shop, cell = outages.shop, outages.cell("plant_dead")
    (first, operation), (second, next_operation) = await two_orders(people, "plant_dead")
    await start(people, operation, "plant_dead")
    shop.plant.ingest.kill()
    cell.make(60)
    outages.pass_time(POLLED_WITHIN_S)
    await people.done(f"work-orders/{first}/complete", {"confirm": True})
    await start(people, next_operation, "plant_dead")
    cell.make(40)
    outages.pass_time(POLLED_WITHIN_S)
    shop.plant.ingest.start()
    outages.seen("plant_dead", 100)
    shop.wait_until("all 100 booked", lambda: made(shop, first) + made(shop, second) == 100)
    assert (made(shop, first), made(shop, second)) == (60, 40)
    assert await waiting(people, "plant_dead") == []


async def test_counts_nobody_read_over_a_change_of_orders_ask_a_person(
    outages: Outages, people: Floor
) -> None:
    """The edge is dead: it finds 100 more at once, and only a person can say how many were of which order."""
    shop, cell = outages.shop, outages.cell("edge_dead")
    (first, operation), (second, next_operation) = await two_orders(people, "edge_dead")
    run = await start(people, operation, "edge_dead")
    shop.edge.kill()
    cell.make(60)
    await people.done(f"work-orders/{first}/complete", {"confirm": True})
    next_run = await start(people, next_operation, "edge_dead")
    cell.make(40)
    shop.edge.start()
    outages.seen("edge_dead", 100)
    where = "SELECT count(*) FROM plant.not_assigned JOIN plant.tag USING (tag_id) JOIN plant.device USING (device_id)"
    shop.wait_until(
        "a question", lambda: shop.value(f"{where} WHERE device.name = %(device)s", device="edge_dead")
    )
    assert await waiting(people, "edge_dead") == [(100, "spans_runs")]
    assert (made(shop, first), made(shop, second)) == (0, 0)
    (asked,) = await people.get(f"not-assigned?equipment={quote(f'{WHERE}/edge_dead')}")
    shares = [{"run_id": run, "steps": 60}, {"run_id": next_run}]
    body = {name: asked[name] for name in ("tag_id", "odometer_from", "odometer_to")} | {"shares": shares}
    await people.done("not-assigned/assign", body)
    assert (made(shop, first), made(shop, second)) == (60, 40)
    assert await waiting(people, "edge_dead") == []


async def test_a_stop_of_the_plant_is_healed_by_what_the_edge_saw_meanwhile(
    outages: Outages, people: Floor
) -> None:
    """A cell that nobody could reach while the plant stood still did not run meanwhile as far as anybody knows."""
    shop, cell = outages.shop, outages.cell("watched")
    outages.kill_plant()
    cell.out_of_reach()
    outages.pass_time(OUTAGE_S)
    middle = time.time()
    outages.pass_time(OUTAGE_S)
    cell.in_reach()
    outages.pass_time(POLLED_WITHIN_S)
    back = time.time()
    outages.pass_time(1)
    outages.start_plant()
    await ApiProcess(shop.plant.api_url, shop.plant.api).until_it_answers()
    shop.wait_until_moving()
    shop.wait_until_drained()
    deadline = time.monotonic() + 30
    while (await state_at(people, "watched", middle)) != "unknown":
        assert time.monotonic() < deadline, "the time out of reach was told as watched"
        outages.pass_time(0.2)
    assert await state_at(people, "watched", back) == "producing"
    assert await state_at(people, "all_dead", middle) == "producing"  # It was read all along.


async def test_a_stop_of_everything_is_no_time_of_production(outages: Outages, people: Floor) -> None:
    """Plant and edge die in this order, so nobody hears the edge's last will."""
    shop = outages.shop
    api = ApiProcess(shop.plant.api_url, shop.plant.api)
    assert await contact(people, "all_dead") == "in contact"
    outages.kill_plant()
    shop.edge.kill()
    outages.pass_time(OUTAGE_S)
    middle = time.time()
    outages.pass_time(OUTAGE_S)
    outages.start_plant()
    await api.until_it_answers()
    deadline = time.monotonic() + NO_CONTACT_WITHIN_S
    while (await contact(people, "all_dead")) != "no contact":
        assert time.monotonic() < deadline, "a dead edge looks alive"
        outages.pass_time(0.2)
    shop.edge.start()
    deadline = time.monotonic() + 60
    while (await contact(people, "all_dead")) != "in contact" or (
        await state_at(people, "all_dead", middle)
    ) != "unknown":
        assert time.monotonic() < deadline, "the outage was told as watched"
        outages.pass_time(0.2)
    state = await people.get(f"machines/{quote(f'{WHERE}/all_dead')}/state")
    assert state["state"] == "producing"
    assert datetime.fromisoformat(state["since"]).timestamp() > middle
