"""The application on a migrated database, asked through ASGI as a client on this machine would."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx
import pytest
from fastapi import FastAPI
from psycopg import AsyncConnection

from plant_server.api import create_app
from plant_server.settings import Settings
from tests.plant_server.database_fixture import PlantDatabase
from tests.plant_server.facts import make_days

TOKEN = "token-of-the-tests"
WITH_TOKEN = {"Authorization": f"Bearer {TOKEN}"}


@asynccontextmanager
async def asking(app: FastAPI, *, client_host: str = "127.0.0.1") -> AsyncIterator[httpx.AsyncClient]:
    transport = httpx.ASGITransport(app, raise_app_exceptions=False, client=(client_host, 4711))
    async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1:8080") as client:
        yield client


@pytest.fixture
async def app(plant_database: PlantDatabase) -> AsyncIterator[FastAPI]:
    app = create_app(Settings(database_url=plant_database.url), api_token=TOKEN)
    async with app.router.lifespan_context(app):
        yield app


@pytest.fixture
async def client(app: FastAPI) -> AsyncIterator[httpx.AsyncClient]:
    """On this machine, without a token."""
    async with asking(app) as client:
        yield client


@pytest.fixture
async def connection(plant_database: PlantDatabase) -> AsyncIterator[AsyncConnection]:
    """An autocommit session beside the application's, with partitions for yesterday and the days around it."""
    async with await AsyncConnection.connect(plant_database.url, autocommit=True) as connection:
        await make_days(connection)
        yield connection
