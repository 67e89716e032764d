"""S15: completions reach the ERP's cost and stock once, whatever dies.

Then stock by lot, journal, times and cost in Tryton equal what the floor told. The seed is printed. The same with 100 kills is a
row of `make torture`.
"""

import os
import time
from pathlib import Path

import pytest

from tests.erp_bridge.conftest import bridge_url, floor
from tests.erp_bridge.floor import Floor
from tests.erp_bridge.tryton.small_order import FACTS
from tests.plant_server.database_fixture import PlantDatabase
from tests.scenarios.kills_up_to_the_erp import KINDS, Books, Killer, orders_for
from tests.tryton.living import LivingTryton, erp, erp_template

__all__ = ["bridge_url", "erp", "erp_template", "floor"]
pytestmark = [pytest.mark.system, pytest.mark.timeout(900)]
KILLS = 16


def test_whatever_dies_everything_the_floor_told_stands_in_tryton_once(
    erp: LivingTryton, floor: Floor, bridge_url: str, plant_database: PlantDatabase, tmp_path: Path
) -> None:
    seed = int(os.environ.get("LINESIDE_SEED", time.time_ns() % 1_000_000))
    print(f"seed {seed} (LINESIDE_SEED)")
    killer = Killer(erp, bridge_url, plant_database.superuser_url, floor, tmp_path)
    books = killer.run(KILLS, seed)
    assert killer.kills.total() == KILLS >= 15
    assert set(killer.kills) == set(KINDS)
    assert books == Books(documents=orders_for(KILLS) * FACTS, lost=0, doubled=0, wrong=[])
