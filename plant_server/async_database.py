"""Asynchronous connections: one of its own for the keeper, a bounded pool for the API."""

import asyncio
import select
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import psycopg
from psycopg import AsyncConnection, IsolationLevel
from psycopg.pq import TransactionStatus

from plant_server.database import CONNECT_TIMEOUT_S, session_options
from plant_server.errors import DatabaseUnavailable, SchemaNotReady


async def connect_async(
    url: str, *, application: str, statement_timeout_s: float = 60, lock_timeout_s: float = 20
) -> AsyncConnection:
    """An autocommit session with the deadlines of `plant_server.database.connect`. Raises DatabaseUnavailable.

    READ COMMITTED whatever the server's default is: the keeper's statements rely on seeing what others commit.
    """
    try:
        connection = await AsyncConnection.connect(
            url,
            autocommit=True,
            connect_timeout=CONNECT_TIMEOUT_S,
            application_name=application,
            keepalives_idle=10,
            keepalives_interval=5,
            keepalives_count=3,
            tcp_user_timeout=25_000,  # ms; also notices a peer that vanished while a query was on its way.
            options=session_options(statement_timeout_s=statement_timeout_s, lock_timeout_s=lock_timeout_s),
        )
    except psycopg.OperationalError as error:
        raise DatabaseUnavailable(str(error).strip()) from error
    await connection.set_isolation_level(IsolationLevel.READ_COMMITTED)
    return connection


class ConnectionPool:
    """At most `size` sessions, made when first needed and kept. Whoever finds none free waits `wait_s`, no longer."""

    def __init__(self, url: str, *, application: str, size: int = 8, wait_s: float = 5) -> None:
        self._url = url
        self._application = application
        self._wait_s = wait_s
        self._slots = asyncio.Semaphore(size)
        self._idle: list[AsyncConnection] = []

    @asynccontextmanager
    async def connection(self) -> AsyncIterator[AsyncConnection]:
        """Borrow an autocommit session. Raises DatabaseUnavailable: no slot in time, no answer, or lost on the way;
        SchemaNotReady: a table is missing."""
        try:
            async with asyncio.timeout(self._wait_s):
                await self._slots.acquire()
        except TimeoutError as error:
            raise DatabaseUnavailable("every connection is busy") from error
        connection: AsyncConnection | None = None
        try:
            connection = await self._take()
            yield connection
        except psycopg.OperationalError as error:
            raise DatabaseUnavailable(str(error).strip()) from error
        except (psycopg.errors.UndefinedTable, psycopg.errors.UndefinedColumn) as error:
            raise SchemaNotReady(f"{str(error).splitlines()[0]}: run `lineside migrate`") from error
        finally:
            if connection is not None:
                await self._give_back(connection)
            self._slots.release()

    async def close(self) -> None:
        while self._idle:
            await self._idle.pop().close()

    async def _take(self) -> AsyncConnection:
        """The session used last, if the server did not end it meanwhile; else a new one."""
        while self._idle:
            connection = self._idle.pop()
            if _says_nothing(connection):
                return connection
            try:
                await connection.execute("")
            except psycopg.OperationalError:  # The database was restarted; sessions made before are gone.
                await connection.close()
            else:
                return connection
        return await connect_async(
            self._url, application=self._application, statement_timeout_s=15, lock_timeout_s=5
        )

    async def _give_back(self, connection: AsyncConnection) -> None:
        if connection.pgconn.transaction_status == TransactionStatus.IDLE:
            self._idle.append(connection)
        else:  # Broken, or left in a transaction: its end decides nothing any more.
            await connection.close()


def _says_nothing(connection: AsyncConnection) -> bool:
    """Whether nothing waits to be read. A server that ends a session says so and closes it, so this tells without asking
    the server, as every request would have to."""
    poll = select.poll()
    poll.register(connection.pgconn.socket, select.POLLIN)
    return not poll.poll(0)
