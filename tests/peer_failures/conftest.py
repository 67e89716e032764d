"""A real API process on a real database, with an order that people report to."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from psycopg import AsyncConnection

from tests.peer_failures.api_process import ApiProcess, api_process
from tests.plant_server.api_fixture import connection
from tests.plant_server.database_fixture import PlantDatabase, database_server, plant_database
from tests.plant_server.work_orders.floor import Floor

__all__ = ["connection", "database_server", "plant_database"]


@pytest.fixture
async def api(plant_database: PlantDatabase, tmp_path: Path) -> AsyncIterator[ApiProcess]:
    """Alive and answering."""
    with api_process(plant_database.url, tmp_path) as api:
        await api.start()
        yield api


@pytest.fixture
async def floor(api: ApiProcess, connection: AsyncConnection) -> AsyncIterator[Floor]:
    """A person at a station without a counter: what is reported is what is made."""
    async with api.floor(connection) as floor:
        await floor.station()
        await floor.item()
        await floor.reason("burr")
        yield floor


@pytest.fixture
async def run(floor: Floor) -> int:
    (operation,) = await floor.operations(await floor.order())
    return await floor.start(operation)
