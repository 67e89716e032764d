"""Everything that lives through the day: plant, machine, edge, office and bridge as processes, and who works there."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from plant_server.demo.business import Business, BusinessOptions, running_business
from plant_server.demo.goods import give_words, stock_up
from plant_server.demo.plant import PlantOptions, running_plant
from plant_server.demo.run import wait_until_delivering
from plant_server.demo.shop_floor import FloorOptions, running_shop_floor
from plant_server.people.demo import DemoPerson, ensure_demo_people
from tests.system.living_plant import LivingPlant

SCENARIO = Path(__file__).with_name("day.yaml")
LINE = "demo/plant1/area1/line1"
PRESS = f"{LINE}/press1"
SECOND_OPERATOR = "P-1009"
"""Personnel number, after the eight people of the demo. Paid as SETTER, so that the core's books tell the two operators
apart."""


@dataclass(frozen=True, slots=True)
class Factory(LivingPlant):
    """All of it running, production not started yet."""

    business: Business
    people: dict[str, DemoPerson]
    """By role."""

    @property
    def state_dir(self) -> Path:
        return self.floor.state_dir

    def last_words(self) -> str:
        return self.business.bridge.last_words()


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
