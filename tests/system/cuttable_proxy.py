"""A TCP connection that can be cut, silenced and healed, between any client and any server. TLS passes through.

    with CuttableProxy("127.0.0.1", 8883) as proxy:
        …connect to 127.0.0.1:proxy.port…
        proxy.cut()      # RST on both sides; a new connection gets one at once
        proxy.silence()  # a black hole: connections stay, nothing passes, not even an end
        proxy.heal()     # what was held is delivered now, late, as a network does

It runs its own event loop on its own thread, so that a test may block.
"""

import asyncio
import socket
import struct
from types import TracebackType
from typing import Self

from tests.system.loop_thread import LoopThread

LOOPBACK = "127.0.0.1"
CHUNK_BYTES = 64 * 1024
_RST_ON_CLOSE = struct.pack("ii", 1, 0)  # SO_LINGER, on, for no time at all.


class CuttableProxy:
    """One listening port in front of one server. `connections` counts those that were let through."""

    def __init__(self, host: str, port: int) -> None:
        self.port = 0
        self.connections = 0
        self._upstream = (host, port)
        self._thread = LoopThread("proxy")
        self._server: asyncio.Server | None = None
        self._passing = asyncio.Event()
        self._is_cut = False
        self._relays: set[asyncio.Task[None]] = set()
        self._writers: set[asyncio.StreamWriter] = set()

    def __enter__(self) -> Self:
        self._thread.__enter__()
        self._thread.run(self._open())
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._thread.run(self._close())
        self._thread.__exit__(kind, error, trace)

    def cut(self) -> None:
        """Reset every connection, and each new one until `heal`."""
        self._thread.run(self._cut())

    def silence(self) -> None:
        """Let nothing through any more. Connections are made, and stay, and are silent."""
        self._thread.run(self._silence())

    def heal(self) -> None:
        self._thread.run(self._heal())

    # -- in the proxy's own event loop ------------------------------------------------------------------------------

    async def _open(self) -> None:
        self._passing.set()
        self._server = await asyncio.start_server(self._accept, LOOPBACK, 0)
        self.port = self._server.sockets[0].getsockname()[1]

    async def _close(self) -> None:
        if self._server is not None:
            self._server.close()
        for relay in list(self._relays):
            relay.cancel()
        if self._relays:
            await asyncio.wait(self._relays)

    async def _cut(self) -> None:
        self._is_cut = True
        self._passing.set()
        self._reset_all()

    async def _silence(self) -> None:
        self._passing.clear()

    async def _heal(self) -> None:
        self._is_cut = False
        self._passing.set()

    def _reset_all(self) -> None:
        for writer in list(self._writers):
            _reset(writer)

    # A plain function: start_server would otherwise own the task, and only we may cancel it.
    def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        relay = asyncio.create_task(self._relay(reader, writer), name=f"proxy[{self.port}]")
        self._relays.add(relay)
        relay.add_done_callback(self._relays.discard)

    async def _relay(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._writers.add(writer)
        server: asyncio.StreamWriter | None = None
        try:
            await self._passing.wait()
            if self._is_cut:
                return
            from_server, server = await asyncio.open_connection(*self._upstream)
            self._writers.add(server)
            self.connections += 1
            async with asyncio.TaskGroup() as both:
                both.create_task(self._pump(reader, server))
                both.create_task(self._pump(from_server, writer))
        except* OSError:
            pass  # One side is gone; so is the other, below.
        finally:
            for end in (writer, server):
                if end is not None:
                    self._writers.discard(end)
                    _reset(end)

    async def _pump(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Bytes of one direction, and its end, each only while the network lets them through."""
        while chunk := await reader.read(CHUNK_BYTES):
            await self._passing.wait()
            writer.write(chunk)
            await writer.drain()
        await self._passing.wait()
        if writer.can_write_eof():
            writer.write_eof()


def _reset(writer: asyncio.StreamWriter) -> None:
    if writer.transport.is_closing():
        return
    connection = writer.get_extra_info("socket")
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RST_ON_CLOSE)
    writer.transport.abort()
