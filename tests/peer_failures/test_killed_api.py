"""W3: the API is killed under load, at random moments and on both sides of its commit, and everybody sends again what
was not answered, under the same key. What was answered is never lost, and nothing is booked twice.
"""

import asyncio
import random
from collections import Counter
from dataclasses import dataclass, field
from decimal import Decimal
from uuid import UUID, uuid4

import httpx
import pytest

from tests.peer_failures.api_process import ApiProcess
from tests.peer_failures.sums import PLACES, good_everywhere
from tests.plant_server.work_orders.floor import Floor

pytestmark = [pytest.mark.system, pytest.mark.timeout(600)]

KILLS = 30
CLIENTS = 10
FAILPOINTS = ("api.before_commit", "api.after_commit")
ANSWERED_WITHIN_S = 120.0
DEAD_WITHIN_S = 60.0


@dataclass(slots=True)
class Load:
    """Ten clients that report one part after another until told to stop; each key is sent until it is answered."""

    floor: Floor
    run: int
    stop: bool = False
    sent: list[UUID] = field(default_factory=list)
    acknowledged: list[UUID] = field(default_factory=list)
    unanswered: int = 0  # Sent, and the process died: booked or not, nobody was told.
    replayed: int = 0

    async def client(self) -> None:
        while not self.stop:
            key = uuid4()
            self.sent.append(key)
            async with asyncio.timeout(ANSWERED_WITHIN_S):
                await self._until_answered(key)

    async def _until_answered(self, key: UUID) -> None:
        while True:
            try:
                answer = await self.floor.post(f"runs/{self.run}/reports", {"good": 1}, key=key)
            except httpx.TransportError as error:
                self.unanswered += not isinstance(error, httpx.ConnectError)
                await asyncio.sleep(0.05)
                continue
            if answer.status_code == 200:
                self.acknowledged.append(key)
                self.replayed += "idempotent-replayed" in answer.headers
                return
            assert answer.status_code == 503, answer.text
            await asyncio.sleep(0.05)


@dataclass(slots=True)
class Killer:
    api: ApiProcess
    load: Load
    random: random.Random
    kills: Counter[str] = field(default_factory=Counter)

    async def kill(self, where: str) -> None:
        """The running process dies at a random moment, or one that is armed runs into its place; another starts."""
        if where == "random":
            await self._until_more_is_acknowledged(self.random.randint(1, 20))
            await asyncio.sleep(self.random.uniform(0.0, 0.05))  # The random moment.
            self.api.child.kill()
        else:
            self.api.child.kill()
            self.api.child.start(LINESIDE_FAILPOINT=f"{where}:{self.random.randint(1, 30)}")
            async with asyncio.timeout(DEAD_WITHIN_S):
                while self.api.child.alive:  # noqa: ASYNC110 - another process
                    await asyncio.sleep(0.02)
            assert self.api.child.exit_code == -9, self.api.child.last_words()
        self.kills[where] += 1
        await self.api.start()

    async def _until_more_is_acknowledged(self, more: int) -> None:
        wanted = len(self.load.acknowledged) + more
        async with asyncio.timeout(DEAD_WITHIN_S):
            while len(self.load.acknowledged) < wanted:  # noqa: ASYNC110 - another process
                await asyncio.sleep(0.005)


async def test_30_kills_under_load_lose_nothing_that_was_answered_and_double_nothing(
    api: ApiProcess, floor: Floor, run: int
) -> None:
    seed = random.randrange(2**32)
    print(f"seed {seed}")
    choose = random.Random(seed)
    load = Load(floor, run)
    killer = Killer(api, load, choose)
    places = ["random", *FAILPOINTS] * (KILLS // 3)
    choose.shuffle(places)
    async with asyncio.TaskGroup() as tasks:
        for _ in range(CLIENTS):
            tasks.create_task(load.client())
        for place in places:
            await killer.kill(place)
        load.stop = True
    assert_told_of_the_kills(killer)
    await assert_nothing_lost_or_doubled(load)


def assert_told_of_the_kills(killer: Killer) -> None:
    """The kills struck work in flight: else the rest would say nothing."""
    load = killer.load
    print(
        f"kills {dict(killer.kills)}, sent {len(load.sent)}, acknowledged {len(load.acknowledged)},"
        f" without an answer {load.unanswered}, answered again {load.replayed}"
    )
    assert killer.kills.total() == KILLS
    assert load.unanswered >= killer.kills.total() - killer.kills["random"]
    assert load.replayed >= killer.kills["api.after_commit"]


async def assert_nothing_lost_or_doubled(load: Load) -> None:
    rows = await load.floor.rows("SELECT event_id FROM plant.production_entry")
    booked = Counter(row["event_id"] for row in rows)
    lost = set(load.acknowledged) - set(booked)
    doubled = [key for key, count in booked.items() if count > 1]
    print(f"lost {len(lost)}, doubled {len(doubled)}")
    assert (lost, doubled) == (set(), [])
    assert set(booked) == set(load.sent)
    assert await good_everywhere(load.floor) == dict.fromkeys(PLACES, Decimal(len(load.sent)))
