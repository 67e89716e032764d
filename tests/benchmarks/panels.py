"""Rows `panels` and `oee_7_days`: what a board costs on 30 days of 200 tags, asked by the role that boards read with.

`panels`: each panel over its whole 30 days, the median of several times, rows fetched; `max_ms` is the slowest. A panel with a
window of its own (the last 8 or 24 hours) is asked for that, as Grafana does. `oee_7_days`: OEE of 20 machines over 7 days from
`bi.machine_hour` (`ms`), and the same machines shift by shift from `bi.oee_shift` (`per_shift_ms`). What the keeper made of
the facts beforehand is not in the figures; raw samples are not asked.
"""

import asyncio
import statistics
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import psycopg

from dashboards.macros import Range
from dashboards.preview import ask, committed
from plant_server.embedded.postgres import PostgresServer, running_postgres
from plant_server.schema.migrate import migrate
from tests.dashboards.month import Month, month_until_now, write_month

TIMES = 7
MACHINES = 20
EVERY_TAG = (
    "state",
    "parts",
    "reject",
    "power",
    "temperature",
    "pressure",
    "speed",
    "vibration",
    "current",
    "energy",
)
OEE = """
SELECT machine, sum(producing_s) / sum(planned_busy_s) AS availability, sum(planned_run_s) / sum(producing_s) AS effectiveness,
       sum(good) / sum(made) AS quality_ratio, sum(planned_run_s) / sum(planned_busy_s) * sum(good) / sum(made) AS oee
FROM bi.machine_hour WHERE from_ts >= %s AND from_ts < %s AND shift IS NOT NULL GROUP BY machine
"""
PER_SHIFT = """
SELECT machine, shift_from, availability, effectiveness, quality_ratio, oee FROM bi.oee_shift
WHERE shift_from >= %s AND shift_from < %s
"""


def panels(home: Path) -> dict[str, Any]:
    figures: dict[str, Any] = {}
    with _written(home, EVERY_TAG) as (server, month):
        with psycopg.connect(server.url("lineside_bi"), autocommit=True) as session:
            lines = [line for (line,) in session.execute("SELECT DISTINCT line FROM bi.machine").fetchall()]
            for board in committed("en"):
                for panel in board["panels"]:
                    figures[f"{board['title']}: {panel['title']}"] = _median_ms(session, panel, month, lines)
        rows = _one(server, "SELECT count(*) FROM plant.rollup_1m")
    return {"max_ms": max(figures.values()), "minutes": rows} | figures


def oee_7_days(home: Path) -> dict[str, Any]:
    with _written(home, ()) as (server, month), psycopg.connect(server.url("lineside_bi")) as session:
        week = (month.end - timedelta(days=7), month.end)
        whole, told = _timed(session, OEE, week)
        assert len(told) == MACHINES, told
        assert all(0 < row[4] < 1 for row in told), told
        per_shift, shifts = _timed(session, PER_SHIFT, week)
        assert len(shifts) >= 20 * MACHINES
    return {"ms": whole, "per_shift_ms": per_shift, "machines": MACHINES}


@contextmanager
def _written(home: Path, minute_tags: tuple[str, ...]) -> Iterator[tuple[PostgresServer, Month]]:
    tuning = {"max_wal_size": "4GB", "shared_buffers": "256MB"}
    with running_postgres(home, die_with_parent=True, tuning=tuning) as server:
        migrate(server.url(), say=lambda _: None)
        month = month_until_now(machines=MACHINES, minute_tags=minute_tags)
        asyncio.run(write_month(server.url("lineside_plant"), server.url("lineside_bridge"), month))
        yield server, month


def _median_ms(session: psycopg.Connection, panel: dict[str, Any], month: Month, lines: list[str]) -> float:
    took = []
    for _ in range(TIMES):
        began = time.perf_counter()
        ask(session, panel, Range(month.begin, month.end), {"line": lines})
        took.append(time.perf_counter() - began)
    return round(statistics.median(took) * 1000, 1)


def _timed(
    session: psycopg.Connection, query: str, values: tuple[object, ...]
) -> tuple[float, list[tuple[Any, ...]]]:
    took, rows = [], []
    for _ in range(TIMES):
        began = time.perf_counter()
        rows = session.execute(query.encode(), values).fetchall()
        took.append(time.perf_counter() - began)
    return round(statistics.median(took) * 1000, 1), rows


def _one(server: PostgresServer, query: str) -> int:
    with psycopg.connect(server.url("postgres")) as session:
        row = session.execute(query.encode()).fetchone()
    assert row is not None
    return int(row[0])
