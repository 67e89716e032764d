"""Kills of api, keeper, bridge and core in one living factory, all at the same time, while the crew works orders off.

A kill counts only when it hit work in flight: a command that was not answered, events not sealed yet, a delivery that
was not finished, each looked at before and after. At a failpoint the process itself proves it by dying there. One
thread kills one kind of process, so that kills of different processes fall together as they like. The seed repeats
waits and choices, not the scheduling of the machine below.
"""

import json
import os
import random
import signal
import threading
import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field
from typing import Any

import psycopg

from plant_server.demo.child import Child
from plant_server.demo.run import Factory
from tests.system.crew_in_flight import CommandsInFlight

KINDS = ("api", "keeper", "bridge", "core")
API_FAILPOINTS = ("api.before_commit", "api.after_commit")
KEEPER_FAILPOINTS = ("keeper.seal.before_commit", "keeper.rollup.before_commit")
BRIDGE_FAILPOINTS = (
    "bridge.claim.after_commit",
    "bridge.send.before",
    "bridge.send.after",
    "bridge.mark.after_commit",
)
WORKS_FOR_S = {"api": 1.0, "keeper": 5.0, "bridge": 0.5, "core": 4.0}
"""So long at most it is left alone after a kill, so that all kinds take about the same time."""
MOVE_WITHIN_S = 150.0
"""Of two bridges the other one may take what comes next, for a while; a busy machine makes that longer."""
CORE_UP_WITHIN_S = 30.0
LOOK_EVERY_S = 0.001
PAUSES = 4
LIES: tuple[dict[str, Any], ...] = (
    {"kind": "commit_and_lost_reply"},
    {"kind": "timeout_then_success", "delay_s": 1.5},
)
LIED_ABOUT = ("completions", "consumptions", "scrap")
SENDING = """SELECT delivery_id FROM bridge.delivery JOIN bridge.document USING (document_id)
    WHERE delivery.state = 'sending' AND connector = 'core' AND worker LIKE %s"""
UNFINISHED = """SELECT count(*) FROM bridge.delivery
    WHERE delivery_id = ANY (%s) AND state IN ('sending', 'lost', 'retry')"""
UNSEALED = "SELECT count(*) FROM plant.unsealed"


@dataclass(slots=True)
class BusinessKills:
    """What was done. `missed`: kills that found nothing in flight, and do not count."""

    kills: Counter[str] = field(default_factory=Counter)
    at_failpoint: Counter[str] = field(default_factory=Counter)
    missed: Counter[str] = field(default_factory=Counter)
    pauses: int = 0
    lies: int = 0


class BusinessKiller:
    """Kills each kind `each` times, every other time at a failpoint where the process has them."""

    def __init__(self, factory: Factory, second_bridge: Child, *, seed: int, each: int) -> None:
        self.done = BusinessKills()
        self._factory = factory
        self._bridges = (factory.business.bridge, second_bridge)
        self._seed = seed
        self._each = each
        self._given_up = threading.Event()
        self._threads = ThreadPoolExecutor(len(KINDS))

    def close(self) -> None:
        """Not before the shift is over: a child is told to end when the thread that started it ends."""
        self._given_up.set()
        self._threads.shutdown()

    def run(self, tend: Callable[[], object]) -> None:
        """All kinds at once; `tend` keeps orders ahead meanwhile."""
        running = [self._threads.submit(self._kill_all, kind) for kind in KINDS]
        while not self._given_up.is_set() and not all(one.done() for one in running):
            with suppress(OSError):  # The core is away just now; the next time it is there.
                tend()
            self._given_up.wait(1.0)
        for one in running:
            one.result()

    def _kill_all(self, kind: str) -> None:
        chance = random.Random(f"{self._seed} {kind}")
        once = {"api": self._api, "keeper": self._keeper, "bridge": self._bridge, "core": self._core}[kind]
        with ExitStack() as on_failure:
            on_failure.callback(self._given_up.set)  # The others need not go on then.
            with psycopg.connect(self._factory.plant.database.url(), autocommit=True) as connection:
                while self.done.kills[kind] < self._each and not self._given_up.is_set():
                    counts = once(connection, chance)
                    (self.done.kills if counts else self.done.missed)[kind] += 1
                    self._given_up.wait(chance.uniform(0.0, WORKS_FOR_S[kind]))
            on_failure.pop_all()

    def _api(self, connection: psycopg.Connection, chance: random.Random) -> bool:
        child = self._factory.plant.api
        if self.done.kills["api"] % 2:
            return self._at_failpoint("api", child, chance.choice(API_FAILPOINTS), chance.randint(1, 3))
        with CommandsInFlight(self._factory.business.state_dir) as commands:
            self._wait_for("a command on its way", lambda: bool(commands.open()), child)
            open_ = commands.open()
            child.kill()
            hit = bool(open_ & commands.open())
        child.start()
        return hit

    def _keeper(self, connection: psycopg.Connection, chance: random.Random) -> bool:
        child = self._factory.plant.keeper
        if self.done.kills["keeper"] % 2:
            name = chance.choice(KEEPER_FAILPOINTS)
            return self._at_failpoint("keeper", child, name, chance.randint(1, 3))
        self._wait_for("unsealed events", lambda: _number(connection, UNSEALED) > 0, child)
        child.kill()
        hit = _number(connection, UNSEALED) > 0
        child.start()
        return hit

    def _bridge(self, connection: psycopg.Connection, chance: random.Random) -> bool:
        child = chance.choice(self._bridges)
        if self.done.kills["bridge"] % 2:
            name = chance.choice(BRIDGE_FAILPOINTS)
            return self._at_failpoint("bridge", child, name, chance.randint(1, 3))
        if self.done.pauses * self._each < self.done.kills["bridge"] * PAUSES:
            self._pause(connection, child)
        sending = self._sending(connection, f"%:{child.pid}:%", child)
        child.kill()
        hit = _number(connection, UNFINISHED, sending) > 0
        child.start()
        return hit

    def _pause(self, connection: psycopg.Connection, child: Child) -> None:
        """It stands still, sending, for twice as long as an attempt may take effect; then it goes on."""
        settle_s = dict(self._factory.business.options.timing)["settle_s"]
        sending = self._sending(connection, f"%:{child.pid}:%", child)
        pid = child.pid
        assert pid is not None, child.last_words()
        os.kill(pid, signal.SIGSTOP)
        try:
            if _number(connection, UNFINISHED, sending):
                self._given_up.wait(2 * settle_s)
                self.done.pauses += 1
        finally:
            os.kill(pid, signal.SIGCONT)

    def _core(self, connection: psycopg.Connection, chance: random.Random) -> bool:
        core = self._factory.business.core
        if chance.random() < 0.5:
            self._lie(chance)
        sending = self._sending(connection, "%", core)
        time.sleep(chance.uniform(0.0, 0.01))  # The random moment: before, in or after its transaction.
        core.kill()
        hit = _number(connection, UNFINISHED, sending) > 0
        time.sleep(chance.uniform(0.0, 0.5))  # It is away for a while.
        start_core(self._factory)
        return hit

    def _lie(self, chance: random.Random) -> None:
        with self._factory.business.client("core") as core:
            core.post("/control/lie", {**chance.choice(LIES), "match": chance.choice(LIED_ABOUT), "times": 1})
        self.done.lies += 1

    def _at_failpoint(self, kind: str, child: Child, name: str, nth: int) -> bool:
        """Start it armed, and let it run into it."""
        child.stop(patience_s=5)
        child.start(LINESIDE_FAILPOINT=f"{name}:{nth}")
        self._wait_for(f"{child.name} to come to {name}:{nth}", lambda: not child.alive, None)
        assert child.exit_code == -signal.SIGKILL, f"exit code {child.exit_code}:\n{child.last_words()}"
        child.start()
        self.done.at_failpoint[kind] += 1
        return True

    def _sending(self, connection: psycopg.Connection, worker: str, child: Child) -> list[int]:
        """Deliveries on their way to the core at this moment, at least one."""
        found: list[int] = []

        def look() -> bool:
            found[:] = [row[0] for row in connection.execute(SENDING, [worker])]
            return bool(found)

        self._wait_for("a delivery on its way", look, child)
        return found

    def _wait_for(self, what: str, is_so: Callable[[], bool], child: Child | None) -> None:
        deadline = time.monotonic() + MOVE_WITHIN_S
        while not is_so():
            if child is not None and not child.alive:
                raise AssertionError(f"{child.name} ended ({child.exit_code}):\n{child.last_words()}")
            if self._given_up.is_set() or time.monotonic() > deadline:
                crew = self._factory.crew.child
                raise AssertionError(f"waited for {what}; the crew:\n{crew.last_words()}")
            time.sleep(LOOK_EVERY_S)


def start_core(factory: Factory) -> None:
    """Start the killed core and wait until it has told where it is; its port is a new one.

    The endpoint file of the dead one stays till then: a bridge that starts meanwhile wants to find one.
    """
    core, endpoint = factory.business.core, factory.business.state_dir / "core" / "endpoint.json"
    core.start()
    deadline = time.monotonic() + CORE_UP_WITHIN_S
    while not endpoint.exists() or json.loads(endpoint.read_text(encoding="utf-8"))["pid"] != core.pid:
        assert core.alive, core.last_words()
        assert time.monotonic() < deadline, core.last_words()
        time.sleep(0.02)


def _number(connection: psycopg.Connection, query: str, *values: object) -> int:
    row = connection.execute(query.encode(), values).fetchone()
    assert row is not None
    return int(row[0])
