"""The judge of the day: what the plant's Events say was made, used and spent, and what stands in Tryton, as one kind of books.

The floor's side is read from the Events in PostgreSQL, not from the plant's tables of balances nor from any service of ours.
Tryton's side is read over its RPC as its administrator. Both sides are sums and lists of single facts, so that a document
that came twice, one that is missing, and one that stands there with another lot or quantity all make a difference.

Money is compared exactly. The floor's cost is reckoned as Tryton 8.2 reckons it: a quantity times its price, and each cycle's
hours times the price of the work center, rounded to 4 digits, half to even. Prices of material have two digits and quantities
at most two, so that no issue is rounded in its entry of two digits; `test_tryton_books.py` holds that to `PRICES`.

Only what one unit of goods costs is allowed to be rounded: when a production is done, Tryton prices each unit received at its
cost over all units, in 4 digits. So a unit's price may lie `HALF_A_DIGIT` beside that quotient, and what was received
altogether so many times that as there are units: 0.00005 times 100 units are half a cent. Nothing else is allowed for.
"""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import ROUND_HALF_EVEN, Decimal
from typing import TypeVar

from tests.system.tryton_day.journal import Journal, wrong_entries

Key = TypeVar("Key", bound=tuple[str, ...])
Move = tuple[str, str, str, str]
"""(order, in | out | scrap, item, lot)."""
Work = tuple[str, str, Decimal, Decimal]
"""(order, work center, seconds, cost)."""
Fact = tuple[str, str, str, str, Decimal]
"""A move, and how much of it was told at once."""
Place = tuple[str, str, str]
"""(location, item, lot)."""
PRICES = {"STEEL": Decimal("4.00"), "SEAL": Decimal("0.50")}
RATES = {"Assembly": Decimal("40.00"), "Press": Decimal("25.00"), "Energy": Decimal("0.70")}
"""Per hour; of energy an hour is a kWh."""
MICROSECOND = Decimal("0.000001")
DIGITS = Decimal("0.0001")
HALF_A_DIGIT = DIGITS / 2


@dataclass
class Books:
    """`moves`: sums of what stands; `facts`: how often it was told in that quantity. `cost`: of each order. `not_on_goods`: what of it was spent after its production was done, so that no price holds it.
    `opening`: (item, lot) → quantity bought before the day. `undone` and `journal` are Tryton's alone: what was begun there
    and not done, in words, and its books of account."""

    moves: dict[Move, Decimal] = field(default_factory=dict)
    facts: Counter[Fact] = field(default_factory=Counter)
    work: Counter[Work] = field(default_factory=Counter)
    stock: dict[Place, Decimal] = field(default_factory=dict)
    cost: dict[str, Decimal] = field(default_factory=dict)
    not_on_goods: dict[str, Decimal] = field(default_factory=dict)
    states: dict[str, str] = field(default_factory=dict)
    opening: dict[tuple[str, str], Decimal] = field(default_factory=dict)
    undone: list[str] = field(default_factory=list)
    journal: Journal = field(default_factory=Journal)

    def add(self, move: Move, quantity: Decimal) -> None:
        """One fact; below 0 takes one back. Nothing is no fact."""
        if not quantity:
            return
        self.facts[(*move, abs(quantity))] += 1 if quantity > 0 else -1
        self.moves[move] = self.moves.get(move, Decimal(0)) + quantity
        if not self.moves[move]:
            del self.moves[move]


def cost_of_cycle(center: str, seconds: Decimal) -> Decimal:
    """As Tryton stores it, in 4 digits. It reckons hours in binary and takes their shortest decimal: 15 digits and more are
    right, and hours that lie midway between two results have fewer."""
    return (RATES[center] * seconds / 3600).quantize(DIGITS, ROUND_HALF_EVEN)


def cost_of(books: Books, order: str) -> Decimal:
    """Of an order's material, time and energy, by the prices of `PRICES` and `RATES`."""
    material = (
        quantity * PRICES[item]
        for (of, role, item, _), quantity in books.moves.items()
        if (of, role) == (order, "in")
    )
    work = (times * cost for (of, _, _, cost), times in books.work.items() if of == order)
    return sum(material, Decimal(0)) + sum(work, Decimal(0))


def differences(floor: Books, erp: Books) -> list[str]:
    """What stands on one side otherwise than on the other, in words."""
    found = _unequal("move", floor.moves, erp.moves)
    found += [
        f"told {floor.facts[one]} times, there {erp.facts[one]} times: {one[4]} of {one[:4]}"
        for one in sorted({*floor.facts, *erp.facts})
        if floor.facts[one] != erp.facts[one]
    ]
    found += [
        f"told, not there: work {_words(one)} x {times}" for one, times in (floor.work - erp.work).items()
    ]
    found += [
        f"there, never told: work {_words(one)} x {times}" for one, times in (erp.work - floor.work).items()
    ]
    found += _unequal("stock", floor.stock, erp.stock)
    found += _unequal("bought", floor.opening, erp.opening)
    found += [
        f"cost of {order}: {floor.cost.get(order)} here, {erp.cost.get(order)} there"
        for order in sorted({*floor.cost, *erp.cost})
        if floor.cost.get(order) != erp.cost.get(order)
    ]
    found += [
        f"state of {order}: {floor.states.get(order)} here, {erp.states.get(order)} there"
        for order in sorted({*floor.states, *erp.states})
        if floor.states.get(order) != erp.states.get(order)
    ]
    found += [f"left undone: {one}" for one in erp.undone]
    for order in sorted(floor.cost):
        found += _wrong_goods(floor, erp, order)
    return found + wrong_entries(erp.journal, PRICES, bought=_worth(floor.opening), used=_used(floor))


def _wrong_goods(floor: Books, erp: Books, order: str) -> list[str]:
    """What was received, by the prices Tryton has for it now, and what lies on nothing are the order's cost."""
    goods = erp.journal.received(order)
    quantity = sum((one.quantity for one in goods), Decimal(0))
    on_goods = floor.cost[order] - floor.not_on_goods[order]
    if not quantity:
        return [f"goods of {order}: none there"] if on_goods else []
    price = on_goods / quantity
    found = [
        f"price of {one}: {price:f} here"
        for one in goods
        if one.price is None or abs(one.price - price) > HALF_A_DIGIT
    ]
    received = sum((one.quantity * (one.price or 0) for one in goods), Decimal(0))
    if abs(received + floor.not_on_goods[order] - floor.cost[order]) > quantity * HALF_A_DIGIT:
        found.append(f"goods of {order}: worth {on_goods} here, {received} there")
    if erp.not_on_goods.get(order) != erp.cost.get(order, Decimal(0)) - received:
        found.append(f"not on the goods of {order}: {erp.not_on_goods.get(order)} told")
    return found


def _worth(opening: Mapping[tuple[str, str], Decimal]) -> Decimal:
    return sum((quantity * PRICES[item] for (item, _), quantity in opening.items()), Decimal(0))


def _used(floor: Books) -> Decimal:
    used = (quantity * PRICES[item] for (_, role, item, _), quantity in floor.moves.items() if role == "in")
    return sum(used, Decimal(0))


def _words(work: Work) -> str:
    order, center, seconds, cost = work
    return f"of {order} at {center}, {seconds} s, {cost}"


def _unequal(what: str, here: Mapping[Key, Decimal], there: Mapping[Key, Decimal]) -> list[str]:
    return [
        f"{what} {key}: {here.get(key, 0)} here, {there.get(key, 0)} there"
        for key in sorted({*here, *there})
        if here.get(key, Decimal(0)) != there.get(key, Decimal(0))
    ]
