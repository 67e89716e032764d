"""Every panel that shows a ratio, in both languages, against values computed here from stated facts.

The facts of OEE are the three shifts of test_oee.py; hand_shifts.py reads them off the clock. A panel that divides and is
not held here fails.
"""

import asyncio
import json
import re
from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Any

import psycopg
import pytest

from dashboards.board import LANGUAGES
from dashboards.macros import Range
from dashboards.preview import ask, committed
from plant_server.embedded.postgres import PostgresServer
from tests.dashboards.hand_shifts import DAY, PARETO_MIN, PLANNED_MIN_PER_PART, SHIFTS, Sums
from tests.dashboards.shop_of_one import ShopOfOne, at
from tests.dashboards.test_oee import three_shifts
from tests.plant_server.database_fixture import fresh_database

pytestmark = pytest.mark.system

Panel = dict[str, Any]
Rows = list[list[float]]
ByHand = Callable[[Sums, tuple[Sums, ...]], Rows]
"""Numbers of a panel's rows, from the sums of a range and from the shifts in it."""

DIVIDES = re.compile(r"/ (?!(?:60|1000|3600)\b(?!\.))")
"""By something else than a unit. A path's separator has no blank behind it."""

# Two runs that ended: 1000 good parts for 30 kWh and 500 for 30 kWh, of 75 kWh that the meter counted. 412 of 5000 are done.
# Two minutes in which an edge stored 3000 and 600 values. Its spool holds 412 bytes of 500.
ENERGY_AND_WORK = """
INSERT INTO plant.device (edge_id, name, path, online) SELECT edge_id, 'meter1', path, true FROM plant.device;
INSERT INTO plant.equipment_proposal (device_id, path, state, equipment_id)
SELECT device_id, path, 'accepted', equipment_id FROM plant.device JOIN plant.equipment USING (path) WHERE device.name = 'meter1';
INSERT INTO plant.tag (device_id, name, datatype, role, unit)
SELECT device_id, 'energy', 3, 'meter', 'Wh' FROM plant.device WHERE name = 'meter1';
INSERT INTO plant.odometer (tag_id, total, ts, state) SELECT tag_id, 75000, %(end)s, '{}' FROM plant.tag WHERE role = 'meter';
UPDATE plant.operation SET good = 412;
INSERT INTO plant.equipment (path, name) VALUES ('demo/plant1/area1/line1/bench1', 'bench1');
WITH ended AS (
    INSERT INTO plant.run (operation_id, work_order_id, equipment_id, tag_id, from_time, to_time, count_source, setup_parts,
                           booked_made, booked_rejected, entered_scrap, entered_rework)
    SELECT operation_id, work_order_id, equipment.equipment_id, tag_id, begun, ended, 'machine', 'scrap', good + 10, 4, 5, 1
    FROM plant.run, plant.equipment,
        (VALUES (1000, %(begin)s, %(middle)s), (500, %(middle)s, %(end)s)) AS told (good, begun, ended)
    WHERE equipment.name = 'bench1' RETURNING run_id
), told AS (
    INSERT INTO plant.run_energy (run_id, energy_wh, meters, event_id) SELECT run_id, 30000, 1, gen_random_uuid() FROM ended
)
INSERT INTO plant.run_meter_energy (run_id, tag_id, energy_wh)
SELECT run_id, tag_id, 30000 FROM ended, plant.tag WHERE role = 'meter';
INSERT INTO plant.commit_minute (edge_id, minute, commits, samples)
SELECT edge_id, minute, 1, samples FROM plant.edge,
    (VALUES (%(begin)s, 3000), (%(begin)s + interval '1 min', 600)) AS told (minute, samples);
INSERT INTO plant.edge_spool (edge_id, waiting, used_bytes, bound_bytes, disk_free_bytes, received_time)
SELECT edge_id, 41250, 412, 500, 9000, %(end)s FROM plant.edge;
"""


def one_row(*formulas: Callable[[Sums], float]) -> ByHand:
    return lambda total, _: [[formula(total) for formula in formulas]]


def row_per_shift(formula: Callable[[Sums], float]) -> ByHand:
    return lambda _, shifts: [[formula(shift)] for shift in shifts]


def fixed(*row: float) -> ByHand:
    return lambda total, shifts: [list(row)]


def ratios(*before: Callable[[Sums], float]) -> ByHand:
    return lambda total, _: [[*(formula(total) for formula in before), *total.ratios]]


def waterfall(total: Sums, _: tuple[Sums, ...]) -> Rows:
    """[ground, hours] of each step, from planned busy time down to good time."""
    planned_run = PLANNED_MIN_PER_PART * total.made
    losses = [
        *(total.setup, total.unplanned, total.blocked, total.unexplained),
        total.producing - planned_run,
        PLANNED_MIN_PER_PART * (total.scrap + total.rework),
    ]
    steps = [[0.0, total.busy / 60]]
    left = float(total.busy)
    for loss in losses:
        left -= loss
        steps.append([left / 60, loss / 60])
    return [*steps, [0.0, PLANNED_MIN_PER_PART * total.good / 60]]


BY_HAND: dict[tuple[str, str], ByHand] = {
    ("lineside-line", "OEE of machines"): ratios(),
    ("lineside-line", "Running jobs"): fixed(412, 5000, 412 / 5000, 0),
    ("lineside-shift", "OEE"): one_row(lambda sums: sums.oee),
    ("lineside-shift", "OEE per shift"): row_per_shift(lambda sums: sums.oee),
    ("lineside-plant", "OEE"): one_row(lambda sums: sums.oee),
    ("lineside-plant", "Availability"): one_row(lambda sums: sums.availability),
    ("lineside-plant", "Effectiveness"): one_row(lambda sums: sums.effectiveness),
    ("lineside-plant", "Quality"): one_row(lambda sums: sums.quality),
    ("lineside-plant", "OEE per shift"): row_per_shift(lambda sums: sums.oee),
    ("lineside-plant", "Lines"): ratios(),
    ("lineside-plant", "Where the time went"): waterfall,
    ("lineside-quality", "Yield"): one_row(lambda sums: sums.quality),
    ("lineside-quality", "Scrap and rework of what was made"): row_per_shift(lambda sums: sums.not_good),
    ("lineside-quality", "Machines"): one_row(
        *(lambda sums: sums.made, lambda sums: sums.good, lambda sums: sums.scrap, lambda sums: sums.rework),
        lambda sums: sums.quality,
    ),
}
"""Asked for the day and for each shift alone."""
IN_PRESENT_SHIFT = {
    ("lineside-shift", "Machines of the present shift"): ratios(
        lambda sums: sums.good, lambda sums: sums.scrap
    ),
}
"""Asked while each shift goes on."""
OF_THE_DAY: dict[tuple[str, str], Rows] = {
    ("lineside-plant", "Energy per good part"): [[60_000 / 1500]],
    ("lineside-energy", "Energy per good part"): [[60_000 / 1500]],
    ("lineside-energy", "Unallocated since the meters were connected"): [[15 / 75]],
    ("lineside-energy", "Per product"): [[1500, 60, 60_000 / 1500]],
    ("lineside-energy", "Per order"): [[1500, 60, 60_000 / 1500]],
    ("lineside-energy", "Whose energy it was"): [[75, 60, 15, 60 / 75]],
    ("lineside-health", "Stored values, last 24 hours"): [[3600 / (2 * 60)]],
    ("lineside-health", "Spools"): [[412 / 500, 41250, 412, 500, 9000]],
    # Not ratios, and told by the same facts.
    ("lineside-line", "Good parts"): [[DAY.good]],
    ("lineside-line", "Scrap"): [[DAY.scrap]],
    ("lineside-shift", "Good parts per shift"): [[shift.good] for shift in SHIFTS],
    ("lineside-plant", "Output per day"): [[DAY.good, DAY.scrap + DAY.rework]],
    ("lineside-quality", "Made"): [[DAY.made]],
    ("lineside-quality", "Rework"): [[DAY.rework]],
}
WHOLE_DAY = Range(at(0), at(1439))


@pytest.fixture(scope="module")
def session(database_server: PostgresServer) -> Iterator[psycopg.Connection]:
    """The three shifts, by the role that may only read."""
    with fresh_database(database_server, template="lineside") as database:
        shop = ShopOfOne(database.url, database_server.url("lineside_bi", database.name))
        three_shifts(shop)
        moments = {"begin": at(0), "middle": at(700), "end": at(1400)}
        shop.connection.execute(ENERGY_AND_WORK, moments)
        asyncio.run(shop.keep())
        shop.close()
        with psycopg.connect(shop.bi_url, autocommit=True) as connection:
            yield connection


def panels() -> dict[tuple[str, str], list[Panel]]:
    """By uid of the board and English title: the panel in each language."""
    first, second = (list(committed(language)) for language in LANGUAGES)
    return {
        (board["uid"].removesuffix("-en"), panel["title"]): [panel, other]
        for board, twin in zip(first, second, strict=True)
        for panel, other in zip(board["panels"], twin["panels"], strict=True)
    }


PANELS = panels()


def numbers(session: psycopg.Connection, panel: Panel, span: Range) -> Rows:
    """Of each row, less names, times and what is not known."""
    lines = [line for (line,) in session.execute("SELECT DISTINCT line FROM bi.machine").fetchall()]
    _, rows = ask(session, panel, span, {"line": lines})
    is_series = panel["targets"][0]["format"] == "time_series"
    return [
        [
            float(value)
            for value in (row[1:] if is_series else row)
            if not isinstance(value, str | datetime | None)
        ]
        for row in rows
    ]


def while_it_is(panel: Panel, now: datetime) -> Panel:
    """The same question, asked at another time."""
    (target,) = panel["targets"]
    assert "now()" in target["rawSql"]
    asked = target["rawSql"].replace("now()", f"timestamptz '{now.isoformat()}'")
    return panel | {"targets": [target | {"rawSql": asked}]}


def rows_near(rows: Rows) -> list[Any]:
    return [pytest.approx(row, abs=1e-9) for row in rows]


def test_every_panel_that_divides_is_held_to_values_by_hand() -> None:
    dividing = {
        place
        for place, (panel, _) in PANELS.items()
        if DIVIDES.search(panel["targets"][0]["rawSql"]) or "percentunit" in json.dumps(panel["fieldConfig"])
    }
    assert dividing
    assert dividing - BY_HAND.keys() - IN_PRESENT_SHIFT.keys() - OF_THE_DAY.keys() == set()
    assert (BY_HAND | IN_PRESENT_SHIFT).keys() <= dividing


@pytest.mark.parametrize("place", BY_HAND, ids="/".join)
def test_ratios_of_a_day_and_of_each_shift_are_as_by_hand(
    session: psycopg.Connection, place: tuple[str, str]
) -> None:
    for panel in PANELS[place]:
        assert numbers(session, panel, WHOLE_DAY) == rows_near(BY_HAND[place](DAY, SHIFTS))
        for number, shift in enumerate(SHIFTS):
            span = Range(at(480 * number), at(480 * number + 479))
            assert numbers(session, panel, span) == rows_near(BY_HAND[place](shift, (shift,)))


@pytest.mark.parametrize("place", IN_PRESENT_SHIFT, ids="/".join)
def test_the_present_shift_is_as_by_hand_from_its_first_to_its_last_moment(
    session: psycopg.Connection, place: tuple[str, str]
) -> None:
    for panel in PANELS[place]:
        for number, shift in enumerate(SHIFTS):
            expected = rows_near(IN_PRESENT_SHIFT[place](shift, (shift,)))
            for minute in (480 * number, 480 * number + 479.99):
                assert numbers(session, while_it_is(panel, at(minute)), WHOLE_DAY) == expected


@pytest.mark.parametrize("place", OF_THE_DAY, ids="/".join)
def test_figures_of_the_day_are_as_by_hand(session: psycopg.Connection, place: tuple[str, str]) -> None:
    for panel in PANELS[place]:
        assert numbers(session, panel, WHOLE_DAY) == rows_near(OF_THE_DAY[place])


@pytest.mark.parametrize("uid", ["lineside-shift", "lineside-plant"])
def test_the_pareto_has_the_minutes_that_were_said(session: psycopg.Connection, uid: str) -> None:
    panel, _ = PANELS[(uid, "Why machines stood")]
    _, rows = ask(session, panel, WHOLE_DAY, {"line": ["demo/plant1/area1/line1"]})
    assert [(reason, float(minutes)) for reason, minutes in rows] == list(PARETO_MIN.items())
