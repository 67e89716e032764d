"""What a value did while it was watched. Pure."""

from collections.abc import Sequence
from enum import StrEnum
from itertools import pairwise

from edge.acquisition.driver import Value


class Movement(StrEnum):
    """Of the values of one tag, in the order they were read."""

    UNWATCHED = "-"
    STILL = "still"
    ROSE = "rose"  # Changed, and never down.
    FELL = "fell"  # Changed, and never up.
    TOGGLED = "toggled"  # A bit that changed.
    VARIED = "varied"

    @property
    def moved(self) -> bool:
        return self not in (Movement.UNWATCHED, Movement.STILL)


def movement_of(values: Sequence[Value]) -> Movement:
    """Missing values say nothing; of fewer than two values there is nothing to say."""
    known = [value for value in values if value is not None]
    if len(known) < 2:
        return Movement.UNWATCHED
    if all(value == known[0] for value in known):
        return Movement.STILL
    if all(isinstance(value, bool) for value in known):
        return Movement.TOGGLED
    if any(isinstance(value, str | bool) for value in known):
        return Movement.VARIED
    steps = [float(after) - float(before) for before, after in pairwise(known)]
    if all(step >= 0 for step in steps):
        return Movement.ROSE
    return Movement.FELL if all(step <= 0 for step in steps) else Movement.VARIED


def rate_of(values: Sequence[Value], seconds: float) -> float:
    """Advance per second over all of the watching; 0 where nothing rose."""
    numbers = [float(value) for value in values if isinstance(value, int | float)]
    if len(numbers) < 2 or seconds <= 0:
        return 0.0
    return max(0.0, (numbers[-1] - numbers[0]) / seconds)
