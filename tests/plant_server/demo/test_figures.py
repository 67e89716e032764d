"""What the owner reads in the demo is true for its machines: a living factory, until each has made enough to divide by."""

import asyncio
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import psycopg
import pytest
from psycopg.rows import dict_row

from plant_server.async_database import connect_async
from plant_server.demo.business import BusinessOptions
from plant_server.demo.plant import SHIFTS, Plant, PlantOptions, state_shifts
from plant_server.demo.routings import release_routings
from plant_server.demo.run import DemoOptions, Factory, command, living_factory
from plant_server.demo.shop_floor import FloorOptions
from plant_server.terminal.boss import Boss, boss_of

pytestmark = [pytest.mark.system, pytest.mark.timeout(240)]

WITHIN_S = 120.0
LAG_S = 4.0
"""State and counter are polled each second, and an hour is made again in a second or two: so much they may be apart."""
OEE = "SELECT * FROM bi.oee_shift ORDER BY machine"
ROUTINGS = "SELECT revision, cycle_time_s::float8 FROM plant.routing JOIN plant.routing_operation USING (routing_id) ORDER BY 1, 2"


def test_the_owner_s_figures_are_there_and_no_machine_did_more_than_it_could(tmp_path: Path) -> None:
    options = DemoOptions(
        home=tmp_path / "plant",
        plant=PlantOptions(any_ports=True, shifts=SHIFTS),
        floor=FloorOptions(seed=1, any_ports=True),
        business=BusinessOptions(any_ports=True),
    )
    with living_factory(options, say=print) as factory:
        command(factory.floor, "start")
        shifts = _until_each_has_made(factory, parts=80)
        for one in shifts:
            assert one["shift"] in ("early", "late", "night")
            assert one["unrated"] == 0, one
            assert 0 < one["availability"] <= 1, one
            assert 0.9 < one["quality_ratio"] <= 1, one
            assert 0 < one["oee"] < 1.1, one
            # A machine that was out of reach counted on: its parts were made in time that is known or that is not.
            assert one["planned_run_s"] <= one["producing_s"] + one["unknown_s"] + LAG_S, one
        boss = asyncio.run(_boss(factory.plant))
        assert boss.hours is not None
        assert boss.hours.oee is not None
        assert 0 < boss.hours.oee <= 1
        assert boss.hours.unrated == 0
        _nothing_is_stated_twice(factory, options)


def _nothing_is_stated_twice(factory: Factory, options: DemoOptions) -> None:
    """Another start changes nothing; another speed is another planned time."""
    url = factory.plant.database.url("lineside_plant")
    business = factory.business.options
    with psycopg.connect(url, autocommit=True) as connection:
        before = connection.execute(ROUTINGS).fetchall()
        assert len(before) == 3
        state_shifts(url, SHIFTS)
        release_routings(factory.plant, options.floor, business, factory.check_alive)
        assert connection.execute(ROUTINGS).fetchall() == before
        told = connection.execute("SELECT count(*) FROM plant.event WHERE kind = 'shifts.state'").fetchone()
        assert told == (1,)
        release_routings(factory.plant, replace(options.floor, speed=5.0), business, factory.check_alive)
        after = dict.fromkeys(connection.execute(ROUTINGS).fetchall())
        assert [row for row in after if row[0] == "2"] == [("2", pytest.approx(2 * one)) for _, one in before]


def _until_each_has_made(factory: Factory, parts: int) -> list[dict[str, Any]]:
    """The figures of the present shift, by machine."""
    deadline = time.monotonic() + WITHIN_S
    with psycopg.connect(
        factory.plant.database.url("lineside_bi"), autocommit=True, row_factory=dict_row
    ) as connection:
        while True:
            rows = connection.execute(OEE).fetchall()
            if len(rows) == 3 and all(row["made"] >= parts for row in rows):
                return rows
            factory.check_alive()
            factory.crew.tend()
            assert time.monotonic() < deadline, rows
            time.sleep(0.5)


async def _boss(plant: Plant) -> Boss:
    connection = await connect_async(plant.database.url("lineside_plant"), application="test")
    try:
        return await boss_of(connection, "UTC")
    finally:
        await connection.close()
