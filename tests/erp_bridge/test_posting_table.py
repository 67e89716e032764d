"""The judge of the way to the ERP sees each count where it is, and one that is lost or told twice."""

import json
import shutil
from decimal import Decimal
from pathlib import Path

import httpx
import psycopg
import pytest

from simulators.posting_table import Postings, postings
from simulators.truth_table import Row, TruthTable
from tests.erp_bridge.bridge_here import BridgeHere
from tests.erp_bridge.floor import LINE, NOW, Floor
from tests.plant_server.database_fixture import PlantDatabase
from tests.simulators.business_process import BusinessProcess, released_order

PARTS, ENERGY = ("press1", "parts"), ("press1", "Wh")
SPAN = {"from_time": NOW.isoformat(), "to_time": NOW.isoformat()}


@pytest.fixture
def looks(plant_database: PlantDatabase, core_process: BusinessProcess, tmp_path: Path) -> "Looks":
    return Looks(plant_database.superuser_url, core_process.state_dir, tmp_path)


class Looks:
    """The table, now. What earlier tests posted into the same core is taken off."""

    def __init__(self, url: str, state_dir: Path, folder: Path) -> None:
        self._url = url
        self._state_dir = state_dir
        self._folder = folder
        self._before = self._now(state_dir).posted

    def now(self) -> Postings:
        return self._without_earlier(self._now(self._state_dir))

    def with_a_line_twice(self) -> Postings:
        """As if the core had posted its last document once more."""
        ledger = self._folder / "core" / "ledger.jsonl"
        ledger.parent.mkdir()
        shutil.copy(self._state_dir / "core" / "ledger.jsonl", ledger)
        lines = ledger.read_text(encoding="utf-8").splitlines()
        last = next(line for line in reversed(lines) if json.loads(line)["event"] == "document")
        ledger.write_text("\n".join([*lines, last]) + "\n", encoding="utf-8")
        return self._without_earlier(self._now(self._folder))

    def _now(self, state_dir: Path) -> Postings:
        with psycopg.connect(self._url, autocommit=True) as connection:
            return postings(connection, state_dir)

    def _without_earlier(self, found: Postings) -> Postings:
        posted = {key: amount - self._before.get(key, 0) for key, amount in found.posted.items()}
        return Postings(found.balances, posted, found.on_the_way, found.refused)


async def test_a_count_is_on_the_way_until_it_stands_in_the_ledger(
    core: httpx.Client, floor: Floor, bridge: BridgeHere, looks: Looks
) -> None:
    number = released_order(core)
    floor.good(number, "12", equipment_path=f"{LINE}/press1")
    scrap = {"item": "FG-100", "quantity": "3", "unit": "H87", "reason": "burr"}
    floor.tell("scrap", number, equipment_path=f"{LINE}/press1", **scrap)
    floor.tell("energy_cost", number, equipment_path=f"{LINE}/press1", energy_wh="1234", **SPAN)
    in_outbox = looks.now()
    assert (in_outbox.on_the_way[PARTS], in_outbox.on_the_way[ENERGY]) == (15, 1234)

    await bridge.plan()
    planned = looks.now()
    assert (planned.on_the_way[PARTS], planned.on_the_way[ENERGY]) == (15, 1234)
    assert planned.posted.get(PARTS, 0) == 0

    await bridge.deliver()
    posted = looks.now()
    assert (posted.posted[PARTS], posted.posted[ENERGY]) == (15, 1234)
    assert (posted.on_the_way.get(PARTS, 0), posted.on_the_way.get(ENERGY, 0)) == (0, 0)
    assert looks.with_a_line_twice().posted[ENERGY] == 2 * 1234


async def test_what_is_told_of_rework_is_neither_receipt_nor_scrap(
    core: httpx.Client, floor: Floor, bridge: BridgeHere, looks: Looks
) -> None:
    number = released_order(core)
    rework = {"item": "FG-100", "quantity": "3", "unit": "H87", "reason": "burr", "rework": True}
    floor.tell("scrap", number, equipment_path=f"{LINE}/press1", **rework)
    assert looks.now().on_the_way.get(PARTS, 0) == 0
    await bridge.plan()
    assert looks.now().on_the_way.get(PARTS, 0) == 0
    (document,) = await bridge.deliver()
    assert document["state"] == "skipped"
    assert looks.now().posted.get(PARTS, 0) == 0


async def test_a_refused_count_is_neither_lost_nor_posted(
    core: httpx.Client, floor: Floor, bridge: BridgeHere, looks: Looks
) -> None:
    floor.good(
        released_order(core), "7", equipment_path=f"{LINE}/press9"
    )  # No such machine in the core's codes.
    await bridge.deliver()
    found = looks.now()
    assert found.refused == {("press9", "parts"): 7}
    assert found.posted.get(("press9", "parts"), 0) == 0


@pytest.mark.parametrize(
    ("row", "lost", "duplicated"),
    [
        (Row("press1", "parts", 10, stored=10, booked=6, not_assigned=4, posted=Decimal(6)), 0, 0),
        (Row("press1", "parts", 10, stored=10, booked=6, not_assigned=3, posted=Decimal(6)), 1, 0),
        (Row("press1", "parts", 10, stored=10, booked=7, not_assigned=4, posted=Decimal(7)), 0, 1),
        (Row("press1", "parts", 10, stored=10, booked=10, posted=Decimal(6), waiting=Decimal(3)), 1, 0),
        (Row("press1", "parts", 10, stored=10, booked=10, posted=Decimal(10), refused=Decimal(2)), 0, 2),
        (Row("press1", "Wh", 10, stored=10, booked=10, posted=Decimal("9.5")), 0.5, 0),
    ],
)
def test_each_equation_counts_what_is_missing_and_what_is_too_much(
    row: Row, lost: float, duplicated: float
) -> None:
    table = TruthTable([row], {})
    assert (table.lost, table.duplicated) == (lost, duplicated)
    assert table.balanced is (lost == 0 and duplicated == 0)
