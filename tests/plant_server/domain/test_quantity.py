from __future__ import annotations

import csv
from decimal import Decimal, Inexact
from fractions import Fraction
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plant_server.domain.quantity import (
    NoWeights,
    Quantity,
    ScaleTooCoarse,
    UnitMismatch,
    convert,
    cut,
    exact_sum,
    split,
)
from plant_server.domain.unit import (
    UNITS,
    ContradictingConversions,
    ItemConversion,
    NotConvertible,
    UnknownUnit,
    factor,
)

D = Decimal
BAG = ItemConversion("XBG", D(1), "KGM", D(25))
THREE_ARE_A_KILO = ItemConversion("C62", D(3), "KGM", D(1))
decimals = st.decimals(-(10**9), 10**9, places=6)


def golden_units() -> list[dict[str, str]]:
    path = Path(__file__).parent / "golden" / "unit_codes.csv"
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def test_codes_and_factors_are_those_of_recommendation_20() -> None:
    told = {row["code"]: row for row in golden_units()}
    from_rec_20 = {code: unit for code, unit in UNITS.items() if not code.startswith("X")}
    assert len(from_rec_20) >= 60
    for code, unit in from_rec_20.items():
        row = told[code]
        if unit.factor is not None:
            assert unit.kind == row["quantity"]
            assert unit.factor == Fraction(row["factor_to_base"]), code
        else:  # Alone of its kind there, or with an offset.
            assert not row["factor_to_base"], code
        assert row["name_zh"] in ("", unit.name_zh) or unit.name_zh in row["name_zh"], code


def test_units_of_a_kind_convert_there_and_back_exactly() -> None:
    for one in UNITS.values():
        for other in UNITS.values():
            if one.kind == other.kind:
                assert factor(one.code, other.code) * factor(other.code, one.code) == 1


@pytest.mark.parametrize(
    ("value", "unit", "to", "expected", "residual"),
    [
        ("2.5", "TNE", "KGM", "2500.000", Fraction(0)),
        ("1", "LBR", "KGM", "0.453", Fraction(59237, 100_000_000)),
        ("30", "C62", "DZN", "2.500", Fraction(0)),
        ("60", "KGM", "XBG", "2.400", Fraction(0)),
        ("1", "C62", "XBG", "0.013", Fraction(1, 75) - Fraction(13, 1000)),
        ("3", "GRO", "XBG", "5.760", Fraction(0)),
        ("1", "KWH", "WHR", "1000.000", Fraction(0)),
        ("-1", "C62", "KGM", "-0.333", Fraction(-1, 3) + Fraction(333, 1000)),
    ],
)
def test_a_conversion_returns_what_it_left_over(
    value: str, unit: str, to: str, expected: str, residual: Fraction
) -> None:
    told = convert(Quantity(D(value), unit), to, 3, conversions=(BAG, THREE_ARE_A_KILO))
    assert (told[0].value, told[0].unit, told[1]) == (D(expected), to, residual)
    assert str(told[0].value) == expected


@given(st.lists(decimals, max_size=20), st.integers(0, 6))
def test_a_stream_of_conversions_adds_up_to_what_went_in(values: list[Decimal], scale: int) -> None:
    carry = Fraction(0)
    told: list[Decimal] = []
    for value in values:
        quantity, carry = convert(
            Quantity(value, "LBR"), "XBG", scale, conversions=(BAG, THREE_ARE_A_KILO), carry=carry
        )
        told.append(quantity.value)
    went_in = sum(map(Fraction, values), Fraction(0)) * Fraction("0.45359237") / 25
    assert Fraction(exact_sum(told)) + carry == went_in
    assert abs(carry) * 10**scale < 1


@given(st.fractions(), st.integers(0, 12))
def test_what_is_cut_off_is_less_than_the_last_decimal_and_of_the_same_sign(
    value: Fraction, scale: int
) -> None:
    told, rest = cut(value, scale)
    assert Fraction(told) + rest == value
    assert abs(rest) * 10**scale < 1
    assert rest == 0 or (rest > 0) == (value > 0)
    assert told.as_tuple().exponent == -scale


weights = st.lists(st.decimals(0, 1000, places=3) | st.integers(0, 1000), min_size=1, max_size=12)


@given(st.integers(-(10**12), 10**12), weights, st.integers(0, 6))
def test_a_split_adds_up_and_each_share_is_within_one_step(
    steps: int, weights: list[Decimal | int], scale: int
) -> None:
    total = D(steps).scaleb(-scale)
    if sum(weights) == 0:
        if total:
            with pytest.raises(NoWeights):
                split(total, weights, scale)
        else:
            assert split(total, weights, scale) == [0] * len(weights)
        return
    shares = split(total, weights, scale)
    assert exact_sum(shares) == total
    whole = sum(map(Fraction, weights), Fraction(0))
    for share, weight in zip(shares, weights, strict=True):
        assert abs(Fraction(share) - Fraction(total) * Fraction(weight) / whole) < Fraction(1, 10**scale)
        assert share == 0 or (share > 0) == (total > 0)
        assert weight != 0 or share == 0


def test_of_equal_remainders_the_earlier_share_goes_first() -> None:
    assert split(D(10), [1, 1, 1], 0) == [4, 3, 3]
    assert split(D("-0.02"), [1, 1, 1], 2) == [D("-0.01"), D("-0.01"), D(0)]


def test_a_total_with_more_decimals_than_its_shares_is_not_split() -> None:
    with pytest.raises(ScaleTooCoarse):
        split(D("0.001"), [1, 2], 2)
    with pytest.raises(ValueError, match="negative"):
        split(D(1), [1, -1], 2)


def test_sums_are_exact_or_raise() -> None:
    long = Quantity(D("12345678901234567890123456789012345678.000000001"), "KGM")
    assert (long + Quantity(D("0.0000000000001"), "KGM") - long).value == D("0.0000000000001")
    with pytest.raises(Inexact):
        Quantity(D("1e60"), "KGM") + Quantity(D("1e-60"), "KGM")


def test_only_decimals_of_one_unit_meet() -> None:
    with pytest.raises(TypeError):
        Quantity(0.5, "KGM")  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="NaN"):
        Quantity(D("NaN"), "KGM")
    with pytest.raises(UnitMismatch):
        Quantity(D(1), "KGM") + Quantity(D(1), "GRM")
    with pytest.raises(UnitMismatch):
        assert Quantity(D(1), "KGM") < Quantity(D(1), "GRM")


def test_what_has_no_factor_does_not_convert() -> None:
    with pytest.raises(NotConvertible):
        factor("KGM", "MTR")
    with pytest.raises(NotConvertible):
        factor("SET", "C62")
    with pytest.raises(NotConvertible):
        factor("XBG", "MTR", (BAG,))
    with pytest.raises(UnknownUnit, match="BAG"):
        factor("BAG", "KGM", (BAG,))
    assert factor("BAG", "GRM", (ItemConversion("BAG", D(1), "KGM", D(2)),)) == 2000
    assert factor("SET", "SET") == 1


def test_conversions_of_an_item_that_contradict_one_another_are_refused() -> None:
    ring = (BAG, THREE_ARE_A_KILO, ItemConversion("XBG", D(1), "C62", D(74)))
    with pytest.raises(ContradictingConversions):
        factor("XBG", "GRM", ring)
    agreed = (BAG, THREE_ARE_A_KILO, ItemConversion("XBG", D(1), "C62", D(75)))
    assert factor("XBG", "GRM", agreed) == 25000
    with pytest.raises(ValueError, match="positive"):
        ItemConversion("XBG", D(0), "KGM", D(1))
