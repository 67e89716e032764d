"""Stands between the edge and a server, and does harm to what passes: bytes, not messages, as a network does."""

import asyncio
from types import TracebackType
from typing import Self


class TcpProxy:
    """`mode` of what the server answers: `pass`, `silence`, `garbage`, `cut short` (half of it, then the end), or a
    number of seconds by which it is late. What the edge asks always passes, but in silence."""

    def __init__(self, port: int) -> None:
        self.mode: str | float = "pass"
        self.harmed = 0  # Pieces of answers that were not passed as they were.
        self.port = 0
        self._server_port = port
        self._writers: set[asyncio.StreamWriter] = set()
        self._tasks: set[asyncio.Task[None]] = set()

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.close()
        self.cut()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._server.wait_closed()

    def cut(self) -> None:
        """All connections, at once."""
        for writer in list(self._writers):
            writer.transport.abort()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        self._writers.add(writer)
        try:
            there, back = await asyncio.open_connection("127.0.0.1", self._server_port)
            self._writers.add(back)
            await asyncio.gather(self._ask(reader, back), self._answer(there, writer))
        except ConnectionError:
            pass  # Nobody listens at the moment, or somebody went.
        finally:
            self._tasks.discard(task)
            for one in (writer, back) if "back" in locals() else (writer,):
                one.transport.abort()
                self._writers.discard(one)

    async def _ask(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while data := await reader.read(65536):
            if self.mode != "silence":
                writer.write(data)
        writer.transport.abort()

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while data := await reader.read(65536):
            mode = self.mode
            self.harmed += mode != "pass"
            if mode == "silence":
                continue
            if mode == "garbage":
                data = bytes(byte ^ 0xA5 for byte in data)
            elif mode == "cut short":
                writer.write(data[: len(data) // 2])
                break
            elif isinstance(mode, float):
                await asyncio.sleep(mode)
            writer.write(data)
        writer.close()
