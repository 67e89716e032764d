"""Totals kept as sums are the domain's outcome of the same facts."""

from decimal import Decimal
from itertools import accumulate

from hypothesis import given
from hypothesis import strategies as st

from plant_server.domain.balance import balances, outcome
from plant_server.domain.booking import Counts, OdometerRange, PartsKind
from plant_server.domain.production_entry import Booking, EntryKind, ProductionEntry
from plant_server.domain.run import CountSource
from plant_server.runs.ledger import Change, change_of_booking, change_of_entry, effect

booked = st.lists(st.tuples(st.integers(1, 50), st.sampled_from(PartsKind)), max_size=8)
entered = st.lists(
    st.tuples(st.sampled_from(EntryKind), st.integers(1, 30), st.booleans()).map(
        lambda one: (one[0], Decimal(one[1]), one[2] and one[0] is EntryKind.SCRAP)
    ),
    max_size=8,
)


@given(bookings=booked, entries=entered, source=st.sampled_from(CountSource))
def test_sums_are_the_outcome_of_the_domain(
    bookings: list[tuple[int, PartsKind]],
    entries: list[tuple[EntryKind, Decimal, bool]],
    source: CountSource,
) -> None:
    ends = list(accumulate(parts for parts, _ in bookings))
    facts: list[Booking | ProductionEntry] = [
        Booking(f"b{end}", "r", "t", OdometerRange(end - parts, end), parts, kind)
        for end, (parts, kind) in zip(ends, bookings, strict=True)
    ]
    facts += [
        ProductionEntry(f"e{number}", "r", kind, quantity, "why", "person:1", 0, among)
        for number, (kind, quantity, among) in enumerate(entries)
    ]
    if not facts:
        return
    change = Change()
    for parts, kind in bookings:
        change += change_of_booking(parts, kind, Counts.REJECT)
    for entry_kind, quantity, among in entries:
        change += change_of_entry(entry_kind, quantity, among)
    ours, theirs = effect(source, change), outcome(balances(facts).runs["r"], source)
    assert ours["good"] == theirs.good - theirs.unmatched
    assert (ours["made"], ours["scrap"], ours["rework"]) == (theirs.made, theirs.scrap, theirs.rework)
