from collections.abc import AsyncIterator

import pytest

from tests.plant_server.api_fixture import connection
from tests.plant_server.database_fixture import database_server, empty_database, plant_database
from tests.plant_server.digest.chat_stub import Chat
from tests.plant_server.people.conftest import app, client

__all__ = ["app", "client", "connection", "database_server", "empty_database", "plant_database"]


@pytest.fixture
async def chat() -> AsyncIterator[Chat]:
    async with Chat() as chat:
        yield chat
