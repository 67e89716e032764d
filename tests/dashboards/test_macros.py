"""Grafana's macros, as its PostgreSQL data source expands them without TimescaleDB."""

from datetime import UTC, datetime, timedelta, timezone

import pytest

from dashboards.macros import Range, expand, interval_s

NOON = datetime(2026, 5, 4, 12, 0, tzinfo=UTC)
EIGHT_HOURS = Range(NOON - timedelta(hours=8), NOON)


@pytest.mark.parametrize(
    ("written", "expanded"),
    [
        (
            "$__timeFilter(from_ts)",
            "from_ts BETWEEN '2026-05-04T04:00:00.000Z' AND '2026-05-04T12:00:00.000Z'",
        ),
        ("$__timeFrom()", "'2026-05-04T04:00:00.000Z'"),
        ("least(to_ts, $__timeTo())", "least(to_ts, '2026-05-04T12:00:00.000Z')"),
        ("$__timeGroup(ts,'5m')", "floor(extract(epoch from ts)/300)*300"),
        ("$__timeGroup(ts, $__interval)", "floor(extract(epoch from ts)/30)*30"),
        ("$__interval_ms", "30000"),
        ("line IN ($line)", "line IN ('a','b''c')"),
    ],
)
def test_a_macro_becomes_sql(written: str, expanded: str) -> None:
    assert expand(written, EIGHT_HOURS, {"line": ["a", "b'c"]}) == expanded


def test_a_moment_of_another_zone_is_written_in_utc() -> None:
    shanghai = timezone(timedelta(hours=8))
    span = Range(EIGHT_HOURS.begin.astimezone(shanghai), EIGHT_HOURS.end.astimezone(shanghai))
    assert expand("$__timeFrom()", span, {}) == "'2026-05-04T04:00:00.000Z'"


def test_what_is_not_known_is_a_mistake() -> None:
    with pytest.raises(ValueError, match=r"\$__unixEpochFilter is left"):
        expand("SELECT 1 WHERE $__unixEpochFilter(x)", EIGHT_HOURS, {})


def test_a_point_is_never_shorter_than_the_panel_allows_nor_longer_than_its_points_need() -> None:
    assert interval_s(EIGHT_HOURS, None) == 30
    assert interval_s(EIGHT_HOURS, "1h") == 3600
    assert interval_s(EIGHT_HOURS, None, 100) == 300
    assert interval_s(Range(NOON - timedelta(days=30), NOON), "1h", 120) == 21600


def test_a_panel_with_a_window_of_its_own_ends_where_the_range_does() -> None:
    assert EIGHT_HOURS.window("30m") == Range(NOON - timedelta(minutes=30), NOON)
    assert EIGHT_HOURS.window(None) == EIGHT_HOURS
