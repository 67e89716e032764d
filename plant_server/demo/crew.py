"""The people of the demo, who work the orders off (simulators/crew.py), and the planner who releases new ones."""

from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
import structlog

from plant_server.demo.business import Business
from plant_server.demo.child import Child
from plant_server.demo.goods import OrderBook, give_words, stock_up
from plant_server.demo.plant import Plant
from plant_server.people.demo import FILE, DemoPerson, ensure_demo_people

FINISH_WITHIN_S = 45.0

log = structlog.get_logger()


class Crew:
    """`child` works until it is told to finish. `tend` releases orders as they are needed."""

    def __init__(self, plant: Plant, business: Business, people: list[DemoPerson], seed: int) -> None:
        self.people = people
        self._away = False
        self._orders = OrderBook(business, plant.database.url("lineside_plant"))
        arguments = ["sim", "crew", "--plant", plant.api_url, "--seed", str(seed)]
        arguments += ["--people", str(plant.home / "secrets" / FILE)]
        arguments += ["--state-dir", str(business.state_dir), "--core", str(business.state_dir)]
        self.child = Child(
            "crew", arguments, log=plant.home / "log" / "crew.log", environment={}, cwd=plant.home
        )

    def tend(self) -> bool:
        """False: core or database were away; whoever tends again later releases what is missing then. Raises
        BusinessRefused."""
        try:
            self._orders.top_up()
        except (OSError, psycopg.OperationalError) as error:
            if not self._away:
                log.warning("orders_wait", reason=str(error).strip())
            self._away = True
            return False
        self._away = False
        return True

    def finish(self) -> None:
        """They end their runs, so that all that was counted is told, and go."""
        self.child.stop(FINISH_WITHIN_S)


@contextmanager
def working_crew(plant: Plant, business: Business, seed: int) -> Iterator[Crew]:
    """Stock, words and people are there; the crew is started by whoever has machines that deliver."""
    plant_url = plant.database.url("lineside_plant")
    stock_up(business)
    give_words(plant_url, business.options.line)
    crew = Crew(plant, business, ensure_demo_people(plant_url, plant.home / "secrets"), seed)
    try:
        yield crew
    finally:
        crew.finish()
