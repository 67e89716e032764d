"""Exact quantities. A number of decimals is asked for only where a number leaves us; what does not fit is carried.

Nothing here rounds in silence: sums are exact or raise `decimal.Inexact`, a conversion returns what it left over, a
split adds up to what was split. Floats are refused at the door.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Clamped, Context, Decimal, DivisionByZero, Inexact, InvalidOperation, Overflow
from fractions import Fraction
from math import floor

from plant_server.domain.unit import ItemConversion, factor

EXACT = Context(prec=80, traps=[Inexact, InvalidOperation, Overflow, DivisionByZero, Clamped])
"""Arithmetic that raises instead of rounding."""


class UnitMismatch(ValueError):
    """Two quantities of different units were added or compared; convert one of them first."""


class ScaleTooCoarse(ValueError):
    """A quantity has more decimals than a split may use, so that no split could add up to it."""


class NoWeights(ValueError):
    """Something is to be split, and no weight is above zero."""


@dataclass(frozen=True, slots=True)
class Quantity:
    """`value` in `unit` (UN/CEFACT code). Negative only as a difference or a reversal."""

    value: Decimal
    unit: str

    def __post_init__(self) -> None:
        if not isinstance(self.value, Decimal):
            raise TypeError(f"a quantity is a Decimal, not {type(self.value).__name__}")
        if not self.value.is_finite():
            raise ValueError(f"{self.value} is no quantity")

    def __add__(self, other: Quantity) -> Quantity:
        return Quantity(EXACT.add(self.value, self._same_unit(other)), self.unit)

    def __sub__(self, other: Quantity) -> Quantity:
        return Quantity(EXACT.subtract(self.value, self._same_unit(other)), self.unit)

    def __neg__(self) -> Quantity:
        return Quantity(EXACT.minus(self.value), self.unit)

    def __lt__(self, other: Quantity) -> bool:
        return self.value < self._same_unit(other)

    def __le__(self, other: Quantity) -> bool:
        return self.value <= self._same_unit(other)

    def _same_unit(self, other: Quantity) -> Decimal:
        if other.unit != self.unit:
            raise UnitMismatch(f"{self.unit} and {other.unit}")
        return other.value


def exact_sum(values: Iterable[Decimal]) -> Decimal:
    total = Decimal(0)
    for value in values:
        total = EXACT.add(total, value)
    return total


def decimal_of(steps: int, scale: int) -> Decimal:
    """`steps` × 10^-scale, whatever the number of digits."""
    return Decimal((int(steps < 0), tuple(map(int, str(abs(steps)))), -scale))


def cut(value: Fraction, scale: int) -> tuple[Decimal, Fraction]:
    """`value` cut towards zero at `scale` decimals, and what was cut off: they add up to `value`."""
    steps = abs(value) * 10**scale
    whole = floor(steps)
    cut_off = (steps - whole) / 10**scale
    return (decimal_of(whole, scale), cut_off) if value >= 0 else (decimal_of(-whole, scale), -cut_off)


def convert(
    quantity: Quantity,
    to: str,
    scale: int,
    *,
    conversions: Iterable[ItemConversion] = (),
    carry: Fraction = Fraction(0),
) -> tuple[Quantity, Fraction]:
    """The quantity in unit `to` with `scale` decimals, and the residual in unit `to`, smaller than the last decimal.

    Give the residual as `carry` to the next conversion of the same stream: all that was returned, and the last
    residual, add up exactly to what went in. A residual is a fraction because it may have no end as a decimal (one
    pound in three-decimal kilograms has one; a third of a bag has not); it is stored as "numerator/denominator".
    Raises what `unit.factor` raises.
    """
    exact = Fraction(quantity.value) * factor(quantity.unit, to, conversions) + carry
    value, residual = cut(exact, scale)
    return Quantity(value, to), residual


def split(total: Decimal, weights: Sequence[Decimal | int | Fraction], scale: int) -> list[Decimal]:
    """`total` in shares of `weights` with `scale` decimals, by largest remainder: the shares add up to `total`.

    Each share is within one step of its exact one; of equal remainders the earlier goes first. Weights are not
    negative. Raises ScaleTooCoarse if `total` itself has more decimals, NoWeights if there is no weight above zero.
    """
    exact_steps = Fraction(total) * 10**scale
    if exact_steps.denominator != 1:
        raise ScaleTooCoarse(f"{total} has more than {scale} decimals")
    if any(weight < 0 for weight in weights):
        raise ValueError("a weight is negative")
    parts = [Fraction(weight) for weight in weights]
    all_parts = sum(parts, Fraction(0))
    if all_parts == 0:
        if total != 0:
            raise NoWeights(f"{total} over {len(weights)} weights")
        return [decimal_of(0, scale) for _ in parts]
    steps = abs(exact_steps.numerator)
    ideal = [part * steps / all_parts for part in parts]
    shares = [floor(one) for one in ideal]
    by_remainder = sorted(range(len(parts)), key=lambda index: (shares[index] - ideal[index], index))
    for index in by_remainder[: steps - sum(shares)]:
        shares[index] += 1
    sign = 1 if total >= 0 else -1
    return [decimal_of(sign * share, scale) for share in shares]
