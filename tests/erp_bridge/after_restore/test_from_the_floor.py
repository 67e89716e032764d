"""From the plant's own commands to the core's ledger, over a restore: an edge feeds its counts again, an operator reports them
again, and the keys are new. In the core each part stands once."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
import pytest
from fastapi import FastAPI
from psycopg import AsyncConnection

from plant_server.api import create_app
from plant_server.embedded.postgres import PostgresServer
from plant_server.people.identity import SESSION_COOKIE
from plant_server.settings import Settings
from simulators.business_truth import posted
from tests.erp_bridge.after_restore.restored import Backup, Restored
from tests.erp_bridge.bridge_here import BridgeHere
from tests.plant_server.api_fixture import app, connection
from tests.plant_server.database_fixture import PlantDatabase
from tests.plant_server.work_orders.floor import PAGE, Floor, standing_at
from tests.simulators.business_process import BusinessProcess, released_order

__all__ = ["app", "connection"]
pytestmark = pytest.mark.system
ITEM = "FG-100"


@pytest.fixture
async def plant(app: FastAPI, connection: AsyncConnection) -> AsyncIterator[Floor]:
    async with standing_at(app, connection) as plant:
        number = plant.person.removeprefix("person:")
        await plant.done(f"people/{number}/change", {"personnel_number": "7"})  # The bridge maps that one.
        yield plant


@asynccontextmanager
async def the_same_person_at(database: PlantDatabase, before: Floor) -> AsyncIterator[Floor]:
    """With the session of before, which the backup knows; the edge goes on from its own totals."""
    app = create_app(Settings(database_url=database.url))
    cookies = {SESSION_COOKIE: before.client.cookies[SESSION_COOKIE]}
    transport = httpx.ASGITransport(app, client=("127.0.0.1", 4711))
    async with (
        app.router.lifespan_context(app),
        await AsyncConnection.connect(database.url, autocommit=True) as connection,
        httpx.AsyncClient(
            transport=transport, base_url=PAGE, headers={"Origin": PAGE}, cookies=cookies
        ) as client,
    ):
        yield Floor(client, connection, before.person)


async def reported(plant: Floor, run: int, tag_id: int, parts: int) -> None:
    """So many more are made, counted, booked and reported; the undo time is over."""
    await plant.make(tag_id, parts)
    await plant.book()
    await plant.done(f"runs/{run}/reports", {})
    await plant.connection.execute("UPDATE plant.outbox SET not_before = now()")


async def test_parts_that_an_edge_counts_again_and_a_person_reports_again_are_in_the_core_once(
    core: httpx.Client,
    core_process: BusinessProcess,
    plant: Floor,
    bridge: BridgeHere,
    database_server: PostgresServer,
    plant_database: PlantDatabase,
    tmp_path: Path,
) -> None:
    tag_id = (await plant.station("press1", parts="parts"))["parts"]
    await plant.receive("items", "item", code=ITEM, unit="H87", name_en="Valve", name_zh="阀")
    number = released_order(core)
    (operation,) = await plant.operations(await plant.order(number, item=ITEM, unit="H87"))
    run = await plant.start(operation)
    await reported(plant, run, tag_id, 10)
    await bridge.deliver()
    backup = Backup(database_server, plant_database, tmp_path)
    await reported(plant, run, tag_id, 5)
    await bridge.deliver()
    assert in_core(core_process, number) == 15
    keys = await bridge.ask("SELECT document_id FROM bridge.document")

    with backup.database() as (database, url):
        restored = Restored(url, core_process.endpoint)
        await restored.migrated()
        async with the_same_person_at(database, plant) as again:
            again.totals[tag_id] = (
                10  # What the backup had of it; the edge sends the rest again, and two more.
            )
            await reported(again, run, tag_id, 7)
            await restored.plan()
            report = await restored.examined()
            (good,) = [one for one in report.differences if one.kind == "completion"]
            assert (good.work_order, good.there, good.here, good.to_be_told) == (number, "15", "17", "2")
            known = await restored.ask("SELECT document_id FROM bridge.document WHERE kind = 'completion'")
            assert len([one for one in known if one not in keys]) == 1, (
                "the key is new, so it would not be found"
            )
            await restored.release()
            await restored.deliver()
            assert in_core(core_process, number) == 17

            await reported(again, run, tag_id, 4)
            await restored.deliver()
            assert in_core(core_process, number) == 21


def in_core(core: BusinessProcess, number: str) -> int:
    """By its own ledger."""
    return int(posted(core.state_dir)[number, "completions", ITEM])
