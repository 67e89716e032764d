"""Sessions of the bridge's role, with deadlines, and SQL from files.

A session that is left in a transaction (its process was stopped, its machine vanished) is ended by the server after
`IDLE_IN_TRANSACTION_S`, so that no bridge waits for a dead one longer than that.
"""

import asyncio
import re
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from importlib.resources import files
from typing import Any

import psycopg
from psycopg import AsyncConnection
from psycopg.pq import TransactionStatus
from psycopg.rows import DictRow, dict_row

from erp_bridge.errors import DatabaseUnavailable

CONNECT_TIMEOUT_S = 10
STATEMENT_TIMEOUT_S = 15
LOCK_TIMEOUT_S = 5
IDLE_IN_TRANSACTION_S = 10
_BLOCK = re.compile(r"^-- (\w+) --$", re.MULTILINE)
_OPTIONS = (
    "-c tcp_keepalives_idle=10 -c tcp_keepalives_interval=5 -c tcp_keepalives_count=3 -c timezone=UTC"
    f" -c statement_timeout={STATEMENT_TIMEOUT_S * 1000} -c lock_timeout={LOCK_TIMEOUT_S * 1000}"
    f" -c idle_in_transaction_session_timeout={IDLE_IN_TRANSACTION_S * 1000}"
    " -c default_transaction_isolation=read\\ committed"
)

Session = AsyncConnection[DictRow]


async def connect(url: str, *, application: str) -> Session:
    """An autocommit session in UTC whose rows are dicts. Raises DatabaseUnavailable."""
    try:
        return await AsyncConnection.connect(
            url,
            autocommit=True,
            row_factory=dict_row,
            connect_timeout=CONNECT_TIMEOUT_S,
            application_name=application,
            keepalives_idle=10,
            keepalives_interval=5,
            keepalives_count=3,
            tcp_user_timeout=25_000,
            options=_OPTIONS,
        )
    except psycopg.OperationalError as error:
        raise DatabaseUnavailable(str(error).strip()) from error


class Pool:
    """At most `size` sessions, made when first needed and kept. Whoever finds none free waits `wait_s`, no longer."""

    def __init__(self, url: str, *, application: str, size: int = 8, wait_s: float = 5) -> None:
        self._url = url
        self._application = application
        self._wait_s = wait_s
        self._slots = asyncio.Semaphore(size)
        self._idle: list[Session] = []

    @asynccontextmanager
    async def session(self) -> AsyncIterator[Session]:
        """Borrow one. Raises DatabaseUnavailable: none free in time, no answer, or lost on the way."""
        try:
            async with asyncio.timeout(self._wait_s):
                await self._slots.acquire()
        except TimeoutError as error:
            raise DatabaseUnavailable("every session is busy") from error
        session: Session | None = None
        try:
            session = await self._take()
            yield session
        except psycopg.OperationalError as error:
            raise DatabaseUnavailable(str(error).strip()) from error
        finally:
            if session is not None:
                await self._give_back(session)
            self._slots.release()

    async def close(self) -> None:
        while self._idle:
            await self._idle.pop().close()

    async def _take(self) -> Session:
        while self._idle:
            session = self._idle.pop()
            try:
                await session.execute("")
            except psycopg.OperationalError:  # The database was restarted meanwhile.
                await session.close()
            else:
                return session
        return await connect(self._url, application=self._application)

    async def _give_back(self, session: Session) -> None:
        if session.pgconn.transaction_status == TransactionStatus.IDLE:
            self._idle.append(session)
        else:
            await session.close()


def load_queries(package: str, file: str = "queries.sql") -> Mapping[str, bytes]:
    """The named blocks of an SQL file that lies in `package`: each follows a line `-- name --`."""
    parts = _BLOCK.split(files(package).joinpath(file).read_text(encoding="utf-8"))
    names, bodies = parts[1::2], parts[2::2]
    if len(set(names)) != len(names):
        raise ValueError(f"{package}/{file}: two blocks have one name")
    return {name: body.strip().encode() for name, body in zip(names, bodies, strict=True)}


async def rows(session: Session, query: bytes, **values: Any) -> list[dict[str, Any]]:
    """All rows of a statement."""
    return await (await session.execute(query, values)).fetchall()


async def row(session: Session, query: bytes, **values: Any) -> dict[str, Any] | None:
    """The first row of a statement, or None."""
    return await (await session.execute(query, values)).fetchone()


async def changed(session: Session, query: bytes, **values: Any) -> int:
    """How many rows a statement changed."""
    return (await session.execute(query, values)).rowcount
