"""Which readings are worth telling: those that say something new.

A reading is told when its value or its quality changed (a measurement: by more than its deadband), and the first
of each tag after a (re)connection. Of counters and meters the plant must see more, because it judges their steps
by the time between two readings:
  - one that stands still is told again every 30 s: silence widens what the machine could have made meanwhile;
  - before one that went down is told, so is the last reading before it, if it was kept back: it narrows what may
    have been made before a restart;
  - one that went down is told a few times more although it stands still, so that the plant can settle whether it
    was a wrap, a restart or a glitch, and once more 61 s later.

Pure: time is that of the readings.
"""

from collections.abc import Iterable
from enum import Enum, auto

from edge.acquisition.driver import Reading, Value
from edge.contract.datatypes import Quality

SETTLING_READINGS = 3
SETTLING_LAST_MS = 61_000
COUNTED_AGAIN_AFTER_MS = 30_000


class _Due(Enum):
    WENT_DOWN = auto()
    SETTLING = auto()
    STANDS_STILL = auto()


class _Told:
    """What was last told of one tag."""

    __slots__ = ("kept_back", "last_due_ms", "quality", "remaining", "time_ms", "value", "value_good")

    def __init__(self) -> None:
        self.value: Value = None
        self.quality: Quality | None = None  # None: must be told whatever it is.
        self.value_good: Value = None  # Of a counter: outlives a bad reading.
        self.remaining = 0  # Readings still to be told after a step down.
        self.last_due_ms: int | None = None  # The one long after a step down.
        self.time_ms = 0
        self.kept_back: Reading | None = None  # The newest reading that was not told.


class ReportByException:
    """The memory of one device."""

    def __init__(self) -> None:
        self._told: dict[str, _Told] = {}

    @property
    def bad(self) -> list[str]:
        """Names of the tags that were told without a value last. May be asked from another thread."""
        return [name for name, told in list(self._told.items()) if told.quality is Quality.BAD]

    def tell_all_next(self) -> None:
        """After a reconnection each tag is told once, changed or not. What was kept back belongs to the connection
        before: told now, it would hide that the watch was broken."""
        for told in self._told.values():
            told.quality = None
            told.kept_back = None

    def worth_telling(self, readings: Iterable[Reading]) -> list[Reading]:
        """Those to be kept, in their order."""
        worth: list[Reading] = []
        for reading in readings:
            told = self._told.get(reading.tag.name)
            if told is None:
                told = self._told[reading.tag.name] = _Told()
            if reading.tag.role.is_counted and reading.quality is Quality.GOOD:
                before, due = told.kept_back, _counted_due(told, reading)
                if due is _Due.WENT_DOWN and before is not None:
                    worth.append(before)
            else:
                due = None
            if due or _is_new(told, reading):
                told.value, told.quality, told.time_ms = reading.value, reading.quality, reading.time_ms
                told.kept_back = None
                worth.append(reading)
            else:
                told.kept_back = reading
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


def _counted_due(told: _Told, reading: Reading) -> _Due | None:
    """Why a good reading of a counter or meter must be told, whether it changed or not."""
    before, told.value_good = told.value_good, reading.value
    if isinstance(before, int) and isinstance(reading.value, int) and reading.value < before:
        told.remaining = SETTLING_READINGS
        told.last_due_ms = reading.time_ms + SETTLING_LAST_MS
        return _Due.WENT_DOWN
    if told.remaining:
        told.remaining -= 1
        return _Due.SETTLING
    if told.last_due_ms is not None and reading.time_ms >= told.last_due_ms:
        told.last_due_ms = None
        return _Due.SETTLING
    return _Due.STANDS_STILL if reading.time_ms - told.time_ms >= COUNTED_AGAIN_AFTER_MS else None
