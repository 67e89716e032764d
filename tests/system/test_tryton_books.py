"""The judge of the day beside Tryton finds what is wrong: a document twice, one lost, one with another lot, and more."""

from collections import Counter
from collections.abc import Callable
from copy import deepcopy
from decimal import Decimal

import pytest

from tests.system.tryton_day.books import Books, cost_of, differences


def one_order() -> Books:
    """Five pumps good and one scrap, of steel from two lots, with its time and energy."""
    books = Books(
        moves={
            ("7", "in", "STEEL", "S-1"): Decimal("4.5"),
            ("7", "in", "STEEL", "S-2"): Decimal("4.5"),
            ("7", "in", "SEAL", "L-1"): Decimal(12),
            ("7", "out", "PUMP", "7"): Decimal(5),
            ("7", "scrap", "PUMP", ""): Decimal(1),
        },
        work=Counter(
            {
                ("7", "Assembly", Decimal("1800.000000")): 1,
                ("7", "Press", Decimal("3600.000000")): 1,
                ("7", "Energy", Decimal("7200.000000")): 1,
            }
        ),
        stock={
            ("STO", "STEEL", "S-1"): Decimal("95.5"),
            ("STO", "PUMP", "7"): Decimal(5),
            ("SCRAP", "PUMP", ""): Decimal(1),
        },
        states={"7": "done"},
    )
    books.cost["7"] = cost_of(books, "7")
    return books


def test_an_order_costs_its_material_time_and_energy() -> None:
    """9 kg at 4.00, 12 seals at 0.50, half an hour at 40.00, an hour at 25.00, two kWh at 0.70."""
    assert one_order().cost == {"7": Decimal("88.40")}


def test_equal_books_are_equal_and_cents_may_be_rounded() -> None:
    there = one_order()
    there.cost["7"] += Decimal("0.0049")
    assert differences(one_order(), there) == []


def moved_twice(erp: Books) -> None:
    erp.add(("7", "in", "STEEL", "S-1"), Decimal("4.5"))


def receipt_lost(erp: Books) -> None:
    del erp.moves["7", "out", "PUMP", "7"]


def other_lot(erp: Books) -> None:
    erp.add(("7", "in", "STEEL", "S-1"), Decimal(1))
    erp.add(("7", "in", "STEEL", "S-2"), Decimal(-1))


def labor_twice(erp: Books) -> None:
    erp.work["7", "Assembly", Decimal("1800.000000")] += 1


def energy_lost(erp: Books) -> None:
    del erp.work["7", "Energy", Decimal("7200.000000")]


def stock_differs(erp: Books) -> None:
    erp.stock["STO", "PUMP", "7"] += 1


def costs_more(erp: Books) -> None:
    erp.cost["7"] += Decimal("0.02")


def left_open(erp: Books) -> None:
    erp.states["7"] = "running"


def unknown_order(erp: Books) -> None:
    erp.add(("8", "out", "PUMP", "8"), Decimal(1))


def journal_missing(erp: Books) -> None:
    erp.entries.append("journal of 7 STEEL S-1 4.5 done: []")


@pytest.mark.parametrize(
    ("spoil", "told"),
    [
        (moved_twice, "move ('7', 'in', 'STEEL', 'S-1'): 4.5 here, 9.0 there"),
        (receipt_lost, "move ('7', 'out', 'PUMP', '7'): 5 here, 0 there"),
        (other_lot, "move ('7', 'in', 'STEEL', 'S-1'): 4.5 here, 5.5 there"),
        (labor_twice, "there, never told: work ('7', 'Assembly', Decimal('1800.000000')) x 1"),
        (energy_lost, "told, not there: work ('7', 'Energy', Decimal('7200.000000')) x 1"),
        (stock_differs, "stock ('STO', 'PUMP', '7'): 5 here, 6 there"),
        (costs_more, "cost of 7: 88.40000000 here, 88.42000000 there"),
        (left_open, "state of 7: done here, running there"),
        (unknown_order, "move ('8', 'out', 'PUMP', '8'): 0 here, 1 there"),
        (journal_missing, "journal of 7 STEEL S-1 4.5 done: []"),
    ],
)
def test_what_is_wrong_is_found_and_named(spoil: Callable[[Books], None], told: str) -> None:
    floor = one_order()
    there = deepcopy(floor)
    spoil(there)
    assert told in differences(floor, there)
