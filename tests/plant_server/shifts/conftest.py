from collections.abc import AsyncIterator

import pytest
from fastapi import FastAPI
from psycopg import AsyncConnection

from plant_server.people.roles import Role
from tests.plant_server.api_fixture import app, connection
from tests.plant_server.database_fixture import database_server, empty_database, plant_database
from tests.plant_server.materials.hands import Hands, signed_in

__all__ = ["app", "connection", "database_server", "empty_database", "plant_database"]


@pytest.fixture
async def manager(app: FastAPI, connection: AsyncConnection) -> AsyncIterator[Hands]:
    async with signed_in(app, connection, Role.MANAGER, name="Mia") as hands:
        yield hands
