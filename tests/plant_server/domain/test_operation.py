from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from plant_server.domain.operation import (
    STARTED,
    TRANSITIONS,
    Operation,
    OperationCommand,
    OperationState,
    command,
    operations_of,
    refresh,
    report_good,
)
from plant_server.domain.routing import Routing, RoutingOperation
from plant_server.domain.transition import TransitionRefused

S, C = OperationState, OperationCommand
D = Decimal
ROUTING = Routing(
    "P",
    "1",
    (
        RoutingOperation(30, "pack", "line/pack"),
        RoutingOperation(10, "mould", "line/press", transfer_quantity=D(5)),
        RoutingOperation(20, "deburr", "line/bench", is_optional=True, transfer_quantity=D(2)),
        RoutingOperation(20, "print", "line/printer", transfer_quantity=D(2)),
    ),
)
NAMES = [(10, "mould"), (20, "deburr"), (20, "print"), (30, "pack")]


def states(operations: tuple[Operation, ...]) -> list[OperationState]:
    return [one.state for one in operations]


def test_an_order_begins_with_its_first_operation_ready() -> None:
    operations = operations_of("WO1", ROUTING)
    assert [(one.position, one.name) for one in operations] == NAMES
    assert states(operations) == [S.READY, S.PENDING, S.PENDING, S.PENDING]


def test_the_next_operation_begins_when_the_transfer_quantity_is_made_and_the_one_before_runs_on() -> None:
    operations = command(operations_of("WO1", ROUTING), 10, "mould", C.START)
    operations = report_good(operations, 10, "mould", D("4.9"))
    assert states(operations)[1:3] == [S.PENDING, S.PENDING]
    operations = report_good(operations, 10, "mould", D("0.1"))
    assert states(operations) == [S.RUNNING, S.READY, S.READY, S.PENDING]
    taken_back = report_good(operations, 10, "mould", D(-1))
    assert states(taken_back) == [S.RUNNING, S.PENDING, S.PENDING, S.PENDING]


def test_the_last_operation_overlaps_too_while_the_first_still_runs() -> None:
    operations = command(operations_of("WO1", ROUTING), 10, "mould", C.START)
    operations = report_good(operations, 10, "mould", D(9))
    operations = command(operations, 20, "print", C.START)
    operations = report_good(operations, 20, "print", D(3))
    assert states(operations)[3] is S.PENDING  # Deburring, of the same position, has made nothing.
    operations = command(operations, 20, "deburr", C.SKIP)
    assert states(operations) == [S.RUNNING, S.SKIPPED, S.RUNNING, S.READY]


def test_without_a_transfer_quantity_the_next_operation_waits_for_the_end() -> None:
    routing = Routing("P", "1", (RoutingOperation(10, "a", "l"), RoutingOperation(20, "b", "l")))
    operations = command(operations_of("WO1", routing), 10, "a", C.START)
    operations = report_good(operations, 10, "a", D(1000))
    assert states(operations) == [S.RUNNING, S.PENDING]
    assert states(command(operations, 10, "a", C.COMPLETE)) == [S.COMPLETED, S.READY]


def test_a_skipped_position_is_as_if_it_were_not_there() -> None:
    routing = Routing(
        "P",
        "1",
        (
            RoutingOperation(10, "a", "l"),
            RoutingOperation(20, "b", "l", is_optional=True),
            RoutingOperation(30, "c", "l"),
        ),
    )
    operations = command(operations_of("WO1", routing), 20, "b", C.SKIP)
    assert states(operations) == [S.READY, S.SKIPPED, S.PENDING]
    operations = command(command(operations, 10, "a", C.START), 10, "a", C.COMPLETE)
    assert states(operations) == [S.COMPLETED, S.SKIPPED, S.READY]


def test_what_cannot_be_done_is_refused_with_its_code() -> None:
    operations = operations_of("WO1", ROUTING)
    for position, name, what, code in (
        (30, "pack", C.START, "operation_is_pending"),
        (10, "mould", C.PAUSE, "operation_is_ready"),
        (10, "mould", C.SKIP, "operation_is_not_optional"),
        (10, "paint", C.START, "no_such_operation"),
    ):
        with pytest.raises(TransitionRefused) as refused:
            command(operations, position, name, what)
        assert refused.value.code == code
    with pytest.raises(TransitionRefused, match="operation_is_ready"):
        report_good(operations, 10, "mould", D(1))
    running = command(operations, 10, "mould", C.START)
    with pytest.raises(TransitionRefused, match="operation_is_running"):
        command(running, 10, "mould", C.START)
    with pytest.raises(TransitionRefused, match="total_below_zero"):
        report_good(running, 10, "mould", D(-1))


def test_a_routing_names_each_operation_once() -> None:
    with pytest.raises(ValueError, match="twice"):
        Routing("P", "1", (RoutingOperation(10, "a", "l"), RoutingOperation(10, "a", "m")))
    with pytest.raises(ValueError, match="no operation"):
        Routing("P", "1", ())


class OperationMachine(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.operations = operations_of("WO1", ROUTING)
        self.starts = dict.fromkeys(NAMES, 0)

    @rule(which=st.sampled_from(NAMES), what=st.sampled_from(C))
    def do(self, which: tuple[int, str], what: OperationCommand) -> None:
        before = dict(zip(NAMES, self.operations, strict=True))
        try:
            self.operations = command(self.operations, *which, what)
        except TransitionRefused:
            allowed = (before[which].state, what) in TRANSITIONS
            assert not allowed or (what is C.SKIP and not before[which].is_optional)
            return
        self.starts[which] += what is C.START
        after = dict(zip(NAMES, self.operations, strict=True))
        assert after[which].state is TRANSITIONS[before[which].state, what]
        for other in set(NAMES) - {which}:
            assert before[other].state is after[other].state or after[other].state in (S.PENDING, S.READY)

    @rule(which=st.sampled_from(NAMES), good=st.integers(-3, 6))
    def make(self, which: tuple[int, str], good: int) -> None:
        before = dict(zip(NAMES, self.operations, strict=True))[which]
        try:
            self.operations = report_good(self.operations, *which, D(good))
        except TransitionRefused:
            assert before.state not in STARTED or before.good + good < 0

    @invariant()
    def nothing_starts_twice_or_before_its_turn(self) -> None:
        assert max(self.starts.values()) <= 1
        assert refresh(self.operations) == self.operations
        mould, *rest = self.operations
        if any(one.state in STARTED for one in rest):
            assert mould.state in STARTED
        for one, count in zip(self.operations, self.starts.values(), strict=True):
            assert one.good >= 0
            assert (one.state in STARTED) == (count == 1)
            assert one.good == 0 or count == 1


TestOperationMachine = OperationMachine.TestCase
TestOperationMachine.settings = settings(max_examples=60, stateful_step_count=30, deadline=None)
