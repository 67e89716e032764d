"""Many clients on one order: every report once, in the ledger and in the totals, and slower rather than never."""

import asyncio
import time
from decimal import Decimal
from uuid import UUID, uuid4

import pytest

from tests.plant_server.work_orders.floor import Floor

PATIENCE_S = 90


@pytest.fixture
async def run(floor: Floor) -> int:
    await floor.station()
    await floor.item()
    await floor.reason("burr")
    (operation,) = await floor.operations(await floor.order())
    return await floor.start(operation)


async def report(floor: Floor, run: int, key: UUID, good: int) -> float:
    """Send until it is answered, as a terminal does. Returns how long the last answer took."""
    deadline = time.monotonic() + PATIENCE_S
    while time.monotonic() < deadline:
        begun = time.monotonic()
        answer = await floor.post(f"runs/{run}/reports", {"good": good}, key=key)
        if answer.status_code == 200:
            return time.monotonic() - begun
        assert answer.status_code == 503, answer.text
        await asyncio.sleep(float(answer.headers["retry-after"]))
    raise AssertionError("never answered")


async def sums(floor: Floor, run: int) -> set[Decimal]:
    """The same figure from five places: ledger, run, operation, order, documents; all equal."""
    told: set[Decimal] = set()
    for statement in (
        "SELECT sum(quantity) AS good FROM plant.production_entry",
        "SELECT entered_good AS good FROM plant.run",
        "SELECT good FROM plant.operation",
        "SELECT good FROM plant.work_order",
        "SELECT sum(quantity) AS good FROM plant.run_told WHERE kind = 'completion'",
        "SELECT sum((body ->> 'quantity')::numeric) AS good FROM plant.outbox WHERE kind = 'completion'",
    ):
        told.add((await floor.one(statement))["good"])
    return told


@pytest.mark.parametrize("clients", [50, 100])
async def test_many_clients_on_one_order_are_exact(floor: Floor, run: int, clients: int) -> None:
    async def client(number: int) -> None:
        for _ in range(4):
            await report(floor, run, uuid4(), number)

    await asyncio.gather(*(client(number) for number in range(1, clients + 1)))
    assert await sums(floor, run) == {Decimal(4 * sum(range(1, clients + 1)))}


async def test_the_next_answer_has_seen_the_last(floor: Floor, run: int) -> None:
    """W1: with the commit after the answer, the next report reads the old total."""
    for number in range(1, 31):
        answer = await floor.done(f"runs/{run}/reports", {"good": 1})
        assert answer["order_good"] == str(number)


async def test_a_double_tap_is_one_report_and_both_hear_the_same(floor: Floor, run: int) -> None:
    keys = [uuid4() for _ in range(20)]
    answers = await asyncio.gather(
        *(floor.post(f"runs/{run}/reports", {"good": 7}, key=key) for key in keys for _ in range(2))
    )
    assert {answer.status_code for answer in answers} == {200}
    assert all(one.content == other.content for one, other in zip(answers[::2], answers[1::2], strict=True))
    assert await sums(floor, run) == {Decimal(140)}


async def test_one_key_with_two_bodies_is_refused(floor: Floor, run: int) -> None:
    key = uuid4()
    await floor.done(f"runs/{run}/reports", {"good": 7}, key=key)
    answer = await floor.post(f"runs/{run}/reports", {"good": 8}, key=key)
    assert (answer.status_code, answer.json()["code"]) == (422, "key-reused")


async def test_who_cannot_be_served_is_told_when_to_come_again(floor: Floor, run: int) -> None:
    """Somebody holds the order's row for longer than anybody waits."""
    async with floor.connection.transaction():
        await floor.connection.execute("SELECT FROM plant.work_order FOR UPDATE")
        answer = await floor.post(f"runs/{run}/reports", {"good": 1})
    assert (answer.status_code, answer.json()["code"], answer.headers["retry-after"]) == (503, "busy", "1")


async def test_reports_changes_and_booking_at_once_neither_lock_up_nor_lose(floor: Floor) -> None:
    """Two stations swap two orders while people report and the keeper books: each count once, each report once."""
    await floor.item()
    tags = {name: (await floor.station(name, parts="parts"))["parts"] for name in ("press1", "press2")}
    operations = [(await floor.operations(await floor.order(f"WO-{number}")))[0] for number in range(2)]
    runs = {name: await floor.start(one, name) for name, one in zip(tags, operations, strict=True)}

    async def swap(name: str, first: int) -> None:
        for turn in range(6):
            body = {"operation_id": operations[(first + turn) % 2]}
            runs[name] = (await floor.done(f"runs/{runs[name]}/change", body))["run_id"]

    async def count(name: str) -> None:
        for _ in range(40):
            await floor.make(tags[name], 3)
            await floor.book()

    async def tap(name: str) -> None:
        for _ in range(10):
            answer = await floor.post(f"runs/{runs[name]}/reports", {"good": 1})
            assert answer.status_code in (200, 409, 503), answer.text

    async with asyncio.timeout(PATIENCE_S), asyncio.TaskGroup() as tasks:
        for number, name in enumerate(tags):
            tasks.create_task(swap(name, 1 - number))
            tasks.create_task(tap(name))
        tasks.create_task(count("press1"))
    await floor.make(tags["press2"], 120)
    await floor.book()
    assert await floor.balance() == [(120, 120, 0), (120, 120, 0)]
    orders = await floor.one("SELECT sum(good) AS good, sum(made) AS made FROM plant.work_order")
    assert (int(orders["good"]), int(orders["made"])) == (240, 240)
