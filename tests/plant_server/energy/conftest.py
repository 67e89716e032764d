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
from tests.plant_server.energy.shop import Shop, open_shop
from tests.plant_server.materials.hands import Hands, signed_in

__all__ = ["connection", "database_server", "empty_database", "plant_database"]


@pytest.fixture
async def app(plant_database: PlantDatabase, tmp_path: Path) -> AsyncIterator[FastAPI]:
    app = create_app(Settings(database_url=plant_database.url), api_token=TOKEN, secrets=tmp_path)
    async with app.router.lifespan_context(app):
        yield app


@pytest.fixture
async def shop(connection: AsyncConnection) -> Shop:
    """Two presses on a line, and orders to run on them."""
    return await open_shop(connection)


@pytest.fixture
async def reader(app: FastAPI, connection: AsyncConnection) -> AsyncIterator[Hands]:
    async with signed_in(app, connection, Role.OPERATOR, name="Olga") as hands:
        yield hands


@pytest.fixture
async def fitter(app: FastAPI, connection: AsyncConnection) -> AsyncIterator[Hands]:
    async with signed_in(app, connection, Role.MAINTENANCE, name="Max") as hands:
        yield hands
