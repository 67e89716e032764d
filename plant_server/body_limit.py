"""How large a request may be: judged by what it claims, and counted while it comes, before anything holds all of it."""

from collections.abc import Mapping
from contextlib import suppress

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from plant_server.problems import answer

BODY_MAX_BYTES = 1 << 20
LARGER: Mapping[str, int] = {"/api/v1/drawings": 20 << 20}
"""Paths that take more."""


class BodyLimit:
    """Answers 413 `body-too-large`. A body that says no length, or a false one, is cut off where it is too much: the
    route never sees the end of it, so it has done nothing."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        request = Request(scope)
        most = LARGER.get(scope["path"], BODY_MAX_BYTES)
        if _claimed_bytes(request) > most:
            await _refuse(request, scope, receive, send, most)
            return
        counted = _Counted(receive, most)
        started = False

        async def tell(message: Message) -> None:
            nonlocal started
            if counted.is_too_large and not started:
                return  # Whatever the application makes of a body that broke off: the answer is ours.
            started = True
            await send(message)

        with suppress(_TooLarge):
            await self._app(scope, counted.receive, tell)
        if counted.is_too_large and not started:
            await _refuse(request, scope, receive, send, most)


class _TooLarge(HTTPException):
    """An HTTPException, because FastAPI hands those on from the reading of a body as they are."""


class _Counted:
    """Passes a body on as it comes, up to `most` bytes."""

    def __init__(self, receive: Receive, most: int) -> None:
        self._receive = receive
        self._most = most
        self._bytes = 0
        self.is_too_large = False

    async def receive(self) -> Message:
        message = await self._receive()
        self._bytes += len(message.get("body", b""))
        if self._bytes > self._most:
            self.is_too_large = True
            raise _TooLarge(413)
        return message


def _claimed_bytes(request: Request) -> int:
    """0 where it claims nothing that can be read: then it is counted."""
    claimed = request.headers.get("content-length", "")
    return int(claimed) if claimed.isascii() and claimed.isdecimal() and len(claimed) < 20 else 0


async def _refuse(request: Request, scope: Scope, receive: Receive, send: Send, most: int) -> None:
    """The connection is closed: what is left of the body is nobody's to read."""
    problem = answer(
        request, 413, "body-too-large", params={"max_bytes": most}, headers={"Connection": "close"}
    )
    await problem(scope, receive, send)
