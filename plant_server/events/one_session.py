"""A session where a pool is asked for: the keeper's jobs give commands like everybody else, on the session they have."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from psycopg import AsyncConnection

from plant_server.async_database import ConnectionPool


class OneSession(ConnectionPool):
    """Its owner closes it. The keeper's lock belongs to the session, so a keeper that lost it commits nothing."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    @asynccontextmanager
    async def connection(self) -> AsyncIterator[AsyncConnection]:
        yield self._connection
