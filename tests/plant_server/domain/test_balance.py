from __future__ import annotations

import random
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plant_server.domain.balance import Balances, Outcome, balances, outcome
from plant_server.domain.booking import OdometerRange, PartsKind
from plant_server.domain.production_entry import (
    Booking,
    BookingReversal,
    EntryKind,
    EntryReversal,
    ProductionEntry,
    ProductionEvent,
    ReworkSettlement,
)
from plant_server.domain.run import CountSource
from plant_server.domain.transition import TransitionRefused

D = Decimal
K, E = PartsKind, EntryKind


def a_booking(number: str, begin: int, end: int, *, run: str = "R1", kind: PartsKind = K.MADE) -> Booking:
    return Booking(number, run, "t1", OdometerRange(begin, end), end - begin, kind)


def an_entry(
    number: str, kind: EntryKind, quantity: str, *, run: str = "R1", among: bool = False
) -> ProductionEntry:
    reason = None if kind is E.GOOD else "scratch"
    return ProductionEntry(number, run, kind, D(quantity), reason, "ann", 5, among)


def of_run(*events: ProductionEvent, source: CountSource = CountSource.MACHINE) -> Outcome:
    return outcome(balances(events).runs["R1"], source)


def test_a_reversal_frees_the_whole_range_and_it_can_be_booked_again() -> None:
    told = balances([a_booking("b1", 0, 10), BookingReversal("r1", "b1"), a_booking("b2", 0, 10, run="R2")])
    assert told.tags == {"t1": (OdometerRange(0, 10),)}
    assert told.conflicts == ()
    assert outcome(told.runs["R2"], CountSource.MACHINE).good == 10
    assert "R1" not in told.runs
    assert told.booked_units("t1") == 10
    assert told.booked_units("t2") == 0


def test_bookings_of_one_range_count_once_and_the_other_is_named() -> None:
    told = balances([a_booking("b2", 5, 15, run="R2"), a_booking("b1", 0, 10), a_booking("b3", 10, 12)])
    assert told.conflicts == ("b2",)
    assert told.tags == {"t1": (OdometerRange(0, 12),)}
    assert outcome(told.runs["R1"], CountSource.MACHINE).good == 12


def test_facts_that_contradict_one_another_are_named_and_stop_nothing() -> None:
    told = balances(
        [
            BookingReversal("r1", "nothing"),
            EntryReversal("r2", "e1", "bo", 9),
            EntryReversal("r3", "e1", "bo", 9),
            an_entry("e1", E.GOOD, "4"),
            an_entry("e2", E.GOOD, "5"),
            an_entry("e2", E.GOOD, "6"),
        ]
    )
    assert told.conflicts == ("e2", "r1", "r3")
    assert told.runs["R1"].entered[E.GOOD] == 5


def test_people_name_the_bad_ones_among_what_the_machine_counted() -> None:
    told = of_run(
        a_booking("b1", 0, 100),
        a_booking("b2", 100, 110, kind=K.SCRAP),
        a_booking("b3", 110, 120, kind=K.NOT_COUNTED),
        an_entry("e1", E.SCRAP, "3"),
        an_entry("e2", E.REWORK, "2"),
        an_entry("e3", E.SCRAP, "4", among=True),
        an_entry("e4", E.GOOD, "50"),
    )
    assert (told.made, told.good, told.scrap, told.rework) == (D(110), D(95), D(13), D(2))
    assert (told.unexplained_rejects, told.set_aside, told.unmatched) == (D(6), D(50), D(0))


def test_rejects_among_the_parts_are_taken_from_the_good_ones() -> None:
    rejects = Booking("b2", "R1", "t2", OdometerRange(0, 7), 7, K.REJECTED)
    told = of_run(a_booking("b1", 0, 100), rejects)
    assert (told.made, told.good, told.scrap, told.unexplained_rejects) == (D(100), D(93), D(7), D(7))


def test_more_bad_parts_than_were_made_are_stated_and_no_total_is_negative() -> None:
    told = of_run(a_booking("b1", 0, 2), an_entry("e1", E.SCRAP, "5"))
    assert (told.made, told.good, told.scrap, told.unmatched) == (D(2), D(0), D(5), D(3))


def test_where_people_count_their_word_is_the_total() -> None:
    told = of_run(
        a_booking("b1", 0, 100),
        an_entry("e1", E.GOOD, "12.5"),
        an_entry("e2", E.SCRAP, "1"),
        an_entry("e3", E.REWORK, "0.5"),
        source=CountSource.OPERATOR,
    )
    assert (told.made, told.good, told.scrap, told.rework) == (D(14), D("12.5"), D(1), D("0.5"))


@pytest.mark.parametrize(("good", "difference"), [("97", 0), ("90", -7), ("99.5", "2.5")])
def test_where_both_count_the_difference_is_a_case(good: str, difference: str) -> None:
    told = of_run(
        a_booking("b1", 0, 100),
        an_entry("e1", E.GOOD, good),
        an_entry("e2", E.SCRAP, "3"),
        source=CountSource.BOTH,
    )
    assert (told.made, told.good, told.scrap, told.difference) == (D(100), D(97), D(3), D(difference))


def test_scrap_and_rework_need_a_reason_and_are_summed_by_it() -> None:
    for kind in (E.SCRAP, E.REWORK):
        with pytest.raises(TransitionRefused, match="reason_required"):
            ProductionEntry("e1", "R1", kind, D(1), "", "ann", 0)
    for wrong in (D(0), D(-1), D("NaN")):
        with pytest.raises(TransitionRefused, match="quantity_not_positive"):
            ProductionEntry("e1", "R1", E.GOOD, wrong, None, "ann", 0)
    with pytest.raises(TransitionRefused, match="only_scrap_is_among_rejects"):
        ProductionEntry("e1", "R1", E.GOOD, D(1), None, "ann", 0, among_rejects=True)
    told = balances([an_entry("e1", E.SCRAP, "1"), an_entry("e2", E.SCRAP, "2", among=True)])
    assert told.scrap_reasons == {("R1", E.SCRAP, "scratch"): D(3)}


ids = st.sampled_from([f"{n:02}" for n in range(12)])
runs = st.sampled_from(["R1", "R2"])
spans = st.tuples(st.integers(0, 30), st.integers(1, 8)).map(lambda one: OdometerRange(one[0], sum(one)))
events = st.lists(
    st.one_of(
        st.builds(
            lambda number, run, tag, span, kind: Booking("b" + number, run, tag, span, span.units, kind),
            ids,
            runs,
            st.sampled_from(["t1", "t2"]),
            spans,
            st.sampled_from(K),
        ),
        st.builds(lambda one, other: BookingReversal("r" + one, "b" + other), ids, ids),
        st.builds(
            lambda number, run, kind, quantity: an_entry("e" + number, kind, str(quantity), run=run),
            ids,
            runs,
            st.sampled_from(E),
            st.integers(1, 9),
        ),
        st.builds(lambda one, other: EntryReversal("s" + one, "e" + other, "bo", 0), ids, ids),
        st.builds(
            lambda number, run, kind, quantity: ReworkSettlement(
                "e" + number, run, "scratch", kind, D(quantity), "burr" if kind is E.SCRAP else None, "bo", 9
            ),
            ids,
            runs,
            st.sampled_from([E.GOOD, E.SCRAP]),
            st.integers(1, 9),
        ),
    ),
    max_size=25,
)


@given(events, st.integers(0, 2**32))
def test_balances_are_the_same_in_any_order_and_however_often_a_fact_is_told(
    told: list[ProductionEvent], seed: int
) -> None:
    draw = random.Random(seed)
    again = told + draw.choices(told, k=len(told)) if told else []
    draw.shuffle(again)
    assert balances(again) == balances(told)


@given(events)
def test_balances_add_up_and_nothing_is_negative(told: list[ProductionEvent]) -> None:
    rebuilt: Balances = balances(told)
    units: dict[str, list[int]] = {}
    for tag, spans in rebuilt.tags.items():
        units[tag] = [n for one in spans for n in range(one.odometer_from + 1, one.odometer_to + 1)]
        assert len(set(units[tag])) == len(units[tag])
    booked = sum(sum(run.booked.values()) for run in rebuilt.runs.values())
    assert booked == sum(len(one) for one in units.values())
    for run in rebuilt.runs.values():
        for source in CountSource:
            one = outcome(run, source)
            assert one.good + one.scrap + one.rework == one.made + one.unmatched
            assert min(one.made, one.good, one.scrap, one.rework, one.unmatched, one.set_aside) >= 0
            assert one.good == 0 or one.unmatched == 0
