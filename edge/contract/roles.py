"""What a tag is for. The words stand in births, in the database and on screens."""

from enum import StrEnum


class Role(StrEnum):
    """The part a tag plays. `counter` and `meter` become odometers; the others are samples."""

    COUNTER = "counter"  # Pieces or cycles, as the machine shows them: wraps, restarts, glitches.
    METER = "meter"  # Energy, in Wh.
    STATE = "state"
    MODE = "mode"
    SPEED = "speed"
    MEASUREMENT = "measurement"
    ORDER = "order"
    ALARM = "alarm"
    TEXT = "text"
    HEARTBEAT = "heartbeat"

    @property
    def is_counted(self) -> bool:
        """Whether its advance is a quantity that must be counted once."""
        return self in (Role.COUNTER, Role.METER)


class Counts(StrEnum):
    """What one step of a counter stands for."""

    CYCLES = "cycles"
    PARTS = "parts"
    GOOD = "good"
    REJECT = "reject"
