"""A full day beside a living Tryton: its orders are made at two machines while the bridge and Tryton are killed and answers
are lost; in the evening Tryton's books are the floor's Events, each once, and a complaint leads to the same material in both.

Everything is real: plant server, keeper, ingest, edge and machines, bridge, PostgreSQL, Tryton 8.2.
"""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from decimal import Decimal
from pathlib import Path

import pytest

from tests.plant_server.database_fixture import database_server
from tests.system.tryton_day.books import RATES, Books, differences
from tests.system.tryton_day.crew import Crew, Job, crew_of
from tests.system.tryton_day.erp_books import erp_books
from tests.system.tryton_day.factory import PRESS1, PRESS2, Factory, living_factory
from tests.system.tryton_day.floor_books import floor_books
from tests.system.tryton_day.journal import CENT, FLOW, STOCK
from tests.system.tryton_day.kills import ANSWERS, KINDS, Killer
from tests.system.tryton_day.office import done_by_office, release, typed_entry
from tests.tryton.living import LivingTryton, erp, erp_template
from tests.tryton.orders import shipped
from tests.tryton.rpc import Rpc
from tests.tryton.set_up import bought
from tests.tryton.traces import customers, lots, productions, traced, used

__all__ = ["database_server", "erp", "erp_template"]
pytestmark = [pytest.mark.system, pytest.mark.timeout(900)]
OPENING = {
    ("STEEL", "S-1"): Decimal(100),
    ("STEEL", "S-2"): Decimal(600),
    ("SEAL", "L-1"): Decimal(1000),
}
PULLED = (
    "SELECT number, source, requirement, revision FROM plant.work_order LEFT JOIN plant.bom USING (bom_id)"
)
PULLED_BOMS = "SELECT count(*) FROM bridge.inbox WHERE kind = 'bom' AND state = 'done'"
FEW = 12
KILLED_WITHIN_S, TOLD_WITHIN_S = 450.0, 180.0


@pytest.fixture
def factory(erp: LivingTryton, tmp_path: Path) -> Iterator[Factory]:
    bought(erp.rpc, "STEEL", "S-2", 500.0)
    bought(erp.rpc, "SEAL", "L-1", 500.0)
    with living_factory(tmp_path / "plant", erp) as factory:
        yield factory


@pytest.fixture
async def crew(factory: Factory) -> AsyncIterator[Crew]:
    async with crew_of(factory) as crew:
        yield crew


async def test_a_day_beside_a_living_tryton(factory: Factory, crew: Crew) -> None:
    numbers = [await release(factory, quantity, f"SO-{index}") for index, quantity in enumerate((40, 30, 6))]
    first, second = await crew.order(numbers[0], PRESS1), await crew.order(numbers[1], PRESS2)
    for job in (first, second):
        await _prepare(crew, job)
    await factory.produce()
    killer = Killer(factory)
    async with asyncio.timeout(KILLED_WITHIN_S), asyncio.TaskGroup() as tasks:
        kills = tasks.create_task(killer.work(), name="kills")
        await _morning(crew, first, second)
        await _until_killed(crew, kills, first, second)
    on_goods = await _evening(crew, first, second, numbers[2])
    await factory.until_all_is_told(TOLD_WITHIN_S)

    floor = floor_books(factory.plant.database.url(), OPENING, on_goods)
    with factory.erp.signed_in() as rpc:
        there = erp_books(rpc, factory.not_on_goods())
        _print(floor, there)
        assert differences(floor, there) == []
        _was_full(factory, floor, there, numbers)
        _was_hard(factory, killer)
        await _the_complaint_is_traced(crew, rpc, numbers[0])
        _what_is_spoilt_is_found(factory, rpc, floor, numbers)


async def _prepare(crew: Crew, job: Job) -> None:
    """Little of the first lot of steel, so that the second is begun; more than the BOM asks for is used of both."""
    for lot, quantity in (("S-1", "12"), ("S-2", "280"), ("L-1", "400")):
        await crew.bring(job, lot, quantity)
    await crew.start(job)
    await crew.use_more(job, "S-1", "1.25")
    await crew.use_more(job, "S-2", "2.5")


async def _morning(crew: Crew, first: Job, second: Job) -> None:
    """Partial completions, scrap with a reason, a report undone in time, the next shift; and reports that turn out wrong
    after Tryton was told them."""
    await crew.made(first, 5)
    wrong = await crew.report(first, scrap=[{"quantity": 1, "reason": "burr"}])
    await crew.made(second, 3)
    also_wrong = await crew.report(second)
    await crew.made(first, 2)
    slip = await crew.report(first)
    await crew.undo(first, slip)
    await crew.take_over(first, "maintenance")
    await crew.take_back(first, wrong, {"scrap": [{"quantity": 1, "reason": "crack"}]})
    await crew.take_back(second, also_wrong)


async def _until_killed(crew: Crew, kills: "asyncio.Task[None]", first: Job, second: Job) -> None:
    """They go on, so that there is something to be killed; not faster than Tryton hears of it."""
    while not kills.done():
        for job in (first, second):
            await crew.made(job, 2)
            await crew.report(job)
        await crew.factory.until("few postings waiting", lambda: crew.factory.waiting() < FEW, 120)


async def _evening(crew: Crew, first: Job, second: Job, number: str) -> dict[str, Decimal]:
    """The machines stand. What they made is completed; a small order is counted by hand, and the office is too quick with
    it: it is done in Tryton before the floor is. Returns what that one had cost until then."""
    await crew.factory.halt()
    for job in (first, second):
        await crew.end(job)
    third = await crew.order(number, PRESS1)
    await crew.bring(third, "S-2", "20")
    await crew.bring(third, "L-1", "20")
    await crew.start(third, count_source="operator")
    await crew.report(third, good=4)
    await crew.report(third, good=1, scrap=[{"quantity": 1, "reason": "burr"}])
    for job in (first, second):
        await crew.close(job)
    await crew.factory.until_all_is_told(TOLD_WITHIN_S)
    on_goods = floor_books(crew.factory.plant.database.url(), OPENING).cost[number]
    await asyncio.to_thread(done_by_office, crew.factory, number)
    await crew.use_more(third, "S-2", "0.5")
    await crew.end(third)
    await crew.close(third)
    return {number: on_goods}


def _was_full(factory: Factory, floor: Books, there: Books, numbers: list[str]) -> None:
    """Everything that a day is asked to have, happened: what equals nothing is equal, too."""
    pulled = {(number, "erp", f"SO-{index}", "PUMP-A") for index, number in enumerate(numbers)}
    assert {*factory.rows(PULLED)} == pulled
    assert factory.value(PULLED_BOMS) > 0
    assert floor.states == dict.fromkeys(numbers, "done")
    standing = [one for one in there.journal.moves.values() if one.is_done]
    for number in numbers[:2]:
        assert len(there.journal.received(number)) > 1, "no partial completions"
        more = {(one.lot, one.quantity) for one in standing if (one.order, one.item) == (number, "STEEL")}
        assert more >= {("S-1", Decimal("1.25")), ("S-2", Decimal("2.5"))}
        assert _steel_above_bom(floor, number) == Decimal("3.75")
        assert {center for order, center, _, _ in floor.work if order == number} == {*RATES}
    assert {order for order, role, _, _ in floor.moves if role == "scrap"} >= {numbers[0], numbers[2]}
    back = Counter(
        (one.order, one.role) for one in there.journal.moves.values() if there.journal.is_taken_back(one)
    )
    assert {*back} >= {(number, role) for number in numbers[:2] for role in ("in", "out")}, back
    assert not there.not_on_goods[numbers[0]].quantize(CENT), "the bridge told the end before the energy"
    assert floor.not_on_goods[numbers[2]] > Decimal(2), "nothing came after the end"


def _steel_above_bom(floor: Books, number: str) -> Decimal:
    mine = {key: quantity for key, quantity in floor.moves.items() if key[0] == number}
    made = sum(quantity for (_, role, _, _), quantity in mine.items() if role != "in")
    return sum(quantity for (_, _, item, _), quantity in mine.items() if item == "STEEL") - made * Decimal(
        "1.5"
    )


def _was_hard(factory: Factory, killer: Killer) -> None:
    assert killer.done == Counter(KINDS)
    lost = factory.eater.eaten
    assert {*lost} <= {f"model.{one}" for one in ANSWERS}
    assert lost["model.stock.move.cancel"], "no answer to a reversal was lost"
    assert lost.total() > killer.done["answer"] > 0
    print("killed and lost:", *killer.done.items(), *lost.items())


def _print(floor: Books, there: Books) -> None:
    print(*sorted(floor.moves.items()), sep="\n")
    for order, cost in sorted(floor.cost.items()):
        received = sum(one.quantity * (one.price or 0) for one in there.journal.received(order))
        print(f"order {order}: cost {cost}, on goods {received}, on nothing {floor.not_on_goods[order]}")
    taken_back = sum(there.journal.is_taken_back(one) for one in there.journal.moves.values())
    print(f"{len(there.journal.entries)} entries, {taken_back} moves taken back, {there.journal.accounts}")


async def _the_complaint_is_traced(crew: Crew, rpc: Rpc, number: str) -> None:
    """A customer names what stands on the pump: the order's number, which is its lot."""
    shipped(rpc, number, 2.0, "Anna")
    (here,) = (await crew.desks["quality"].get(f"lots/{number}/trace"))["orders"]
    assert (here["number"], here["requirement"]) == (number, "SO-0")
    assert [one for one in here["materials"] if one["is_short"]] == []
    told = {one["lot"]["lot"]: Decimal(one["quantity"]) for one in here["materials"]}
    there = traced(rpc, number, "downward")
    assert {lot: quantity for lot, quantity in told.items() if quantity} == used(rpc, there)
    assert (lots(there), productions(there)) == ({number, *told}, {number})

    forward = await crew.desks["quality"].get("lots/S-1/trace", direction="forward")
    upward = traced(rpc, "S-1", "upward")
    assert {one["number"] for one in forward["orders"]} == productions(upward)
    assert customers(rpc, upward) == {"Anna"}


def _what_is_spoilt_is_found(factory: Factory, rpc: Rpc, floor: Books, numbers: list[str]) -> None:
    """The judge is no yes-man: one document less and one more in this very Tryton, and an entry of its office, and it names
    each. The pumps that went to the customer are one more that the floor did not tell."""
    receipt = rpc.search(
        "stock.move",
        ["production_output.number", "=", numbers[2]],
        ["state", "=", "done"],
        ["lot.number", "=", numbers[2]],
    )[0]
    rpc.call("model.stock.move.cancel", [receipt])
    bought(rpc, "SEAL", "L-1", 2.0)
    by_hand = typed_entry(rpc, FLOW, STOCK, Decimal("3.00"))
    found = differences(floor, erp_books(rpc, factory.not_on_goods()))
    for what in (
        f"move ('{numbers[2]}', 'out', 'PUMP'",
        f"goods of {numbers[2]}: worth",
        "stock ('STO', 'SEAL', 'L-1')",
        "bought ('SEAL', 'L-1')",
        f"nobody told of it: entry {by_hand} of nothing",
        "nobody told of it: entry",
        "account 1.3.1",
        "account 5.1.5",
    ):
        assert any(one.startswith(what) for one in found), (what, found)
