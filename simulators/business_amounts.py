"""Exact amounts: decimal strings in, decimal strings out, and an error where a digit would be lost."""

import decimal
from decimal import Decimal
from typing import Annotated

from pydantic import StringConstraints

EXACT = decimal.Context(
    prec=60,
    traps=[decimal.Inexact, decimal.InvalidOperation, decimal.DivisionByZero, decimal.Overflow],
)
"""Multiplications and sums of what fits into `Amount` are exact in it; anything else raises decimal.Inexact."""

Amount = Annotated[str, StringConstraints(pattern=r"^\d{1,15}(\.\d{1,9})?$")]
"""A quantity in a request: a string such as "12.5". Numbers are refused: a float already lost its last digit."""


def text(amount: Decimal) -> str:
    """Without exponent and without trailing zeros: 12.50 → "12.5", 0E-9 → "0"."""
    whole = format(amount, "f")
    if "." in whole:
        whole = whole.rstrip("0").rstrip(".")
    return "0" if whole in ("-0", "") else whole


def total(amounts: "list[Decimal]") -> Decimal:
    """Their exact sum."""
    result = Decimal(0)
    for amount in amounts:
        result = EXACT.add(result, amount)
    return result
