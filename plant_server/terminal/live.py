"""The counts of a station as server-sent HTML: sent when they change, and every ten seconds, so that their age is known."""

import asyncio
from collections.abc import AsyncIterator, Callable

from fastapi import Request
from fastapi.responses import StreamingResponse
from starlette.types import Message, Receive, Scope, Send

from plant_server.async_database import ConnectionPool
from plant_server.errors import DatabaseUnavailable
from plant_server.problems import answer
from plant_server.telemetry.live import LiveValues, TooManyListeners
from plant_server.terminal.reading import Counts, StationOfPage, agenda_of, counts_of
from plant_server.terminal.shape import shape_of

SEND_TIMEOUT_S = 30.0  # A client that takes nothing for so long is gone.
PAUSE_S = 1.0  # Between two looks at the database.
AGAIN_S = 10.0


class CountsResponse(StreamingResponse):
    """Text/event-stream of `counts`, and of `screen` when another run, person, stop, order or waiver is there than the page
    was drawn with: it asks for it anew. The id of an event is the shape (shape.py) that the page has then; `drawn` is the
    one it began with, so nothing is missed between the drawing and the first look, nor while a stream is torn. The counts
    carry the shape too: a page that could not fetch its screen sees that it still shows another one."""

    def __init__(
        self,
        request: Request,
        live: LiveValues,
        pool: ConnectionPool,
        station: StationOfPage,
        show: Callable[[Counts, str], str],
        drawn: str,
    ) -> None:
        super().__init__(
            _events(live, pool, station, show, request.headers.get("last-event-id") or drawn),
            media_type="text/event-stream",
            headers={"Cache-Control": "no-store", "X-Accel-Buffering": "no"},
        )
        self._request = request
        self._live = live

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def send_in_time(message: Message) -> None:
            async with asyncio.timeout(SEND_TIMEOUT_S):
                await send(message)

        client = scope.get("client")
        try:
            with self._live.slot(client[0] if client else ""):
                await super().__call__(scope, receive, send_in_time)
        except TooManyListeners:
            refusal = answer(self._request, 429, "too-many-listeners", headers={"Retry-After": "5"})
            await refusal(scope, receive, send)
        except TimeoutError:
            return  # Its connection is closed by the server, since the response stays unfinished.


async def _events(
    live: LiveValues,
    pool: ConnectionPool,
    station: StationOfPage,
    show: Callable[[Counts, str], str],
    drawn: str,
) -> AsyncIterator[bytes]:
    clock = asyncio.get_running_loop().time
    yield b"retry: 2000\n\n"
    known: Counts | None = None
    said = clock()
    while not live.reader_ended:
        try:
            async with pool.connection() as connection:
                counts = await counts_of(connection, station)
                agenda = await agenda_of(connection, station)
        except DatabaseUnavailable:
            yield b": no database\n\n"  # The page sees the age of its counts grow.
            await asyncio.sleep(PAUSE_S)
            continue
        shape = shape_of(counts, agenda)
        if shape != drawn:
            yield f"id: {shape}\nevent: screen\ndata: changed\n\n".encode()
            drawn = shape
        if counts != known or clock() - said >= AGAIN_S:
            yield _event(show(counts, shape))
            known, said = counts, clock()
        await asyncio.sleep(PAUSE_S)


def _event(html: str) -> bytes:
    lines = "".join(f"data: {line}\n" for line in html.splitlines() if line.strip())
    return f"event: counts\n{lines}\n".encode()
