"""The demo: a plant, its factory, production for a while, and the truth table.

Production begins when every machine delivers. With a duration it then runs that long, the machines stop, everything
drains, and the table is written; it balances, or the demo fails.
"""

import asyncio
import json
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import psycopg

from plant_server.demo.plant import Plant, PlantOptions, running_plant
from plant_server.demo.report import Report, make_report
from plant_server.demo.shop_floor import FactoryFailed, FloorOptions, ShopFloor, running_shop_floor
from simulators.faults import FactoryControl
from simulators.truth_table import TruthTable, truth_table

DELIVER_WITHIN_S = 60.0
DRAIN_WITHIN_S = 75.0
"""A restart just before the end is settled 60 s later, when the machine has stood still for that long."""

Say = Callable[[str], None]
Wait = Callable[[float, str], None]
"""Waits so many seconds, showing a text and how much is left."""


@dataclass(frozen=True, slots=True)
class DemoOptions:
    home: Path
    plant: PlantOptions = field(default_factory=PlantOptions)
    floor: FloorOptions = field(default_factory=FloorOptions)
    duration_s: float | None = None  # None: until interrupted.


@contextmanager
def living_factory(options: DemoOptions, say: Say) -> Iterator[tuple[Plant, ShopFloor]]:
    """Plant and shop floor, every machine delivering; production is not started yet."""
    options.home.mkdir(parents=True, exist_ok=True)
    with (
        running_plant(options.home, options.plant, say=say) as plant,
        running_shop_floor(plant, options.floor) as floor,
    ):
        wait_until_delivering(plant, floor)
        yield plant, floor


def wait_until_delivering(plant: Plant, floor: ShopFloor, within_s: float = DELIVER_WITHIN_S) -> None:
    """Until the plant has a reading of every counter and meter. Raises FactoryFailed with the last words."""
    devices = [device["name"] for device in floor.devices]
    query = """SELECT count(DISTINCT device.name) FROM plant.odometer JOIN plant.tag USING (tag_id)
               JOIN plant.device USING (device_id) WHERE device.name = ANY (%s) AND odometer.ts IS NOT NULL"""
    deadline = time.monotonic() + within_s
    with psycopg.connect(plant.database.url("lineside_plant"), autocommit=True) as connection:
        while True:
            row = connection.execute(query, [devices]).fetchone()
            if row is not None and row[0] == len(devices):
                return
            check_alive(plant, floor)
            if time.monotonic() > deadline:
                raise FactoryFailed(
                    f"after {within_s:.0f} s only {row[0] if row else 0} of {len(devices)} devices deliver:\n"
                    f"{floor.edge.last_words()}\n{plant.ingest.last_words()}"
                )
            time.sleep(0.1)


def check_alive(plant: Plant, floor: ShopFloor) -> None:
    """Raises FactoryFailed when a process has ended that nobody stopped."""
    for child in (*plant.children, *floor.children):
        if not child.alive:
            raise FactoryFailed(f"{child.name} ended (exit code {child.exit_code}):\n{child.last_words()}")


def command(floor: ShopFloor, name: str) -> None:
    """`start` or `stop` production."""

    async def tell() -> None:
        async with FactoryControl.of(floor.state_dir) as factory:
            await (factory.start() if name == "start" else factory.stop())

    asyncio.run(tell())


def drain(plant: Plant, floor: ShopFloor, within_s: float = DRAIN_WITHIN_S) -> TruthTable:
    """Wait until the table balances, not longer than `within_s`. Returns the last one either way."""
    deadline = time.monotonic() + within_s
    while True:
        table = truth_table(floor.state_dir, plant.database.url("lineside_plant"))
        if table.balanced or time.monotonic() > deadline:
            return table
        time.sleep(0.5)


def produce(options: DemoOptions, plant: Plant, floor: ShopFloor, wait: Wait) -> Report:
    """Run production for the duration, stop, drain, report."""
    started = time.monotonic()
    command(floor, "start")
    while (left := (options.duration_s or 0) - (time.monotonic() - started)) > 0:
        wait(min(1.0, left), "producing")
        check_alive(plant, floor)
    command(floor, "stop")
    wait(0, "draining")
    table = drain(plant, floor)
    return make_report(table, seed=floor.options.seed, seconds=options.duration_s or 0)


def write_report(report: Report, path: Path) -> None:
    path.write_text(json.dumps(report.as_json(), indent=2) + "\n", encoding="utf-8")
