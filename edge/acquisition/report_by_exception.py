"""Which readings are worth telling: those that say something new.

A reading is told when its value or its quality changed (a measurement: by more than its deadband), and the first
of each tag after a (re)connection. A counter or meter that went down is told a few times more although it
stands still: the plant must see the readings after the low one to settle whether it was a wrap, a restart or a
glitch, and one that comes more than 60 s later settles a counter that does not move at all.

Pure: time is that of the readings.
"""

from collections.abc import Iterable

from edge.acquisition.driver import Reading, Value
from edge.contract.datatypes import Quality

SETTLING_READINGS = 3
SETTLING_LAST_MS = 61_000


class _Told:
    """What was last told of one tag."""

    __slots__ = ("last_due_ms", "quality", "remaining", "value", "value_good")

    def __init__(self) -> None:
        self.value: Value = None
        self.quality: Quality | None = None  # None: must be told whatever it is.
        self.value_good: Value = None  # Of a counter: outlives a bad reading.
        self.remaining = 0  # Readings still to be told after a step down.
        self.last_due_ms: int | None = None  # The one long after a step down.


class ReportByException:
    """The memory of one device."""

    def __init__(self) -> None:
        self._told: dict[str, _Told] = {}

    def tell_all_next(self) -> None:
        """After a reconnection each tag is told once, changed or not."""
        for told in self._told.values():
            told.quality = None

    def worth_telling(self, readings: Iterable[Reading]) -> list[Reading]:
        """Those to be kept, in their order."""
        worth: list[Reading] = []
        for reading in readings:
            told = self._told.get(reading.tag.name)
            if told is None:
                told = self._told[reading.tag.name] = _Told()
            if reading.tag.role.is_counted and reading.quality is Quality.GOOD:
                settling = _settling(told, reading)
            else:
                settling = False
            if settling or _is_new(told, reading):
                told.value = reading.value
                told.quality = reading.quality
                worth.append(reading)
        return worth


def _is_new(told: _Told, reading: Reading) -> bool:
    if reading.quality is not told.quality:
        return True
    value = reading.value
    if value == told.value:
        return False
    deadband = reading.tag.deadband
    if deadband and isinstance(value, int | float) and isinstance(told.value, int | float):
        return abs(value - told.value) > deadband
    return True


def _settling(told: _Told, reading: Reading) -> bool:
    """Whether a counter that went down owes this reading to the plant."""
    before, told.value_good = told.value_good, reading.value
    if isinstance(before, int) and isinstance(reading.value, int) and reading.value < before:
        told.remaining = SETTLING_READINGS
        told.last_due_ms = reading.time_ms + SETTLING_LAST_MS
        return True
    if told.remaining:
        told.remaining -= 1
        return True
    if told.last_due_ms is not None and reading.time_ms >= told.last_due_ms:
        told.last_due_ms = None
        return True
    return False
