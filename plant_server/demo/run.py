"""The demo: a plant, its factory, its office and its people, production for a while, and the truth table.

Production begins when every machine delivers. With a duration it then runs that long, the machines stop, the crew ends its
runs, everything drains into the core, and the table is written; it balances, or the demo fails.
"""

import asyncio
import json
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

import psycopg

from plant_server.demo.business import Business, BusinessOptions, running_business
from plant_server.demo.child import Child
from plant_server.demo.crew import Crew, working_crew
from plant_server.demo.plant import Plant, PlantOptions, running_plant
from plant_server.demo.report import Report, make_report
from plant_server.demo.routings import release_routings
from plant_server.demo.shop_floor import FactoryFailed, FloorOptions, ShopFloor, running_shop_floor
from simulators.faults import FactoryControl
from simulators.truth_table import TruthTable, truth_table

DELIVER_WITHIN_S = 60.0
STORE_WITHIN_S = 15.0
TEND_EVERY_S = 3.0
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
    business: BusinessOptions = field(default_factory=BusinessOptions)
    duration_s: float | None = None  # None: until interrupted.


@dataclass(frozen=True, slots=True)
class Factory:
    """Everything that runs."""

    plant: Plant
    floor: ShopFloor
    business: Business
    crew: Crew

    def check_alive(self) -> None:
        """Raises FactoryFailed when a process has ended that nobody stopped."""
        check_alive(self.plant, self.floor, *self.business.children, self.crew.child)


@contextmanager
def living_machines(options: DemoOptions, say: Say) -> Iterator[tuple[Plant, ShopFloor]]:
    """Plant and shop floor, every machine delivering, without office and crew; production is not started yet."""
    options.home.mkdir(parents=True, exist_ok=True)
    with (
        running_plant(options.home, options.plant, say=say) as plant,
        running_shop_floor(plant, options.floor) as floor,
    ):
        wait_until_delivering(plant, floor)
        yield plant, floor


@contextmanager
def living_factory(options: DemoOptions, say: Say) -> Iterator[Factory]:
    """All of it, every machine delivering and the crew at work; production is not started yet."""
    with (
        living_machines(options, say) as (plant, floor),
        running_business(plant, _with_machines_of(floor, options.business)) as business,
        working_crew(plant, business, options.floor.seed) as crew,
    ):
        release_routings(
            plant, options.floor, business.options, lambda: check_alive(plant, floor, *business.children)
        )
        crew.tend()
        crew.child.start()
        yield Factory(plant, floor, business, crew)


def _with_machines_of(floor: ShopFloor, business: BusinessOptions) -> BusinessOptions:
    """The office knows the machines that the scenario has."""
    paths = sorted({str(device["path"]) for device in floor.devices})
    machines = tuple(path.rsplit("/", 1)[1] for path in paths)
    return replace(business, machines=machines, line=paths[0].rsplit("/", 1)[0])


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


def check_alive(plant: Plant, floor: ShopFloor, *more: Child) -> None:
    """Raises FactoryFailed when a process has ended that nobody stopped."""
    for child in (*plant.children, *floor.children, *more):
        if not child.alive:
            raise FactoryFailed(f"{child.name} ended (exit code {child.exit_code}):\n{child.last_words()}")


def command(floor: ShopFloor, name: str) -> None:
    """`start` or `stop` production."""

    async def tell() -> None:
        async with FactoryControl.of(floor.state_dir) as factory:
            await (factory.start() if name == "start" else factory.stop())

    asyncio.run(tell())


def drain(
    plant: Plant, floor: ShopFloor, within_s: float = DRAIN_WITHIN_S, *, until_posted: bool = True
) -> TruthTable:
    """Wait until the table balances and nothing waits any more, not longer than `within_s`: neither for the core, nor
    the energy of a run for a reading of its meter. Returns the last one either way: what still waits balances too."""
    deadline = time.monotonic() + within_s
    while True:
        table = truth_table(floor.state_dir, plant.database.url())
        waits = until_posted and (_energy_waits(plant) or table.waits)
        if (table.balanced and not waits) or time.monotonic() > deadline:
            return table
        time.sleep(0.5)


def _energy_waits(plant: Plant) -> bool:
    """Whether a run has ended whose energy is not told: what it used stands under not assigned until then."""
    with psycopg.connect(plant.database.url("lineside_plant"), autocommit=True) as connection:
        return connection.execute("SELECT FROM plant.energy_to_tell LIMIT 1").fetchone() is not None


def produce(options: DemoOptions, factory: Factory, wait: Wait) -> Report:
    """Run production for the duration, stop, drain, report."""
    started = time.monotonic()
    command(factory.floor, "start")
    keep_going(factory, wait, lambda: (options.duration_s or 0) - (time.monotonic() - started))
    command(factory.floor, "stop")
    wait(0, "storing")
    drain(factory.plant, factory.floor, STORE_WITHIN_S, until_posted=False)
    wait(0, "ending the runs")
    factory.crew.finish()
    wait(0, "telling the core")
    table = drain(factory.plant, factory.floor)
    orders, lots = worked_off(factory.plant)
    return make_report(
        table, seed=factory.floor.options.seed, seconds=options.duration_s or 0, orders=orders, lots=lots
    )


def keep_going(factory: Factory, wait: Wait, left: Callable[[], float]) -> None:
    """Production goes on, with orders ahead of every machine. Raises FactoryFailed."""
    tended = 0.0
    while (seconds := left()) > 0:
        wait(min(1.0, seconds), "producing")
        factory.check_alive()
        # A core that is away is asked again at the next look.
        if time.monotonic() - tended > TEND_EVERY_S and factory.crew.tend():
            tended = time.monotonic()


def worked_off(plant: Plant) -> tuple[int, int]:
    """How many orders were completed, and how many lots were consumed."""
    query = """SELECT (SELECT count(*) FROM plant.work_order WHERE state IN ('completed', 'closed')),
                      (SELECT count(DISTINCT lot_id) FROM plant.lot_move WHERE consumption_id IS NOT NULL)"""
    with psycopg.connect(plant.database.url("lineside_plant"), autocommit=True) as connection:
        row = connection.execute(query).fetchone()
    assert row is not None, "a SELECT without FROM has one row"  # noqa: S101
    return int(row[0]), int(row[1])


def write_report(report: Report, path: Path) -> None:
    path.write_text(json.dumps(report.as_json(), indent=2) + "\n", encoding="utf-8")
