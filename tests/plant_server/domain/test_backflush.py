from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plant_server.domain.backflush import LotChoice, allocate, backflush, requirements
from plant_server.domain.bom import BomRevision, Component, ComponentScrapPolicy, Issuing
from plant_server.domain.item import Item
from plant_server.domain.lot import MaterialLot, consume
from plant_server.domain.quantity import Quantity, exact_sum
from plant_server.domain.unit import ItemConversion, NotConvertible
from plant_server.domain.verdict import Allowed, RefusalReason, Refused, Verdict

D = Decimal
RESIN = Item("R", "树脂", "Resin", "XBG", 3, (ItemConversion("XBG", D(1), "KGM", D(25)),))
SCREW = Item("S", "螺钉", "Screw", "C62")
LABEL = Item("L", "标签", "Label", "C62")
ITEMS = {one.item: one for one in (RESIN, SCREW, LABEL)}
BOM = BomRevision(
    "P",
    "B",
    "C62",
    (
        Component("10", "R", D("12.3"), "GRM", D("0.02")),
        Component("20", "S", D(4), "C62"),
        Component("30", "L", D(1), "C62", scrap_policy=ComponentScrapPolicy.GOOD_ONLY),
        Component("40", "S", D(1), "DZN", issuing=Issuing.EXPLICIT),
    ),
)


def allow(lot: MaterialLot) -> Verdict:
    return Allowed("WO1", lot.lot)


def a_lot(
    number: str, item: str, has: str, *, received_ms: int = 0, expires_ms: int | None = None
) -> MaterialLot:
    stock = (("line", D(has)),) if D(has) else ()
    return MaterialLot(number, item, None, ITEMS[item].unit, received_ms, expires_ms, stock=stock)


def test_good_and_scrap_consume_by_the_bom_and_what_goes_in_late_only_by_good() -> None:
    resin, screw, label = requirements(BOM, D(1000), D(7), ITEMS, {})
    exact = Fraction("12.3") * Fraction("1.02") * 1007 / 25_000
    assert resin.quantity == Quantity(D("0.505"), "XBG")
    assert Fraction(resin.quantity.value) + resin.residual == exact
    assert (screw.quantity, screw.residual) == (Quantity(D(4028), "C62"), Fraction(0))
    assert label.quantity == Quantity(D(1000), "C62")


def test_a_base_quantity_divides() -> None:
    bom = replace(BOM, base_quantity=D(3), components=(Component("10", "S", D(1), "C62"),))
    (one,) = requirements(bom, D(2), D(0), ITEMS, {})
    assert (one.quantity.value, one.residual) == (D(0), Fraction(2, 3))
    (two,) = requirements(bom, D(1), D(0), ITEMS, {"10": one.residual})
    assert (two.quantity.value, two.residual) == (D(1), Fraction(0))


@given(st.lists(st.tuples(st.integers(0, 500), st.integers(0, 50)), max_size=15))
def test_many_small_backflushes_consume_what_one_large_one_does(made: list[tuple[int, int]]) -> None:
    carry: dict[str, Fraction] = {}
    consumed: dict[str, list[Decimal]] = {}
    for good, scrap in made:
        for one in requirements(BOM, D(good), D(scrap), ITEMS, carry):
            carry[one.component.position] = one.residual
            consumed.setdefault(one.component.position, []).append(one.quantity.value)
    at_once = requirements(
        BOM, D(sum(good for good, _ in made)), D(sum(scrap for _, scrap in made)), ITEMS, {}
    )
    for one in at_once:
        assert exact_sum(consumed.get(one.component.position, [])) == one.quantity.value
        assert carry.get(one.component.position, Fraction(0)) == one.residual


def test_a_reversal_is_not_computed_as_a_new_consumption() -> None:
    with pytest.raises(ValueError, match="-1 good"):
        requirements(BOM, D(-1), D(0), ITEMS, {})


def test_a_component_in_a_unit_that_its_item_does_not_know_stops_before_anything_is_booked() -> None:
    bom = replace(BOM, components=(Component("10", "S", D(1), "MTR"),))
    with pytest.raises(NotConvertible):
        requirements(bom, D(1), D(0), ITEMS, {})


LOTS = (
    a_lot("B", "S", "10", received_ms=2, expires_ms=100),
    a_lot("C", "S", "10", received_ms=3),
    a_lot("A", "S", "10", received_ms=1, expires_ms=200),
)


@pytest.mark.parametrize(
    ("choice", "shares"),
    [
        (LotChoice.FIFO, [("A", 10), ("B", 5)]),
        (LotChoice.FEFO, [("B", 10), ("A", 5)]),
        (LotChoice.TOGETHER, [("A", 5), ("B", 5), ("C", 5)]),
    ],
)
def test_lots_give_in_their_turn(choice: LotChoice, shares: list[tuple[str, int]]) -> None:
    told = allocate(Quantity(D(15), "C62"), LOTS, "line", choice, allow)
    assert [(one.lot, int(one.quantity)) for one in told.shares] == shares
    assert (int(told.shortage), len(told.refused)) == (0, 0)


def test_a_refused_lot_gives_nothing_and_is_named() -> None:
    no = Refused(RefusalReason.LOT_ON_HOLD)
    told = allocate(
        Quantity(D(25), "C62"), LOTS, "line", LotChoice.FIFO, lambda lot: no if lot.lot == "A" else allow(lot)
    )
    assert [(one.lot, int(one.quantity)) for one in told.shares] == [("B", 10), ("C", 10)]
    assert told.shortage == 5
    assert told.refused == (("A", no),)


def test_the_interlock_is_asked_for_every_lot_that_has_something_there_and_for_no_other() -> None:
    asked: list[str] = []

    def ask(lot: MaterialLot) -> Verdict:
        asked.append(lot.lot)
        return allow(lot)

    elsewhere = replace(a_lot("D", "S", "9"), stock=(("store", D(9)),))
    allocate(Quantity(D(1), "C62"), (*LOTS, elsewhere, a_lot("E", "S", "0")), "line", LotChoice.FIFO, ask)
    assert asked == ["A", "B", "C"]


def test_a_lot_that_is_kept_in_another_unit_is_a_mistake() -> None:
    with pytest.raises(ValueError, match="kept in C62"):
        allocate(Quantity(D(1), "KGM"), LOTS, "line", LotChoice.FIFO, allow)


stocks = st.lists(st.decimals(0, 50, places=3), max_size=6)


@given(st.decimals(0, 200, places=3), stocks, st.sampled_from(LotChoice), st.sets(st.integers(0, 5)))
def test_an_allocation_adds_up_and_no_lot_gives_more_than_it_has(
    required: Decimal, has: list[Decimal], choice: LotChoice, refused: set[int]
) -> None:
    lots = [a_lot(str(number), "S", str(value), received_ms=number) for number, value in enumerate(has)]

    def ask(lot: MaterialLot) -> Verdict:
        return Refused(RefusalReason.LOT_ON_HOLD) if int(lot.lot) in refused else allow(lot)

    told = allocate(Quantity(required, "C62"), lots, "line", choice, ask)
    assert exact_sum(one.quantity for one in told.shares) + told.shortage == required
    usable = exact_sum(value for number, value in enumerate(has) if number not in refused)
    assert told.shortage == max(required - usable, 0)
    for share in told.shares:
        lot = lots[int(share.lot)]
        assert int(share.lot) not in refused
        assert share.quantity > 0
        consume(lot, share.quantity, "line", share.permission)  # Refuses to go below zero.


def test_a_component_at_two_positions_takes_from_what_the_first_one_left() -> None:
    bom = replace(BOM, components=(Component("10", "S", D(4), "C62"), Component("20", "S", D(1), "C62")))
    first, second = backflush(bom, D(3), D(0), ITEMS, {}, LOTS[2:], "line", LotChoice.FIFO, allow)
    assert [int(one.allocation.shortage) for one in (first, second)] == [2, 3]
    assert [int(one.quantity) for one in first.allocation.shares] == [10]
    assert second.allocation.shares == ()


def test_each_component_takes_lots_of_its_own_item() -> None:
    lots = (*LOTS, a_lot("R1", "R", "0.3"), a_lot("R2", "R", "3", received_ms=1))
    resin, screw, label = backflush(BOM, D(5), D(1), ITEMS, {}, lots, "line", LotChoice.FIFO, allow)
    assert [one.lot for one in resin.allocation.shares] == ["R1"]
    assert [int(one.quantity) for one in screw.allocation.shares] == [10, 10, 4]
    assert label.allocation.shares == ()
    assert label.allocation.shortage == 5
