"""What is counted of one device."""

import time
from dataclasses import dataclass


@dataclass(slots=True)
class PollStatistics:
    """What the metrics page shows of one device. Counts since the start of the edge."""

    polls: int = 0  # Answered.
    notified: int = 0  # Times the device told changes by itself.
    gaps: int = 0  # Gap records: something was lost between the device and the edge.
    skipped_slots: int = 0  # Of the grid, because a poll took longer than a period.
    losses: int = 0  # Times the contact was lost.
    online: bool | None = None  # None: not tried yet.
    last_poll_s: float = 0.0  # How long the last answered poll took.
    answered_s: float | None = None  # Monotonic, of the last answered poll or telling; None: there was none.
    last_error: str = ""
    last_error_s: float | None = None  # Monotonic.
    last_error_is_refusal: bool = False  # The device said no: a person must act.

    def answered(self) -> None:
        self.answered_s = time.monotonic()

    def failed(self, reason: str, *, is_refusal: bool) -> None:
        self.last_error, self.last_error_s, self.last_error_is_refusal = reason, time.monotonic(), is_refusal
