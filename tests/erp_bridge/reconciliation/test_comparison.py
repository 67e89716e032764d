"""Stock there and here: what is under way explains, what is left over is a difference, and nothing is rounded away."""

from decimal import Decimal
from fractions import Fraction

from hypothesis import given
from hypothesis import strategies as st

from erp_bridge.reconciliation.comparison import Amount, Compared, FloorLot, compare

LOT = ("STEEL", "S-1")
QUANTITIES = st.decimals(-(10**9), 10**9, allow_nan=False, places=3)
LEFT = st.decimals(0, 10**9, allow_nan=False, places=3)


def kg(quantity: str | Decimal, unit: str = "KGM") -> Amount:
    return Amount(LOT, unit, Decimal(quantity))


def floor(quantity: str | Decimal, unit: str = "KGM", scale: int = 3, **per_unit: Fraction) -> FloorLot:
    return FloorLot(LOT, unit, scale, Decimal(quantity), per_unit)


def one(*there: Amount, here: FloorLot | None = None, under_way: tuple[Amount, ...] = ()) -> Compared:
    (row,) = compare(there, [here] if here else [], under_way)
    return row


def test_what_is_used_here_and_not_told_there_is_explained() -> None:
    row = one(kg("100"), here=floor("96.5"), under_way=(kg("-3"), kg("-0.5")))
    assert (row.under_way, row.difference, row.state) == (Decimal("-3.5"), 0, "explained")


def test_what_nobody_can_explain_is_a_difference_above_0_where_they_have_too_much() -> None:
    row = one(kg("100"), here=floor("96.5"), under_way=(kg("-3"),))
    assert (row.difference, row.state) == (Decimal("0.5"), "difference")
    assert one(here=floor("2")).difference == Decimal(-2)
    assert one(kg("2"), here=floor("0")).difference == Decimal(2)


def test_a_lot_that_was_never_received_here_is_only_there_unless_its_receipt_is_under_way() -> None:
    assert (one(kg("2")).here, one(kg("2")).difference, one(kg("2")).state) == (None, None, "only_there")
    assert one(kg("2"), under_way=(kg("-2"),)).state == "explained"
    assert one(kg("2"), under_way=(kg("-1"),)).state == "only_there"
    assert compare([], [], [kg("5")]) == []  # Goods on their way there: neither there nor here.


def test_a_document_that_may_have_been_posted_leaves_its_lot_in_doubt_and_a_missing_code_too() -> None:
    (doubtful,) = compare([kg("100")], [floor("97")], [], doubtful={LOT})
    (unmapped,) = compare([kg("60")], [floor("100")], [], unmapped={LOT})
    assert (doubtful.difference, doubtful.state) == (None, "in_doubt")
    assert (unmapped.difference, unmapped.state) == (None, "unmapped")


def test_units_convert_exactly_and_what_does_not_convert_is_said() -> None:
    grams = floor("99750", "GRM", 0, KGM=Fraction(1000))
    row = one(kg("99.5"), kg("0.25"), here=grams)
    assert (row.there, row.unit, row.state) == (Decimal(99750), "GRM", "equal")
    assert one(kg("1"), here=floor("1", "H87", 0)).state == "other_unit"


def test_less_than_half_of_the_last_decimal_is_rounding_only_where_units_differ() -> None:
    pieces = floor("10", "H87", 0, KGM=Fraction(3))
    assert one(kg("3.33"), here=pieces).state == "equal"  # 9.99 pieces: three of them are a kilogram.
    assert one(kg("3.1"), here=pieces).difference == Decimal("-0.7")
    assert one(kg("0.001"), here=floor("0.0014", scale=3)).state == "difference"


@given(LEFT, st.lists(QUANTITIES, max_size=5), QUANTITIES)
def test_there_and_under_way_is_always_here_and_the_difference(
    left: Decimal, moves: list[Decimal], error: Decimal
) -> None:
    """Books there that lag by some moves, and are wrong by `error`: the error comes out to its last digit."""
    there = left - sum(moves, Decimal(0)) + error
    row = one(kg(there), here=floor(left), under_way=tuple(map(kg, moves)))
    assert row.difference == error
    assert row.there + row.under_way == left + error
    assert row.state == ("difference" if error else "explained" if sum(moves) else "equal")


@given(LEFT, st.fractions(Fraction(1, 1000), 1000), st.integers(0, 6))
def test_one_quantity_in_two_units_never_differs(left: Decimal, ratio: Fraction, scale: int) -> None:
    """Posted there in their unit with enough digits: what its rounding leaves is no difference."""
    kept = round(left, scale)
    digits = scale + 5  # A step there is worth less than half a step here, for each of these ratios.
    posted = Decimal(round(Fraction(kept) / ratio * 10**digits)).scaleb(-digits)
    row = one(kg(posted, "XBG"), here=floor(kept, scale=scale, XBG=ratio))
    assert (row.difference, row.state) == (0, "equal")


@given(st.permutations(range(4)))
def test_places_add_up_in_any_order(order: list[int]) -> None:
    places = [kg("1.5"), kg("-0.5"), kg("2"), kg("4")]
    assert one(*(places[index] for index in order), here=floor("7")).state == "equal"
