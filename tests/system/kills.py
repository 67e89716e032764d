"""The kill harness: one living factory, and its processes killed while work is in flight.

Half of the kills of our own processes happen at failpoints, half at a random moment; a broker and a database are
killed or restarted. Every kill waits until the plant has stored something since the last one, so that each hits a
system that works. The seed repeats the sequence of kinds and waits, not the scheduling of the machine below.
"""

import random
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import psycopg

from plant_server.demo.child import Child
from plant_server.demo.plant import Plant, PlantOptions
from plant_server.demo.run import DemoOptions, command, drain, living_machines
from plant_server.demo.shop_floor import FloorOptions, ShopFloor
from plant_server.embedded.broker import Broker
from plant_server.embedded.postgres import PostgresServer
from tests.system.check_history import Verdict, check

EDGE_FAILPOINTS = (
    "edge.spool.before_commit",
    "edge.spool.after_commit",
    "edge.publish.after_send",
    "edge.cursor.before_store",
)
INGEST_FAILPOINTS = ("ingest.before_commit", "ingest.after_commit")
KEEPER_FAILPOINTS = ("keeper.rollup.before_commit",)
KINDS = ("edge", "broker", "ingest", "ingest_with_standby", "postgres", "keeper")
MOVE_WITHIN_S = 30.0
BACKOFF_MAX_S = 1.0
STORED = "SELECT coalesce(sum(committed), 0) FROM plant.edge_cursor"
INGEST_LOCKS = """SELECT count(*) FROM pg_locks JOIN pg_stat_activity USING (pid)
WHERE locktype = 'advisory' AND application_name LIKE 'lineside ingest%'"""
HOLDING_LOCK, WAITING_FOR_LOCK = f"{INGEST_LOCKS} AND granted", f"{INGEST_LOCKS} AND NOT granted"


@dataclass(slots=True)
class KillRun:
    """What was done, and what the judge says."""

    seed: int
    kills: Counter[str] = field(default_factory=Counter)
    at_failpoint: Counter[str] = field(default_factory=Counter)
    slowest_s: float = 0.0
    verdict: Verdict | None = None

    @property
    def total(self) -> int:
        return self.kills.total()


@contextmanager
def factory(
    home: Path, *, seed: int, speed: float = 20.0, broker: str = "mosquitto", postgres: str = "installed"
) -> Iterator[tuple[Plant, ShopFloor]]:
    """A factory with short back-offs on ports nobody else has."""
    options = DemoOptions(
        home=home,
        plant=PlantOptions(
            broker=broker,  # type: ignore[arg-type]  # checked by the launcher
            postgres=postgres,  # type: ignore[arg-type]
            tls=broker == "mosquitto",
            any_ports=True,
            backoff_max_s=BACKOFF_MAX_S,
            tuning={"shared_buffers": "64MB"},
        ),
        floor=FloorOptions(
            seed=seed,
            speed=speed,
            any_ports=True,
            timing=(("backoff_max_s", BACKOFF_MAX_S), ("backoff_first_s", 0.1)),
        ),
    )
    with living_machines(options, say=print) as living:
        yield living


class Killer:
    """Kills by kind. Keeps a failpoint armed in each process of ours at every other start."""

    def __init__(self, plant: Plant, floor: ShopFloor, seed: int) -> None:
        self.run = KillRun(seed)
        self._plant = plant
        self._floor = floor
        self._random = random.Random(seed)
        self._standby = plant.make_ingest("standby")
        self._turn: Counter[str] = Counter()
        self._stored = 0

    def kill(self, kind: str) -> None:
        """Wait until work is in flight, kill, start again."""
        self.wait_until_moving()
        started = time.monotonic()
        doing: dict[str, Callable[[], bool]] = {
            "edge": lambda: self._kill_child(self._floor.edge, EDGE_FAILPOINTS),
            "ingest": lambda: self._kill_child(self._plant.ingest, INGEST_FAILPOINTS),
            "ingest_with_standby": self._kill_owner_beside_standby,
            "keeper": lambda: self._kill_child(self._plant.keeper, KEEPER_FAILPOINTS),
            "broker": lambda: self._kill_server(self._plant.broker),
            "postgres": lambda: self._kill_server(self._plant.database),
        }
        at_failpoint = doing[kind]()
        self.run.kills[kind] += 1
        self.run.at_failpoint[kind] += at_failpoint
        self.run.slowest_s = max(self.run.slowest_s, time.monotonic() - started)

    def _kill_child(self, child: Child, failpoints: tuple[str, ...]) -> bool:
        """Every other time at a failpoint: start it armed, and let it run into it."""
        self._turn[child.name] += 1
        if self._turn[child.name] % 2:
            time.sleep(self._random.uniform(0.05, 0.5))  # The random moment.
            child.kill()
            child.start()
            return False
        child.stop(patience_s=5)
        name = self._random.choice(failpoints)
        child.start(LINESIDE_FAILPOINT=f"{name}:{self._random.randint(1, 8)}")
        self._wait_until_dead(child, name)
        child.start()
        return True

    def _kill_owner_beside_standby(self) -> bool:
        """The standby takes over, and is the owner from now on; the dead one is the next standby."""
        self._turn["standby"] += 1
        owner, at_failpoint = self._plant.ingest, self._turn["standby"] % 2 == 0
        name = self._random.choice(INGEST_FAILPOINTS)
        if (
            at_failpoint
        ):  # Late enough that the standby is waiting by then, as a rule; if not, it just starts as the owner.
            owner.stop(patience_s=5)
            owner.start(LINESIDE_FAILPOINT=f"{name}:{self._random.randint(4, 10)}")
            owning = "the armed process to own the shard"
            self._wait_for(owning, HOLDING_LOCK, lambda count: count > 0 or not owner.alive)
        self._standby.start()
        waiting = "a standby that waits for the shard's lock"
        self._wait_for(waiting, WAITING_FOR_LOCK, lambda count: count > 0 or not owner.alive)
        if at_failpoint:
            self._wait_until_dead(owner, name)
        else:
            time.sleep(self._random.uniform(0.0, 0.3))  # The random moment.
            owner.kill()
        self._plant.ingest, self._standby = self._standby, owner
        return at_failpoint

    def _wait_until_dead(self, child: Child, failpoint: str) -> None:
        died = child.wait(MOVE_WITHIN_S)
        assert died, f"{child.name} never came to {failpoint}:\n{child.last_words()}"
        assert child.exit_code == -9, f"{child.name} ended with {child.exit_code}:\n{child.last_words()}"

    def _kill_server(self, server: Broker | PostgresServer) -> bool:
        """Killed like a power cut, or restarted in order, at random."""
        time.sleep(self._random.uniform(0.0, 0.3))  # The random moment.
        if self._random.random() < 0.7:
            server.kill()
            time.sleep(self._random.uniform(0.0, 0.2))
            server.start()
        else:
            server.restart()
        return False

    def wait_until_moving(self) -> None:
        """Until the plant has stored something since the last call: the system works, and work is in flight."""
        before = self._stored
        self._stored = self._wait_for(
            "something stored since the last kill", STORED, lambda sum_: sum_ > before
        )

    def _wait_for(self, what: str, query: str, enough: Callable[[int], bool]) -> int:
        deadline = time.monotonic() + MOVE_WITHIN_S
        while time.monotonic() < deadline:
            try:
                with psycopg.connect(
                    self._plant.database.url(), autocommit=True, connect_timeout=5
                ) as connection:
                    while time.monotonic() < deadline:
                        row = connection.execute(query).fetchone()
                        if row is not None and enough(int(row[0])):
                            return int(row[0])
                        time.sleep(0.02)
            except psycopg.OperationalError:
                time.sleep(0.05)  # The database is coming back.
        words = "\n".join(f"--- {child.name}\n{child.last_words()}" for child in self._children)
        raise AssertionError(f"waited {MOVE_WITHIN_S:.0f} s for {what}\n{words}")

    @property
    def _children(self) -> tuple[Child, ...]:
        return self._plant.ingest, self._plant.keeper, self._floor.edge

    def close(self) -> None:
        self._standby.stop()


def run_kills(home: Path, *, seed: int, each: int, kinds: tuple[str, ...] = KINDS, **flavour: str) -> KillRun:
    """Kill each kind `each` times in one living factory, all kinds interleaved, then judge."""
    with factory(home, seed=seed, **flavour) as (plant, floor):
        killer = Killer(plant, floor, seed)
        try:
            command(floor, "start")
            sequence = [kind for kind in kinds for _ in range(each)]
            random.Random(seed).shuffle(sequence)
            for kind in sequence:
                killer.kill(kind)
            killer.wait_until_moving()
            command(floor, "stop")
            drain(plant, floor)
            floor.edge.stop()
            killer.run.verdict = check(floor.state_dir, plant.database.url(), floor.spool_path)
        finally:
            killer.close()
    return killer.run
