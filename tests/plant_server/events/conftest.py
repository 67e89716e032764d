from collections.abc import AsyncIterator

import pytest

from plant_server.async_database import ConnectionPool
from tests.plant_server.api_fixture import connection
from tests.plant_server.database_fixture import PlantDatabase, database_server, empty_database, plant_database

__all__ = ["connection", "database_server", "empty_database", "plant_database"]


@pytest.fixture
async def pool(plant_database: PlantDatabase) -> AsyncIterator[ConnectionPool]:
    pool = ConnectionPool(plant_database.url, application="test")
    yield pool
    await pool.close()
