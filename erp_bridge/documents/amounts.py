"""Exact sums. Python's default context would round to 28 digits; here an inexact result is an error."""

import decimal
from collections.abc import Iterable
from decimal import Decimal

EXACT = decimal.Context(
    prec=80, traps=[decimal.Inexact, decimal.InvalidOperation, decimal.DivisionByZero, decimal.Overflow]
)
WH_PER_KWH_DIGITS = 3


def total(amounts: Iterable[Decimal]) -> Decimal:
    """Their exact sum. Raises decimal.Inexact beyond 80 digits."""
    result = Decimal(0)
    for amount in amounts:
        result = EXACT.add(result, amount)
    return result


def as_kwh(energy_wh: Decimal) -> Decimal:
    """Exact: the point moves."""
    return energy_wh.scaleb(-WH_PER_KWH_DIGITS, EXACT)


def text(amount: Decimal) -> str:
    """Plain, without exponent and trailing zeros: 12.50 → "12.5", 0E-9 → "0"."""
    whole = format(amount, "f")
    if "." in whole:
        whole = whole.rstrip("0").rstrip(".")
    return "0" if whole in ("-0", "") else whole
