"""`lineside api` as a process of its own, which a test may kill and start again, and people who work through it."""

import asyncio
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
from psycopg import AsyncConnection

from plant_server.demo.child import Child
from plant_server.embedded.free_port import free_port
from plant_server.people.identity import SESSION_COOKIE
from plant_server.people.roles import PEOPLE
from plant_server.people.secrets_of_people import hash_token, new_token
from tests.plant_server.work_orders.floor import Floor

START_WITHIN_S = 60.0
ANSWER_WITHIN_S = 60.0


@dataclass(frozen=True, slots=True)
class ApiProcess:
    url: str
    child: Child

    async def until_it_answers(self) -> None:
        async with httpx.AsyncClient(base_url=self.url, timeout=5) as client:
            deadline = time.monotonic() + START_WITHIN_S
            while time.monotonic() < deadline:
                assert self.child.alive, self.child.last_words()
                try:
                    if (await client.get("/healthz")).status_code == 200:
                        return
                except httpx.TransportError:
                    await asyncio.sleep(0.05)
            raise AssertionError(f"the API did not answer\n{self.child.last_words()}")

    async def start(self, failpoint: str = "") -> None:
        """Start, armed if wanted. It may be dead again before it was asked anything, if so armed."""
        self.child.start(LINESIDE_FAILPOINT=failpoint)
        await self.until_it_answers()

    @asynccontextmanager
    async def floor(self, connection: AsyncConnection, name: str = "Wu") -> AsyncIterator[Floor]:
        """A person with every role, signed in."""
        statement = "INSERT INTO plant.person (name, roles) VALUES (%s, %s) RETURNING person_id"
        row = await (await connection.execute(statement, (name, sorted(PEOPLE)))).fetchone()
        assert row is not None
        token = new_token()
        await connection.execute(
            "INSERT INTO plant.session (token_hash, person_id) VALUES (%s, %s)", (hash_token(token), row[0])
        )
        async with httpx.AsyncClient(
            base_url=self.url,
            headers={"Origin": self.url},
            cookies={SESSION_COOKIE: token},
            timeout=ANSWER_WITHIN_S,
        ) as client:
            yield Floor(client, connection, f"person:{row[0]}")


@contextmanager
def api_process(database_url: str, home: Path) -> Iterator[ApiProcess]:
    """Not started yet; it ends with the block."""
    port = free_port(0)
    environment = {"LINESIDE_DATABASE_URL": database_url, "LINESIDE_HOME": str(home)}
    child = Child(
        "api", ["api", "--port", str(port)], log=home / "api.log", environment=environment, cwd=home
    )
    try:
        yield ApiProcess(f"http://127.0.0.1:{port}", child)
    finally:
        child.kill()
