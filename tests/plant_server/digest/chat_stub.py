"""A chat's webhook over real HTTP. It keeps a ledger of what arrived, and answers, or does not, as it is told.

Answers as WeCom and DingTalk document them: 200 with an errcode, also when they refuse.
"""

import asyncio
import json
from contextlib import suppress
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any, Self

OK = {"errcode": 0, "errmsg": "ok"}
TOO_MANY = {"errcode": 45009, "errmsg": "api freq out of limit"}
NO_ROBOT = {"errcode": 93000, "errmsg": "invalid webhook url"}
SILENT, DROP = "silent", "drop"
"""Takes the message and answers nothing; or closes the connection instead."""


@dataclass(frozen=True, slots=True)
class Arrived:
    path: str
    headers: dict[str, str]
    body: dict[str, Any]
    raw: bytes


@dataclass
class Chat:
    """`answers` are used one after another, the last one for ever: a body, a status, or what stands above."""

    answers: list[dict[str, Any] | int | str] = field(default_factory=lambda: [OK])
    ledger: list[Arrived] = field(default_factory=list)
    port: int = 0
    arrived: asyncio.Event = field(default_factory=asyncio.Event)

    async def __aenter__(self) -> Self:
        await self.open()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await self.close()

    async def open(self) -> None:
        """Again on the same port, as a chat that was away."""
        self._open: set[asyncio.StreamWriter] = set()
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", self.port)
        self.port = self._server.sockets[0].getsockname()[1]

    async def close(self) -> None:
        self._server.close()
        for writer in self._open:
            writer.close()
        with suppress(ConnectionError):
            await self._server.wait_closed()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/cgi-bin/webhook/send?key=robot-key"

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._open.add(writer)
        try:
            request, *lines = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
            headers = {
                name.lower(): value for name, _, value in (line.partition(": ") for line in lines if line)
            }
            raw = await reader.readexactly(int(headers["content-length"]))
            self.ledger.append(Arrived(request.split()[1], headers, json.loads(raw), raw))
            self.arrived.set()
            answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
            if answer == SILENT:
                await reader.read()  # Until the other side has had enough.
            elif answer != DROP:
                writer.write(_http(answer))
                await writer.drain()
        except asyncio.IncompleteReadError:
            return
        finally:
            self._open.discard(writer)
            writer.close()


def _http(answer: dict[str, Any] | int | str) -> bytes:
    status, body = (answer, b"<html>") if isinstance(answer, int) else (200, json.dumps(answer).encode())
    head = f"HTTP/1.1 {status} x\r\nContent-Length: {len(body)}\r\nConnection: close\r\n\r\n"
    return head.encode() + body
