"""Facts into documents, windows and codes: sums of deltas are exact, whatever their number, digits and order."""

from datetime import UTC, datetime, time, timedelta
from decimal import Decimal
from fractions import Fraction
from typing import Any
from uuid import UUID, uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from erp_bridge import mapping
from erp_bridge.config import Site
from erp_bridge.documents.amounts import as_kwh, text, total
from erp_bridge.documents.canonical import Document, Line
from erp_bridge.errors import MappingError, UnknownCode
from plant_server.contract.outbox import Kind

amounts = st.decimals(min_value=0, max_value=10**12, places=9, allow_nan=False, allow_infinity=False)
lots = st.sampled_from(["L1", "L2", None])
SITE = Site(time_zone="Asia/Shanghai", shifts=(time(6), time(14), time(22)))
EVENT = UUID(int=7)


def fact(kind: str, **told: Any) -> Document:
    body = {"event_time": "2026-11-24T06:00:00Z", "work_order": "WO-1"} | told
    return mapping.document_of(mapping.parse(kind, body), EVENT)


def completion(quantity: str, **told: Any) -> Document:
    return fact("completion", **{"item": "A", "quantity": quantity, "unit": "H87"} | told)


def sums(document: Document) -> dict[tuple[object, ...], Fraction]:
    found: dict[tuple[object, ...], Fraction] = {}
    for line in document.lines:
        found[line.key] = found.get(line.key, Fraction(0)) + Fraction(line.quantity)
    return found


@given(st.lists(st.tuples(amounts, lots), min_size=1, max_size=60))
def test_merged_deltas_are_their_exact_sum_per_line(parts: list[tuple[Decimal, str | None]]) -> None:
    documents = [completion(str(quantity), lot=lot) for quantity, lot in parts]
    whole = documents[0]
    for document in documents[1:]:
        whole = mapping.together(whole, document)
    expected: dict[str | None, Fraction] = {}
    for quantity, lot in parts:
        expected[lot] = expected.get(lot, Fraction(0)) + Fraction(quantity)
    told = {line.lot: Fraction(line.quantity) for line in whole.lines}
    assert told == {lot: amount for lot, amount in expected.items() if amount}
    assert len(whole.lines) == len(told)


@given(st.lists(amounts, min_size=1, max_size=30), st.randoms(use_true_random=False))
def test_the_sum_does_not_depend_on_the_order(quantities: list[Decimal], random: Any) -> None:
    shuffled = random.sample(quantities, len(quantities))
    assert total(quantities) == total(shuffled)
    assert Fraction(total(quantities)) == sum(map(Fraction, quantities))


@given(st.lists(st.tuples(amounts.filter(bool), lots), min_size=1, max_size=20), st.data())
def test_what_is_taken_back_leaves_exactly_the_rest_and_all_of_it_leaves_nothing(
    parts: list[tuple[Decimal, str | None]], data: st.DataObject
) -> None:
    documents = [completion(str(quantity), lot=lot) for quantity, lot in parts]
    whole = documents[0]
    for document in documents[1:]:
        whole = mapping.together(whole, document)
    taken = data.draw(st.sets(st.sampled_from(range(len(parts)))))
    left = whole
    for index in sorted(taken):
        quantity, lot = parts[index]
        correction = completion(f"-{text(quantity)}", lot=lot, reverses=str(uuid4()))
        after = mapping.what_is_left(left, correction)
        assert after is not None
        left = after
    kept = [documents[index] for index in range(len(parts)) if index not in taken]
    assert sum(sums(left).values()) == sum(value for one in kept for value in sums(one).values())
    assert bool(left.lines) == bool(kept)


def test_more_than_there_is_cannot_be_taken_back() -> None:
    correction = completion("-5.000000001", reverses=str(EVENT))
    assert mapping.what_is_left(completion("5"), correction) is None
    other = completion("-1", reverses=str(EVENT), lot="L9")
    assert mapping.what_is_left(completion("5"), other) is None


@given(amounts, st.lists(amounts, max_size=5))
def test_the_lots_of_a_consumption_and_a_line_without_lot_add_up_to_it(
    rest: Decimal, parts: list[Decimal]
) -> None:
    quantity = total([rest, *parts])
    told = [{"lot": f"L{index}", "quantity": str(one)} for index, one in enumerate(parts)]
    document = fact("consumption", item="A", unit="KGM", quantity=text(quantity), lots=told, bom_revision="A")
    assert total(line.quantity for line in document.lines) == quantity
    assert sum(1 for line in document.lines if line.lot is None) == (1 if rest else 0)


def test_lots_that_exceed_the_quantity_are_no_document() -> None:
    told = {"item": "A", "unit": "KGM", "quantity": "1", "bom_revision": "A"}
    with pytest.raises(MappingError, match="add up to more"):
        fact("consumption", **told, lots=[{"lot": "L", "quantity": "1.1"}])


@given(st.integers(min_value=0, max_value=10**24))
def test_watt_hours_are_exact_kilowatt_hours(energy_wh: int) -> None:
    assert Fraction(as_kwh(Decimal(energy_wh))) == Fraction(energy_wh, 1000)


@given(amounts)
def test_the_text_of_an_amount_is_the_amount(amount: Decimal) -> None:
    assert Decimal(text(amount)) == amount
    assert "E" not in text(amount)


@pytest.mark.parametrize(
    ("quantity", "reverses", "code"), [("-1", None, "negative_quantity"), ("1", EVENT, "positive_reversal")]
)
def test_a_delta_below_0_takes_something_back_and_only_such_a_one_does(
    quantity: str, reverses: UUID | None, code: str
) -> None:
    with pytest.raises(MappingError) as refused:
        completion(quantity, reverses=None if reverses is None else str(reverses))
    assert refused.value.code == code


@pytest.mark.parametrize("body", [{}, {"item": "A"}, {"item": "A", "quantity": "x", "unit": "H87"}])
def test_what_is_not_in_the_contract_is_no_document(body: dict[str, str]) -> None:
    with pytest.raises(MappingError) as refused:
        fact("completion", **body)
    assert refused.value.code == "not_a_document"


@given(st.datetimes(datetime(2025, 1, 1), datetime(2027, 1, 1), timezones=st.just(UTC)))
def test_every_moment_lies_in_the_one_shift_it_is_told_with(moment: datetime) -> None:
    start, end = mapping.shift_of(moment, SITE)
    assert start <= moment < end
    assert end - start == timedelta(hours=8)
    assert start.astimezone(SITE.zone).time() in SITE.shifts


def test_the_windows_of_the_policies() -> None:
    document = completion("1", lot="L1")
    assert mapping.window("each", document, SITE) is None
    assert mapping.window("completion", document, SITE) == ("order", None)
    assert mapping.window("lot", document, SITE) == ("lot L1", None)
    assert mapping.window("lot", completion("1"), SITE) is None
    shift = mapping.window("shift", document, SITE)
    assert shift is not None
    assert shift[0] == "shift 2026-11-24T14:00:00+08:00"
    progress = Document(kind=Kind.ORDER_PROGRESS, event_time=datetime.now(UTC))
    assert mapping.window("shift", progress, SITE) is None


def test_a_day_is_the_day_of_the_site() -> None:
    assert mapping.posting_date(datetime(2026, 11, 23, 17, tzinfo=UTC), SITE).isoformat() == "2026-11-24"


def test_codes_are_mapped_or_declared_the_same_and_never_guessed() -> None:
    rows = [("unit", "H87", "pcs"), ("person", "7", "OPERATOR"), ("person", "8", "OPERATOR")]
    codes = mapping.Codes("core", rows, frozenset({"item"}))
    assert (codes.theirs("unit", "H87"), codes.ours("unit", "pcs")) == ("H87", "pcs")[::-1]
    assert codes.theirs("item", "FG-100") == "FG-100"
    with pytest.raises(UnknownCode):
        codes.theirs("unit", "pcs")
    with pytest.raises(UnknownCode):
        codes.ours("person", "OPERATOR")  # Two of ours stand for it.


def test_a_mapped_code_of_a_kind_that_is_the_same_uses_its_row() -> None:
    codes = mapping.Codes("core", [("item", "A", "B")], frozenset({"item"}))
    assert codes.theirs("item", "A") == "B"
    assert codes.ours("item", "B") == "A"


def test_keys_are_the_same_for_the_same_fact_and_differ_for_every_other() -> None:
    assert mapping.keyed("core", EVENT, 1) == mapping.keyed("core", EVENT, 1)
    assert (
        len(
            {mapping.keyed("core", EVENT, 1), mapping.keyed("core", EVENT, 2), mapping.keyed("plm", EVENT, 1)}
        )
        == 3
    )


def test_a_line_is_one_with_another_only_if_all_but_the_quantity_is_equal() -> None:
    line = Line(quantity=Decimal(1), unit="H87", item="A", lot="L1")
    other = line.model_copy(update={"lot": "L2"})
    assert mapping.merged([line, line, other]) == (line.with_quantity(Decimal(2)), other)


def test_energy_is_a_line_per_tariff_and_the_rest_has_none() -> None:
    span = {"from_time": "2026-11-24T05:00:00Z", "to_time": "2026-11-24T06:00:00Z", "equipment_path": "a/b"}
    tariffs = [{"tariff": "peak", "energy_wh": "1500"}, {"tariff": "flat", "energy_wh": "600"}]
    document = fact("energy_cost", energy_wh="2300", tariffs=tariffs, **span)
    told = {line.tariff: line.quantity for line in document.lines}
    assert told == {"peak": Decimal("1.5"), "flat": Decimal("0.6"), None: Decimal("0.2")}
    with pytest.raises(MappingError, match="add up to more"):
        fact("energy_cost", energy_wh="2000", tariffs=tariffs, **span)
