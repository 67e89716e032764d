"""Where the odometer of a counter or meter stood when: a step function of time, from what `odometer` told."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class OdometerPoint:
    """The total after the reading at `at_ms` (edge's read time, UTC)."""

    at_ms: int
    total: int


class CountHistory:
    """`total_at(t)` is the total at the last reading not later than t. Never goes back, so that what lies between any
    two times is not negative and neighbouring times add up exactly, whatever the readings were.

    `baseline`: the total before the first point. Points may come in any order; of two at one time, or of a later one
    that is lower, the higher total holds.
    """

    __slots__ = ("_baseline", "_times", "_totals")

    def __init__(self, points: Iterable[OdometerPoint], *, baseline: int = 0) -> None:
        self._baseline = baseline
        self._times: list[int] = []
        self._totals: list[int] = []
        total = baseline
        for point in sorted(points, key=lambda one: (one.at_ms, one.total)):
            total = max(total, point.total)
            self._times.append(point.at_ms)
            self._totals.append(total)

    @property
    def baseline(self) -> int:
        return self._baseline

    @property
    def total(self) -> int:
        return self._totals[-1] if self._totals else self._baseline

    def total_at(self, at_ms: int) -> int:
        index = bisect_right(self._times, at_ms)
        return self._totals[index - 1] if index else self._baseline

    def passed_ms(self, total: int) -> int | None:
        """When the odometer first stood above `total`; None: not yet."""
        index = bisect_right(self._totals, total)
        return self._times[index] if index < len(self._times) else None
