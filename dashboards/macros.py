"""What Grafana puts in place of its macros and variables before PostgreSQL sees a query.

Done here as its PostgreSQL data source documents it, for previews and tests. A macro's argument ends at the first closing
bracket, as there, so a board that relies on more fails here as well. Our boards group by PostgreSQL's date_bin: `$__timeGroup`
is something else with TimescaleDB than without, and reckons in numeric, which is slower.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

POINTS = 1000
"""Grafana divides a range by a panel's width in pixels."""
_STEPS_S = (
    1,
    2,
    5,
    10,
    15,
    20,
    30,
    60,
    120,
    300,
    600,
    900,
    1200,
    1800,
    3600,
    7200,
    10800,
    21600,
    43200,
    86400,
    604800,
)
_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400, "w": 604800}
_MACRO = re.compile(r"\$__(timeFilter|timeFrom|timeTo|timeGroup)\(([^)]*)\)")


@dataclass(frozen=True, slots=True)
class Range:
    """[begin, end] of a board, aware."""

    begin: datetime
    end: datetime

    def window(self, span: str | None) -> "Range":
        """Of a panel with a span of its own: that long up to the end."""
        return self if span is None else Range(self.end - timedelta(seconds=seconds_of(span)), self.end)


def expand(
    sql: str,
    span: Range,
    variables: Mapping[str, Sequence[str]],
    *,
    minimum: str | None = None,
    points: int = POINTS,
) -> str:
    """The SQL that PostgreSQL gets. Raises ValueError for a macro or variable that is left over."""
    step_s = interval_s(span, minimum, points)
    sql = sql.replace("$__interval_ms", str(step_s * 1000)).replace("$__interval", f"{step_s}s")
    sql = _MACRO.sub(lambda found: _expanded(found[1], found[2], span), sql)
    for name, values in variables.items():
        sql = sql.replace(
            f"${name}", ",".join(f"'{value.replace(chr(39), chr(39) * 2)}'" for value in values)
        )
    if left := re.search(r"\$\w+", sql):
        raise ValueError(f"{left[0]} is left in {sql}")
    return sql


def interval_s(span: Range, minimum: str | None, points: int = POINTS) -> int:
    """Seconds of a point: the range by `points`, up to a round step, not below `minimum`."""
    wanted = max((span.end - span.begin).total_seconds() / points, seconds_of(minimum) if minimum else 1)
    return next((step for step in _STEPS_S if step >= wanted), _STEPS_S[-1])


def seconds_of(span: str) -> int:
    """Of "8h", "30d" …"""
    return int(span[:-1]) * _UNITS[span[-1]]


def _expanded(name: str, arguments: str, span: Range) -> str:
    begin, end = _literal(span.begin), _literal(span.end)
    match name:
        case "timeFilter":
            return f"{arguments} BETWEEN {begin} AND {end}"
        case "timeFrom":
            return begin
        case "timeTo":
            return end
        case _:
            column, step = (part.strip(" '") for part in arguments.split(","))
            return f"floor(extract(epoch from {column})/{seconds_of(step)})*{seconds_of(step)}"


def _literal(moment: datetime) -> str:
    return f"'{moment.astimezone(UTC).isoformat(timespec='milliseconds').replace('+00:00', 'Z')}'"
