"""Shifts: which one is on when, by the wall clock of the site.

A shift is bounded by wall-clock times, so one that spans a change of the clocks is an hour shorter or longer, and its
length is elapsed time. A wall-clock time that does not exist (clocks go forward) means the moment of the change; one
that exists twice (clocks go back) means the first. Its business date is the local date on which it starts.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo


class OverlappingShifts(ValueError):
    """Two shifts of a pattern are on at one time: master data to mend."""


@dataclass(frozen=True, slots=True)
class Shift:
    """On the `weekdays` (0 Monday … 6 Sunday) on which it starts. An `end` not after `start` is on the next day."""

    code: str
    name_zh: str
    name_en: str
    start: time
    end: time
    weekdays: frozenset[int] = frozenset(range(7))
    breaks: tuple[tuple[time, time], ...] = ()
    """Within the shift: a time before `start` is on the next day."""


@dataclass(frozen=True, slots=True)
class ShiftInstance:
    """[`start_ms`, `end_ms`) in UTC, and so are its breaks."""

    code: str
    business_date: date
    start_ms: int
    end_ms: int
    breaks_ms: tuple[tuple[int, int], ...] = ()


@dataclass(frozen=True, slots=True)
class ShiftPattern:
    zone: ZoneInfo
    shifts: tuple[Shift, ...]
    free_days: frozenset[date] = frozenset()
    """Local dates on which no shift starts."""

    def on_dates(self, first: date, last: date) -> list[ShiftInstance]:
        """Shifts that start on these dates, in order. Raises OverlappingShifts."""
        told: list[ShiftInstance] = []
        for number in range((last - first).days + 1):
            day = first + timedelta(days=number)
            if day not in self.free_days:
                told += [
                    self._instance(shift, day) for shift in self.shifts if day.weekday() in shift.weekdays
                ]
        told.sort(key=lambda one: (one.start_ms, one.code))
        for one, after in pairwise(told):
            if after.start_ms < one.end_ms:
                raise OverlappingShifts(f"{one.code} and {after.code} on {after.business_date}")
        return [one for one in told if one.start_ms < one.end_ms]

    def at(self, at_ms: int) -> ShiftInstance | None:
        """The shift that is on, or None between shifts."""
        day = datetime.fromtimestamp(at_ms / 1000, self.zone).date()
        around = self.on_dates(day - timedelta(days=2), day)
        return next((one for one in around if one.start_ms <= at_ms < one.end_ms), None)

    def between(self, from_ms: int, to_ms: int) -> list[ShiftInstance]:
        """All shifts that touch [from_ms, to_ms)."""
        first = datetime.fromtimestamp(from_ms / 1000, self.zone).date() - timedelta(days=2)
        last = datetime.fromtimestamp(to_ms / 1000, self.zone).date()
        return [one for one in self.on_dates(first, last) if one.start_ms < to_ms and one.end_ms > from_ms]

    def _instance(self, shift: Shift, day: date) -> ShiftInstance:
        end_day = day if shift.end > shift.start else day + timedelta(days=1)
        return ShiftInstance(
            shift.code,
            day,
            _utc_ms(day, shift.start, self.zone),
            _utc_ms(end_day, shift.end, self.zone),
            tuple(self._breaks(shift, day)),
        )

    def _breaks(self, shift: Shift, day: date) -> Iterator[tuple[int, int]]:
        """Those that the clocks leave: one within an hour that is skipped takes no time."""
        for begin, end in shift.breaks:
            begin_day = day if begin >= shift.start else day + timedelta(days=1)
            end_day = begin_day if end > begin else begin_day + timedelta(days=1)
            begin_ms, end_ms = _utc_ms(begin_day, begin, self.zone), _utc_ms(end_day, end, self.zone)
            if begin_ms < end_ms:
                yield begin_ms, end_ms


def business_date(pattern: ShiftPattern, at_ms: int) -> date:
    """Of the shift that is on; between shifts the local date."""
    shift = pattern.at(at_ms)
    local = datetime.fromtimestamp(at_ms / 1000, pattern.zone)
    return shift.business_date if shift is not None else local.date()


def elapsed_ms(shifts: Iterable[ShiftInstance]) -> int:
    return sum(one.end_ms - one.start_ms for one in shifts)


def _utc_ms(day: date, wall: time, zone: ZoneInfo) -> int:
    local = datetime.combine(day, wall, zone)
    moment = local.astimezone(UTC)
    if moment.astimezone(zone).replace(tzinfo=None) == local.replace(tzinfo=None):
        return round(moment.timestamp() * 1000)
    # Skipped: by the offset of after the change it is still before it, by that of before already after it.
    return 1000 * _change_s(round(local.replace(fold=1).timestamp()), round(moment.timestamp()), zone)


def _change_s(begin: int, end: int, zone: ZoneInfo) -> int:
    """The first second in (begin, end] at which the offset of the zone is another than at `begin`."""
    offset = datetime.fromtimestamp(begin, zone).utcoffset()
    while end - begin > 1:
        middle = (begin + end) // 2
        if datetime.fromtimestamp(middle, zone).utcoffset() == offset:
            begin = middle
        else:
            end = middle
    return end
