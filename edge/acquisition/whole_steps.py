"""A value a host wants written, as the whole number of steps a device counts in. Pure."""

from fractions import Fraction

WITHIN = Fraction(1, 1_000_000)
"""Of the value. Hosts send Float: 4.3 arrives as 4.30000019, and is 43 steps of 0.1 all the same."""
NEVER_BEYOND = Fraction(1, 4)
"""Of a step: however great the value, one between two steps is not taken for one of them."""


def whole_steps(value: int | float, scale: Fraction, offset: Fraction = Fraction(0)) -> int | None:
    """How many steps of `scale`, counted from `offset`, make `value`; None: it lies between two."""
    exact = (Fraction(value) - offset) / scale
    whole = round(exact)
    within = min(WITHIN * max(Fraction(1), abs(Fraction(value) / scale)), NEVER_BEYOND)
    return whole if abs(exact - whole) <= within else None
