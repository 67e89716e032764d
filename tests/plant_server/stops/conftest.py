from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from fastapi import FastAPI
from psycopg import AsyncConnection

from plant_server.api import create_app
from plant_server.people.roles import Role
from plant_server.settings import Settings
from tests.plant_server.api_fixture import TOKEN, connection
from tests.plant_server.database_fixture import PlantDatabase, database_server, empty_database, plant_database
from tests.plant_server.materials.hands import Hands, signed_in
from tests.plant_server.stops.press import Press, set_up

__all__ = ["connection", "database_server", "empty_database", "plant_database"]


@pytest.fixture
async def app(plant_database: PlantDatabase, tmp_path: Path) -> AsyncIterator[FastAPI]:
    app = create_app(Settings(database_url=plant_database.url), api_token=TOKEN, secrets=tmp_path)
    async with app.router.lifespan_context(app):
        yield app


@pytest.fixture
async def press(connection: AsyncConnection) -> Press:
    """A machine that tells its state, and the reasons `jam`, `tool` and `break`."""
    return await set_up(connection)


@pytest.fixture
async def operator(app: FastAPI, connection: AsyncConnection) -> AsyncIterator[Hands]:
    async with signed_in(app, connection, Role.OPERATOR, name="Olga") as hands:
        yield hands


@pytest.fixture
async def lead(app: FastAPI, connection: AsyncConnection) -> AsyncIterator[Hands]:
    async with signed_in(app, connection, Role.LEAD, name="Lena") as hands:
        yield hands
