from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest

from plant_server.domain.bom import BomRevision, Component, is_affected, judge_component
from plant_server.domain.change_order import (
    ChangeOrder,
    Disposition,
    FromDate,
    FromOrder,
    OrderContext,
    WhenUsedUp,
    allowed_revisions,
    judge_revision,
)
from plant_server.domain.item import ItemRevision

WO = OrderContext("WO1")
REVISIONS = tuple(ItemRevision("M", one, 0) for one in "123")
ECO1 = ChangeOrder("ECO-1", "M", "1", "2", FromDate(100), Disposition.SCRAP, released_ms=50)
ECO2 = ChangeOrder("ECO-2", "M", "2", "3", FromDate(200), Disposition.SCRAP, released_ms=60)


@pytest.mark.parametrize(
    ("at_ms", "allowed"), [(0, "1"), (99, "1"), (100, "2"), (199, "2"), (200, "3"), (10_000, "3")]
)
def test_of_a_chain_of_dated_changes_exactly_one_revision_holds_at_a_time(at_ms: int, allowed: str) -> None:
    assert allowed_revisions(REVISIONS, (ECO2, ECO1), "M", at_ms, WO) == (allowed,)


def test_a_change_that_is_not_released_changes_nothing_and_introduces_nothing() -> None:
    draft = replace(ECO1, released_ms=None)
    assert allowed_revisions(REVISIONS[:2], (draft,), "M", 1_000, WO) == ("1",)
    late = replace(ECO1, released_ms=500)
    assert allowed_revisions(REVISIONS[:2], (late,), "M", 499, WO) == ("1",)
    assert allowed_revisions(REVISIONS[:2], (late,), "M", 500, WO) == ("2",)


def test_stock_that_is_used_up_goes_first_and_then_no_more() -> None:
    using_up = replace(ECO1, effectivity=WhenUsedUp(), disposition=Disposition.USE_UP)
    known = REVISIONS[:2]
    assert allowed_revisions(known, (using_up,), "M", 60, WO) == ("1", "2")
    done = replace(using_up, used_up_ms=80)
    assert allowed_revisions(known, (done,), "M", 79, WO) == ("1", "2")
    assert allowed_revisions(known, (done,), "M", 80, WO) == ("2",)
    dated = replace(ECO1, disposition=Disposition.USE_UP)
    assert allowed_revisions(known, (dated,), "M", 99, WO) == ("1",)
    assert allowed_revisions(known, (dated,), "M", 100, WO) == ("1", "2")


@pytest.mark.parametrize("disposition", [Disposition.SCRAP, Disposition.REWORK, Disposition.HOLD])
def test_old_stock_to_be_scrapped_reworked_or_held_is_refused_with_the_number(
    disposition: Disposition,
) -> None:
    told = judge_revision(REVISIONS, (replace(ECO1, disposition=disposition),), "M", "1", 100, WO)
    assert (told.is_allowed, told.change) == (False, "ECO-1")


def test_a_change_by_order_leaves_other_orders_with_the_old_revision() -> None:
    by_order = replace(ECO1, effectivity=FromOrder(orders=frozenset({"WO7"})))
    assert allowed_revisions(REVISIONS[:2], (by_order,), "M", 999, WO) == ("1",)
    assert allowed_revisions(REVISIONS[:2], (by_order,), "M", 999, OrderContext("WO7")) == ("2",)
    by_serial = replace(ECO1, effectivity=FromOrder(from_serial=50))
    for serial, allowed in ((49, ("1",)), (50, ("2",)), (None, ("1",))):
        told = allowed_revisions(REVISIONS[:2], (by_serial,), "M", 999, OrderContext("WO1", serial))
        assert told == allowed


def test_a_withdrawn_revision_is_not_allowed_whatever_changes_say() -> None:
    withdrawn = (REVISIONS[0], replace(REVISIONS[1], withdrawn_ms=150))
    assert allowed_revisions(withdrawn, (ECO1,), "M", 149, WO) == ("2",)
    assert allowed_revisions(withdrawn, (ECO1,), "M", 150, WO) == ()


def test_a_change_back_to_an_old_revision_ends_in_an_answer() -> None:
    back = ChangeOrder("ECO-3", "M", "3", "1", FromDate(300), Disposition.SCRAP, released_ms=70)
    ring = (ECO1, ECO2, back)
    assert allowed_revisions(REVISIONS, ring, "M", 250, WO) == ("3",)
    # A ring supersedes each of its revisions: going back needs a new revision, and deny by default says so.
    assert allowed_revisions(REVISIONS, ring, "M", 300, WO) == ()


def test_a_change_of_a_revision_by_itself_cannot_be_made() -> None:
    with pytest.raises(ValueError, match="by itself"):
        replace(ECO1, new_revision="1")


BOM = BomRevision("P", "B", "C62", (Component("10", "M", Decimal(1), "C62", revision="1"),))


@pytest.mark.parametrize(
    ("at_ms", "revision", "is_allowed", "change"),
    [
        (50, "1", True, None),
        (50, "2", False, None),
        (100, "1", False, "ECO-1"),
        (100, "2", True, None),
        (200, "2", False, "ECO-2"),
        (200, "3", True, None),
    ],
)
def test_a_component_drawn_with_a_revision_takes_what_changes_put_in_its_place(
    at_ms: int, revision: str, is_allowed: bool, change: str | None
) -> None:
    told = judge_component(BOM, "M", revision, REVISIONS, (ECO1, ECO2), at_ms, WO)
    assert (told.is_component, told.is_allowed, told.changes) == (
        True,
        is_allowed,
        (change,) if change else (),
    )


def test_a_component_drawn_with_a_revision_takes_no_other_that_is_merely_released() -> None:
    assert not judge_component(BOM, "M", "2", REVISIONS, (), 100, WO).is_allowed
    free = replace(BOM, components=(replace(BOM.components[0], revision=None),))
    assert judge_component(free, "M", "2", REVISIONS, (), 100, WO).is_allowed


def test_only_an_item_without_revisions_goes_in_without_one() -> None:
    plain = replace(BOM, components=(replace(BOM.components[0], revision=None),))
    assert judge_component(plain, "M", None, (), (), 0, WO).is_allowed
    assert not judge_component(plain, "M", None, REVISIONS, (), 0, WO).is_allowed
    assert not judge_component(BOM, "M", None, (), (), 0, WO).is_allowed
    assert not judge_component(BOM, "N", "1", REVISIONS, (), 0, WO).is_component


def test_a_change_touches_orders_that_make_or_take_what_it_changes() -> None:
    assert is_affected(ECO1, BOM)
    assert not is_affected(ECO2, BOM)  # Drawn with revision 1, which ECO-2 does not replace.
    assert is_affected(replace(ECO2, item="P", old_revision="B", new_revision="C"), BOM)
    assert not is_affected(replace(ECO2, item="P", old_revision="A", new_revision="B"), BOM)
    assert not is_affected(replace(ECO1, item="N"), BOM)


def test_a_bom_with_impossible_numbers_cannot_be_made() -> None:
    with pytest.raises(ValueError, match="quantity"):
        replace(BOM.components[0], quantity_per=Decimal(0))
    with pytest.raises(ValueError, match="scrap factor"):
        replace(BOM.components[0], scrap_factor=Decimal(-1))
    with pytest.raises(ValueError, match="base quantity"):
        replace(BOM, base_quantity=Decimal(0))
    with pytest.raises(ValueError, match="twice"):
        replace(BOM, components=BOM.components * 2)
