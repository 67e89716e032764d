"""The interlock against a truth table that is written out by hand, and broken interlocks, which it must catch."""

from __future__ import annotations

import sys
from dataclasses import replace
from decimal import Decimal
from inspect import getsource
from itertools import chain, combinations, product
from types import ModuleType
from typing import Any

import pytest

from plant_server.domain import bom, change_order, interlock, verdict
from plant_server.domain.bom import BomRevision, Component
from plant_server.domain.change_order import ChangeOrder, Disposition, FromDate, FromOrder, WhenUsedUp
from plant_server.domain.interlock import InterlockCaller, InterlockFacts, InterlockRequest, check
from plant_server.domain.item import ItemRevision
from plant_server.domain.lot import MaterialLot
from plant_server.domain.verdict import (
    WAIVABLE,
    Allowed,
    RefusalReason,
    Refused,
    Waived,
    Waiver,
    WaiverRefused,
)
from plant_server.domain.work_order import TAKES_MATERIAL, WorkOrder, WorkOrderState

R = RefusalReason
NOW = 1_000
BOM = BomRevision("P", "B", "C62", (Component("10", "M", Decimal(2), "C62"),))
ORDER = WorkOrder("WO1", "P", Decimal(10), "C62", WorkOrderState.RUNNING, "B", "1", has_started=True)
LOT = MaterialLot("L1", "M", "2", "C62", 0, stock=(("line", Decimal(5)),))
ECO = ChangeOrder("ECO-7", "M", "1", "2", FromDate(500), Disposition.SCRAP, released_ms=100)
REVISIONS = (
    ItemRevision("P", "A", 0),
    ItemRevision("P", "B", 0),
    ItemRevision("M", "1", 0),
    ItemRevision("M", "2", 0),
    ItemRevision("M", "3", None),
)
SCAN = InterlockRequest("M", "2", "L1", "WO1", NOW, InterlockCaller.SCAN)
FACTS = InterlockFacts(ORDER, BOM, LOT, REVISIONS, (ECO,))

# Each fault by itself: what it does to a question that is allowed, and the reason that it must give.
FAULTS: dict[str, RefusalReason] = {
    "order ended": R.NOT_THIS_ORDER,
    "reserved for another": R.NOT_THIS_ORDER,
    "not in the BOM": R.WRONG_ITEM,
    "empty": R.LOT_EMPTY,
    "on hold": R.LOT_ON_HOLD,
    "superseded": R.SUPERSEDED_REVISION,
    "unreleased": R.UNRELEASED_REVISION,
    "expired": R.LOT_EXPIRED,
}
# Which reason is told when several are true: first what no waiver helps against.
TOLD_FIRST = [
    R.NOT_THIS_ORDER,
    R.WRONG_ITEM,
    R.UNKNOWN_LOT,
    R.LOT_EMPTY,
    R.LOT_ON_HOLD,
    R.SUPERSEDED_REVISION,
    R.UNRELEASED_REVISION,
    R.LOT_EXPIRED,
]


def question(faults: frozenset[str], eco: Any) -> tuple[InterlockRequest, InterlockFacts]:
    lot, order, pinned, request = LOT, ORDER, BOM, SCAN
    if "order ended" in faults:
        order = replace(order, state=WorkOrderState.CLOSED)
    if "reserved for another" in faults:
        lot = replace(lot, reserved_for="WO2")
    if "not in the BOM" in faults:
        pinned = replace(pinned, components=(Component("10", "N", Decimal(2), "C62"),))
    if "empty" in faults:
        lot = replace(lot, stock=())
    if "on hold" in faults:
        lot = replace(lot, holds=frozenset({"Q1"}))
    if "superseded" in faults:
        lot = replace(lot, revision="1")
        request = replace(request, revision=None)
    if "unreleased" in faults:  # The label says another revision than the books, and neither is right.
        request = replace(request, revision="3")
    if "expired" in faults:
        lot = replace(lot, expires_ms=NOW)
    return request, InterlockFacts(order, pinned, lot, REVISIONS, (eco,))


def subsets(names: list[str]) -> list[frozenset[str]]:
    return [frozenset(one) for n in range(len(names) + 1) for one in combinations(names, n)]


def a_waiver(reasons: frozenset[RefusalReason], **changed: Any) -> Waiver:
    fields: dict[str, Any] = {
        "waiver_id": "W1",
        "order": "WO1",
        "lot": "L1",
        "item": "M",
        "reasons": reasons,
        "changes": frozenset({"ECO-7"}),
        "requested_by": "ann",
        "given_by": "bo",
        "role": "quality",
        "given_ms": NOW - 10,
        "expires_ms": NOW + 10,
        "holds": frozenset({"Q1"}),
    }
    return Waiver(**(fields | changed))


def expected_reasons(faults: frozenset[str]) -> set[RefusalReason]:
    reasons = {FAULTS[one] for one in faults}
    if "not in the BOM" in faults:  # Of what does not belong here no revision is judged.
        reasons -= {R.SUPERSEDED_REVISION, R.UNRELEASED_REVISION}
    return reasons


def check_truth_table(check: Any, eco: Any = ECO) -> None:
    """All 256 sets of faults × all callers × all 16 sets of waived reasons."""
    waivable = sorted(WAIVABLE)
    waived_sets = [frozenset(R(one) for one in some) for some in subsets([str(one) for one in waivable])]
    for faults in subsets(list(FAULTS)):
        request, facts = question(faults, eco)
        reasons = expected_reasons(faults)
        for caller, waived in product(InterlockCaller, waived_sets):
            waivers: tuple[Waiver, ...] = (a_waiver(waived),) if waived else ()
            told = check(replace(request, caller=caller), replace(facts, waivers=waivers))
            if not reasons:
                assert told == Allowed("WO1", "L1"), f"{faults} {waived}"
            elif reasons <= waived:
                assert told == Waived(waivers[0]), f"{faults} {waived}"
            else:
                assert isinstance(told, Refused), f"{faults} {waived}"
                assert told.reason is next(one for one in TOLD_FIRST if one in reasons), f"{faults}"
                assert told.change == ("ECO-7" if told.reason is R.SUPERSEDED_REVISION else None)


def check_edges(check: Any, eco: Any = ECO) -> None:
    """Times, revisions and waivers at their bounds."""
    facts = replace(FACTS, changes=(eco,))
    old = replace(SCAN, revision="1", time_ms=NOW)
    old_lot = replace(facts, lot=replace(LOT, revision="1"))
    assert isinstance(check(replace(old, time_ms=499), old_lot), Allowed)
    assert check(replace(old, time_ms=500), old_lot) == Refused(
        R.SUPERSEDED_REVISION, "ECO-7", (("item", "M"), ("revision", "1"))
    )
    new_too_early = check(replace(SCAN, time_ms=499), facts)
    assert isinstance(new_too_early, Refused)
    assert new_too_early.reason is R.UNRELEASED_REVISION
    waiver = a_waiver(frozenset({R.SUPERSEDED_REVISION}))
    waived = replace(old_lot, waivers=(waiver,))
    assert check(replace(old, time_ms=NOW - 10), waived) == Waived(waiver)
    assert check(replace(old, time_ms=NOW + 9), waived) == Waived(waiver)
    for at_ms in (NOW - 11, NOW + 10):
        assert isinstance(check(replace(old, time_ms=at_ms), waived), Refused)
    others: list[dict[str, Any]] = [
        {"order": "WO2"},
        {"lot": "L2"},
        {"lot": None},
        {"item": "N"},
        {"changes": frozenset()},
    ]
    for changed in others:
        other = a_waiver(frozenset({R.SUPERSEDED_REVISION}), **changed)
        assert isinstance(check(old, replace(old_lot, waivers=(other,))), Refused), changed


def check_later_objections(check: Any, eco: Any = ECO) -> None:
    """A waiver does not lift what came after it was given."""
    waiver = a_waiver(frozenset({R.SUPERSEDED_REVISION, R.LOT_ON_HOLD}))
    lot = replace(LOT, revision="1", holds=frozenset({"Q1"}))
    facts = replace(FACTS, lot=lot, changes=(eco,), waivers=(waiver,))
    old = replace(SCAN, revision="1")
    assert check(old, facts) == Waived(waiver)
    two_holds = replace(lot, holds=frozenset({"Q1", "Q2"}))
    assert isinstance(check(old, replace(facts, lot=two_holds)), Refused)
    any_hold = replace(waiver, holds=None)
    assert check(old, replace(facts, lot=two_holds, waivers=(any_hold,))) == Waived(any_hold)
    for number, released_ms in (("ECO-1", 50), ("ECO-1", 150), ("ECO-8", 150)):
        another = replace(eco, number=number, new_revision="4", released_ms=released_ms)
        changed_again = check(old, replace(facts, changes=(eco, another)))
        assert isinstance(changed_again, Refused), number
        alone = check(old, replace(facts, changes=(another, eco), lot=replace(lot, holds=frozenset())))
        assert isinstance(alone, Refused)
        assert alone.change == (number if released_ms < 100 else "ECO-7"), "the oldest change is told"


def check_deny_by_default(check: Any, eco: Any = ECO) -> None:
    """What is not known is refused."""
    facts = replace(FACTS, changes=(eco,))
    unknown: list[tuple[dict[str, Any], RefusalReason]] = [
        ({"lot": None}, R.UNKNOWN_LOT),
        ({"lot": replace(LOT, lot="L9")}, R.UNKNOWN_LOT),
        ({"lot": replace(LOT, item="N")}, R.WRONG_ITEM),
        ({"order": None}, R.NOT_THIS_ORDER),
        ({"order": replace(ORDER, order="WO2")}, R.NOT_THIS_ORDER),
        ({"bom": None}, R.WRONG_ITEM),
        ({"bom": replace(BOM, revision="A")}, R.WRONG_ITEM),
        ({"revisions": ()}, R.UNRELEASED_REVISION),
        ({"lot": replace(LOT, revision="1")}, R.SUPERSEDED_REVISION),  # The label says 2, the books 1.
    ]
    for changed, reason in unknown:
        told = check(SCAN, replace(facts, **changed))
        assert isinstance(told, Refused), changed
        assert told.reason is reason, changed
    nameless = check(replace(SCAN, revision=None), replace(facts, lot=replace(LOT, revision=None)))
    assert isinstance(nameless, Refused)
    assert nameless.reason is R.UNRELEASED_REVISION


def check_all(module: Any) -> None:
    names = module.ChangeOrder.is_effective.__globals__  # A mutant has its own change orders.
    eco = names["ChangeOrder"](
        "ECO-7", "M", "1", "2", names["FromDate"](500), names["Disposition"].SCRAP, released_ms=100
    )
    check_edges(module.check, eco)
    check_later_objections(module.check, eco)
    check_deny_by_default(module.check, eco)
    check_truth_table(module.check, eco)


def test_every_combination_of_faults_callers_and_waivers_is_answered_as_written() -> None:
    check_truth_table(check)


def test_changes_and_waivers_count_from_their_first_to_their_last_moment() -> None:
    check_edges(check)


def test_a_waiver_does_not_lift_a_later_hold_or_change() -> None:
    check_later_objections(check)


def test_what_is_not_known_is_refused() -> None:
    check_deny_by_default(check)


@pytest.mark.parametrize("state", WorkOrderState)
def test_only_an_order_that_was_released_and_not_closed_takes_material(state: WorkOrderState) -> None:
    told = check(SCAN, replace(FACTS, order=replace(ORDER, state=state)))
    assert isinstance(told, Allowed) == (state in TAKES_MATERIAL)


def test_an_order_starts_with_its_pinned_revision_until_a_change_supersedes_it() -> None:
    start = InterlockRequest("P", "B", None, "WO1", NOW, InterlockCaller.START)
    facts = replace(FACTS, lot=None)
    assert check(start, facts) == Allowed("WO1", None)
    other = check(replace(start, revision="A"), facts)
    assert isinstance(other, Refused)
    assert other.reason is R.UNRELEASED_REVISION
    eco = ChangeOrder("ECO-9", "P", "B", "C", FromDate(NOW), Disposition.HOLD, released_ms=0)
    told = check(replace(start, caller=InterlockCaller.RESUME), replace(facts, changes=(eco,)))
    assert told == Refused(R.SUPERSEDED_REVISION, "ECO-9", (("item", "P"), ("revision", "B")))
    waiver = a_waiver(
        frozenset({R.SUPERSEDED_REVISION}), lot=None, item="P", changes=frozenset({"ECO-9"}), role="manager"
    )
    assert check(start, replace(facts, changes=(eco,), waivers=(waiver,))) == Waived(waiver)


def test_old_stock_may_be_used_up_until_somebody_records_that_it_is() -> None:
    old = replace(SCAN, revision="1")
    for using_up in (
        replace(ECO, disposition=Disposition.USE_UP),
        replace(ECO, effectivity=WhenUsedUp()),
    ):
        facts = replace(FACTS, lot=replace(LOT, revision="1"), changes=(using_up,))
        assert check(old, facts) == Allowed("WO1", "L1")
        assert check(SCAN, replace(FACTS, changes=(using_up,))) == Allowed("WO1", "L1")
        told = check(old, replace(facts, changes=(replace(using_up, used_up_ms=NOW),)))
        assert isinstance(told, Refused)
        assert (told.reason, told.change) == (R.SUPERSEDED_REVISION, "ECO-7")


@pytest.mark.parametrize(
    ("effectivity", "serial", "is_new"),
    [
        (FromOrder(orders=frozenset({"WO1"})), None, True),
        (FromOrder(orders=frozenset({"WO2"})), None, False),
        (FromOrder(from_serial=100), 100, True),
        (FromOrder(from_serial=100), 99, False),
        (FromOrder(from_serial=100), None, False),
    ],
)
def test_a_change_by_order_or_serial_holds_for_those_alone(
    effectivity: FromOrder, serial: int | None, is_new: bool
) -> None:
    facts = replace(FACTS, changes=(replace(ECO, effectivity=effectivity),))
    new = check(replace(SCAN, serial=serial), facts)
    old = check(replace(SCAN, revision="1", serial=serial), replace(facts, lot=replace(LOT, revision="1")))
    assert (isinstance(new, Allowed), isinstance(old, Allowed)) == (is_new, not is_new)


def test_a_waiver_needs_a_second_person_with_a_role_and_an_end() -> None:
    some = frozenset({R.SUPERSEDED_REVISION})
    for changed, code in (
        ({"given_by": "ann"}, "waiver_needs_second_person"),
        ({"role": "operator"}, "waiver_needs_role"),
        ({"expires_ms": NOW - 10}, "waiver_needs_expiry"),
        ({"reasons": frozenset({R.WRONG_ITEM})}, "reason_cannot_be_waived"),
        ({"reasons": frozenset()}, "reason_cannot_be_waived"),
        ({"reasons": frozenset({R.LOT_ON_HOLD}), "role": "manager"}, "waiver_needs_role"),
    ):
        with pytest.raises(WaiverRefused) as refused:
            a_waiver(**({"reasons": some} | changed))
        assert refused.value.code == code


# Broken interlocks. Each replaces one piece of the source; the tables above must catch every one.
MUTANTS = {
    "a waiver never expires": ("<= request.time_ms < waiver.expires_ms", "<= request.time_ms"),
    "a waiver is good a moment too long": ("request.time_ms < waiver.expires_ms", "request.time_ms <= waiver.expires_ms"),
    "a waiver of one reason lifts them all": ("        and all(one.reason in waiver.reasons for one in refusals)\n", ""),
    "a waiver holds against every change": ("        and all(one.change in waiver.changes", "        and any(True"),
    "a waiver lifts every hold": ("(waiver.holds is None or holds <= waiver.holds)", "True"),
    "only one change is told": ("    for change in verdict.changes:", "    for change in verdict.changes[:1]:"),
    "a waiver is for any lot": ("(waiver.order, waiver.lot, waiver.item) == (request.order, request.lot,", "(waiver.order, request.lot, waiver.item) == (request.order, request.lot,"),
    "a waiver is for any order": ("(waiver.order, waiver.lot,", "(request.order, waiver.lot,"),
    "believes the label against the books": ("{one for one in (request.revision, facts.lot.revision) if", "{one for one in (request.revision or facts.lot.revision,) if"),
    "takes any BOM for the pinned one": ("and _is_pinned(facts.bom, order)", ""),
    "forgets holds": ("    if lot.holds:\n", "    if False:\n"),
    "forgets reservations": ("if lot.reserved_for is not None and", "if False and"),
    "forgets the state of the order": ("elif order.state not in TAKES_MATERIAL:", "elif False:"),
    "does not ask backflush": ("    refusals = sorted(", "    refusals = [] if request.caller == 'backflush' else sorted("),
    "a change holds a moment late": ("return at_ms >= from_ms", "return at_ms > from_ms"),
    "a change holds before it is effective": ("return at_ms >= from_ms", "return True"),
    "a new revision is good before its change": ("    if introduced_by and not any(", "    if False and not any("),
    "any revision is released": ("        return RevisionVerdict(revision, False)\n    introduced_by", "        pass\n    introduced_by"),
    "an expired lot is good for one more moment": ("is_expired(request.time_ms)", "is_expired(request.time_ms - 1)"),
    "tells what can be waived first": ("key=lambda one: _ORDER[one.reason]", "key=lambda one: -_ORDER[one.reason]"),
}  # fmt: skip


def mutant(old: str, new: str) -> ModuleType:
    """The interlock with one piece of its source changed, here or in the rules that it uses."""
    modules = (change_order, bom, interlock)
    sources = {module.__name__: getsource(module) for module in modules}
    assert sum(text.count(old) for text in sources.values()) == 1, f"nothing to change reads: {old}"
    genuine = {name: sys.modules[name] for name in sources}
    try:
        for name, text in sources.items():
            sys.modules[name] = ModuleType(name)
            exec(text.replace(old, new), sys.modules[name].__dict__)  # noqa: S102 - our own source
        return sys.modules[interlock.__name__]
    finally:
        sys.modules.update(genuine)


@pytest.mark.parametrize(("old", "new"), MUTANTS.values(), ids=MUTANTS)
def test_a_broken_interlock_is_caught(old: str, new: str) -> None:
    broken = mutant(old, new)
    with pytest.raises(AssertionError):
        check_all(broken)


def test_an_interlock_that_was_only_read_again_is_not_broken() -> None:
    check_all(mutant("    refusals = sorted(", "    refusals = sorted("))


def test_the_reasons_are_those_that_the_table_orders() -> None:
    assert list(RefusalReason) == TOLD_FIRST
    assert set(chain(FAULTS.values(), [R.UNKNOWN_LOT])) == set(RefusalReason)
    assert verdict.WAIVABLE.keys() <= set(RefusalReason)
