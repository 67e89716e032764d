from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest
from fastapi import FastAPI

from plant_server.api import create_app
from plant_server.settings import Settings
from tests.plant_server.api_fixture import TOKEN, asking, connection
from tests.plant_server.database_fixture import PlantDatabase, database_server, empty_database, plant_database

__all__ = ["connection", "database_server", "empty_database", "plant_database"]


@pytest.fixture
async def app(plant_database: PlantDatabase, tmp_path: Path) -> AsyncIterator[FastAPI]:
    app = create_app(Settings(database_url=plant_database.url), api_token=TOKEN, secrets=tmp_path)
    async with app.router.lifespan_context(app):
        yield app


@pytest.fixture
async def client(app: FastAPI) -> AsyncIterator[httpx.AsyncClient]:
    """A browser on this machine; it keeps cookies and says where its page is from."""
    async with asking(app) as client:
        client.headers["Origin"] = "http://127.0.0.1:8080"
        yield client
