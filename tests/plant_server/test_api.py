"""The API as a process: an answer is a commit, a kill is no half command, a stop does not wait for listeners."""

import asyncio
import os
import signal
import socket
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from uuid import uuid4

import httpx
import psycopg
import pytest

from plant_server.security.secrets import secret
from tests.plant_server.database_fixture import PlantDatabase, database_server, plant_database

__all__ = ["database_server", "plant_database"]

DEADLINE_S = 60.0
PROGRAM = """
import sys
from plant_server.api import run
from plant_server.settings import load_settings
run(load_settings(), int(sys.argv[1]))
"""


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@asynccontextmanager
async def api(
    url: str, home: Path, failpoint: str = ""
) -> AsyncIterator[tuple[asyncio.subprocess.Process, str]]:
    """A process that answers, and its base URL."""
    environment = os.environ | {
        "LINESIDE_DATABASE_URL": url,
        "LINESIDE_HOME": str(home),
        "LINESIDE_FAILPOINT": failpoint,
    }
    port = free_port()
    process = await asyncio.create_subprocess_exec(sys.executable, "-c", PROGRAM, str(port), env=environment)
    base_url = f"http://127.0.0.1:{port}"
    try:
        await until_it_answers(base_url)
        yield process, base_url
    finally:
        if process.returncode is None:
            process.kill()
        await asyncio.wait_for(process.wait(), DEADLINE_S)


async def until_it_answers(base_url: str) -> None:
    async with asyncio.timeout(DEADLINE_S), httpx.AsyncClient(base_url=base_url) as client:
        while True:
            try:
                (await client.get("/healthz")).raise_for_status()
            except httpx.TransportError:
                await asyncio.sleep(0.05)
            else:
                return


def proposal_state(database: PlantDatabase) -> tuple[object, ...] | None:
    with psycopg.connect(database.url) as connection:
        return connection.execute("SELECT state FROM plant.equipment_proposal").fetchone()


@pytest.fixture
def proposed(plant_database: PlantDatabase) -> PlantDatabase:
    with psycopg.connect(plant_database.url) as connection:
        connection.execute("INSERT INTO plant.edge (group_id, node) VALUES ('demo', 'e')")
        connection.execute(
            "INSERT INTO plant.device (edge_id, name) SELECT edge_id, 'press1' FROM plant.edge"
        )
        connection.execute(
            "INSERT INTO plant.equipment_proposal (device_id, path) SELECT device_id, 'demo/press1' FROM plant.device"
        )
    return plant_database


@pytest.mark.parametrize(
    ("failpoint", "state"), [("api.before_commit", "open"), ("api.after_commit", "accepted")]
)
async def test_a_command_killed_on_the_way_is_done_or_not_done_but_never_answered(
    proposed: PlantDatabase, tmp_path: Path, failpoint: str, state: str
) -> None:
    async with api(proposed.url, tmp_path, failpoint) as (process, base_url):
        headers = {
            "Authorization": f"Bearer {secret(tmp_path / 'secrets', 'api-token')}",
            "Idempotency-Key": str(uuid4()),
        }
        async with httpx.AsyncClient(base_url=base_url, headers=headers, timeout=DEADLINE_S) as client:
            with pytest.raises(httpx.TransportError):
                await client.post("/api/v1/equipment/proposals/1/accept", json={})
        assert await asyncio.wait_for(process.wait(), DEADLINE_S) == -signal.SIGKILL
    assert proposal_state(proposed) == (state,)


async def test_a_stop_does_not_wait_for_listeners(plant_database: PlantDatabase, tmp_path: Path) -> None:
    async with (
        api(plant_database.url, tmp_path) as (process, base_url),
        httpx.AsyncClient(base_url=base_url, timeout=DEADLINE_S) as client,
        client.stream("GET", "/api/v1/live") as response,
    ):
        assert await anext(response.aiter_lines()) == "retry: 2000"
        process.terminate()
        assert await asyncio.wait_for(process.wait(), DEADLINE_S) == 0
