"""Kills of the bridge and of Tryton, and answers that are lost, in a seeded order, while the crew works.

A kill counts only with something on its way to Tryton. All is started in the thread that the test runs in: a child is told
to end when the thread that started it ends.
"""

import asyncio
import os
import random
import signal
import time
from collections import Counter

from tests.system.tryton_day.factory import Factory

TOLD_AGAIN_WITHIN_S = 150.0
"""Until Tryton is told something more: parts are made for a report, and it can be undone for 30 s."""
FAILPOINTS = (
    "bridge.claim.after_commit",
    "bridge.send.before",
    "bridge.send.after",
    "bridge.mark.after_commit",
)
ANSWERS = (
    "production.write",
    "production.run",
    "stock.move.do",
    "stock.move.cancel",
    "ir.note.create",
    "production.work.cycle.do",
)
KINDS = (*FAILPOINTS, *["bridge"] * 2, *["tryton"] * 2, *["answer"] * 2)
ACCEPTED = "SELECT count(*) FROM bridge.document WHERE state = 'accepted'"
SENDING = "SELECT count(*) FROM bridge.delivery WHERE state = 'sending'"


class Killer:
    def __init__(self, factory: Factory) -> None:
        seed = int(os.environ.get("LINESIDE_SEED", time.time_ns() % 1_000_000))
        print(f"seed {seed} (LINESIDE_SEED)")
        self.done: Counter[str] = Counter()
        self._factory = factory
        self._chance = random.Random(seed)

    async def work(self) -> None:
        """Everything of KINDS once, in an order of the seed. AssertionError when nothing comes to be killed."""
        kinds = list(KINDS)
        self._chance.shuffle(kinds)
        # Answers to what a reversal does are lost whenever one comes.
        self._factory.eater.eat("model.stock.move.cancel")
        for kind in kinds:
            await self._once(kind)
            self.done[kind] += 1
            await self._until_it_goes_on()

    async def _until_it_goes_on(self) -> None:
        """Else kill after kill would find the same document waiting for its time to settle."""
        before = self._factory.value(ACCEPTED)
        await self._factory.until(
            "a document more", lambda: self._factory.value(ACCEPTED) > before, TOLD_AGAIN_WITHIN_S
        )

    async def _once(self, kind: str) -> None:
        if kind in FAILPOINTS:
            await self._at_failpoint(f"{kind}:{self._chance.randint(1, 2)}")
        elif kind == "answer":
            await self._lose_an_answer(f"model.{self._chance.choice(ANSWERS)}")
        else:
            await self._while_sending(kind)

    async def _at_failpoint(self, failpoint: str) -> None:
        bridge = self._factory.bridge
        bridge.stop(patience_s=10)
        bridge.start(LINESIDE_FAILPOINT=failpoint)
        await self._factory.until(f"{failpoint} to be reached", lambda: not bridge.alive, TOLD_AGAIN_WITHIN_S)
        assert bridge.exit_code == -signal.SIGKILL, bridge.last_words()
        bridge.start()

    async def _lose_an_answer(self, method: str) -> None:
        """The next one to this method, or, if none comes for a while, to the next change of any kind."""
        eater = self._factory.eater
        before = eater.eaten.total()
        eater.eat(method)
        try:
            await self._factory.until("an answer to be lost", lambda: eater.eaten.total() > before, 8.0)
        except AssertionError:
            eater.eat(*(f"model.{one}" for one in ANSWERS))
            await self._factory.until(
                "an answer to be lost", lambda: eater.eaten.total() > before, TOLD_AGAIN_WITHIN_S
            )

    async def _while_sending(self, whom: str) -> None:
        deadline = time.monotonic() + TOLD_AGAIN_WITHIN_S
        while True:
            await self._factory.until("something on its way", self._is_sending, TOLD_AGAIN_WITHIN_S)
            await asyncio.sleep(self._chance.uniform(0, 0.4))  # The random moment.
            if self._is_sending():
                break
            assert time.monotonic() < deadline, "nothing stays on its way"
        if whom == "bridge":
            self._factory.bridge.kill()
            self._factory.bridge.start()
            return
        server = self._factory.erp.server
        server.kill()
        server.start(self._factory.erp.database)

    def _is_sending(self) -> bool:
        return bool(self._factory.value(SENDING))
