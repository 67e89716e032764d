"""A day of history in the spool, then machines at speed 20 whose cables are pulled and whose controllers restart, while the crew
works orders off and the bridge tells the core. At the end every book is compared with the machines' own.

The history is that of an edge that was cut off for a day: it drains while the factory goes on. Two sorts of fault follow one another
for as long as the run takes, chosen by the seed: of cables (cut, or silent) between edge and broker, plant and broker, edge and each
device; and of machines. Each kind comes at least once before any comes again.
"""

import asyncio
import random
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from plant_server.demo.business import BusinessOptions
from plant_server.demo.plant import PlantOptions
from plant_server.demo.run import (
    DRAIN_WITHIN_S,
    DemoOptions,
    Factory,
    command,
    drain,
    living_factory,
    wait_until_delivering,
)
from plant_server.demo.shop_floor import FloorOptions
from simulators.faults import FactoryControl, FactoryRefused, FaultName
from simulators.truth_table import Row
from tests.system.check_history import Verdict, check
from tests.system.cuttable_proxy import CuttableProxy
from tests.system.history import History, Written, write_history
from tests.system.workshop import TIMING, Workshop

SPEED = 20.0
DAY_S = 24 * 3600
EVERY_S = 5
HISTORY_MACHINES = 2
HISTORY_TAGS = 3  # And the counter.
HISTORY_DRAINS_WITHIN_S = 300.0
PULLED_S = (1.0, 6.0)
BETWEEN_S = (2.0, 6.0)
MACHINE_FAULTS: tuple[tuple[str, FaultName, float], ...] = (
    ("press1", "restart", 2.0),
    ("cell1", "restart", 2.0),
    ("mould1", "restart", 2.0),
    ("mould1", "job_reset", 0.0),
    ("cell1", "glitch", 1.5),
)


@dataclass(frozen=True, slots=True)
class Outcome:
    """`pulled`: cables, by name; `struck`: faults of machines that we made, beside those of the scenario."""

    history: Written
    seconds: float
    pulled: Counter[str]
    struck: Counter[str]
    verdict: Verdict

    def rows(self, unit: str) -> list[Row]:
        return [row for row in self.verdict.table.rows if row.unit == unit]


@dataclass(slots=True)
class Cables:
    """Every connection of edge and ingest, each through a proxy of its own, by the name of what it leads to."""

    open_: ExitStack
    by_name: dict[str, CuttableProxy] = field(default_factory=dict)
    _by_address: dict[str, CuttableProxy] = field(default_factory=dict)

    def through(self, name: str, url: str) -> str:
        """The address of a cable to `url`. Devices behind one address share it, as they do a wire."""
        parts = urlsplit(url)
        if parts.netloc not in self._by_address:
            proxy = self.open_.enter_context(CuttableProxy(parts.hostname or "", parts.port or 0))
            self.by_name[name] = self._by_address[parts.netloc] = proxy
        return f"{parts.scheme}://127.0.0.1:{self._by_address[parts.netloc].port}"


def run(home: Path, *, seed: int, seconds: float, history_s: int = DAY_S) -> Outcome:
    """Drain, produce for `seconds` with faults all the while, stop, drain again, judge."""
    with ExitStack() as open_:
        to_edge, to_ingest = Cables(open_), Cables(open_)
        factory = open_.enter_context(_factory(home, seed))
        shop = Workshop(factory.plant, factory.floor)
        factory.floor.edge.stop()
        with shop.spool() as spool:
            now_ms = time.time_ns() // 1_000_000
            wanted = History(
                now_ms=now_ms,
                seconds=history_s,
                every_s=EVERY_S,
                machines=HISTORY_MACHINES,
                tags=HISTORY_TAGS,
                seed=seed,
            )
            history = write_history(spool, factory.floor.state_dir, wanted)
        _lay(to_edge, to_ingest, factory, shop)
        command(factory.floor, "start")
        factory.floor.edge.start()
        shop.wait_until(
            "the history in the plant",
            lambda: factory.crew.tend() and shop.committed() >= history.last,
            HISTORY_DRAINS_WITHIN_S,
            every_s=1.0,
        )
        wait_until_delivering(factory.plant, factory.floor)
        began = time.monotonic()
        cables = to_edge.by_name | to_ingest.by_name
        trouble = _Trouble(factory, cables, random.Random(f"s09 {seed}"))
        trouble.go_on(seconds)
        lasted_s = time.monotonic() - began
        verdict = _at_rest(factory, shop)
    return Outcome(history, lasted_s, trouble.pulled, trouble.struck, verdict)


@contextmanager
def _factory(home: Path, seed: int) -> Iterator[Factory]:
    options = DemoOptions(
        home=home,
        plant=PlantOptions(any_ports=True, backoff_max_s=1.0, tuning={"shared_buffers": "64MB"}),
        floor=FloorOptions(seed=seed, speed=SPEED, any_ports=True, timing=tuple(TIMING.items())),
        business=BusinessOptions(any_ports=True),
    )
    with living_factory(options, say=print) as factory:
        yield factory


def _lay(to_edge: Cables, to_ingest: Cables, factory: Factory, shop: Workshop) -> None:
    """Take every connection through a cable that can be pulled; the edge is stopped."""
    broker, ingest = factory.plant.broker.url, factory.plant.ingest

    def rewire(config: dict[str, Any]) -> None:
        config["broker"]["urls"] = [to_edge.through("broker", broker)]
        for device in config["devices"]:
            device["url"] = to_edge.through(device["name"], device["url"])

    shop.change_edge(rewire)
    ingest.stop()
    ingest.environment["LINESIDE_MQTT__URL"] = to_ingest.through("ingest", broker)
    ingest.start()


@dataclass(slots=True)
class _Trouble:
    """What may happen, and what did."""

    factory: Factory
    cables: dict[str, CuttableProxy]
    chance: random.Random
    pulled: Counter[str] = field(default_factory=Counter)
    struck: Counter[str] = field(default_factory=Counter)

    def go_on(self, seconds: float) -> None:
        """One fault after the other until the time is over and a controller has restarted; the crew gets its orders
        meanwhile."""
        faults: list[Callable[[], None]] = []
        until = time.monotonic() + seconds
        while time.monotonic() < until or not self.struck["restart"]:
            faults = faults or self._all_once()
            fault = faults.pop()
            try:
                fault()
            except FactoryRefused:  # The scenario's own fault is there just now: later, then.
                faults.insert(0, fault)
            self.factory.check_alive()
            self.factory.crew.tend()
            time.sleep(self.chance.uniform(*BETWEEN_S))

    def _all_once(self) -> list[Callable[[], None]]:
        faults: list[Callable[[], None]] = [partial(self._pull, name) for name in sorted(self.cables)]
        faults += [partial(self._strike, *fault) for fault in MACHINE_FAULTS]
        self.chance.shuffle(faults)
        return faults

    def _pull(self, name: str) -> None:
        """Cut or silent, for a random time, and back."""
        cable = self.cables[name]
        if self.chance.random() < 0.5:
            cable.cut()
        else:
            cable.silence()
        time.sleep(self.chance.uniform(*PULLED_S))
        cable.heal()
        self.pulled[name] += 1

    def _strike(self, machine: str, fault: FaultName, lasts_s: float) -> None:
        async def strike() -> None:
            async with FactoryControl.of(self.factory.floor.state_dir) as control:
                await control.fault(machine, fault, duration_s=lasts_s)

        asyncio.run(strike())
        self.struck[fault] += 1


def _at_rest(factory: Factory, shop: Workshop) -> Verdict:
    """Machines stop, the crew ends its runs, everything is told to the core; then the judge."""
    shop.halt()
    shop.wait_until_drained(DRAIN_WITHIN_S)
    drain(factory.plant, factory.floor, DRAIN_WITHIN_S, until_posted=False)
    factory.crew.finish()
    drain(factory.plant, factory.floor, DRAIN_WITHIN_S)
    shop.edge.stop()
    return check(factory.floor.state_dir, factory.plant.database.url(), factory.floor.spool_path)
