"""Everything that lives through the day: plant, machine, edge, office and bridge as processes, and who works there."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg

from plant_server.demo.business import Business, BusinessOptions, running_business
from plant_server.demo.goods import give_words, stock_up
from plant_server.demo.plant import Plant, PlantOptions, running_plant
from plant_server.demo.run import wait_until_delivering
from plant_server.demo.shop_floor import FloorOptions, ShopFloor, running_shop_floor
from plant_server.people.demo import DemoPerson, ensure_demo_people
from simulators.faults import FactoryControl

SCENARIO = Path(__file__).with_name("day.yaml")
LINE = "demo/plant1/area1/line1"
PRESS = f"{LINE}/press1"
SECOND_OPERATOR = "P-1009"
"""Personnel number, after the eight people of the demo. Paid as SETTER, so that the core's books tell the two operators
apart."""
WITHIN_S = 30.0


@dataclass(frozen=True, slots=True)
class Factory:
    """All of it running, production not started yet."""

    plant: Plant
    floor: ShopFloor
    business: Business
    people: dict[str, DemoPerson]
    """By role."""

    @property
    def state_dir(self) -> Path:
        return self.floor.state_dir

    def rows(self, query: str, **values: Any) -> list[tuple[Any, ...]]:
        with psycopg.connect(self.plant.database.url(), autocommit=True, connect_timeout=10) as connection:
            return connection.execute(query, values).fetchall()

    def value(self, query: str, **values: Any) -> Any:
        """The first column of the first row; None when there is none."""
        found = self.rows(query, **values)
        return found[0][0] if found else None

    async def produce(self) -> None:
        async with FactoryControl.of(self.state_dir) as machines:
            await machines.start()

    async def halt(self) -> None:
        async with FactoryControl.of(self.state_dir) as machines:
            await machines.stop()

    async def until(
        self,
        what: str,
        condition: Callable[[], Awaitable[Any]] | Callable[[], Any],
        within_s: float = WITHIN_S,
    ) -> Any:
        """The first answer that is true. AssertionError, with the last words of the bridge, after the deadline."""
        deadline = time.monotonic() + within_s
        while True:
            answer = condition()
            if isinstance(answer, Awaitable):
                answer = await answer
            if answer:
                return answer
            if time.monotonic() > deadline:
                raise AssertionError(
                    f"waited {within_s:.0f} s for {what}; last {answer!r}\n{self.business.bridge.last_words()}"
                )
            await asyncio.sleep(0.1)  # Between looks at what other processes do.


@contextmanager
def living_factory(home: Path) -> Iterator[Factory]:
    """Raises FactoryFailed."""
    floor_options = FloorOptions(scenario=str(SCENARIO), speed=4.0, any_ports=True)
    business_options = BusinessOptions(
        any_ports=True, machines=("press1",), line=LINE, labor=((SECOND_OPERATOR, "SETTER"),)
    )
    with (
        running_plant(home, PlantOptions(any_ports=True, backoff_max_s=1.0)) as plant,
        running_shop_floor(plant, floor_options) as floor,
        running_business(plant, business_options) as business,
    ):
        database = plant.database.url("lineside_plant")
        people = ensure_demo_people(database, plant.home / "secrets")
        give_words(database, LINE)
        stock_up(business)
        wait_until_delivering(plant, floor)
        yield Factory(plant, floor, business, {one.role: one for one in people})
