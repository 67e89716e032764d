"""A TCP proxy that writes down every MQTT packet between a client and its server."""

import asyncio
import contextlib
import itertools
import time
from collections.abc import AsyncIterator, Callable

from tests.contract.capture import Observation, Record
from tests.contract.mqtt_packets import Closed, Connect, Packet, parse_packet, split_packets

_CLOSE_S = 10.0

# (sender, packet as parsed, its bytes) → the packets to pass on. What is passed on is what is recorded.
Fault = Callable[[str, Packet, bytes], list[bytes]]


class Recording:
    """What several proxies write into: records in the order the packets passed, connections numbered from 1."""

    def __init__(self) -> None:
        self.records: list[Record] = []
        self._connections = itertools.count(1)

    def next_connection(self) -> int:
        return next(self._connections)

    def add(
        self, connection: int, client_id: str, server: str, sender: str, what: Packet | Observation
    ) -> None:
        self.records.append(Record(time.time_ns() // 1_000_000, connection, client_id, server, sender, what))

    def observe(self, client_id: str, server: str, what: Observation) -> None:
        """Note what no wire shows."""
        self.add(0, client_id, server, "test", what)


class RecordingProxy:
    """Stands in front of one MQTT server; any number of clients may come through. Opened by `async with`.

    `fault`, when set, may drop, repeat or hold packets. When one side of a connection goes away the other is
    closed too.
    """

    def __init__(
        self, server: str, upstream: tuple[str, int], recording: Recording, *, listen_port: int = 0
    ) -> None:
        self.server = server
        self.recording = recording
        self.fault: Fault | None = None
        self._upstream, self._listen_port = upstream, listen_port
        self._writers: set[asyncio.StreamWriter] = set()
        self._lines: set[asyncio.Task[None]] = set()
        self._listener: asyncio.Server | None = None

    async def __aenter__(self) -> "RecordingProxy":
        await self.open()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def open(self) -> None:
        """Listen; on the port it had before, if it had one."""
        self._listener = await asyncio.start_server(self._accept, "127.0.0.1", self._listen_port)
        self._listen_port = self.port

    async def close(self) -> None:
        """Listen no more and close every connection: who connects is refused."""
        if self._listener is not None:
            self._listener.close()
            self.cut()
            await asyncio.wait_for(asyncio.gather(self._listener.wait_closed(), *self._lines), _CLOSE_S)
            self._listener = None

    @property
    def port(self) -> int:
        if self._listener is None:
            raise RuntimeError("the proxy is not open")
        return int(self._listener.sockets[0].getsockname()[1])

    def cut(self) -> None:
        """Close every connection at once, as a network does that goes away."""
        for writer in list(self._writers):
            writer.close()

    # A plain function, so that the tasks are ours to wait for.
    def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        line = asyncio.create_task(self._serve(reader, writer), name=f"proxy[{self.server}]")
        self._lines.add(line)
        line.add_done_callback(self._lines.discard)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            up_reader, up_writer = await asyncio.open_connection(*self._upstream)
        except OSError:
            async with _closing(self._writers, writer):
                return  # The server is down: the client is to see a connection that fails.
        number = self.recording.next_connection()
        line = _Line(self, number)
        async with _closing(self._writers, writer, up_writer), asyncio.TaskGroup() as tasks:
            tasks.create_task(line.pump("client", reader, up_writer), name=f"proxy.{number}.up")
            tasks.create_task(line.pump("server", up_reader, writer), name=f"proxy.{number}.down")
        line.end()


class _Line:
    """One connection: its number, and the client id once its CONNECT has passed."""

    def __init__(self, proxy: RecordingProxy, number: int) -> None:
        self._proxy, self._number, self._client_id = proxy, number, ""

    async def pump(self, sender: str, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Pass bytes on until either side ends, packet by packet."""
        stream = bytearray()
        with contextlib.suppress(ConnectionError):
            while chunk := await reader.read(65536):
                stream += chunk
                for data in split_packets(stream):
                    self._pass_on(sender, data, writer)
                await writer.drain()
        writer.close()

    def record(self, sender: str, what: Packet) -> None:
        if isinstance(what, Connect):
            self._client_id = what.client_id
        self._proxy.recording.add(self._number, self._client_id, self._proxy.server, sender, what)

    def end(self) -> None:
        if self._client_id:  # Without a CONNECT it never was an MQTT connection.
            self.record("client", Closed())

    def _pass_on(self, sender: str, data: bytes, writer: asyncio.StreamWriter) -> None:
        fault = self._proxy.fault
        for passed in [data] if fault is None else fault(sender, parse_packet(data), data):
            self.record(sender, parse_packet(passed))
            writer.write(passed)


@contextlib.asynccontextmanager
async def _closing(
    open_writers: set[asyncio.StreamWriter], *writers: asyncio.StreamWriter
) -> AsyncIterator[None]:
    open_writers.update(writers)
    try:
        yield
    finally:
        open_writers.difference_update(writers)
        for writer in writers:
            writer.close()
            with contextlib.suppress(OSError):  # It may have gone before we closed it.
                await writer.wait_closed()
