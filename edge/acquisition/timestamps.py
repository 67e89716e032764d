"""Which time a reading carries.

- A clock that is before the release, long after it, or before what was stamped last is wrong: nothing is stamped by it.
- Samples carry the source's time if it is within 5 s of the edge's read time; else the read time, and say so.
- Counters and meters always carry the edge's read time: the plant judges their steps by one clock.
- Of one tag no two readings have the same millisecond: the later one moves on by 1 ms.
"""

import time
from collections.abc import Callable
from datetime import UTC, datetime

from edge.contract.roles import Role
from edge.errors import ClockNotReady

RELEASED_MS = int(datetime(2026, 1, 1, tzinfo=UTC).timestamp() * 1000)
"""No edge of this release lived before: a clock that says so has lost its battery."""

BELIEVED_MS = RELEASED_MS + 20 * 365 * 86_400_000
"""No edge of this release lives after it. A dead clock may also wake up in 2099, and what is stamped then would keep the
edge mute until that year: nothing may be stamped before the last entry."""

SOURCE_TIME_TOLERANCE_MS = 5_000
STEP_BACK_TOLERANCE_MS = 1_000


def wall_clock_ms() -> int:
    """This computer's clock, UTC in ms."""
    return time.time_ns() // 1_000_000


class ClockGuard:
    """The edge's clock as far as it can be believed. One for all devices of an edge.

    What it gives out never goes back: a step back of up to 1 s (NTP) is waited out at the last time stamped, a larger one
    raises until the clock has caught up. A step forward is believed at once: an edge without a battery wakes up behind.
    """

    def __init__(
        self,
        *,
        last_entry_ms: int = 0,
        released_ms: int = RELEASED_MS,
        wall_ms: Callable[[], int] = wall_clock_ms,
    ) -> None:
        self._last_ms = max(last_entry_ms, released_ms)
        self._wall_ms = wall_ms
        self.mistrust = ""
        """Why nothing is stamped, as last asked; empty while the clock is believed."""

    @property
    def last_ms(self) -> int:
        """The latest time given out; before the first, the latest entry or the release."""
        return self._last_ms

    def now_ms(self) -> int:
        """Raises ClockNotReady while the clock is behind what it has said before, or far in the future."""
        now_ms = self._wall_ms()
        if now_ms > BELIEVED_MS:
            self.mistrust = f"the clock says {_utc(now_ms)}, which is too late to be true"
            raise ClockNotReady(self.mistrust)
        if self._last_ms - now_ms > STEP_BACK_TOLERANCE_MS:
            self.mistrust = f"the clock says {_utc(now_ms)}, but it was already {_utc(self._last_ms)}"
            raise ClockNotReady(self.mistrust)
        self._last_ms = max(self._last_ms, now_ms)
        self.mistrust = ""
        return self._last_ms


def reading_time(role: Role, source_ms: int | None, read_ms: int) -> tuple[int, bool]:
    """The time a reading carries, and whether it is the edge's."""
    if source_ms is None or role.is_counted or abs(source_ms - read_ms) > SOURCE_TIME_TOLERANCE_MS:
        return read_ms, True
    return source_ms, False


class StrictlyLater:
    """Gives each tag times that only grow."""

    def __init__(self) -> None:
        self._last_ms: dict[str, int] = {}

    def next_ms(self, tag_name: str, time_ms: int) -> int:
        """The time itself, or 1 ms after the tag's last one."""
        last_ms = self._last_ms.get(tag_name)
        if last_ms is not None and time_ms <= last_ms:
            time_ms = last_ms + 1
        self._last_ms[tag_name] = time_ms
        return time_ms


def _utc(time_ms: int) -> str:
    return datetime.fromtimestamp(time_ms / 1000, UTC).isoformat(timespec="seconds")
