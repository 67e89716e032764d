"""By when each loop of the edge is round again, as it said itself: what tells a loop that waits from one that hangs."""

import time

GRACE_S = 30.0
"""A promise that is broken by less is a busy computer, not a loop that hangs."""
SPOOL_PATIENCE_S = 300.0
"""Whoever waits for the spool's disk promises this: a worn flash card may take minutes, and a restart would only lose
what waits in memory."""


class Turn:
    """Of one loop. It promises before each wait; whoever watches reads it, also from another thread."""

    __slots__ = ("due_s",)

    def __init__(self) -> None:
        self.due_s: float | None = None
        """By the monotonic clock. None: the loop has not begun."""

    def within(self, seconds: float) -> None:
        """The loop is round again after `seconds` at the latest."""
        self.due_s = time.monotonic() + seconds

    def overdue_s(self) -> float:
        """How long ago the loop should have been round again, beyond the grace; 0 while it keeps its word."""
        return 0.0 if self.due_s is None else max(0.0, time.monotonic() - self.due_s - GRACE_S)
