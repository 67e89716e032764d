"""One open line, TCP or serial: sends a request, waits for the reply that fits, throws away what does not."""

import asyncio
import socket
from collections.abc import Callable
from contextlib import ExitStack
from typing import cast

from edge.acquisition.modbus_url import Endpoint
from edge.drivers.modbus.frames import Frame, FramingLost, RtuReader, TcpReader
from edge.errors import DeviceUnavailable

UNACKNOWLEDGED_MS = 10_000
"""A network that does not even acknowledge bytes for so long is gone."""
BUSY_WAITS_MAX = 20
"""Rests that are waited for on a serial line where somebody speaks; then we speak too, and the check sum will tell."""


class Line(asyncio.Protocol):
    """Made by `open_line`. One request at a time."""

    def __init__(self, endpoint: Endpoint) -> None:
        self.reader: TcpReader | RtuReader = RtuReader() if endpoint.rtu else TcpReader()
        self.made: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._silence_s = endpoint.silence_s
        self._transport: asyncio.Transport | None = None
        self._reply: asyncio.Future[bytes] | None = None
        self._fits: Callable[[Frame], bool] = lambda frame: False
        self._heard_s = 0.0

    @property
    def is_open(self) -> bool:
        return self._transport is not None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        if self.made.done():  # Whoever opened it has given up meanwhile.
            cast(asyncio.Transport, transport).abort()
            return
        self._transport = cast(asyncio.Transport, transport)
        self.made.set_result(None)

    def connection_lost(self, exc: Exception | None) -> None:
        self._end("the device closed the connection")

    def data_received(self, data: bytes) -> None:
        self._heard_s = asyncio.get_running_loop().time()
        try:
            for frame in self.reader.feed(data):
                if self._fits(frame) and self._reply is not None and not self._reply.done():
                    self._reply.set_result(frame.pdu)
        except FramingLost as lost:
            self.close(f"the device sent {lost}")

    def close(self, reason: str = "the connection is closed") -> None:
        """At once; whoever waits for a reply is told."""
        transport = self._transport
        self._end(reason)
        if transport is not None:
            transport.abort()

    async def ask(self, frame: bytes, fits: Callable[[Frame], bool], timeout_s: float) -> bytes:
        """The PDU of the first frame that fits. Raises DeviceUnavailable when the line is lost, TimeoutError."""
        if self._reply is not None:
            raise RuntimeError("one request at a time: whoever asks has the turn of the bus")
        if self._transport is None:
            raise DeviceUnavailable("the connection was closed by the device")
        loop = asyncio.get_running_loop()
        reply: asyncio.Future[bytes] = loop.create_future()
        self._reply = reply
        self._fits = fits
        too_late = loop.call_later(timeout_s, _give_up, reply)
        try:
            self._transport.write(frame)
            return await reply
        finally:
            too_late.cancel()
            self._reply = None
            self._heard_s = loop.time()

    async def quiet(self) -> None:
        """Until nobody spoke for the rest that ends a frame on a serial line."""
        if not self._silence_s:
            return
        loop = asyncio.get_running_loop()
        for _ in range(BUSY_WAITS_MAX):
            left_s = self._heard_s + self._silence_s - loop.time()
            if left_s <= 0:
                return
            await asyncio.sleep(left_s)

    def strangers(self, count: Callable[[Frame], bool]) -> None:
        """What is to be done with frames that come while nobody asked."""
        self._fits = count

    def _end(self, reason: str) -> None:
        self._transport = None
        for waiting in (self._reply, self.made):
            if waiting is not None and not waiting.done():
                waiting.set_exception(DeviceUnavailable(reason))
                waiting.exception()  # Taken note of, also if nobody waits.


async def open_line(endpoint: Endpoint) -> Line:
    """An open line. Raises DeviceUnavailable; the caller has the deadline."""
    line = Line(endpoint)
    with ExitStack() as undo:
        undo.callback(line.close)
        try:
            await _connect(line, endpoint)
        except OSError as error:
            raise DeviceUnavailable(f"cannot connect to {endpoint.place}: {error}") from error
        undo.pop_all()
    return line


async def _connect(line: Line, endpoint: Endpoint) -> None:
    loop = asyncio.get_running_loop()
    if endpoint.path:
        # Megabytes that only an edge with a serial line pays.
        from pymodbus.transport.serialtransport import create_serial_connection

        await create_serial_connection(
            loop,
            lambda: line,
            endpoint.path,
            baudrate=endpoint.baud,
            bytesize=8,
            parity=endpoint.parity,
            stopbits=endpoint.stopbits,
            timeout=0,
        )
    else:
        transport, _ = await loop.create_connection(lambda: line, endpoint.host, endpoint.port)
        _watch(transport.get_extra_info("socket"))
    await line.made


def _give_up(reply: "asyncio.Future[bytes]") -> None:
    if not reply.done():
        reply.set_exception(TimeoutError())


def _watch(connection: socket.socket) -> None:
    """A cable that is pulled sends no word: have the system notice that nothing is acknowledged."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    if hasattr(socket, "TCP_USER_TIMEOUT"):
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, UNACKNOWLEDGED_MS)
