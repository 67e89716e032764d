"""A plant's API in a process of its own that can be killed, a small shop in its database, and a crew that works there."""

import asyncio
import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
from psycopg import AsyncConnection

from plant_server.people.demo import FILE, ensure_demo_people
from plant_server.security.secrets import secret
from tests.plant_server.database_fixture import PlantDatabase
from tests.plant_server.facts import make_days
from tests.plant_server.work_orders.floor import LONG_AGO, PATH, Floor

DEADLINE_S = 60.0
ROOT = Path(__file__).parents[2]
CREW = """
import asyncio, json, sys
from pathlib import Path
from simulators.crew import CrewSettings, run
url, people, state_dir, stations = sys.argv[1:]
stations = [tuple(one) for one in json.loads(stations)]
asyncio.run(run(CrewSettings(url, Path(people), Path(state_dir), stations, seed=3, pace_s=0.05)))
"""


@dataclass
class Shop:
    """`floor` speaks as the ERP does; `killed` counts how often the API died."""

    home: Path
    database: PlantDatabase
    port: int
    floor: Floor
    api: subprocess.Popen[bytes] | None = None
    crew: subprocess.Popen[bytes] | None = None
    tags: dict[str, int] = field(default_factory=dict)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    async def start_api(self, failpoint: str | None = None) -> None:
        """Start it and wait until it answers; with a failpoint it will kill itself there."""
        self.api = self._api_process(failpoint)
        async with asyncio.timeout(DEADLINE_S):
            while True:
                assert self.api.poll() is None, (self.home / "api.log").read_text()
                with suppress(httpx.TransportError):
                    await self.floor.client.get("/api/v1/me")
                    return
                await asyncio.sleep(0.05)

    def _api_process(self, failpoint: str | None) -> subprocess.Popen[bytes]:
        environment = os.environ | {
            "LINESIDE_DATABASE_URL": self.database.url,
            "LINESIDE_HOME": str(self.home),
        }
        environment |= {"LINESIDE_FAILPOINT": failpoint} if failpoint else {}
        command = [sys.executable, "-c", "from lineside import main; main()", "api", "--port", str(self.port)]
        with (self.home / "api.log").open("ab") as words:
            return subprocess.Popen(command, cwd=ROOT, env=environment, stderr=words, stdout=words)

    async def api_died(self) -> None:
        """Wait for the failpoint."""
        assert self.api is not None
        code = await asyncio.wait_for(asyncio.to_thread(self.api.wait), DEADLINE_S)
        assert code == -signal.SIGKILL

    def kill_api(self) -> None:
        assert self.api is not None
        self.api.kill()
        self.api.wait(DEADLINE_S)

    def start_crew(self, *names: str) -> None:
        stations = json.dumps([(name, f"{PATH}/{name}") for name in names])
        people = self.home / "secrets" / FILE
        arguments = [self.url, str(people), str(self.home), stations]
        with (self.home / "crew.log").open("ab") as words:
            self.crew = subprocess.Popen([sys.executable, "-c", CREW, *arguments], cwd=ROOT, stderr=words)

    async def finish_crew(self) -> int:
        assert self.crew is not None
        self.crew.send_signal(signal.SIGTERM)
        return await asyncio.wait_for(asyncio.to_thread(self.crew.wait), DEADLINE_S)

    async def until(self, statement: str, what: str) -> None:
        """Wait for a SELECT to be true, the crew being at work."""
        assert self.crew is not None
        try:
            async with asyncio.timeout(DEADLINE_S):
                while not (await self.floor.one(statement))["is_so"]:
                    assert self.crew.poll() is None, (self.home / "crew.log").read_text()
                    await asyncio.sleep(0.05)
        except TimeoutError:
            raise AssertionError(f"not within {DEADLINE_S:g} s: {what}; {self.last_lines()}") from None

    def last_lines(self) -> str:
        lines = (self.home / "crew.jsonl").read_text().splitlines()
        return "\n".join(lines[-5:])

    async def furnish(self) -> None:
        """A press and a bench without a counter; a bracket B of two bodies, drawn with A; reasons."""
        self.tags = await self.floor.station("press1", parts="parts", reject="reject")
        await self.floor.station("bench1")
        await self.floor.reason("burr")
        await self.floor.reason("jam", "stop", stop_time="unplanned")
        both = [{"revision": one, "released_time": LONG_AGO} for one in "AB"]
        await self.floor.item("BODY", revisions=both)
        await self.floor.item("BRACKET", revisions=both[1:])
        part = {"position": "10", "item": "BODY", "quantity_per": "2", "unit": "C62", "revision": "A"}
        bom = {"item": "BRACKET", "revision": "B", "released_time": LONG_AGO, "components": [part]}
        await self.floor.receive("boms", "bom-1", **bom)

    async def replace_body(self) -> None:
        """ECN-7: B instead of A, since long ago; what is left of A is scrap."""
        change = {
            "number": "ECN-7",
            "item": "BODY",
            "old_revision": "A",
            "new_revision": "B",
            "effectivity": {"kind": "date", "from_time": LONG_AGO},
            "disposition": "scrap",
            "released_time": LONG_AGO,
        }
        await self.floor.receive("change-orders", "ecn-7", **change)

    @asynccontextmanager
    async def machine(self) -> AsyncIterator[None]:
        """The press makes a part every 20 ms, every tenth a reject, while the block runs."""

        async def make() -> None:
            for number in range(1, 100_000):
                await self.floor.make(self.tags["parts"], 1)
                if number % 10 == 0:
                    await self.floor.make(self.tags["reject"], 1)
                await asyncio.sleep(0.02)

        task = asyncio.create_task(make())
        try:
            yield
        finally:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task


@asynccontextmanager
async def open_shop(database: PlantDatabase, home: Path) -> AsyncIterator[Shop]:
    """With the API running and the demo's people in it."""
    secrets = home / "secrets"
    ensure_demo_people(database.url, secrets)
    headers = {"Authorization": f"Bearer {secret(secrets, 'api-token')}"}
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    client = httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", headers=headers, trust_env=False)
    connecting = await AsyncConnection.connect(database.url, autocommit=True)
    async with client, connecting as connection:
        await make_days(connection)
        shop = Shop(home, database, port, Floor(client, connection, "integrator"))
        try:
            await shop.start_api()
            yield shop
        finally:
            for process in (shop.crew, shop.api):
                if process is not None and process.poll() is None:
                    process.kill()
                    process.wait(DEADLINE_S)


async def statuses_in_database(floor: Floor) -> dict[str, int]:
    """Status of each command that people gave, by its key."""
    rows = await floor.rows(
        "SELECT event_id::text, status FROM plant.event WHERE actor LIKE 'person:%%' AND status < 500"
    )
    return {row["event_id"]: row["status"] for row in rows}


def told(lines: list[dict[str, Any]], what: str) -> list[dict[str, Any]]:
    """The answers of one kind."""
    return [line for line in lines if line["what"] == what and line["answer"] is not None]
