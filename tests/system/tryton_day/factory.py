"""A plant with two machines, a living Tryton, and the bridge between them; between bridge and Tryton stands the eater of
answers. All of it are processes, over sockets."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import ClassVar

import yaml

from plant_server.demo.child import Child
from plant_server.demo.goods import give_words
from plant_server.demo.plant import Plant, PlantOptions, running_plant
from plant_server.demo.run import wait_until_delivering
from plant_server.demo.shop_floor import FloorOptions, running_shop_floor
from plant_server.people.demo import DemoPerson, ensure_demo_people
from plant_server.security.secrets import secret
from tests.erp_bridge.tryton.bridge_to_tryton import CODES, tryton_settings
from tests.system.living_plant import LivingPlant
from tests.tryton.answer_eater import AnswerEater
from tests.tryton.living import LivingTryton

SCENARIO = Path(__file__).with_name("day.yaml")
LINE = "demo/plant1/area1/line1"
PRESS1, PRESS2 = f"{LINE}/press1", f"{LINE}/press2"
WITHIN_S = 60.0
UNFINISHED = """SELECT kind || ' ' || state || ' ' || coalesce(problem::text, '') FROM bridge.document
    WHERE state NOT IN ('accepted', 'skipped', 'cancelled')
    UNION ALL SELECT kind || ' claimed' FROM bridge.claim WHERE planned_time IS NULL
    UNION ALL SELECT kind || ' in the outbox' FROM plant.outbox"""

NOT_ON_GOODS = """SELECT DISTINCT ON (work_order) work_order, answer ->> 'cost_not_on_the_goods'
    FROM bridge.delivery JOIN bridge.document USING (document_id)
    WHERE answer ? 'cost_not_on_the_goods' ORDER BY work_order, delivery_id DESC"""


@dataclass(frozen=True, slots=True)
class Factory(LivingPlant):
    """All of it running, production not started yet."""

    patience_s: ClassVar[float] = WITHIN_S
    erp: LivingTryton
    eater: AnswerEater
    bridge: Child
    people: dict[str, DemoPerson]
    """By role."""

    def last_words(self) -> str:
        return f"{self.bridge.last_words()}\n{self.erp.server.words()}"

    def not_on_goods(self) -> dict[str, Decimal]:
        """By order, what the bridge said last of what it costs and its goods do not carry."""
        return {order: Decimal(told) for order, told in self.rows(NOT_ON_GOODS)}

    def waiting(self) -> int:
        """Postings the ERP has not heard yet."""
        return len(self.rows(UNFINISHED))

    async def until_all_is_told(self, within_s: float) -> None:
        """To the ERP. AssertionError with what is not, or was refused, after the deadline."""
        left: list[str] = []

        def nothing_is_left() -> bool:
            left[:] = [row[0] for row in self.rows(UNFINISHED)]
            return not left

        try:
            await self.until("everything told", nothing_is_left, within_s)
        except AssertionError as error:
            raise AssertionError("\n".join(["not told:", *left, str(error)])) from error


@contextmanager
def living_factory(home: Path, erp: LivingTryton) -> Iterator[Factory]:
    """Raises FactoryFailed."""
    floor_options = FloorOptions(scenario=str(SCENARIO), speed=4.0, any_ports=True)
    with (
        AnswerEater(erp.server.url) as eater,
        running_plant(home, PlantOptions(any_ports=True, backoff_max_s=1.0)) as plant,
        running_shop_floor(plant, floor_options) as floor,
    ):
        database = plant.database.url("lineside_plant")
        people = ensure_demo_people(database, plant.home / "secrets")
        give_words(database, LINE)
        bridge = _bridge(plant, eater.url, erp.database)
        bridge.start()
        try:
            wait_until_delivering(plant, floor)
            yield Factory(plant, floor, erp, eater, bridge, {one.role: one for one in people})
        finally:
            bridge.stop()


def _bridge(plant: Plant, erp_url: str, erp_database: str) -> Child:
    home = plant.home
    secret(home / "secrets", "api-token")
    settings = tryton_settings(
        erp_url,
        erp_database,
        home / "secrets" / "erp",
        sources=["item", "bom", "receipt", "work_order"],
        codes=CODES | {"location": {"store": "STO"}, "machine": {PRESS1: "Press", PRESS2: "Press"}},
        timeout_s=4,
        settle_s=12,
    )
    # Energy is told when the run has ended and its meter was read: after the operator has completed the order, perhaps.
    settings["tryton"] |= {"receipts_since": "2020-01-01", "finish_when": "closed"}
    config = {
        "site": {"time_zone": "UTC"},
        "plant": {"url": plant.api_url, "token_file": str(home / "secrets" / "api-token")},
        "connectors": {"erp": settings},
    }
    (home / "bridge.yaml").write_text(yaml.safe_dump(config), encoding="utf-8")
    environment = {
        "LINESIDE_HOME": str(home),
        "LINESIDE_BRIDGE_DATABASE_URL": plant.database.url("lineside_bridge"),
        "LINESIDE_BRIDGE_POLL_S": "0.1",
        "LINESIDE_BRIDGE_PULL_S": "0.5",
    }
    arguments = ["bridge", "run", "--config", str(home / "bridge.yaml"), "--port", "0"]
    return Child("bridge", arguments, log=home / "log" / "bridge.log", environment=environment, cwd=home)
