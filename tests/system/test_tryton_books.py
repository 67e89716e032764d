"""The judge of the day beside Tryton finds what is wrong: a document twice, one lost, one with another lot, and more; and in the
journal an amount, a side or an entry that no fact of the floor asks for."""

from collections import Counter
from collections.abc import Callable
from copy import deepcopy
from datetime import timedelta
from decimal import Decimal

import pytest

from tests.system.tryton_day.books import DIGITS, PRICES, Books, cost_of_cycle, differences
from tests.system.tryton_day.example import (
    BEGAN,
    ENERGY,
    LABOR,
    LATE,
    MORE_PUMPS,
    PRESS,
    PUMPS,
    SCRAPPED,
    STEEL,
    TAKEN_BACK,
    in_tryton,
    one_order,
)
from tests.system.tryton_day.journal import CENT, FLOW, STOCK, Entry, two_lines


def test_an_order_costs_its_material_time_and_energy() -> None:
    """9.5 kg at 4.00, 12 seals at 0.50, half an hour at 40.00, an hour at 25.00, two kWh at 0.70."""
    assert one_order().cost == {"7": Decimal("90.40")}


def test_a_cycle_costs_what_tryton_reckons_in_binary() -> None:
    """As work.py of production_work 8.2 does it: hours are a float, and its shortest decimal is multiplied and rounded. Of the
    microseconds every 9000th makes a cost that lies midway."""
    for micros in (1, 4500, 13_500, 900_004_500, 1_234_567_891, 3_600_000_001, 21_599_995_500):
        seconds = Decimal(micros) / 1_000_000
        hours = timedelta(microseconds=micros).total_seconds() / (60 * 60)
        assert cost_of_cycle("Assembly", seconds) == (Decimal("40.00") * Decimal(str(hours))).quantize(DIGITS)


def test_no_issue_at_the_prices_of_the_day_is_rounded() -> None:
    """Quantities have two digits at most; a count has none."""
    for quantity, price in ((Decimal("0.01"), PRICES["STEEL"]), (Decimal(1), PRICES["SEAL"])):
        assert quantity * price == (quantity * price).quantize(CENT)


def test_equal_books_are_equal() -> None:
    assert differences(one_order(), in_tryton()) == []


def test_a_price_is_rounded_to_four_digits_and_no_further() -> None:
    """90.40 of three pumps are 30.1333 each, and what lies on nothing is 0.0001."""

    def three(price: str, not_on_goods: str) -> Books:
        books = in_tryton()
        books.journal.moves[MORE_PUMPS].price = Decimal(price)
        books.journal.moves[PUMPS].role = "other"
        books.not_on_goods["7"] = Decimal(not_on_goods)
        return books

    floor = one_order()
    floor.not_on_goods["7"] = Decimal(0)

    def wrong(erp: Books) -> list[str]:
        told = differences(floor, erp)
        return [one for one in told if one.startswith(("price of 7 out", "goods of", "not on the goods"))]

    assert wrong(three("30.1333", "0.0001")) == []
    (there,) = wrong(three("30.1334", "-0.0002"))[:1]
    assert there.startswith("price of 7 out PUMP 7 3 at 30.1334, done: 30.1333")


def moved_twice(erp: Books) -> None:
    erp.add(("7", "in", "STEEL", "S-1"), Decimal("4.5"))


def receipt_lost(erp: Books) -> None:
    del erp.moves["7", "out", "PUMP", "7"]


def other_lot(erp: Books) -> None:
    erp.add(("7", "in", "STEEL", "S-1"), Decimal(1))
    erp.add(("7", "in", "STEEL", "S-2"), Decimal(-1))


def cut_otherwise(erp: Books) -> None:
    """As much in all."""
    for quantity in (-2, -3, 1, 4):
        erp.add(("7", "out", "PUMP", "7"), Decimal(quantity))


def labor_twice(erp: Books) -> None:
    erp.work[LABOR] += 1


def energy_lost(erp: Books) -> None:
    del erp.work[ENERGY]


def hours_changed(erp: Books) -> None:
    """And the cost left as it was."""
    erp.work -= Counter([PRESS])
    erp.work["7", "Press", Decimal("3601.000000"), PRESS[3]] += 1


def cycle_costs_more(erp: Books) -> None:
    erp.work -= Counter([PRESS])
    erp.work[(*PRESS[:3], Decimal("25.0001"))] += 1


def stock_differs(erp: Books) -> None:
    erp.stock["STO", "PUMP", "7"] += 1


def bought_more(erp: Books) -> None:
    erp.opening["SEAL", "L-1"] += 1


def costs_more(erp: Books) -> None:
    erp.cost["7"] += DIGITS


def left_open(erp: Books) -> None:
    erp.states["7"] = "running"


def left_undone(erp: Books) -> None:
    erp.undone.append("7 in STEEL 1.5 draft")


def unknown_order(erp: Books) -> None:
    erp.add(("8", "out", "PUMP", "8"), Decimal(1))


def goods_priced_higher(erp: Books) -> None:
    erp.journal.moves[PUMPS].price = Decimal("17.6801")


def told_as_on_nothing(erp: Books) -> None:
    erp.not_on_goods["7"] = Decimal("2.01")


def entry_of(erp: Books, move_id: int, which: int = 0) -> Entry:
    return erp.journal.entries_of(erp.journal.moves[move_id])[which]


def receipt_doubled(erp: Books) -> None:
    entry_of(erp, PUMPS).lines = two_lines(STOCK, FLOW, Decimal("84.00"))


def receipt_a_cent_more(erp: Books) -> None:
    entry_of(erp, MORE_PUMPS).lines = two_lines(STOCK, FLOW, Decimal("46.41"))


def receipt_missing(erp: Books) -> None:
    erp.journal.entries.remove(entry_of(erp, MORE_PUMPS))


def posted_twice(erp: Books) -> None:
    erp.journal.entries.append(deepcopy(entry_of(erp, LATE)))


def credit_differs(erp: Books) -> None:
    entry_of(erp, STEEL).lines = ((STOCK, Decimal(0), Decimal("17.99")), (FLOW, Decimal(18), Decimal(0)))


def sides_changed(erp: Books) -> None:
    entry_of(erp, STEEL).lines = two_lines(STOCK, FLOW, Decimal(18))


def other_account(erp: Books) -> None:
    entry_of(erp, STEEL).lines = two_lines(FLOW, "1.3.4", Decimal(18))


def only_drafted(erp: Books) -> None:
    entry_of(erp, STEEL).is_posted = False


def scrap_priced(erp: Books) -> None:
    erp.journal.moves[SCRAPPED].price = Decimal("17.68")


def scrap_posted(erp: Books) -> None:
    added = Entry(BEGAN, 999, f"stock.move,{SCRAPPED}", SCRAPPED, True, two_lines(FLOW, STOCK, Decimal(17)))
    erp.journal.entries.append(added)


def typed_by_hand(erp: Books) -> None:
    erp.journal.entries.append(Entry(BEGAN, 999, "", None, True, two_lines(FLOW, STOCK, Decimal(3))))


def of_an_invoice(erp: Books) -> None:
    added = Entry(BEGAN, 999, "account.invoice,1", None, True, two_lines(FLOW, STOCK, Decimal(3)))
    erp.journal.entries.append(added)


def half_taken_back(erp: Books) -> None:
    entry_of(erp, TAKEN_BACK, 1).lines = two_lines(FLOW, STOCK, Decimal(-3))


def never_taken_back(erp: Books) -> None:
    erp.journal.entries.remove(entry_of(erp, TAKEN_BACK, 1))


def material_priced_otherwise(erp: Books) -> None:
    erp.journal.moves[STEEL].price = Decimal("4.0001")


def account_comes_to_more(erp: Books) -> None:
    debit, credit = erp.journal.accounts[STOCK]
    erp.journal.accounts[STOCK] = (debit + CENT, credit)


def third_account(erp: Books) -> None:
    erp.journal.accounts["1.1.1"] = (CENT, CENT)


@pytest.mark.parametrize(
    ("spoil", "told"),
    [
        (moved_twice, "move ('7', 'in', 'STEEL', 'S-1'): 4.5 here, 9.0 there"),
        (receipt_lost, "move ('7', 'out', 'PUMP', '7'): 5 here, 0 there"),
        (other_lot, "move ('7', 'in', 'STEEL', 'S-1'): 4.5 here, 5.5 there"),
        (cut_otherwise, "told 1 times, there 0 times: 3 of ('7', 'out', 'PUMP', '7')"),
        (labor_twice, "there, never told: work of 7 at Assembly, 1800.000000 s, 20.0000 x 1"),
        (energy_lost, "told, not there: work of 7 at Energy, 7200.000000 s, 1.4000 x 1"),
        (hours_changed, "there, never told: work of 7 at Press, 3601.000000 s, 25.0000 x 1"),
        (cycle_costs_more, "there, never told: work of 7 at Press, 3600.000000 s, 25.0001 x 1"),
        (stock_differs, "stock ('STO', 'PUMP', '7'): 5 here, 6 there"),
        (bought_more, "bought ('SEAL', 'L-1'): 40 here, 41 there"),
        (costs_more, "cost of 7: 90.4000 here, 90.4001 there"),
        (left_open, "state of 7: done here, running there"),
        (left_undone, "left undone: 7 in STEEL 1.5 draft"),
        (unknown_order, "move ('8', 'out', 'PUMP', '8'): 0 here, 1 there"),
        (goods_priced_higher, "price of 7 out PUMP 7 2 at 17.6801, done: 17.6800 here"),
        (told_as_on_nothing, "not on the goods of 7: 2.01 told"),
        (
            receipt_doubled,
            "entries of 7 out PUMP 7 2 at 17.6800, done: 1.3.1 42.00/0, 5.1.5 0/42.00 here, "
            "1.3.1 84.00/0, 5.1.5 0/84.00 there",
        ),
        (
            receipt_a_cent_more,
            "entries of 7 out PUMP 7 3 at 17.6800, done: 1.3.1 46.40/0, 5.1.5 0/46.40 here, "
            "1.3.1 46.41/0, 5.1.5 0/46.41 there",
        ),
        (
            receipt_missing,
            "no entry of 7 out PUMP 7 3 at 17.6800, done",
        ),
        (
            posted_twice,
            "entries of 7 in STEEL S-2 0.5 at 4.0000, done: 1.3.1 0/2.00, 5.1.5 2.00/0 here, "
            "1.3.1 0/2, 5.1.5 2/0 and 1.3.1 0/2, 5.1.5 2/0 there",
        ),
        (credit_differs, "does not balance: entry 103 of stock.move,4: 1.3.1 0/17.99, 5.1.5 18/0"),
        (
            sides_changed,
            "entries of 7 in STEEL S-1 4.5 at 4.0000, done: 1.3.1 0/18.00, 5.1.5 18.00/0 here, "
            "1.3.1 18/0, 5.1.5 0/18 there",
        ),
        (
            other_account,
            "entries of 7 in STEEL S-1 4.5 at 4.0000, done: 1.3.1 0/18.00, 5.1.5 18.00/0 here, "
            "1.3.4 0/18, 5.1.5 18/0 there",
        ),
        (only_drafted, "not posted: entry 103 of stock.move,4: 1.3.1 0/18, 5.1.5 18/0"),
        (scrap_priced, "scrap has a price: 7 scrap PUMP  1 at 17.68, done"),
        (scrap_posted, "entries of 7 scrap PUMP  1 at None, done: none here, 1.3.1 0/17, 5.1.5 17/0 there"),
        (typed_by_hand, "nobody told of it: entry 999 of nothing: 1.3.1 0/3, 5.1.5 3/0"),
        (of_an_invoice, "nobody told of it: entry 999 of account.invoice,1: 1.3.1 0/3, 5.1.5 3/0"),
        (half_taken_back, "taken back, and 1 left at 5.1.5: 7 in STEEL S-1 1 at 4.0000, taken back"),
        (never_taken_back, "taken back, and 4 left at 5.1.5: 7 in STEEL S-1 1 at 4.0000, taken back"),
        (material_priced_otherwise, "price of 7 in STEEL S-1 4.5 at 4.0001, done: 4.00 here"),
        (
            account_comes_to_more,
            "account 1.3.1: 708.40 debit, 44.000 credit here, 708.41 debit, 44.00 credit there",
        ),
        (third_account, "account 1.1.1: 0 debit, 0 credit here, 0.01 debit, 0.01 credit there"),
    ],
)
def test_what_is_wrong_is_found_and_named(spoil: Callable[[Books], None], told: str) -> None:
    there = in_tryton()
    spoil(there)
    assert told in differences(one_order(), there)
