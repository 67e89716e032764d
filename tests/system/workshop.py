"""A small factory in the hands of a test: machines, an edge, a plant, wired as the test wants.

    with workshop(home, scenario="tests_small", speed=4) as shop:
        shop.produce()
        …injure it…
        verdict = shop.verdict()

Ports are free ones and back-offs short. Waits are for a condition, with a deadline that only a broken system meets.
"""

import asyncio
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psycopg
import yaml

from edge.delivery.spool import Spool, SpoolLimits
from plant_server.demo.child import Child
from plant_server.demo.plant import Plant, PlantOptions, running_plant
from plant_server.demo.run import check_alive, command, wait_until_delivering
from plant_server.demo.shop_floor import FloorOptions, ShopFloor
from simulators.faults import FactoryControl, FaultName
from simulators.truth_table import TruthTable, truth_table
from tests.system.check_history import Verdict, check

BACKOFF_MAX_S = 1.0
MOVE_WITHIN_S = 30.0
DRAIN_WITHIN_S = 75.0
"""A restart just before the end is settled 60 s later, when the machine has stood still for that long."""

TIMING = {"backoff_max_s": BACKOFF_MAX_S, "backoff_first_s": 0.1}
STORED = "SELECT coalesce(sum(committed), 0)::bigint FROM plant.edge_cursor"
COMMITTED = """SELECT coalesce(max(committed), 0) FROM plant.edge_cursor JOIN plant.edge USING (edge_id)
               WHERE node = %(edge)s AND epoch = %(epoch)s"""

Config = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Wiring:
    """What differs from a plain factory. `rewire` changes the edge's configuration before it starts."""

    scenario: str = "tests_small"
    seed: int = 1
    speed: float = 4.0
    spool: tuple[tuple[str, Any], ...] = ()
    edges: tuple[tuple[str, str], ...] = (("demo", "press-shop"),)
    broker: str = "mosquitto"
    postgres: str = "installed"
    rewire: Callable[[Config, Plant], None] = field(default=lambda config, plant: None)


class Workshop:
    """A living factory. Production is off until `produce`."""

    def __init__(self, plant: Plant, floor: ShopFloor) -> None:
        self.plant = plant
        self.floor = floor

    @property
    def edge(self) -> Child:
        return self.floor.edge

    # -- machines ---------------------------------------------------------------------------------------------------

    def produce(self) -> None:
        command(self.floor, "start")

    def halt(self) -> None:
        command(self.floor, "stop")

    def fault(self, machine: str, name: FaultName, duration_s: float | None = None) -> None:
        """Let a fault strike a simulated machine; returns when it has."""

        async def strike() -> None:
            async with FactoryControl.of(self.floor.state_dir) as factory:
                await factory.fault(machine, name, duration_s=duration_s)

        asyncio.run(strike())

    def made(self, unit: str = "parts") -> int:
        """By the machines' own ledgers."""
        return self.table().made(unit)

    # -- the edge ---------------------------------------------------------------------------------------------------

    def change_edge(self, change: Callable[[Config], None]) -> None:
        """Change its configuration file; it counts from the next start."""
        config = yaml.safe_load(self.floor.edge_config.read_text(encoding="utf-8"))
        change(config)
        self.floor.edge_config.write_text(yaml.safe_dump(config, sort_keys=False), encoding="utf-8")

    @contextmanager
    def spool(self, limits: SpoolLimits | None = None, *, read_only: bool = False) -> Iterator[Spool]:
        """The edge's spool: in its place, while it is stopped, or `read_only` beside it."""
        spool = Spool(self.floor.spool_path, limits or SpoolLimits(), read_only=read_only)
        try:
            yield spool
        finally:
            spool.close()

    def head(self) -> tuple[str, int]:
        """Epoch and number of the newest entry."""
        with self.spool(read_only=True) as spool:
            return spool.epoch, spool.head

    def newest_kept_ms(self) -> int:
        """Time of the newest entry in the spool, UTC."""
        with self.spool(read_only=True) as spool:
            return spool.newest_ms()

    # -- the plant --------------------------------------------------------------------------------------------------

    def rows(self, query: str, **values: Any) -> list[tuple[Any, ...]]:
        with psycopg.connect(self.plant.database.url(), autocommit=True, connect_timeout=10) as connection:
            return connection.execute(query, values).fetchall()

    def value(self, query: str, **values: Any) -> Any:
        """The first column of the first row; None when there is none."""
        found = self.rows(query, **values)
        return found[0][0] if found else None

    def stored(self) -> int:
        """How many entries the plant has, of all epochs."""
        return int(self.value(STORED))

    def committed(self) -> int:
        """How far the plant has the present epoch of the edge."""
        epoch, _ = self.head()
        return int(self.value(COMMITTED, edge=self.floor.options.edge[1], epoch=epoch))

    # -- waiting ----------------------------------------------------------------------------------------------------

    def wait_until(
        self, what: str, condition: Callable[[], Any], within_s: float = MOVE_WITHIN_S, every_s: float = 0.1
    ) -> Any:
        """The first answer of `condition` that is true. An absent database counts as no. AssertionError after it."""
        deadline = time.monotonic() + within_s
        while True:
            try:
                if answer := condition():
                    return answer
            except psycopg.OperationalError:
                pass  # It is coming back.
            if time.monotonic() > deadline:
                raise AssertionError(f"waited {within_s:.0f} s for {what}\n{self.last_words()}")
            time.sleep(every_s)

    def wait_until_moving(self, within_s: float = MOVE_WITHIN_S) -> None:
        """Until the plant stores more than it has: everything works, and work is in flight."""
        before = self.wait_until("a cursor", lambda: (self.stored(),), within_s)[0]
        self.wait_until("something stored", lambda: self.stored() > before, within_s)

    def wait_until_spooled(self, entries: int = 8) -> None:
        """Until the edge has noted so many more, whoever hears of them."""
        _, head = self.head()
        self.wait_until("entries in the spool", lambda: self.head()[1] >= head + entries)

    def wait_until_drained(self, within_s: float = DRAIN_WITHIN_S) -> None:
        """Until the plant has all that the edge had when this was called."""
        epoch, head = self.head()
        values = {"edge": self.floor.options.edge[1], "epoch": epoch, "head": head}
        what = f"entries up to {head} of epoch {epoch}"
        self.wait_until(what, lambda: self.value(COMMITTED, **values) >= head, within_s)

    def verdict(self, within_s: float = DRAIN_WITHIN_S, *, earlier: Sequence[Path] = ()) -> Verdict:
        """Bring the factory to rest and judge all it ever did. The edge is stopped afterwards.

        `earlier`: copies of spool files that were rolled back or replaced since.
        """
        self.rest(within_s)
        database = self.plant.database.url()
        return check(self.floor.state_dir, database, self.floor.spool_path, earlier=earlier)

    def rest(self, within_s: float = DRAIN_WITHIN_S) -> None:
        """Production off, everything drained as far as it will, the edge stopped."""
        self.halt()
        deadline = time.monotonic() + within_s
        self.wait_until_drained(within_s)
        while not self.table().balanced and time.monotonic() < deadline:
            time.sleep(0.25)
        self.edge.stop()

    def check_alive(self) -> None:
        """Raises FactoryFailed when a process has ended that nobody stopped."""
        check_alive(self.plant, self.floor)

    def last_words(self) -> str:
        children: Sequence[Child] = (*self.plant.children, *self.floor.children)
        return "\n".join(f"--- {child.name}\n{child.last_words()}" for child in children)

    def table(self) -> TruthTable:
        return truth_table(self.floor.state_dir, self.plant.database.url())


@contextmanager
def workshop(home: Path, wiring: Wiring = Wiring()) -> Iterator[Workshop]:
    """Every machine delivers when this yields. All processes end with it."""
    home.mkdir(parents=True, exist_ok=True)
    plant_options = PlantOptions(
        edges=wiring.edges,
        broker=wiring.broker,  # type: ignore[arg-type]  # checked by the launcher
        postgres=wiring.postgres,  # type: ignore[arg-type]
        tls=wiring.broker == "mosquitto",
        any_ports=True,
        backoff_max_s=BACKOFF_MAX_S,
        tuning={"shared_buffers": "64MB"},
    )
    floor_options = FloorOptions(
        scenario=wiring.scenario,
        seed=wiring.seed,
        speed=wiring.speed,
        any_ports=True,
        spool=wiring.spool,
        timing=tuple(TIMING.items()),
    )
    with running_plant(home, plant_options) as plant:
        floor = ShopFloor(plant, floor_options)
        shop = Workshop(plant, floor)
        try:
            floor.start_simulators()
            floor.write_edge_config()
            shop.change_edge(lambda config: wiring.rewire(config, plant))
            floor.edge.start()
            wait_until_delivering(plant, floor)
            yield shop
        finally:
            for child in floor.children:
                child.stop()
