"""Tryton's books of account of the day, and the judge of them: each entry is the one that a fact of the floor asks for, once.

What Tryton 8.2 (account_stock_continental) posts, by its code and by what it did here:

- Material used: one entry when its move is done, of quantity times the cost price of the item in cents: debit `FLOW`, credit
  `STOCK`. Bought: the other way round.
- Goods received: one entry, debit `STOCK`, credit `FLOW`, of quantity times the price that the move has at that moment. The
  bridge gives it: what was spent on the order until then and lies on no receipt yet, over the quantity, in 4 digits. When the
  production is done, Tryton prices all its receipts anew and posts nothing for that: the entry stays as it was.
- Scrap goes from production to a place of type lost_found: no entry, and no price.
- Cycles of work are cost of the production, and have no entry of their own: they come into the books with the goods.
- A move that is taken back keeps its entry and gets a second one, with the same sides and every amount below zero.
- An amount of 0 gets no entry. Goods that nothing was spent on are none of this day's: one without an entry is refused.

So what a receipt must be worth depends on what came before it. The order of things is taken from Tryton's own clock (when an
entry was made, when a cycle was done); the amounts are not: each is reckoned from quantities, hours and the day's prices.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import ROUND_HALF_EVEN, Decimal

STOCK, FLOW = "1.3.1", "5.1.5"
CENT = Decimal("0.01")
PRICE = Decimal("0.0001")
ZERO = Decimal(0)
Sides = tuple[Decimal, Decimal]
"""(debit, credit)."""
Lines = tuple[tuple[str, Decimal, Decimal], ...]
"""(account, debit, credit), sorted."""


@dataclass(slots=True)
class Moved:
    """A stock move that was done, or done and taken back. `order` is empty where it was bought. `price`: per unit, of goods
    and of what was bought its price, of material its cost."""

    move_id: int
    order: str
    role: str
    """in | out | scrap | bought; anything else has no entry of ours."""
    item: str
    lot: str
    quantity: Decimal
    is_done: bool
    price: Decimal | None

    def __str__(self) -> str:
        state = "done" if self.is_done else "taken back"
        return (
            f"{self.order or '-'} {self.role} {self.item} {self.lot} {self.quantity} at {self.price}, {state}"
        )


@dataclass(slots=True)
class Entry:
    """`move_id` is None for one of any other origin."""

    time: datetime
    entry_id: int
    origin: str
    move_id: int | None
    is_posted: bool
    lines: Lines


@dataclass(slots=True)
class Cycle:
    time: datetime
    order: str
    cost: Decimal


@dataclass(slots=True)
class Journal:
    """`accounts`: what Tryton itself says each account comes to."""

    moves: dict[int, Moved] = field(default_factory=dict)
    entries: list[Entry] = field(default_factory=list)
    cycles: list[Cycle] = field(default_factory=list)
    accounts: dict[str, Sides] = field(default_factory=dict)

    def received(self, order: str) -> list[Moved]:
        """What stands."""
        return [
            one for one in self.moves.values() if (one.order, one.role, one.is_done) == (order, "out", True)
        ]

    def entries_of(self, move: Moved) -> list[Entry]:
        return [one for one in self.entries if one.move_id == move.move_id]

    def is_taken_back(self, move: Moved) -> bool:
        """It was done before; what was only planned has no entry."""
        return not move.is_done and len(self.entries_of(move)) > 1

    def is_ours(self, entry: Entry) -> bool:
        """Whether it is of a move that may have one."""
        move = None if entry.move_id is None else self.moves.get(entry.move_id)
        return move is not None and move.role in ("in", "out", "bought")


def wrong_entries(
    journal: Journal, prices: Mapping[str, Decimal], *, bought: Decimal, used: Decimal
) -> list[str]:
    """In words. `bought` and `used`: what the floor says was there in the morning, and went into orders."""
    found = [words for entry in journal.entries for words in _ill_formed(journal, entry)]
    received = _receipts(journal, prices)
    for move in journal.moves.values():
        found += _wrong_price(move, prices)
        worth = received.get(move.move_id, ZERO)
        if move.role != "out":
            worth = move.quantity * prices[move.item] if move.item in prices else ZERO
        found += _wrong_entries_of(journal, move, worth)
    goods = sum(
        (received.get(one.move_id, ZERO).quantize(CENT) for one in journal.moves.values() if one.is_done),
        ZERO,
    )
    must = {STOCK: (bought + goods, used), FLOW: (used, bought + goods)}
    for code in sorted({*must, *journal.accounts}):
        here, there = must.get(code, (ZERO, ZERO)), journal.accounts.get(code, (ZERO, ZERO))
        if here != there:
            found.append(f"account {code}: {_sides(here)} here, {_sides(there)} there")
    return found


def _ill_formed(journal: Journal, entry: Entry) -> Iterator[str]:
    what = f"entry {entry.entry_id} of {entry.origin or 'nothing'}: {_words(entry.lines)}"
    debit = sum((debit for _, debit, _ in entry.lines), ZERO)
    credit = sum((credit for _, _, credit in entry.lines), ZERO)
    if debit != credit:
        yield f"does not balance: {what}"
    if not entry.is_posted:
        yield f"not posted: {what}"
    if not journal.is_ours(entry):
        yield f"nobody told of it: {what}"


def _receipts(journal: Journal, prices: Mapping[str, Decimal]) -> dict[int, Decimal]:
    """What each receipt was worth when it was booked, exactly, by move: priced by what its order had cost until then."""
    spent: defaultdict[str, Decimal] = defaultdict(Decimal)
    on_goods: defaultdict[str, Decimal] = defaultdict(Decimal)
    worth: dict[int, Decimal] = {}
    booked: set[int] = set()
    ours = [one for one in journal.entries if journal.is_ours(one)]
    cycles = [(one.time, 0, one) for one in journal.cycles]
    steps: list[tuple[datetime, int, Entry | Cycle]] = [
        *cycles,
        *((one.time, one.entry_id, one) for one in ours),
    ]
    for _, _, step in sorted(steps, key=lambda one: one[:2]):
        if isinstance(step, Cycle):
            spent[step.order] += step.cost
            continue
        move = journal.moves[step.move_id or 0]
        sign = -1 if move.move_id in booked else 1
        booked.add(move.move_id)
        if move.role == "in":
            spent[move.order] += sign * move.quantity * prices[move.item]
        elif move.role == "out":
            if move.move_id not in worth:
                left = max(spent[move.order] - on_goods[move.order], ZERO)
                price = (left / move.quantity).quantize(PRICE, ROUND_HALF_EVEN)
                worth[move.move_id] = move.quantity * price
            on_goods[move.order] += sign * worth[move.move_id]
    return worth


def _wrong_price(move: Moved, prices: Mapping[str, Decimal]) -> list[str]:
    """Of goods it is asked for elsewhere."""
    if not move.is_done or move.role == "out":
        return []
    if move.role == "scrap":
        return [] if not move.price else [f"scrap has a price: {move}"]
    return [] if move.price == prices.get(move.item) else [f"price of {move}: {prices.get(move.item)} here"]


def _wrong_entries_of(journal: Journal, move: Moved, worth: Decimal) -> list[str]:
    amount = worth.quantize(CENT, ROUND_HALF_EVEN)
    must: list[Lines] = []
    if amount and move.role in ("in", "out", "bought"):
        into, out_of = (FLOW, STOCK) if move.role == "in" else (STOCK, FLOW)
        must = [two_lines(into, out_of, amount)]
        if not move.is_done:
            must.append(two_lines(into, out_of, -amount))
    entries = journal.entries_of(move)
    there = [one.lines for one in entries]
    if (move.role, move.is_done, there) == ("out", True, []):
        return [f"no entry of {move}"]  # When it was booked is not known, and so neither what it was worth.
    found = []
    if not move.is_done:
        found = [
            f"taken back, and {left} left at {code}: {move}" for code, left in _sums(entries).items() if left
        ]
        if not there:
            return found  # It never was done.
    if there != must:
        told = " and ".join(map(_words, there)) or "none"
        found.append(f"entries of {move}: {' and '.join(map(_words, must)) or 'none'} here, {told} there")
    return found


def _sums(entries: list[Entry]) -> dict[str, Decimal]:
    sums: defaultdict[str, Decimal] = defaultdict(Decimal)
    for code, debit, credit in (line for entry in entries for line in entry.lines):
        sums[code] += debit - credit
    return dict(sums)


def two_lines(into: str, out_of: str, amount: Decimal) -> Lines:
    """Of an entry: debit `into`, credit `out_of`."""
    return tuple(sorted(((into, amount, ZERO), (out_of, ZERO, amount))))


def _words(lines: Lines) -> str:
    return ", ".join(f"{code} {debit}/{credit}" for code, debit, credit in lines)


def _sides(sides: Sides) -> str:
    return f"{sides[0]} debit, {sides[1]} credit"
