from collections.abc import AsyncIterator

import pytest
from psycopg import AsyncConnection

from tests.plant_server.database_fixture import PlantDatabase, database_server, empty_database, plant_database
from tests.plant_server.facts import make_days

__all__ = ["database_server", "empty_database", "plant_database"]


@pytest.fixture
async def connection(plant_database: PlantDatabase) -> AsyncIterator[AsyncConnection]:
    """An autocommit session in a migrated database that has partitions for yesterday and the days around it."""
    async with await AsyncConnection.connect(plant_database.url, autocommit=True) as connection:
        await make_days(connection)
        yield connection


@pytest.fixture
async def bare_connection(plant_database: PlantDatabase) -> AsyncIterator[AsyncConnection]:
    """An autocommit session in a migrated database without a single partition."""
    async with await AsyncConnection.connect(plant_database.url, autocommit=True) as connection:
        yield connection


@pytest.fixture
async def second_connection(plant_database: PlantDatabase) -> AsyncIterator[AsyncConnection]:
    async with await AsyncConnection.connect(plant_database.url, autocommit=True) as connection:
        yield connection
