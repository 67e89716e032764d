"""The response that streams live values, and holds its listener's slot exactly as long as it runs."""

import asyncio

from fastapi import Request
from fastapi.responses import StreamingResponse
from starlette.types import Message, Receive, Scope, Send

from plant_server.problems import answer
from plant_server.telemetry.live import LiveValues, TooManyListeners, live_events

HEARTBEAT_S = 15.0
SEND_TIMEOUT_S = 30.0  # A client that takes nothing for so long is gone.


class LiveResponse(StreamingResponse):
    """Text/event-stream. The slot is taken here and not in the route, so that no way out of it can keep the slot."""

    def __init__(self, request: Request, live: LiveValues, position: int, device: int | None) -> None:
        super().__init__(
            live_events(live, position, device, HEARTBEAT_S),
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
