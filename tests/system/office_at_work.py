"""A living factory with its office for kills: two bridges, short deadlines, ports nobody else has."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg

from plant_server.demo.business import BusinessOptions
from plant_server.demo.child import Child
from plant_server.demo.plant import PlantOptions
from plant_server.demo.run import DemoOptions, Factory, command, drain, living_factory
from plant_server.demo.shop_floor import FloorOptions
from tests.system.check_business import UNFINISHED, UNSEALED, BusinessVerdict, check

TIMING = (("timeout_s", 1), ("settle_s", 3), ("retry_max_s", 1))
HAS_BRIDGE = "SELECT WHERE to_regclass('bridge.document') IS NOT NULL"
TOLD = "SELECT FROM bridge.document WHERE kind = 'completion' AND state = 'accepted' LIMIT 1"
MOVE_WITHIN_S = 60.0
STORE_WITHIN_S = 20.0
DRAIN_WITHIN_S = 75.0


@contextmanager
def office_at_work(home: Path, seed: int, speed: float = 10.0) -> Iterator[tuple[Factory, Child]]:
    """Machines produce and the crew works; yields with the second bridge running."""
    options = DemoOptions(
        home=home,
        plant=PlantOptions(any_ports=True, tuning={"shared_buffers": "64MB"}),
        floor=FloorOptions(seed=seed, speed=speed, any_ports=True),
        business=BusinessOptions(any_ports=True, timing=TIMING, poll_s=0.2),
    )
    with living_factory(options, say=print) as factory:
        second = factory.business.make_bridge("bridge2")
        second.start()
        try:
            command(factory.floor, "start")
            _until_moving(factory)
            yield factory, second
        finally:
            second.stop()


def _until_moving(factory: Factory) -> None:
    """Until something that was made stands in the core: all of it works together."""
    deadline = time.monotonic() + MOVE_WITHIN_S
    with psycopg.connect(factory.plant.database.url(), autocommit=True) as connection:
        while not _is_told(connection):
            factory.check_alive()
            assert time.monotonic() < deadline, factory.crew.child.last_words()
            factory.crew.tend()
            time.sleep(0.5)


def _is_told(connection: psycopg.Connection) -> bool:
    """False too while the bridge has no tables yet."""
    if connection.execute(HAS_BRIDGE).fetchone() is None:
        return False
    return connection.execute(TOLD).fetchone() is not None


def end_of_shift(factory: Factory) -> BusinessVerdict:
    """Machines stop, the crew ends its runs, everything drains; then the verdict."""
    command(factory.floor, "stop")
    drain(factory.plant, factory.floor, STORE_WITHIN_S, until_posted=False)
    factory.crew.finish()
    assert factory.crew.child.exit_code == 0, factory.crew.child.last_words()
    drain(factory.plant, factory.floor, DRAIN_WITHIN_S)
    _until_all_is_told(factory)
    plant, business = factory.plant, factory.business
    with business.client("core") as core:
        return check(business.state_dir, plant.database.url(), plant.home / "log" / "anchors.log", core)


def _until_all_is_told(factory: Factory) -> None:
    """Also what the truth table does not count, and the seals; not longer than a while: the judge names what is left."""
    deadline = time.monotonic() + DRAIN_WITHIN_S
    with psycopg.connect(factory.plant.database.url(), autocommit=True) as connection:
        while time.monotonic() < deadline:
            if connection.execute(f"{UNFINISHED} LIMIT 1").fetchone() is None:
                unsealed = connection.execute(UNSEALED).fetchone()
                if unsealed is not None and not unsealed[0]:
                    return
            time.sleep(0.2)
