"""When all is told: the core's own ledger holds everything once, to the last decimal, and the truth table balances."""

import asyncio
from decimal import Decimal

from plant_server.demo.run import drain
from simulators import business_truth
from tests.system.day import books
from tests.system.day.books import Made
from tests.system.day.day import DAY, Day
from tests.system.day.morning import BODIES, NEW, NEWER, QUANTITIES, STEMS, WAIVED
from tests.system.day.office import SEAL

LABOR = """SELECT person, sum(extract(epoch FROM to_time - from_time)) FROM plant.labor
           WHERE run_id = %(run)s AND to_time IS NOT NULL GROUP BY 1"""
DRAIN_WITHIN_S = 75.0


async def all_is_told(day: Day) -> None:
    """The truth table, from the machines' ledgers to the core's: nothing lost, nothing twice, nothing left."""
    await day.factory.until("the energy of the run", lambda: _energy_wh(day) is not None)
    table = await asyncio.to_thread(drain, day.factory.plant, day.factory.floor, DRAIN_WITHIN_S)
    assert table.balanced, table.as_json()
    assert not table.waits, table.as_json()
    assert {row.unit for row in table.rows} == {"parts", "Wh"}
    for row in table.rows:
        assert row.refused == 0
        assert row.posted == row.booked > 0, table.as_json()
    made = _made(day)
    assert table.made("parts") == made.parts
    await day.factory.until("settled documents", lambda: _unfinished(day) == [])


async def the_books_hold_what_was_made(day: Day) -> None:
    made, state_dir = _made(day), day.factory.state_dir
    assert books.quantities(state_dir, DAY, "completions") == {books.PRODUCT: made.good}
    assert books.quantities(state_dir, DAY, "scrap") == {books.PRODUCT: made.scrap}
    assert made.scrap > 1, "the machine rejected none, so nothing is shown of rejects without a reason"
    assert books.by_reason(state_dir, DAY) == {"burr": 1, "other": made.scrap - 1}
    used = books.used(made)
    assert books.quantities(state_dir, DAY, "consumptions") == used
    seals = used[SEAL]
    assert books.by_lot(state_dir, DAY) == {
        ("BODY-10", BODIES): made.parts,
        ("STEM-10", STEMS): made.parts,
        (SEAL, WAIVED): QUANTITIES[WAIVED],
        (SEAL, NEW): QUANTITIES[NEW],
        (SEAL, NEWER): seals - QUANTITIES[WAIVED] - QUANTITIES[NEW],
        ("BOLT-M6", ""): used["BOLT-M6"],
        ("GREASE-1", ""): used["GREASE-1"],
    }
    assert books.money(state_dir, DAY, books.RAW_MATERIALS) == -books.worth(used.items())
    assert books.money(state_dir, DAY, books.FINISHED_GOODS) == made.good * books.PRODUCT_COST


async def the_books_hold_time_and_energy(day: Day) -> None:
    """Both people, each in the class of labor the core pays them by; energy as the machine's meter counted it."""
    spent = dict(day.factory.rows(LABOR, run=day.runs[DAY]))
    operator, second = (f"person:{day.person(role)[0]}" for role in ("operator", "second"))
    assert set(spent) == {operator, second}
    assert all(seconds > 0 for seconds in spent.values())
    told = books.quantities(day.factory.state_dir, DAY, "labor-times")
    assert told == {"OPERATOR": spent[operator], "SETTER": spent[second]}
    energy_wh = _energy_wh(day)
    assert energy_wh is not None
    assert energy_wh > 0
    told = books.quantities(day.factory.state_dir, DAY, "energy-costs")
    assert told == {"press1": energy_wh / 1000}


async def everything_stands_there_once(day: Day) -> None:
    state_dir = day.factory.state_dir
    assert business_truth.posted_more_than_once(state_dir) == []
    with day.office.core() as core:
        by_api, stock = business_truth.posted_by_api(core), business_truth.stock_by_api(core)
    assert business_truth.disagreements(business_truth.posted(state_dir), by_api) == {}
    assert business_truth.disagreements(business_truth.stock(state_dir), stock) == {}


def _made(day: Day) -> Made:
    """What the plant says of the order."""
    query = "SELECT good, scrap FROM plant.work_order WHERE number = %(number)s"
    ((good, scrap),) = day.factory.rows(query, number=DAY)
    return Made(int(good), int(scrap))


def _energy_wh(day: Day) -> Decimal | None:
    query = "SELECT energy_wh FROM plant.run_energy WHERE run_id = %(run)s"
    found: Decimal | None = day.factory.value(query, run=day.runs[DAY])
    return found


def _unfinished(day: Day) -> list[tuple[str, str]]:
    query = """SELECT kind, state FROM bridge.document
               WHERE state NOT IN ('accepted', 'skipped', 'cancelled')
               UNION ALL SELECT kind, 'claimed' FROM bridge.claim WHERE planned_time IS NULL
               UNION ALL SELECT kind, 'outbox' FROM plant.outbox"""
    return [(row[0], row[1]) for row in day.factory.rows(query)]
