from collections.abc import AsyncIterator

import httpx
import pytest
from fastapi import FastAPI
from psycopg import AsyncConnection

from plant_server.people.roles import Role
from plant_server.people.secrets_of_people import hash_token, new_token
from tests.plant_server.andon.line import PRESS, Line, lay_out
from tests.plant_server.api_fixture import connection
from tests.plant_server.database_fixture import database_server, empty_database, plant_database
from tests.plant_server.materials.hands import PAGE, Hands, signed_in
from tests.plant_server.stops.conftest import app

__all__ = ["app", "connection", "database_server", "empty_database", "plant_database"]


@pytest.fixture
async def line(connection: AsyncConnection) -> Line:
    return await lay_out(connection)


@pytest.fixture
async def operator(app: FastAPI, connection: AsyncConnection) -> AsyncIterator[Hands]:
    async with signed_in(app, connection, Role.OPERATOR, name="Olga") as hands:
        yield hands


@pytest.fixture
async def lead(app: FastAPI, connection: AsyncConnection) -> AsyncIterator[Hands]:
    async with signed_in(app, connection, Role.LEAD, name="Lena") as hands:
        yield hands


@pytest.fixture
async def mechanic(app: FastAPI, connection: AsyncConnection) -> AsyncIterator[Hands]:
    async with signed_in(app, connection, Role.MAINTENANCE, name="Max") as hands:
        yield hands


@pytest.fixture
async def kiosk(app: FastAPI, line: Line) -> AsyncIterator[Hands]:
    """An enrolled terminal at the press, elsewhere in the network, at which nobody has signed in."""
    token = new_token()
    await line.connection.execute(
        "INSERT INTO plant.station (name, equipment_id, credential_hash, enrolled_time)"
        " SELECT 'press 1', equipment_id, %s, now() FROM plant.equipment WHERE path = %s",
        (hash_token(token), PRESS),
    )
    transport = httpx.ASGITransport(app, client=("192.0.2.7", 4711))
    async with httpx.AsyncClient(
        transport=transport, base_url=PAGE, headers={"Origin": PAGE}, cookies={"lineside_device": token}
    ) as client:
        yield Hands(client, 0)
