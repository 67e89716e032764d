"""What an odometer remembers between two readings, and what it tells about those it could not decide.

Values are whole units of the tag (parts, cycles or Wh). Times are seconds of the UTC epoch, by the edge's clock.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Any


class ReadingOutOfRange(ValueError):
    """A reading that a counter of this width cannot show, or a time that is no number: the contract's fault, not
    the machine's. The state is untouched; do not retry, set the reading aside with its reason."""


class CaseKind(StrEnum):
    RESTART = "restart"  # Counts again from zero; what it made before that is not known.
    UNSEEN_RESTART = "unseen_restart"  # Steps forward over an outage in which it may also have restarted.
    JUMP = "jump"  # Stands higher than the machine could have made: set by hand, or another device.
    STEP_DOWN = "step_down"  # Stands lower, yet too high for a restart: corrected by hand, or another device.
    LONG_GAP = "long_gap"  # Nobody looked for so long that the counter may have gone round.
    CLOCK = "clock"  # The edge's clock went back, so nobody knows how long the machine had.
    UNCLEAR = "unclear"  # Readings that fit more than one story, or none within five minutes.
    GLITCH = "glitch"  # False readings, after which it came back.
    WRAP = "wrap"  # Went round once.


class CaseStatus(StrEnum):
    OPEN = "open"  # A person decides, or a later reading does.
    SETTLED = "settled"  # A later reading showed what was made; nothing is left to decide.


@dataclass(frozen=True, slots=True)
class CounterReading:
    value: int
    at: float


@dataclass(frozen=True, slots=True)
class Case:
    """What was made after `before`, up to and including `after`: between `at_least` and `at_most`; the odometer took
    `believed`. A case of the same number replaces the one told earlier. Windows of one tag never overlap."""

    number: int
    """From 1, per tag."""
    kind: CaseKind
    status: CaseStatus
    before: CounterReading
    after: CounterReading
    at_least: int
    at_most: int
    believed: int


@dataclass(frozen=True, slots=True)
class Doubt:
    """Readings after the last believed one that do not fit it."""

    first: CounterReading
    """Of the run of equal readings, over one connection, that is in question."""
    latest: CounterReading
    """Of that run: same value, later time."""
    since: float
    unbroken: bool
    """From the last believed reading to `latest`."""
    fell: CounterReading | None
    """The first that was below the last believed one."""
    rose: int | None
    """The lowest that was above what the machine could have made."""
    clock_back: bool
    dropped: CounterReading | None = None
    """The first low reading that was followed by a lower one: after a wrap, it may have restarted."""
    believed: int = 0
    """Already in the total."""
    case: int | None = None
    """Number of the case that was told about it."""
    reviewed: bool = False
    """That case says all up to `latest`."""
    standing: bool = False
    """Decided because the value stood still; only a return to the last believed reading undoes that."""


@dataclass(frozen=True, slots=True)
class OdometerState:
    """One row per counter or meter. Begins as `OdometerState()`."""

    total: int = 0
    last: CounterReading | None = None
    """The last believed reading. While there is a doubt, not the newest."""
    doubt: Doubt | None = None
    cases: int = 0
    """How many cases were opened so far."""

    def to_json(self) -> dict[str, Any]:
        return {
            "version": 1,
            "total": self.total,
            "last": _pair(self.last),
            "doubt": _doubt_to_json(self.doubt),
            "cases": self.cases,
        }

    @classmethod
    def from_json(cls, row: dict[str, Any]) -> OdometerState:
        """Raises ValueError for a version this code does not know."""
        if row["version"] != 1:
            raise ValueError(f"odometer state of version {row['version']}; this program reads version 1")
        return cls(row["total"], _reading(row["last"]), _doubt_from_json(row["doubt"]), row["cases"])


@dataclass(frozen=True, slots=True)
class Advance:
    state: OdometerState
    parts: int
    """Added to the total now, never negative."""
    case: Case | None
    """Opened, changed or settled by this reading: insert or replace it by (tag, number)."""


_READINGS = ("first", "latest", "fell", "dropped")


def _pair(reading: CounterReading | None) -> list[int | float] | None:
    return None if reading is None else [reading.value, reading.at]


def _reading(pair: list[Any] | None) -> CounterReading | None:
    return None if pair is None else CounterReading(int(pair[0]), float(pair[1]))


def _doubt_to_json(doubt: Doubt | None) -> dict[str, Any] | None:
    if doubt is None:
        return None
    plain = {name: getattr(doubt, name) for name in Doubt.__slots__}
    return plain | {name: _pair(getattr(doubt, name)) for name in _READINGS}


def _doubt_from_json(row: dict[str, Any] | None) -> Doubt | None:
    if row is None:
        return None
    return Doubt(**(row | {name: _reading(row[name]) for name in _READINGS}))
