"""Sealed events as server-sent events. `id:` is the position, so a client that comes back misses nothing."""

import asyncio
from collections.abc import AsyncIterator

from fastapi import Request
from fastapi.responses import StreamingResponse
from starlette.types import Message, Receive, Scope, Send

from plant_server.async_database import ConnectionPool
from plant_server.errors import DatabaseError
from plant_server.events.outward import events_after
from plant_server.problems import answer

LISTENERS_MAX = 20
POLL_S = 0.5
HEARTBEAT_S = 15.0
SEND_TIMEOUT_S = 30.0  # A client that takes nothing for so long is gone.
EVENTS_AT_ONCE = 200


class ListenerSlots:
    """How many streams are open."""

    def __init__(self) -> None:
        self.taken = 0


class EventStream(StreamingResponse):
    """Text/event-stream. The slot is taken here and not in the route, so that no way out of it can keep the slot."""

    def __init__(self, request: Request, pool: ConnectionPool, slots: ListenerSlots, position: int) -> None:
        super().__init__(
            follow(pool, position),
            media_type="text/event-stream",
            headers={"Cache-Control": "no-store", "X-Accel-Buffering": "no"},
        )
        self._request = request
        self._slots = slots

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def send_in_time(message: Message) -> None:
            async with asyncio.timeout(SEND_TIMEOUT_S):
                await send(message)

        if self._slots.taken >= LISTENERS_MAX:
            refusal = answer(self._request, 429, "too-many-listeners", headers={"Retry-After": "5"})
            await refusal(scope, receive, send)
            return
        self._slots.taken += 1
        try:
            await super().__call__(scope, receive, send_in_time)
        except TimeoutError:
            return  # Its connection is closed by the server, since the response stays unfinished.
        finally:
            self._slots.taken -= 1


async def follow(pool: ConnectionPool, position: int) -> AsyncIterator[bytes]:
    """Everything after `position`, then what comes. Ends when the database does not answer: the client comes back."""
    clock = asyncio.get_running_loop().time
    yield b"retry: 2000\n\n"
    said = clock()
    while True:
        try:
            async with pool.connection() as connection:
                events = await events_after(connection, position, EVENTS_AT_ONCE)
        except DatabaseError:
            return
        for event in events:
            position = event.position
            yield f"event: {event.kind}\nid: {position}\ndata: {event.model_dump_json()}\n\n".encode()
            said = clock()
        if clock() - said >= HEARTBEAT_S:
            yield b": still here\n\n"
            said = clock()
        if len(events) < EVENTS_AT_ONCE:
            await asyncio.sleep(POLL_S)
