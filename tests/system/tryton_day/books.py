"""The judge of the day: what the plant's Events say was made, used and spent, and what stands in Tryton, as one kind of books.

The floor's side is read from the Events in PostgreSQL, not from the plant's tables of balances nor from any service of ours.
Tryton's side is read over its RPC as its administrator. Both sides are sums and lists of single facts, so that a document
that came twice, one that is missing, and one that stands there with another lot or quantity all make a difference.
"""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import TypeVar

Key = TypeVar("Key", bound=tuple[str, ...])
Move = tuple[str, str, str, str]
"""(order, in | out | scrap, item, lot)."""
Work = tuple[str, str, Decimal]
"""(order, work center, seconds)."""
Place = tuple[str, str, str]
"""(location, item, lot)."""
PRICES = {"STEEL": Decimal("4.00"), "SEAL": Decimal("0.50")}
RATES = {"Assembly": Decimal("40.00"), "Press": Decimal("25.00"), "Energy": Decimal("0.70")}
"""Per hour; of energy an hour is a kWh."""
CENT = Decimal("0.01")
MICROSECOND = Decimal("0.000001")


@dataclass
class Books:
    """`entries`: what is wrong with journal entries of single moves, in words; the floor has none."""

    moves: dict[Move, Decimal] = field(default_factory=dict)
    work: Counter[Work] = field(default_factory=Counter)
    stock: dict[Place, Decimal] = field(default_factory=dict)
    cost: dict[str, Decimal] = field(default_factory=dict)
    states: dict[str, str] = field(default_factory=dict)
    entries: list[str] = field(default_factory=list)

    def add(self, move: Move, quantity: Decimal) -> None:
        self.moves[move] = self.moves.get(move, Decimal(0)) + quantity
        if not self.moves[move]:
            del self.moves[move]


def cost_of(books: Books, order: str) -> Decimal:
    """Of an order's material, time and energy, by the prices of `PRICES` and `RATES`."""
    material = sum(
        (
            quantity * PRICES[item]
            for (of, role, item, _), quantity in books.moves.items()
            if (of, role) == (order, "in")
        ),
        Decimal(0),
    )
    work = sum(
        (
            times * seconds * RATES[center] / 3600
            for (of, center, seconds), times in books.work.items()
            if of == order
        ),
        Decimal(0),
    )
    return material + work


def differences(floor: Books, erp: Books) -> list[str]:
    """What stands on one side otherwise than on the other, in words. Costs may differ by a cent: Tryton rounds each cycle."""
    found = _unequal("move", floor.moves, erp.moves)
    found += [f"told, not there: work {one} x {times}" for one, times in (floor.work - erp.work).items()]
    found += [f"there, never told: work {one} x {times}" for one, times in (erp.work - floor.work).items()]
    found += _unequal("stock", floor.stock, erp.stock)
    found += [
        f"cost of {order}: {floor.cost.get(order)} here, {erp.cost.get(order)} there"
        for order in sorted({*floor.cost, *erp.cost})
        if abs(floor.cost.get(order, Decimal(0)) - erp.cost.get(order, Decimal(0))) > CENT
    ]
    found += [
        f"state of {order}: {floor.states.get(order)} here, {erp.states.get(order)} there"
        for order in sorted({*floor.states, *erp.states})
        if floor.states.get(order) != erp.states.get(order)
    ]
    return found + erp.entries


def _unequal(what: str, here: Mapping[Key, Decimal], there: Mapping[Key, Decimal]) -> list[str]:
    return [
        f"{what} {key}: {here.get(key, 0)} here, {there.get(key, 0)} there"
        for key in sorted({*here, *there})
        if here.get(key, Decimal(0)) != there.get(key, Decimal(0))
    ]
