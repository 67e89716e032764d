from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from fastapi import FastAPI
from psycopg import AsyncConnection

from plant_server.api import create_app
from plant_server.settings import Settings
from tests.plant_server.api_fixture import TOKEN, connection
from tests.plant_server.database_fixture import PlantDatabase, database_server, empty_database, plant_database
from tests.plant_server.work_orders.floor import Floor, standing_at

__all__ = ["connection", "database_server", "empty_database", "plant_database"]


@pytest.fixture
async def app(plant_database: PlantDatabase, tmp_path: Path) -> AsyncIterator[FastAPI]:
    app = create_app(Settings(database_url=plant_database.url), api_token=TOKEN, secrets=tmp_path)
    async with app.router.lifespan_context(app):
        yield app


@pytest.fixture
async def floor(app: FastAPI, connection: AsyncConnection) -> AsyncIterator[Floor]:
    async with standing_at(app, connection) as floor:
        yield floor
