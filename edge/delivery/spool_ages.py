"""When an entry is too old: by the clock, but never faster than the edge runs.

A clock that jumps a year ahead, or an edge that was switched off over the holidays, makes all that waits old at a
stroke, before the plant could take it. So of what lies in the spool at most two hours grow too old in each hour in
which the edge runs. An entry the clock calls young is never too old; a bound that fell behind catches up.

What that costs: entries may stay longer than `max_age_h` or `keep_h` says. The bound in bytes holds all the same.
"""

ONE_HOUR_MS = 3_600_000
PACE = 2


class AgeBound:
    """Entries before `before_ms` are older than `hours`. Times are UTC ms.

    `before_ms`: how far it had come when the spool was last open; 0 when that is not known. With `hours` = 0 nothing is
    to be kept, and the clock does not matter.
    """

    def __init__(self, hours: float, before_ms: int) -> None:
        self.before_ms = before_ms
        self._hours_ms = int(hours * ONE_HOUR_MS)
        self._ran_ms: int | None = None

    def move(self, *, now_ms: int, ran_ms: int, oldest_ms: int | None) -> int:
        """The new bound. `ran_ms`: a clock that nobody sets. `oldest_ms`: of the oldest entry there is; before it, nothing
        can be too old, so the bound need not walk there."""
        wanted_ms = now_ms - self._hours_ms
        ran_for_ms = 0 if self._ran_ms is None else max(0, ran_ms - self._ran_ms)
        self._ran_ms = ran_ms
        if self._hours_ms == 0 or oldest_ms is None:
            return wanted_ms
        self.before_ms = min(wanted_ms, max(self.before_ms, oldest_ms) + PACE * ran_for_ms)
        return self.before_ms
