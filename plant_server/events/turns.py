"""Taking turns at one thing, before a session of the database is asked for.

Commands on one run, order or lot wait for one another at its row lock whatever happens. Waiting there costs a session
each: fifty reports on one order would hold all of them, and who wants something else would wait behind. So they wait
here, where waiting costs nothing. The row lock still decides; this only says who comes near it.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from plant_server.problems import Problem

AT_ONCE = 2
"""One holds the lock, the next has recorded its Event and stands behind it: the lock is never idle. Measured with 50
clients: more only make the database wake up more of them, fewer leave it waiting."""
WAIT_S = 5.0
RETRY_AFTER_S = 1


@dataclass(slots=True)
class _Place:
    free: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(AT_ONCE))
    known_to: int = 0


class Turns:
    """Places by name, kept while somebody is at one; so there are no more than open requests."""

    def __init__(self, wait_s: float = WAIT_S) -> None:
        self._wait_s = wait_s
        self._places: dict[str, _Place] = {}

    @asynccontextmanager
    async def at(self, name: str) -> AsyncIterator[None]:
        """Two at once are inside, the others follow in the order they came. Raises Problem 503 `busy` after 5 s."""
        place = self._places.setdefault(name, _Place())
        place.known_to += 1
        try:
            try:
                async with asyncio.timeout(self._wait_s):
                    await place.free.acquire()
            except TimeoutError as error:
                raise Problem(503, "busy", retry_after_s=RETRY_AFTER_S) from error
            try:
                yield
            finally:
                place.free.release()
        finally:
            place.known_to -= 1
            if place.known_to == 0:
                del self._places[name]
