"""S15: completions reach the ERP's cost and stock once, whatever dies.

Bridges, and the Tryton they talk to, are killed at work: half of the bridges at failpoints, all else at a random moment while
documents are under way. Then stock by lot, journal, times and cost in Tryton equal what the floor told. The seed is printed.
"""

import os
import random
import signal
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from tests.erp_bridge.bridge_process import BridgeProcess, until
from tests.erp_bridge.conftest import bridge_url, floor
from tests.erp_bridge.floor import Floor
from tests.erp_bridge.tryton.bridge_to_tryton import tryton_settings
from tests.erp_bridge.tryton.in_tryton import InTryton, stock
from tests.erp_bridge.tryton.small_order import FACTS, assert_stands_once, tell_all
from tests.plant_server.database_fixture import PlantDatabase
from tests.tryton.living import LivingTryton, erp, erp_template
from tests.tryton.orders import planned_production
from tests.tryton.rpc import Rpc
from tests.tryton.set_up import ADMIN, PASSWORD

__all__ = ["bridge_url", "erp", "erp_template", "floor"]
pytestmark = [pytest.mark.system, pytest.mark.timeout(900)]
ORDERS, FINISH_S = 8, 300.0
FAILPOINTS = ("bridge.send.before", "bridge.send.after", "bridge.mark.after_commit")
AT_FAILPOINTS, RANDOM_BRIDGE, RANDOM_TRYTON = 2, 6, 4
"""Two at each failpoint, and so many of each in all: 16."""


class Killer:
    """Bridges one after another, and the Tryton they talk to."""

    def __init__(self, erp: LivingTryton, bridge: BridgeProcess, database: PlantDatabase) -> None:
        self._erp = erp
        self._bridge = bridge
        self._database = database
        self._random = random.Random(self._seed())
        self.kills: Counter[str] = Counter()

    def kill_all_kinds(self) -> None:
        kinds = [*FAILPOINTS * AT_FAILPOINTS, *["bridge"] * RANDOM_BRIDGE, *["tryton"] * RANDOM_TRYTON]
        self._random.shuffle(kinds)
        for kind in kinds:
            if kind in FAILPOINTS:
                self._at(kind)
            else:
                self._while_sending(kind)
            self.kills[kind] += 1

    def finish(self) -> None:
        self._bridge.start()
        wanted = {"accepted": ORDERS * FACTS}
        until(lambda: self.states() == wanted, "all accepted", (self._bridge,), FINISH_S)
        assert self._bridge.stop() == 0

    def states(self) -> Counter[str]:
        with psycopg.connect(self._database.superuser_url) as connection:
            found = connection.execute("SELECT state FROM bridge.document").fetchall()
        return Counter(state for (state,) in found)

    def _at(self, failpoint: str) -> None:
        self._bridge.start(f"{failpoint}:{self._random.randint(1, 2)}")
        assert self._bridge.wait_for_end() == -signal.SIGKILL, self._bridge.words()

    def _while_sending(self, whom: str) -> None:
        self._bridge.start()
        before = self._attempts()
        until(lambda: self._attempts() > before, "it sends", (self._bridge,))
        time.sleep(self._random.uniform(0, 0.7))
        assert self._under_way(), f"nothing under way: {self.states()}"
        if whom == "bridge":
            self._bridge.send_signal(signal.SIGKILL)
            assert self._bridge.wait_for_end() == -signal.SIGKILL
            return
        self._erp.server.kill()
        self._erp.server.start(self._erp.database)
        assert self._bridge.stop() == 0

    def _attempts(self) -> int:
        return self._count("SELECT count(*) FROM bridge.delivery")

    def _under_way(self) -> int:
        return self._count("SELECT count(*) FROM bridge.document WHERE state IN ('sending', 'ready')")

    def _count(self, query: str) -> int:
        with psycopg.connect(self._database.superuser_url) as connection:
            found = connection.execute(query.encode()).fetchone()
        assert found is not None
        return int(found[0])

    @staticmethod
    def _seed() -> int:
        seed = int(os.environ.get("LINESIDE_SEED", time.time_ns() % 1_000_000))
        print(f"seed {seed} (LINESIDE_SEED)")
        return seed


@pytest.fixture
def killer(
    erp: LivingTryton, bridge_url: str, plant_database: PlantDatabase, tmp_path: Path
) -> Iterator[Killer]:
    wishes = {"timeout_s": 4, "settle_s": 12, "workers": 2}
    settings = tryton_settings(erp.server.url, erp.database, tmp_path / "secret", **wishes)
    bridge = BridgeProcess(tmp_path, bridge_url, {"connectors": {"erp": settings}})
    yield Killer(erp, bridge, plant_database)
    bridge.stop()


def test_whatever_dies_everything_the_floor_told_stands_in_tryton_once(
    erp: LivingTryton, floor: Floor, killer: Killer
) -> None:
    numbers = [planned_production(erp.rpc, 4, f"SO-{index}") for index in range(ORDERS)]
    for number in numbers:
        tell_all(floor, number)
    killer.kill_all_kinds()
    killer.finish()

    assert killer.kills.total() == len(FAILPOINTS) * AT_FAILPOINTS + RANDOM_BRIDGE + RANDOM_TRYTON >= 15
    with Rpc(erp.server.url, erp.database, ADMIN, PASSWORD) as rpc:
        for number in numbers:
            assert_stands_once(InTryton(rpc, number))
        left = {lot: quantity for lot, quantity in stock(rpc).items() if not lot.startswith("P-")}
    assert left == {"L-1": 500 - 4.0 * ORDERS, "S-1": 100 - 0.5 * ORDERS, "S-2": 100 - 1.0 * ORDERS}
