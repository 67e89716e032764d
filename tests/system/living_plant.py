"""What the days in the life of a factory share: a plant and its machines that run as processes, looked at from outside."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, ClassVar

import psycopg

from plant_server.demo.plant import Plant
from plant_server.demo.shop_floor import ShopFloor
from simulators.faults import FactoryControl


@dataclass(frozen=True, slots=True)
class LivingPlant:
    """`patience_s`: how long something may take when nobody says how long."""

    plant: Plant
    floor: ShopFloor
    patience_s: ClassVar[float] = 30.0

    def last_words(self) -> str:
        """Of the processes that tell most when something does not come."""
        raise NotImplementedError

    def rows(self, query: str, **values: Any) -> list[tuple[Any, ...]]:
        with psycopg.connect(self.plant.database.url(), autocommit=True, connect_timeout=10) as connection:
            return connection.execute(query.encode(), values).fetchall()

    def value(self, query: str, **values: Any) -> Any:
        """The first column of the first row; None when there is none."""
        found = self.rows(query, **values)
        return found[0][0] if found else None

    async def produce(self) -> None:
        async with FactoryControl.of(self.floor.state_dir) as machines:
            await machines.start()

    async def halt(self) -> None:
        async with FactoryControl.of(self.floor.state_dir) as machines:
            await machines.stop()

    async def until(
        self,
        what: str,
        condition: Callable[[], Awaitable[Any]] | Callable[[], Any],
        within_s: float | None = None,
    ) -> Any:
        """The first answer that is true. AssertionError, with the last words, after the deadline."""
        patience_s = self.patience_s if within_s is None else within_s
        deadline = time.monotonic() + patience_s
        while True:
            answer = condition()
            if isinstance(answer, Awaitable):
                answer = await answer
            if answer:
                return answer
            if time.monotonic() > deadline:
                words = self.last_words()
                raise AssertionError(f"waited {patience_s:.0f} s for {what}; last {answer!r}\n{words}")
            await asyncio.sleep(0.1)  # Between looks at what other processes do.
