"""Parts in rework: settled once, never more than there are, and every total adds up whatever is taken back."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from plant_server.domain.balance import balances, outcome
from plant_server.domain.production_entry import (
    EntryKind,
    EntryReversal,
    ProductionEntry,
    ProductionEvent,
    ReworkSettlement,
)
from plant_server.domain.rework import Became, InRework, Move, settle
from plant_server.domain.run import CountSource
from plant_server.domain.transition import TransitionRefused

D, E = Decimal, EntryKind
WAITING = (InRework(1, "repaint", D(2)), InRework(1, "regrind", D(1)), InRework(2, "repaint", D(4)))


def test_the_oldest_go_first_and_a_run_is_left_when_it_has_none() -> None:
    moves = settle(WAITING, [Became(E.GOOD, D("2.5")), Became(E.SCRAP, D(3), "burr")])
    assert moves == (
        Move(1, "repaint", E.GOOD, D(2), None),
        Move(1, "regrind", E.GOOD, D("0.5"), None),
        Move(1, "regrind", E.SCRAP, D("0.5"), "burr"),
        Move(2, "repaint", E.SCRAP, D("2.5"), "burr"),
    )


def test_more_than_is_there_moves_nothing() -> None:
    with pytest.raises(TransitionRefused, match="more_than_in_rework") as refused:
        settle(WAITING, [Became(E.GOOD, D(7)), Became(E.SCRAP, D("0.1"), "burr")])
    assert refused.value.params == {"in_rework": "7"}
    assert settle((), []) == ()


def test_a_settlement_says_what_the_parts_became() -> None:
    for kind, reason, quantity, code in (
        (E.REWORK, "repaint", D(1), "rework_stays_rework"),
        (E.SCRAP, None, D(1), "reason_required"),
        (E.GOOD, None, D(0), "quantity_not_positive"),
    ):
        with pytest.raises(TransitionRefused, match=code):
            ReworkSettlement("s", "R1", "repaint", kind, quantity, reason, "ann", 0)


class ReworkMachine(RuleBasedStateMachine):
    """Two runs at which people report, settle and take back, in any order; every fact is kept, as Events are."""

    def __init__(self) -> None:
        super().__init__()
        self.facts: list[ProductionEvent] = []
        self.standing: dict[str, ProductionEntry | ReworkSettlement] = {}
        self.made = D(0)

    @rule(run=st.sampled_from([1, 2]), kind=st.sampled_from(E), quantity=st.decimals("0.1", 9, places=1))
    def report(self, run: int, kind: EntryKind, quantity: Decimal) -> None:
        reason = None if kind is E.GOOD else "repaint"
        self._tell(ProductionEntry(self._id(), str(run), kind, quantity, reason, "ann", 0))
        self.made += quantity

    @rule(good=st.decimals(0, 5, places=1), scrap=st.decimals(0, 5, places=1))
    def settle(self, good: Decimal, scrap: Decimal) -> None:
        waiting = self._waiting()
        became = [Became(E.GOOD, good)] if good else []
        became += [Became(E.SCRAP, scrap, "burr")] if scrap else []
        try:
            moves = settle(waiting, became)
        except TransitionRefused:
            assert good + scrap > sum(one.quantity for one in waiting)
            return
        assert sum(one.quantity for one in moves) == good + scrap
        for one in moves:
            run = str(one.run_id)
            self._tell(
                ReworkSettlement(
                    self._id(), run, one.rework_reason, one.kind, one.quantity, one.reason, "ann", 0
                )
            )

    @precondition(lambda self: self.standing)
    @rule(data=st.data())
    def take_back(self, data: st.DataObject) -> None:
        """Unless what became of reworked parts stands on it."""
        number = data.draw(st.sampled_from(sorted(self.standing)))
        said = self.standing[number]
        after = balances([*self.facts, EntryReversal(self._id(), number, "bo", 1)])
        if after.conflicts:
            assert isinstance(said, ProductionEntry)
            assert said.kind is E.REWORK
            return
        self._tell(EntryReversal(self._id(), number, "bo", 1))
        del self.standing[number]
        if isinstance(said, ProductionEntry):
            self.made -= said.quantity

    @invariant()
    def all_of_it_is_somewhere_and_nothing_twice(self) -> None:
        told = balances(self.facts)
        assert told.conflicts == ()
        runs = [outcome(run, CountSource.OPERATOR) for run in told.runs.values()]
        assert sum(one.good + one.scrap + one.rework for one in runs) == self.made
        assert all(min(one.good, one.scrap, one.rework) >= 0 for one in runs)
        assert sum(one.quantity for one in self._waiting()) == sum(
            run.entered[E.REWORK] for run in told.runs.values()
        )

    def _waiting(self) -> list[InRework]:
        by_reason = balances(self.facts).scrap_reasons
        return [
            InRework(int(run), reason, quantity)
            for (run, kind, reason), quantity in sorted(by_reason.items())
            if kind is E.REWORK and quantity > 0
        ]

    def _id(self) -> str:
        return f"{len(self.facts):04}"

    def _tell(self, fact: ProductionEvent) -> None:
        self.facts.append(fact)
        if isinstance(fact, ProductionEntry | ReworkSettlement):
            self.standing[fact.entry_id] = fact


TestReworkMachine = ReworkMachine.TestCase
TestReworkMachine.settings = settings(max_examples=60, stateful_step_count=30, deadline=None)
