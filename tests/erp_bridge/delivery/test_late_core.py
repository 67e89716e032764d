"""A bridge that is started before its core: it waits with one line in its log and its page up, and then works."""

import asyncio
import shutil
import signal
from collections.abc import Callable
from pathlib import Path

import httpx
import psycopg
from structlog.testing import capture_logs

from erp_bridge.config import check_config
from erp_bridge.endpoint import Endpoints
from erp_bridge.run import run
from erp_bridge.settings import Settings
from plant_server.embedded.free_port import free_port
from tests.erp_bridge.bridge_here import core_settings
from tests.erp_bridge.floor import Floor
from tests.plant_server.database_fixture import PlantDatabase
from tests.simulators.business_process import BusinessProcess, released_order

DEADLINE_S = 60.0


async def test_it_waits_for_the_endpoint_of_its_core_with_its_page_up_and_tells_what_waited(
    core: httpx.Client,
    core_process: BusinessProcess,
    floor: Floor,
    bridge_url: str,
    plant_database: PlantDatabase,
    tmp_path: Path,
) -> None:
    late = tmp_path / "endpoint.json"
    config = check_config({"connectors": {"core": core_settings(late)}})
    settings, port = Settings(bridge_database_url=bridge_url, bridge_poll_s=0.05), free_port(0)
    order = released_order(core)
    floor.good(order, "3")

    def states() -> list[str]:
        with psycopg.connect(plant_database.superuser_url, autocommit=True) as connection:
            return [row[0] for row in connection.execute("SELECT state FROM bridge.document").fetchall()]

    running = asyncio.create_task(run(settings, config, port=port))
    try:
        async with httpx.AsyncClient() as client, asyncio.timeout(DEADLINE_S):
            await answering(client, f"http://127.0.0.1:{port}/healthz")
            await become(states, ["ready"])
            await answering(client, f"http://127.0.0.1:{port}/")  # The page, while nothing can be sent.
            assert not running.done()
            shutil.copy(core_process.endpoint, late)
            await become(states, ["accepted"])
        signal.raise_signal(signal.SIGTERM)
        await asyncio.wait_for(running, DEADLINE_S)
    finally:
        running.cancel()


async def test_it_is_said_once_that_a_system_is_waited_for_and_once_that_it_came(tmp_path: Path) -> None:
    file, stop, endpoints = tmp_path / "endpoint.json", asyncio.Event(), Endpoints()
    with capture_logs() as said:
        waiting = [asyncio.create_task(endpoints.wait_for("core", file, stop)) for _ in range(3)]
        async with asyncio.timeout(DEADLINE_S):
            await become(lambda: len(said), 1)
            file.write_text("{}")
            await asyncio.gather(*waiting)
    assert [line["event"] for line in said] == ["endpoint_missing", "endpoint_found"]
    assert {line["system"] for line in said} == {"core"}


async def test_who_is_told_to_stop_waits_no_longer(tmp_path: Path) -> None:
    stop = asyncio.Event()
    waiting = asyncio.create_task(Endpoints().wait_for("core", tmp_path / "endpoint.json", stop))
    stop.set()
    await asyncio.wait_for(waiting, DEADLINE_S)


async def answering(client: httpx.AsyncClient, url: str) -> None:
    """Wait until it answers 200; the caller has a deadline."""
    while True:
        try:
            if (await client.get(url)).status_code == 200:
                return
        except httpx.TransportError:
            pass  # It does not listen yet.
        await asyncio.sleep(0.1)


async def become(ask: Callable[[], object], wanted: object) -> None:
    """Wait until `ask()` is `wanted`; the caller has a deadline."""
    while ask() != wanted:  # noqa: ASYNC110  # Another process, or a log, has no event to wait for.
        await asyncio.sleep(0.05)
