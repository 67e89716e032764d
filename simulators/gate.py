"""The door in front of a server: it can be shut, frozen or slowed without the server knowing.

Every simulated device is a real server on a private loopback port, and a gate on the public one that relays bytes both
ways. So a fault is exact and the same for every protocol:

- shut: connections are cut and new ones refused, as when the network or the device is gone;
- frozen: connections are accepted and bytes taken, nothing comes back until the thaw, as with a hung PLC;
- slow: each chunk of an answer waits `delay_s`.

While the gate is shut a second socket stays bound to the port without listening. Otherwise the kernel could hand the
port to somebody else's outgoing connection, or a client retrying on loopback could connect to itself.
"""

import asyncio
import contextlib
import errno
import socket

LOOPBACK = "127.0.0.1"
_CHUNK_BYTES = 65536
_PORTS_TRIED = 200


class NoFreePort(OSError):
    """None of the ports after the preferred one was free."""


class Gate:
    """One public port at `host`. `upstream_port` is where the server behind it listens on loopback."""

    def __init__(self, upstream_port: int, host: str = LOOPBACK) -> None:
        self._host = host
        self.port = 0
        self.delay_s = 0.0
        self._upstream_port = upstream_port
        self._hold: socket.socket | None = None
        self._listener: asyncio.Server | None = None
        self._relays: set[asyncio.Task[None]] = set()
        self._flowing = asyncio.Event()
        self._flowing.set()

    async def open(self, preferred_port: int = 0) -> None:
        """Take the preferred port, or the next free one; 0 takes any. Raises NoFreePort."""
        self._hold, listening = _take_port(self._host, preferred_port)
        self.port = self._hold.getsockname()[1]
        self._listener = await asyncio.start_server(self._accept, sock=listening)

    async def shut(self) -> None:
        """Cut every connection and refuse new ones."""
        if self._listener is not None:
            self._listener.close()
            self._listener = None
        relays = list(self._relays)
        for relay in relays:
            relay.cancel()
        if relays:
            await asyncio.wait(relays)

    async def reopen(self) -> None:
        """Listen again on the same port."""
        self._listener = await asyncio.start_server(self._accept, sock=_listening(self._host, self.port))

    def freeze(self) -> None:
        self._flowing.clear()

    def thaw(self) -> None:
        """Let go what was held: late answers come now, as from a PLC that hung and woke up."""
        self._flowing.set()

    async def close(self) -> None:
        """Give the port back."""
        await self.shut()
        if self._hold is not None:
            self._hold.close()
            self._hold = None

    # A plain function: start_server would otherwise own the task, and only we may cancel it.
    def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        relay = asyncio.create_task(self._relay(reader, writer), name=f"gate[{self.port}]")
        self._relays.add(relay)
        relay.add_done_callback(self._relays.discard)

    async def _relay(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await self._flowing.wait()
            server_reader, server_writer = await asyncio.open_connection(LOOPBACK, self._upstream_port)
            try:
                await self._pump_both(reader, writer, server_reader, server_writer)
            finally:
                server_writer.transport.abort()
        except ConnectionError:
            pass  # The server behind is going down; the client sees its connection closed.
        finally:
            writer.transport.abort()

    async def _pump_both(
        self,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        server_reader: asyncio.StreamReader,
        server_writer: asyncio.StreamWriter,
    ) -> None:
        pumps = [
            asyncio.create_task(self._pump(reader, server_writer, answers=False)),
            asyncio.create_task(self._pump(server_reader, writer, answers=True)),
        ]
        try:
            await asyncio.wait(pumps, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for pump in pumps:
                pump.cancel()
            await asyncio.wait(pumps)

    async def _pump(self, source: asyncio.StreamReader, sink: asyncio.StreamWriter, *, answers: bool) -> None:
        with contextlib.suppress(ConnectionError):
            while data := await source.read(_CHUNK_BYTES):
                if answers and self.delay_s:
                    await asyncio.sleep(self.delay_s)
                await self._flowing.wait()
                sink.write(data)
                await sink.drain()


def _take_port(host: str, preferred_port: int) -> tuple[socket.socket, socket.socket]:
    ports = range(preferred_port, min(preferred_port + _PORTS_TRIED, 65536)) if preferred_port else [0]
    for port in ports:
        hold = _bound(host, port)
        if hold is None:
            continue
        try:
            return hold, _listening(host, hold.getsockname()[1])
        except OSError as taken:
            hold.close()
            if taken.errno != errno.EADDRINUSE:
                raise
    raise NoFreePort(f"no free port from {preferred_port} on")


def _bound(host: str, port: int) -> socket.socket | None:
    bound = socket.socket()
    bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        bound.bind((host, port))
    except OSError as taken:
        bound.close()
        if taken.errno == errno.EADDRINUSE:
            return None
        raise
    return bound


def _listening(host: str, port: int) -> socket.socket:
    listening = socket.socket()
    try:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind((host, port))
        listening.listen()
    except OSError:
        listening.close()
        raise
    return listening
