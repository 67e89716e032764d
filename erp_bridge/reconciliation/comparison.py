"""Stock there and here, per item and lot. Pure: no I/O, no clock, exact fractions inside.

    there + under way = here + difference

*There* is what the other system has on hand, at all its places. *Here* is what the plant says is left of the lot. *Under
way* is what will still change there by documents that were not delivered yet, less what will still change here by receipts
the plant was not told yet. What is left over then is a difference that nobody can explain from here: above 0 they have
too much in their books.

Quantities are compared in the unit the plant keeps the lot in. Where the other system keeps it in another one, less than
half of the last decimal of the plant's unit is rounding, and no difference.
"""

from collections.abc import Iterable, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from decimal import Decimal
from fractions import Fraction
from typing import Literal

Lot = tuple[str, str]
"""(item, lot), in the plant's codes."""
State = Literal["equal", "explained", "difference", "in_doubt", "only_there", "other_unit", "unmapped"]
_DIGITS = 9
"""Of what is shown of a quantity that does not come out even."""


@dataclass(frozen=True, slots=True)
class Amount:
    """So much of a lot, in some unit. Of what is under way: by how much it will change there."""

    lot: Lot
    unit: str
    quantity: Decimal


@dataclass(frozen=True, slots=True)
class FloorLot:
    """What is left of a lot here. `per_unit`: how many `unit` one of another unit is; `scale`: decimals of `unit`."""

    lot: Lot
    unit: str
    scale: int
    quantity: Decimal
    per_unit: Mapping[str, Fraction] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Compared:
    """`here` None: no such lot was ever received here. `difference` None: it cannot be told."""

    lot: Lot
    unit: str
    there: Decimal
    here: Decimal | None
    under_way: Decimal
    difference: Decimal | None
    state: State


def compare(
    there: Iterable[Amount],
    here: Iterable[FloorLot],
    under_way: Iterable[Amount],
    *,
    doubtful: AbstractSet[Lot] = frozenset(),
    unmapped: AbstractSet[Lot] = frozenset(),
) -> list[Compared]:
    """One row for each lot that is there or here, by item and lot. `doubtful`: a document of it may have been posted there
    or not; `unmapped`: a code of it is not mapped, so that what is there was not counted."""
    on_hand, changes = _by_lot(there), _by_lot(under_way)
    known = {one.lot: one for one in here}
    rows = []
    for lot in sorted({*on_hand, *known}):
        told, coming = on_hand.get(lot, []), changes.get(lot, [])
        floor = known.get(lot)
        row = _only_there(lot, told, coming) if floor is None else _both(floor, told, coming)
        if floor is not None and lot in unmapped:
            row = _cannot_tell(row, "unmapped")
        elif lot in doubtful and row.state not in ("only_there", "other_unit"):
            row = _cannot_tell(row, "in_doubt")
        rows.append(row)
    return rows


def shown(quantity: Fraction) -> Decimal:
    """Exact where it has an end within nine decimals."""
    return Decimal(round(quantity * 10**_DIGITS)).scaleb(-_DIGITS).normalize() + Decimal(0)


def _by_lot(amounts: Iterable[Amount]) -> dict[Lot, list[Amount]]:
    found: dict[Lot, list[Amount]] = {}
    for one in amounts:
        found.setdefault(one.lot, []).append(one)
    return found


def _both(floor: FloorLot, there: list[Amount], under_way: list[Amount]) -> Compared:
    ratios = {floor.unit: Fraction(1), **floor.per_unit}
    units = {one.unit for one in (*there, *under_way)}
    held, coming = _total(there, ratios), _total(under_way, ratios)
    left = Fraction(floor.quantity)
    if not units <= set(ratios):
        return Compared(floor.lot, floor.unit, shown(held), floor.quantity, shown(coming), None, "other_unit")
    difference = held + coming - left
    if units - {floor.unit} and abs(difference) < Fraction(1, 2 * 10**floor.scale):
        difference = Fraction(0)
    return Compared(
        floor.lot,
        floor.unit,
        shown(held),
        floor.quantity,
        shown(coming),
        shown(difference),
        "difference" if difference else "explained" if coming else "equal",
    )


def _only_there(lot: Lot, there: list[Amount], under_way: list[Amount]) -> Compared:
    """A lot nobody received here: goods that were made, or material the floor was never told of. What arrived there and is
    on its way to the floor is explained."""
    unit = there[0].unit
    ratios = {unit: Fraction(1)}
    held, coming = _total(there, ratios), _total(under_way, ratios)
    explained = held + coming == 0 and all(one.unit == unit for one in (*there, *under_way))
    difference = Decimal(0) if explained else None
    state: State = "explained" if explained else "only_there"
    return Compared(lot, unit, shown(held), None, shown(coming), difference, state)


def _total(amounts: Iterable[Amount], ratios: Mapping[str, Fraction]) -> Fraction:
    """In the unit of the ratios; what does not convert is left out."""
    known = (one for one in amounts if one.unit in ratios)
    return sum((Fraction(one.quantity) * ratios[one.unit] for one in known), Fraction(0))


def _cannot_tell(row: Compared, state: State) -> Compared:
    return Compared(row.lot, row.unit, row.there, row.here, row.under_way, None, state)
