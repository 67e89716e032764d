"""Kills on the way to the ERP: bridges, and the Tryton they talk to, die at work; then both books are laid side by side.

Of the bridges half are killed at failpoints; all else dies at a random moment while documents are under way.
"""

import random
import signal
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg

from tests.erp_bridge.bridge_process import BridgeProcess, until
from tests.erp_bridge.floor import Floor
from tests.erp_bridge.tryton.bridge_to_tryton import tryton_settings
from tests.erp_bridge.tryton.in_tryton import InTryton, stock
from tests.erp_bridge.tryton.small_order import FACTS, as_it_must_be, as_it_stands, tell_all
from tests.tryton.living import LivingTryton
from tests.tryton.orders import planned_production

FINISH_S = 300.0
FAILPOINTS = ("bridge.send.before", "bridge.send.after", "bridge.mark.after_commit")
KINDS = (*FAILPOINTS * 2, *["bridge"] * 6, *["tryton"] * 4)
"""Sixteen kills in their proportions."""


def orders_for(kills: int) -> int:
    """So many that something is under way until the last kill, and no more than there is material for."""
    return max(2, kills // 2)


def kinds_of(kills: int, dice: random.Random) -> list[str]:
    """In the proportions of `KINDS`, as near as the number allows."""
    rounds, rest = divmod(kills, len(KINDS))
    kinds = [*KINDS * rounds, *dice.sample(KINDS, rest)]
    dice.shuffle(kinds)
    return kinds


@dataclass(frozen=True, slots=True)
class Books:
    """What Tryton has of what the floor told: `lost` and `doubled` of moves, postings, cycles of work and notes, one by
    one; `wrong`: productions of another cost or not done, and lots of another quantity."""

    documents: int
    lost: int
    doubled: int
    wrong: Sequence[str]


class Killer:
    """Bridges one after another, and the Tryton they talk to."""

    def __init__(
        self, erp: LivingTryton, bridge_url: str, superuser_url: str, floor: Floor, home: Path
    ) -> None:
        wishes = {"timeout_s": 4, "settle_s": 12, "workers": 2}
        settings = tryton_settings(erp.server.url, erp.database, home / "secret", **wishes)
        self._erp = erp
        self._bridge = BridgeProcess(home, bridge_url, {"connectors": {"erp": settings}})
        self._superuser_url = superuser_url
        self._floor = floor
        self._numbers: list[str] = []
        self.kills: Counter[str] = Counter()

    def run(self, kills: int, seed: int) -> Books:
        """Tell orders, kill so many times, let the last bridge finish, and compare."""
        dice = random.Random(seed)
        for index in range(orders_for(kills)):
            self._numbers.append(planned_production(self._erp.rpc, 4, f"SO-{index}"))
            tell_all(self._floor, self._numbers[-1])
        try:
            for kind in kinds_of(kills, dice):
                if kind in FAILPOINTS:
                    self._at(kind, dice.randint(1, 2))
                else:
                    self._while_sending(kind, dice.uniform(0, 0.7))
                self.kills[kind] += 1
            self._finish()
        finally:
            self._bridge.stop()
        return self._books()

    def _at(self, failpoint: str, time_number: int) -> None:
        self._bridge.start(f"{failpoint}:{time_number}")
        assert self._bridge.wait_for_end() == -signal.SIGKILL, self._bridge.words()

    def _while_sending(self, whom: str, after_s: float) -> None:
        self._bridge.start()
        before = self._attempts()
        until(lambda: self._attempts() > before, "it sends", (self._bridge,))
        time.sleep(after_s)
        assert self._under_way(), f"nothing under way: {self._states()}"
        if whom == "bridge":
            self._bridge.send_signal(signal.SIGKILL)
            assert self._bridge.wait_for_end() == -signal.SIGKILL
            return
        self._erp.server.kill()
        self._erp.server.start(self._erp.database)
        assert self._bridge.stop() == 0

    def _finish(self) -> None:
        self._bridge.start()
        wanted = {"accepted": len(self._numbers) * FACTS}
        until(lambda: self._states() == wanted, "all accepted", (self._bridge,), FINISH_S)
        assert self._bridge.stop() == 0

    def _books(self) -> Books:
        # The administrator's old session ended with the Tryton that had it.
        with self._erp.signed_in() as rpc:
            lost, doubled, wrong = 0, 0, []
            for number in self._numbers:
                there = as_it_stands(InTryton(rpc, number))
                must = as_it_must_be(number)
                lost += (must.facts - there.facts).total()
                doubled += (there.facts - must.facts).total()
                wrong += [] if there.end == must.end else [f"{number}: {there.end}"]
            left = {lot: quantity for lot, quantity in stock(rpc).items() if not lot.startswith("P-")}
        orders = len(self._numbers)
        must_be_left = {"L-1": 500 - 4.0 * orders, "S-1": 100 - 0.5 * orders, "S-2": 100 - 1.0 * orders}
        wrong += [] if left == must_be_left else [f"left: {left}, must be: {must_be_left}"]
        return Books(orders * FACTS, lost, doubled, wrong)

    def _states(self) -> Counter[str]:
        return Counter(state for (state,) in self._rows("SELECT state FROM bridge.document"))

    def _attempts(self) -> int:
        return len(self._rows("SELECT FROM bridge.delivery"))

    def _under_way(self) -> int:
        return len(self._rows("SELECT FROM bridge.document WHERE state IN ('sending', 'ready')"))

    def _rows(self, query: str) -> list[Any]:
        with psycopg.connect(self._superuser_url) as connection:
            return connection.execute(query.encode()).fetchall()
