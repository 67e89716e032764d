from __future__ import annotations

import json
from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plant_server.domain.shift_pattern import (
    OverlappingShifts,
    Shift,
    ShiftPattern,
    business_date,
    elapsed_ms,
)

GOLDEN: dict[str, Any] = json.loads((Path(__file__).parent / "golden" / "dst_shifts.json").read_text())
BERLIN = ZoneInfo("Europe/Berlin")
EARLY = Shift("early", "早班", "Early", time(6), time(14))
LATE = Shift("late", "中班", "Late", time(14), time(22))
NIGHT = Shift("night", "夜班", "Night", time(22), time(6))
THREE = ShiftPattern(BERLIN, (EARLY, LATE, NIGHT))


def ms(text: str) -> int:
    return round(datetime.fromisoformat(text).timestamp() * 1000)


@pytest.mark.parametrize("row", GOLDEN["shifts"], ids=lambda row: f"{row['zone']} {row['local_start']}")
def test_a_shift_is_as_long_as_the_clocks_make_it(row: dict[str, Any]) -> None:
    start, end = datetime.fromisoformat(row["local_start"]), datetime.fromisoformat(row["local_end"])
    pattern = ShiftPattern(ZoneInfo(row["zone"]), (Shift("n", "", "", start.time(), end.time()),))
    (told,) = pattern.on_dates(start.date(), start.date())
    assert (told.start_ms, told.end_ms) == (ms(row["utc_start"]), ms(row["utc_end"]))
    assert elapsed_ms([told]) == row["elapsed_h"] * 3_600_000


@pytest.mark.parametrize("row", GOLDEN["calendar_days"], ids=lambda row: f"{row['zone']} {row['date']}")
def test_three_shifts_fill_a_day_of_23_or_25_hours(row: dict[str, Any]) -> None:
    day = date.fromisoformat(row["date"])
    whole = Shift("day", "", "", time(0), time(0))
    told = ShiftPattern(ZoneInfo(row["zone"]), (whole,)).on_dates(day, day)
    assert elapsed_ms(told) == row["hours"] * 3_600_000


@pytest.mark.parametrize("row", GOLDEN["missing_local_times"], ids=lambda row: row["zone"])
def test_a_time_that_the_clocks_skip_is_the_moment_of_the_change(row: dict[str, Any]) -> None:
    zone, local = ZoneInfo(row["zone"]), datetime.fromisoformat(row["local"])
    pattern = ShiftPattern(zone, (Shift("s", "", "", local.time(), time(10)),))
    (told,) = pattern.on_dates(local.date(), local.date())
    changed = datetime.fromtimestamp(told.start_ms / 1000, zone)
    assert changed.replace(tzinfo=None) == local.replace(hour=3, minute=0)
    just_before = datetime.fromtimestamp(told.start_ms / 1000 - 1, zone)
    assert just_before.utcoffset() != changed.utcoffset()


@pytest.mark.parametrize("row", GOLDEN["repeated_local_times"], ids=lambda row: row["zone"])
def test_a_change_of_shift_at_a_time_that_comes_twice_is_at_the_first(row: dict[str, Any]) -> None:
    local = datetime.fromisoformat(row["local"])
    before = Shift("before", "", "", time(20), local.time())
    after = Shift("after", "", "", local.time(), time(10))
    pattern = ShiftPattern(ZoneInfo(row["zone"]), (before, after))
    told = pattern.on_dates(local.date() - timedelta(days=1), local.date())
    changes = [one.start_ms for one in told if one.code == "after" and one.business_date == local.date()]
    assert changes == [ms(row["utc"][0])]
    assert changes[0] in [one.end_ms for one in told if one.code == "before"]


days = st.dates(date(2020, 1, 1), date(2030, 12, 31))
zones = st.sampled_from(["Europe/Berlin", "America/New_York", "Asia/Shanghai", "Australia/Lord_Howe"])


@given(days, st.integers(0, 20), zones)
def test_three_shifts_follow_one_another_without_gap_or_overlap(day: date, more: int, zone: str) -> None:
    pattern = ShiftPattern(ZoneInfo(zone), THREE.shifts)
    told = pattern.on_dates(day, day + timedelta(days=more))
    assert len(told) == 3 * (more + 1)
    assert all(one.end_ms == after.start_ms for one, after in pairwise(told))


@given(st.datetimes(datetime(2020, 1, 1), datetime(2030, 1, 1)), zones)
def test_the_shift_that_is_on_holds_the_moment(at: datetime, zone: str) -> None:
    at_ms = round(at.replace(tzinfo=UTC).timestamp() * 1000)
    pattern = ShiftPattern(ZoneInfo(zone), THREE.shifts)
    told = pattern.at(at_ms)
    assert told is not None
    assert told.start_ms <= at_ms < told.end_ms
    assert told in pattern.between(at_ms, at_ms + 1)
    assert business_date(pattern, at_ms) == told.business_date


def test_a_night_shift_belongs_to_the_day_on_which_it_starts() -> None:
    assert business_date(THREE, ms("2026-11-24T05:59:59+01:00")) == date(2026, 11, 23)
    assert business_date(THREE, ms("2026-11-24T06:00:00+01:00")) == date(2026, 11, 24)


def test_between_shifts_and_on_free_days_there_is_none() -> None:
    weekdays = frozenset(range(5))
    early = ShiftPattern(
        BERLIN,
        (Shift("early", "", "", time(6), time(14), weekdays),),
        free_days=frozenset({date(2026, 12, 25)}),
    )
    assert early.at(ms("2026-11-24T14:00:00+01:00")) is None
    assert business_date(early, ms("2026-11-24T15:00:00+01:00")) == date(2026, 11, 24)
    told = early.on_dates(date(2026, 12, 21), date(2026, 12, 27))
    assert [one.business_date.day for one in told] == [21, 22, 23, 24]


def test_breaks_follow_the_clocks_with_their_shift() -> None:
    breaks = ((time(23, 50), time(0, 10)), (time(2, 30), time(3)), (time(4), time(4, 30)))
    pattern = ShiftPattern(BERLIN, (Shift("night", "", "", time(22), time(6), breaks=breaks),))
    (usual,) = pattern.on_dates(date(2026, 11, 24), date(2026, 11, 24))
    assert usual.breaks_ms == (
        (ms("2026-11-24T23:50:00+01:00"), ms("2026-11-25T00:10:00+01:00")),
        (ms("2026-11-25T02:30:00+01:00"), ms("2026-11-25T03:00:00+01:00")),
        (ms("2026-11-25T04:00:00+01:00"), ms("2026-11-25T04:30:00+01:00")),
    )
    (short,) = pattern.on_dates(date(2026, 3, 28), date(2026, 3, 28))
    assert [end - begin for begin, end in short.breaks_ms] == [20 * 60_000, 30 * 60_000], (
        "no 02:30 that night"
    )


def test_shifts_that_overlap_are_master_data_to_mend() -> None:
    pattern = ShiftPattern(BERLIN, (EARLY, Shift("x", "", "", time(13), time(15))))
    with pytest.raises(OverlappingShifts, match="early and x on 2026-11-24"):
        pattern.on_dates(date(2026, 11, 24), date(2026, 11, 24))
