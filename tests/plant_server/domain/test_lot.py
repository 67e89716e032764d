from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from plant_server.domain.lot import (
    LotState,
    MaterialLot,
    adjust,
    consume,
    hold,
    issue,
    lift_hold,
    receive,
    return_to_store,
    reverse_consumption,
)
from plant_server.domain.transition import TransitionRefused
from plant_server.domain.verdict import Allowed

D = Decimal
YES = Allowed("WO1", "L1")
NEW = MaterialLot("L1", "M", "2", "KGM", received_ms=0, expires_ms=1_000)


def test_a_lot_is_on_hold_before_it_is_empty_and_empty_before_it_is_expired() -> None:
    lot = receive(NEW, D(5), "store")
    assert lot.state(999) is LotState.AVAILABLE
    assert lot.state(1_000) is LotState.EXPIRED
    assert NEW.state(1_000) is LotState.EMPTY
    assert hold(NEW, "Q1").state(1_000) is LotState.HOLD
    assert replace(lot, expires_ms=None).state(10**15) is LotState.AVAILABLE


def test_a_lot_stays_on_hold_until_the_last_hold_is_lifted() -> None:
    lot = hold(hold(receive(NEW, D(5), "store"), "Q1"), "ECO-7")
    lot = lift_hold(lot, "Q1")
    assert lot.state(0) is LotState.HOLD
    with pytest.raises(TransitionRefused, match="no_such_hold"):
        lift_hold(lot, "Q1")
    assert lift_hold(lot, "ECO-7").state(0) is LotState.AVAILABLE


def test_material_moves_to_the_line_and_what_is_left_goes_back() -> None:
    lot = issue(receive(NEW, D("5.5"), "store"), D(3), "store", "line", YES)
    lot = consume(lot, D("2.25"), "line", YES)
    lot = return_to_store(lot, D("0.75"), "line", "store")
    assert lot.stock == (("store", D("3.25")),)
    assert reverse_consumption(lot, D("2.25"), "line").quantity == D("5.5")


def test_nothing_is_taken_from_where_it_is_not() -> None:
    lot = receive(NEW, D(5), "store")
    with pytest.raises(TransitionRefused) as refused:
        consume(lot, D(1), "line", YES)
    assert refused.value.code == "lot_is_short"
    assert refused.value.params == {"lot": "L1", "location": "line", "has": "0", "asked": "1"}
    with pytest.raises(TransitionRefused, match="lot_is_short"):
        issue(lot, D("5.001"), "store", "line", YES)
    for quantity in (D(0), D(-1), D("NaN"), D("Infinity")):
        with pytest.raises(TransitionRefused, match="quantity_not_positive"):
            receive(lot, quantity, "store")


def test_a_permission_for_another_lot_moves_nothing() -> None:
    lot = receive(NEW, D(5), "store")
    with pytest.raises(TransitionRefused, match="permission_is_for_another_lot"):
        issue(lot, D(1), "store", "line", Allowed("WO1", "L2"))
    with pytest.raises(TransitionRefused, match="permission_is_for_another_lot"):
        consume(lot, D(1), "store", Allowed("WO1", None))


def test_a_count_posts_its_difference() -> None:
    lot = receive(NEW, D(5), "store")
    assert adjust(lot, D("4.2"), "store") == (replace(lot, stock=(("store", D("4.2")),)), D("-0.8"))
    assert adjust(lot, D(0), "store")[0].state(0) is LotState.EMPTY
    assert adjust(lot, D(2), "line")[1] == 2
    for wrong in (D(-1), D("NaN")):
        with pytest.raises(TransitionRefused, match="quantity_is_negative"):
            adjust(lot, wrong, "store")


PLACES = ["store", "line", "bench"]
amounts = st.decimals("-1", "6", places=2)


class LotMachine(RuleBasedStateMachine):
    """Every move keeps a ledger beside the lot; the books always agree with it."""

    def __init__(self) -> None:
        super().__init__()
        self.lot = NEW
        self.ledger = dict.fromkeys(PLACES, D(0))

    @rule(place=st.sampled_from(PLACES), quantity=amounts)
    def receive(self, place: str, quantity: Decimal) -> None:
        try:
            lot = receive(self.lot, quantity, place)
        except TransitionRefused:
            assert quantity <= 0
            return
        self.lot = lot
        self.ledger[place] += quantity

    @rule(source=st.sampled_from(PLACES), to=st.sampled_from(PLACES), quantity=amounts, back=st.booleans())
    def move(self, source: str, to: str, quantity: Decimal, back: bool) -> None:
        try:
            if back:
                lot = return_to_store(self.lot, quantity, source, to)
            else:
                lot = issue(self.lot, quantity, source, to, YES)
        except TransitionRefused:
            assert quantity <= 0 or quantity > self.ledger[source]
            return
        assert 0 < quantity <= self.ledger[source]
        self.lot = lot
        self.ledger[source] -= quantity
        self.ledger[to] += quantity

    @rule(place=st.sampled_from(PLACES), quantity=amounts)
    def consume(self, place: str, quantity: Decimal) -> None:
        try:
            lot = consume(self.lot, quantity, place, YES)
        except TransitionRefused:
            assert quantity <= 0 or quantity > self.ledger[place]
            return
        self.lot = lot
        self.ledger[place] -= quantity

    @rule(place=st.sampled_from(PLACES), counted=amounts)
    def count(self, place: str, counted: Decimal) -> None:
        try:
            self.lot, difference = adjust(self.lot, counted, place)
        except TransitionRefused:
            assert counted < 0
            return
        assert difference == counted - self.ledger[place]
        self.ledger[place] = counted

    @rule(reference=st.sampled_from(["Q1", "Q2"]), lift=st.booleans())
    def hold(self, reference: str, lift: bool) -> None:
        if not lift:
            self.lot = hold(self.lot, reference)
        elif reference in self.lot.holds:
            self.lot = lift_hold(self.lot, reference)

    @invariant()
    def the_books_agree_and_nothing_is_negative(self) -> None:
        assert dict(self.lot.stock) == {place: value for place, value in self.ledger.items() if value}
        assert all(value > 0 for _, value in self.lot.stock)
        assert self.lot.quantity == sum(self.ledger.values())
        for at_ms in (0, 1_000):
            state = self.lot.state(at_ms)
            assert (state is LotState.HOLD) == bool(self.lot.holds)
            assert state is not LotState.AVAILABLE or (self.lot.quantity > 0 and at_ms < 1_000)


TestLotMachine = LotMachine.TestCase
TestLotMachine.settings = settings(max_examples=60, stateful_step_count=30, deadline=None)
