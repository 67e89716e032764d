from __future__ import annotations

from decimal import Decimal
from itertools import product

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from plant_server.domain.transition import TransitionRefused
from plant_server.domain.verdict import Allowed
from plant_server.domain.work_order import (
    ENDED,
    TAKES_COUNTS,
    TRANSITIONS,
    Hold,
    HoldReason,
    WorkOrder,
    WorkOrderCommand,
    WorkOrderState,
    abort,
    cancel,
    change_quantity,
    close,
    complete,
    hold,
    lift_hold,
    pause,
    release,
    repin,
    report,
    resume,
    start,
)

S, C = WorkOrderState, WorkOrderCommand
YES = Allowed("WO1", None)
ECO = Hold(HoldReason.CHANGE, "ECO-7")

COMMANDS = {
    C.RELEASE: lambda order: release(order, bom_revision="B", routing_revision="1"),
    C.START: lambda order: start(order, YES),
    C.PAUSE: pause,
    C.RESUME: lambda order: resume(order, YES),
    C.HOLD: lambda order: hold(order, ECO),
    C.LIFT_HOLD: lambda order: lift_hold(order, ECO),
    C.COMPLETE: complete,
    C.CLOSE: lambda order: close(order, postings_open=0),
    C.CANCEL: cancel,
    C.ABORT: abort,
}
# The ways of an order from the description, written a second time and by hand.
MAY = {
    S.PLANNED: {C.RELEASE: S.RELEASED, C.CANCEL: S.CANCELLED},
    S.RELEASED: {C.START: S.RUNNING, C.HOLD: S.HELD, C.CANCEL: S.CANCELLED},
    S.RUNNING: {C.PAUSE: S.PAUSED, C.HOLD: S.HELD, C.COMPLETE: S.COMPLETED, C.ABORT: S.ABORTED},
    S.PAUSED: {C.RESUME: S.RUNNING, C.HOLD: S.HELD, C.COMPLETE: S.COMPLETED, C.ABORT: S.ABORTED},
    S.HELD: {C.HOLD: S.HELD, C.LIFT_HOLD: S.PAUSED, C.ABORT: S.ABORTED},
    S.COMPLETED: {C.CLOSE: S.CLOSED},
    S.CLOSED: {},
    S.CANCELLED: {},
    S.ABORTED: {},
}


def an_order(state: WorkOrderState = S.PLANNED, *, has_started: bool = True) -> WorkOrder:
    holds = frozenset({ECO}) if state is S.HELD else frozenset()
    return WorkOrder(
        "WO1", "P", Decimal(100), "C62", state, "B", "1", holds, has_started=has_started and state in STARTED
    )


STARTED = {S.RUNNING, S.PAUSED, S.HELD, S.COMPLETED, S.CLOSED, S.ABORTED}


@pytest.mark.parametrize(("state", "command"), list(product(S, C)))
def test_an_order_goes_where_its_table_says_and_nowhere_else(
    state: WorkOrderState, command: WorkOrderCommand
) -> None:
    order = an_order(state)
    expected = MAY[state].get(command)
    if expected is None:
        with pytest.raises(TransitionRefused) as refused:
            COMMANDS[command](order)
        assert refused.value.code in {f"order_is_{state}", "order_has_started"}
        assert refused.value.params["command"] == command
    else:
        assert COMMANDS[command](order).state is expected


def test_the_table_has_no_row_that_the_description_lacks() -> None:
    told = {(state, command): to for state, row in MAY.items() for command, to in row.items()}
    assert told | {(S.HELD, C.CANCEL): S.CANCELLED} == TRANSITIONS  # Of an order that never ran.


def test_an_order_held_before_it_ran_is_released_again_and_can_be_cancelled_but_not_aborted() -> None:
    held = an_order(S.HELD, has_started=False)
    assert lift_hold(held, ECO).state is S.RELEASED
    assert cancel(held).state is S.CANCELLED
    with pytest.raises(TransitionRefused, match="order_has_not_started"):
        abort(held)


def test_an_order_stays_held_until_the_last_hold_is_lifted() -> None:
    quality = Hold(HoldReason.QUALITY, "Q1")
    held = hold(hold(an_order(S.RUNNING), ECO), quality)
    still = lift_hold(held, ECO)
    assert (still.state, still.holds) == (S.HELD, frozenset({quality}))
    with pytest.raises(TransitionRefused, match="no_such_hold"):
        lift_hold(still, ECO)
    assert lift_hold(still, quality).state is S.PAUSED


def test_a_permission_for_another_order_starts_nothing() -> None:
    with pytest.raises(TransitionRefused, match="permission_is_for_another_order"):
        start(an_order(S.RELEASED), Allowed("WO2", None))
    with pytest.raises(TransitionRefused, match="permission_is_for_another_order"):
        resume(an_order(S.PAUSED), Allowed("WO2", None))


def test_an_order_with_open_postings_does_not_close() -> None:
    with pytest.raises(TransitionRefused, match="postings_open") as refused:
        close(an_order(S.COMPLETED), postings_open=2)
    assert refused.value.params == {"count": "2"}


def test_an_order_does_not_finish_itself_and_states_its_over_run() -> None:
    order = report(an_order(S.RUNNING), good=Decimal("103.5"), scrap=Decimal(1), rework=Decimal(0))
    assert (order.state, order.over_run, order.remaining) == (S.RUNNING, Decimal("3.5"), Decimal(0))
    assert change_quantity(order, Decimal(200)).remaining == Decimal("96.5")


def test_a_running_order_keeps_its_pinned_revision() -> None:
    with pytest.raises(TransitionRefused, match="order_is_running"):
        repin(an_order(S.RUNNING), bom_revision="C", routing_revision="2")
    assert repin(an_order(S.HELD), bom_revision="C", routing_revision="2").bom_revision == "C"


def test_a_total_is_never_below_zero() -> None:
    with pytest.raises(TransitionRefused, match="total_below_zero"):
        report(an_order(S.RUNNING), good=Decimal(-1), scrap=Decimal(5), rework=Decimal(0))


class OrderMachine(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.order = WorkOrder("WO1", "P", Decimal(10), "C62")
        self.good = Decimal(0)
        self.made = Decimal(0)
        self.starts = 0

    @rule(command=st.sampled_from(C))
    def do(self, command: WorkOrderCommand) -> None:
        before = self.order
        try:
            self.order = COMMANDS[command](before)
        except TransitionRefused:
            assert (before.state, command) not in TRANSITIONS or before.state is S.HELD
            return
        self.starts += command is C.START
        assert TRANSITIONS[before.state, command] is not None

    @rule(good=st.decimals(-3, 8, places=2))
    def make(self, good: Decimal) -> None:
        before = self.order
        try:
            self.order = report(before, good=good, scrap=Decimal(0), rework=Decimal(0))
        except TransitionRefused:
            assert before.state not in TAKES_COUNTS or before.good + good < 0
            return
        self.good += good
        self.made += good
        assert self.order.state is before.state

    @rule(
        rework=st.decimals(0, 9, places=1),
        good=st.decimals(0, 9, places=1),
        scrap=st.decimals(0, 9, places=1),
    )
    def rework(self, rework: Decimal, good: Decimal, scrap: Decimal) -> None:
        """Parts go into rework, and some come out of it as good or scrap; never more than are there."""
        before = self.order
        try:
            into = report(before, good=Decimal(0), scrap=Decimal(0), rework=rework)
            self.order = report(into, good=good, scrap=scrap, rework=-good - scrap)
        except TransitionRefused:
            assert before.state not in TAKES_COUNTS or before.rework + rework < good + scrap
            return
        self.good += good
        self.made += rework

    @invariant()
    def the_order_is_of_one_mind(self) -> None:
        order = self.order
        assert self.starts <= 1
        assert order.has_started == (self.starts == 1)
        assert order.good == self.good >= 0
        assert order.good + order.scrap + order.rework == self.made
        assert order.remaining - order.over_run == order.quantity - order.good
        assert bool(order.holds) == (order.state is S.HELD)
        assert (order.bom_revision is None) == (order.routing_revision is None)
        assert order.bom_revision is not None or order.state in (S.PLANNED, S.CANCELLED)
        assert order.state not in (ENDED - {S.CLOSED, S.ABORTED}) or not order.has_started


TestOrderMachine = OrderMachine.TestCase
TestOrderMachine.settings = settings(max_examples=60, stateful_step_count=25, deadline=None)
