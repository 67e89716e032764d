"""What is counted of one device."""

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
    last_error: str = ""
