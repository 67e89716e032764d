"""What the owner sees on the phone: today beside yesterday, each figure with its age and one line of why.

Every figure of today comes from a view of schema `bi`, so that boards and this page cannot tell two stories.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from psycopg import AsyncConnection, IsolationLevel
from psycopg.rows import dict_row

from plant_server.database import load_queries

QUERIES = load_queries(__package__, "boss.sql")
Row = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Hours:
    """Sums of machine hours. Times in s, parts in the unit of the items; ratios by ISO 22400, None: nothing to divide by."""

    good: float
    made: float
    scrap: float
    planned_busy_s: float
    producing_s: float
    setup_s: float
    unplanned_s: float
    blocked_s: float
    unexplained_s: float
    planned_run_s: float
    unrated: float
    as_of: datetime

    @property
    def quality_ratio(self) -> float | None:
        """GQ / PQ."""
        return self.good / self.made if self.made else None

    @property
    def oee(self) -> float | None:
        """PRI x GQ / PBT, as availability x effectiveness x quality ratio. None too where no part has a planned time."""
        if not self.planned_busy_s or self.quality_ratio is None or self.unrated >= self.made:
            return None
        return self.planned_run_s / self.planned_busy_s * self.quality_ratio

    @property
    def losses(self) -> dict[str, float]:
        """What OEE lost, in s of planned busy time, the largest first; with PRI x GQ they add up to PBT.

        `slow` is below 0 where machines ran faster than planned.
        """
        lost = {
            "unplanned": self.unplanned_s,
            "unexplained": self.unexplained_s,
            "blocked": self.blocked_s,
            "setup": self.setup_s,
            "slow": self.producing_s - self.planned_run_s,
            "scrap": self.planned_run_s * (1 - (self.quality_ratio or 0)) if self.made else 0.0,
        }
        return dict(sorted(lost.items(), key=lambda one: -one[1]))


@dataclass(frozen=True, slots=True)
class Energy:
    """Of ended runs. None: no run with a meter ended."""

    per_part_wh: float | None
    before_wh: float | None
    worst: Row | None
    as_of: datetime | None


@dataclass(frozen=True, slots=True)
class Boss:
    """`today` is the business date that runs; rows are those of boss.sql.

    `late_before`: orders that were late at this time yesterday; `stood_before_s`: of the machine that had stood longest until then,
    s. None: yesterday is not known.
    """

    today: date
    read_time: datetime
    hours: Hours | None
    before: Hours | None
    scrap: Row | None
    due: Sequence[Row]
    late: Sequence[Row]
    late_before: int | None
    stops: Sequence[Row]
    stood_before_s: float | None
    calls: Row
    open_points: Row
    energy: Energy

    @property
    def due_quantity(self) -> float:
        return float(sum(one["quantity"] for one in self.due))

    @property
    def due_good(self) -> float:
        return float(sum(one["good"] for one in self.due))

    @property
    def stood_s(self) -> float:
        """Of the machine that stood longest, s; 0: none stood for a minute."""
        return _longest_s(self.stops)

    @property
    def farthest_behind(self) -> Row | None:
        return next((one for one in self.due if one["good"] < one["quantity"]), None)


async def boss_of(connection: AsyncConnection, zone: str, day: date | None = None) -> Boss:
    """All of one moment. `zone`: of the site, for plants that stated no shifts. `day`: a business date that is over takes the
    place of today, and the whole day before it that of yesterday."""
    await connection.set_isolation_level(IsolationLevel.REPEATABLE_READ)
    try:
        async with connection.transaction():
            return await _read(connection, zone, day)
    finally:
        await connection.set_isolation_level(None)


async def _read(connection: AsyncConnection, zone: str, wanted: date | None) -> Boss:
    (day,) = await _rows(connection, "day", {"zone": zone, "day": wanted})
    values = {"today": day["today"], "from_ts": day["from_ts"], "to_ts": day["to_ts"]}
    hours = {one.pop("is_today"): Hours(**one) for one in await _rows(connection, "hours", values)}
    scrap = await _rows(connection, "scrap", values)
    (calls,) = await _rows(connection, "calls", values)
    (open_points,) = await _rows(connection, "open_points", values)
    (late_before,) = await _rows(connection, "late_before", values)
    return Boss(
        day["today"],
        day["read_time"],
        hours.get(True),
        hours.get(False),
        scrap[0] if scrap else None,
        await _rows(connection, "due", values),
        await _rows(connection, "late", values),
        late_before["late"],
        await _rows(connection, "stops", values),
        await _stood_before_s(connection, day),
        calls,
        open_points,
        _energy(await _rows(connection, "energy", values)),
    )


async def _stood_before_s(connection: AsyncConnection, day: Row) -> float | None:
    if not day["knows_stops_before"]:
        return None
    values = {"from_ts": day["from_before"], "to_ts": day["to_before"]}
    return _longest_s(await _rows(connection, "stops", values))


def _longest_s(stops: Sequence[Row]) -> float:
    return float(stops[0]["stood_s"]) if stops else 0.0


def _energy(items: list[dict[str, Any]]) -> Energy:
    today = [one for one in items if one["is_today"]]
    return Energy(
        _per_part(today),
        _per_part([one for one in items if not one["is_today"]]),
        next((one for one in today if one["good"]), None),
        max((one["as_of"] for one in today), default=None),
    )


def _per_part(items: list[dict[str, Any]]) -> float | None:
    good = sum(one["good"] for one in items)
    return sum(one["energy_wh"] for one in items) / good if good else None


async def _rows(connection: AsyncConnection, name: str, values: Mapping[str, Any]) -> list[dict[str, Any]]:
    async with connection.cursor(row_factory=dict_row) as cursor:
        await cursor.execute(QUERIES[name], values)
        return await cursor.fetchall()
