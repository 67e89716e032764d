"""Live values: one reader of `plant.last_value` per process, any number of listeners up to a bound.

The reader runs only while somebody listens. It wakes on NOTIFY plant_live, which carries nothing, or after a second,
and compares rows with what it knew. Each change gets the next position; a listener asks for what changed after its
own position. So a slow listener skips values and never lags, nothing is queued for it, and one that comes back with
Last-Event-ID gets what changed meanwhile, or everything when the process is another one.
"""

import asyncio
import secrets
from collections import Counter, OrderedDict
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager, suppress
from datetime import datetime, timedelta
from typing import Any

import psycopg
import structlog
from psycopg import AsyncConnection
from psycopg.rows import dict_row

from plant_server.async_database import connect_async
from plant_server.database import load_queries
from plant_server.errors import DatabaseUnavailable
from plant_server.telemetry.schemas import LiveValue

QUERIES = load_queries(__package__)
LISTENERS_MAX = 200
LISTENERS_PER_CLIENT_MAX = 8
POLL_S = 1.0
PAUSE_S = 0.1  # After a notification: what follows at once comes in the same read.
RETRY_S = 2.0
# A row committed later than this after it was received would be missed; ingest's statements end earlier than that.
LOOK_BACK = timedelta(seconds=120)

log = structlog.get_logger()


class TooManyListeners(Exception):
    """No slot is free, for this client or at all. The client's fault; retry later."""


class LiveValues:
    """The newest values, and who listens. `read_forever` must run, or nothing ever changes."""

    def __init__(self, database_url: str) -> None:
        self._database_url = database_url
        self._instance = secrets.token_hex(4)
        self._values: OrderedDict[int, tuple[int, LiveValue]] = OrderedDict()  # The last changed stands last.
        self._newest: datetime | None = None
        self._position = 0
        self._listeners: Counter[str] = Counter()
        self._wanted = asyncio.Event()
        self._news = asyncio.Event()
        self.reader_ended = False

    @property
    def listeners(self) -> int:
        return self._listeners.total()

    @contextmanager
    def slot(self, client: str) -> Iterator[None]:
        """Hold one of the client's slots. Raises TooManyListeners."""
        if self.listeners >= LISTENERS_MAX or self._listeners[client] >= LISTENERS_PER_CLIENT_MAX:
            raise TooManyListeners
        self._listeners[client] += 1
        self._wanted.set()
        try:
            yield
        finally:
            self._listeners[client] -= 1
            if not self._listeners[client]:
                del self._listeners[client]
            if not self._listeners:
                self._wanted.clear()

    def position_of(self, event_id: str | None) -> int:
        """The position a Last-Event-ID stands for; 0, so everything, when it is not of this process."""
        instance, _, number = (event_id or "").partition("-")
        if instance != self._instance or not number.isascii() or not number.isdecimal():
            return 0
        return min(int(number[:18]), self._position)

    def event_id(self, position: int) -> str:
        return f"{self._instance}-{position}"

    def changed_after(self, position: int) -> tuple[list[LiveValue], int]:
        """What changed after `position`, oldest change first, and the present position."""
        changed = []
        for at, value in reversed(self._values.values()):
            if at <= position:
                break
            changed.append(value)
        return changed[::-1], self._position

    async def wait_for_news(self, timeout_s: float) -> None:
        """Return when something changes, at the latest after `timeout_s`."""
        with suppress(TimeoutError):
            async with asyncio.timeout(timeout_s):
                await self._news.wait()

    async def read_forever(self) -> None:
        """Keep the values while somebody listens. A lost database is tried again; a surprise is raised, and told by
        `reader_ended`: a stream that nobody feeds must not look like a quiet plant."""
        try:
            await self._read_forever()
        finally:
            self.reader_ended = True
            self._news.set()

    async def _read_forever(self) -> None:
        told = False
        while True:
            await self._wanted.wait()
            try:
                connection = await connect_async(self._database_url, application="lineside api live")
                async with connection:
                    told = False
                    await self._read_while_wanted(connection)
            except (DatabaseUnavailable, psycopg.OperationalError, psycopg.errors.UndefinedTable) as error:
                if not told:
                    log.warning("live_values_stopped", error=str(error).strip())
                told = True
                await asyncio.sleep(RETRY_S)

    async def _read_while_wanted(self, connection: AsyncConnection) -> None:
        await connection.execute("LISTEN plant_live")
        while self._listeners:
            self._take(await self._rows(connection))
            async for _ in connection.notifies(timeout=POLL_S, stop_after=1):
                await asyncio.sleep(PAUSE_S)

    async def _rows(self, connection: AsyncConnection) -> list[dict[str, Any]]:
        since = self._newest - LOOK_BACK if self._newest else None
        async with connection.cursor(row_factory=dict_row) as cursor:
            await cursor.execute(QUERIES["live_values"], {"since": since})
            return await cursor.fetchall()

    def _take(self, rows: list[dict[str, Any]]) -> None:
        before = self._position
        for row in rows:
            value = LiveValue(**row)
            known = self._values.get(value.tag_id)
            if known is not None and known[1] == value:
                continue
            self._position += 1
            self._values[value.tag_id] = (self._position, value)
            self._values.move_to_end(value.tag_id)
            self._newest = max(self._newest or value.received_time, value.received_time)
        if self._position > before:
            self._news.set()
            self._news = asyncio.Event()


async def live_events(
    live: LiveValues, position: int, device: int | None, heartbeat_s: float
) -> AsyncIterator[bytes]:
    """Server-sent events for one listener, as long as the reader lives: first everything after `position`, then what changes.

    After `heartbeat_s` seconds without an event comes a comment, so that both ends and what stands between them know.
    """
    clock = asyncio.get_running_loop().time
    yield b"retry: 2000\n\n"
    said = clock()
    while not live.reader_ended:
        changed, position = live.changed_after(position)
        wanted = [value for value in changed if device is None or value.device_id == device]
        if wanted:
            yield _event(wanted, live.event_id(position))
            said = clock()
        elif clock() - said >= heartbeat_s:
            yield b": still here\n\n"
            said = clock()
        else:
            await live.wait_for_news(said + heartbeat_s - clock())


def _event(values: list[LiveValue], event_id: str) -> bytes:
    body = ",".join(value.model_dump_json() for value in values)
    return f"event: values\nid: {event_id}\ndata: [{body}]\n\n".encode()
