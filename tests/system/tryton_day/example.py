"""An order whose books are known by heart: what the floor says of it, and how a Tryton has it that was told everything once."""

from collections import Counter
from datetime import UTC, datetime, timedelta
from decimal import Decimal

from tests.system.tryton_day.books import Books, cost_of
from tests.system.tryton_day.journal import FLOW, STOCK, Cycle, Entry, Moved, two_lines

BEGAN = datetime(2026, 3, 2, 6, tzinfo=UTC)
LABOR = ("7", "Assembly", Decimal("1800.000000"), Decimal("20.0000"))
PRESS = ("7", "Press", Decimal("3600.000000"), Decimal("25.0000"))
MOVES = (
    ("in", "STEEL", "S-1", "4.5"),
    ("in", "STEEL", "S-2", "4.5"),
    ("in", "SEAL", "L-1", "12"),
    ("out", "PUMP", "7", "2"),
    ("out", "PUMP", "7", "3"),
    ("scrap", "PUMP", "", "1"),
    ("in", "STEEL", "S-2", "0.5"),
)
ENERGY = ("7", "Energy", Decimal("7200.000000"), Decimal("1.4000"))
STEEL, PUMPS, TAKEN_BACK, MORE_PUMPS, SCRAPPED, LATE = 4, 7, 8, 9, 10, 11
"""Ids of moves."""


def one_order() -> Books:
    """Five pumps good and one scrap, of steel from two lots, with its time and energy; half a kilogram came after the end."""
    books = Books(
        work=Counter([LABOR, PRESS, ENERGY]),
        stock={
            ("STO", "STEEL", "S-1"): Decimal("95.5"),
            ("STO", "PUMP", "7"): Decimal(5),
            ("SCRAP", "PUMP", ""): Decimal(1),
        },
        states={"7": "done"},
        opening={
            ("STEEL", "S-1"): Decimal(100),
            ("STEEL", "S-2"): Decimal(50),
            ("SEAL", "L-1"): Decimal(40),
        },
        not_on_goods={"7": Decimal("2.00")},
    )
    for role, item, lot, quantity in MOVES:
        books.add(("7", role, item, lot), Decimal(quantity))
    books.cost["7"] = cost_of(books, "7")
    return books


class Told:
    """What a Tryton has of `one_order`, in the order it was told."""

    def __init__(self) -> None:
        self.books = one_order()
        self._time = BEGAN

    def moved(
        self, role: str, item: str, lot: str, quantity: str, price: str | None, worth: str = ""
    ) -> Moved:
        """`worth`: of its entry, if it has one."""
        moves = self.books.journal.moves
        order = "" if role == "bought" else "7"
        told = None if price is None else Decimal(price)
        move = Moved(len(moves) + 1, order, role, item, lot, Decimal(quantity), True, told)
        moves[move.move_id] = move
        if worth:
            self.posted(move, Decimal(worth))
        return move

    def posted(self, move: Moved, worth: Decimal) -> None:
        entries, origin = self.books.journal.entries, f"stock.move,{move.move_id}"
        into, out_of = (FLOW, STOCK) if move.role == "in" else (STOCK, FLOW)
        told = two_lines(into, out_of, worth)
        entries.append(Entry(self._later(), 100 + len(entries), origin, move.move_id, True, told))

    def taken_back(self, move: Moved, worth: str) -> None:
        move.is_done = False
        self.posted(move, -Decimal(worth))

    def worked(self, work: tuple[str, str, Decimal, Decimal]) -> None:
        self.books.journal.cycles.append(Cycle(self._later(), work[0], work[3]))

    def _later(self) -> datetime:
        self._time += timedelta(seconds=1)
        return self._time


def in_tryton() -> Books:
    """Bought for 620; 42 used and received with two pumps; one kilogram used and taken back; then 46.40 of time and energy, and
    three pumps, at 15.4667; priced anew at 88.40 over five when it was done."""
    told = Told()
    told.moved("bought", "STEEL", "S-1", "100", "4.00", "400")
    told.moved("bought", "STEEL", "S-2", "50", "4.00", "200")
    told.moved("bought", "SEAL", "L-1", "40", "0.50", "20")
    told.moved("in", "STEEL", "S-1", "4.5", "4.0000", "18")
    told.moved("in", "STEEL", "S-2", "4.5", "4.0000", "18")
    told.moved("in", "SEAL", "L-1", "12", "0.5000", "6")
    told.moved("out", "PUMP", "7", "2", "17.6800", "42.00")
    told.taken_back(told.moved("in", "STEEL", "S-1", "1", "4.0000", "4"), "4")
    for one in (LABOR, PRESS, ENERGY):
        told.worked(one)
    told.moved("out", "PUMP", "7", "3", "17.6800", "46.40")
    told.moved("scrap", "PUMP", "", "1", None)
    told.moved("in", "STEEL", "S-2", "0.5", "4.0000", "2")
    told.books.journal.accounts = {
        STOCK: (Decimal("708.40"), Decimal("44.00")),
        FLOW: (Decimal("44.00"), Decimal("708.40")),
    }
    return told.books
