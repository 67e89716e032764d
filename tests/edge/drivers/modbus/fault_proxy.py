"""Between the edge and a Modbus TCP server: passes everything on, until it is told what to do to it."""

import asyncio
import struct
from collections.abc import Callable

Fault = Callable[[bytes, bytes], list[bytes]]
"""(request, answer of the server), each from the transaction number on → what is sent instead of the answer."""


class FaultProxy:
    """`fault`: applied to each answer, of this connection alone once `heals` is set. `counted`: answers it was applied to."""

    def __init__(self, port: int) -> None:
        self.port = 0
        self.fault: Fault | None = None
        self.heals = False
        self.counted = 0
        self.connections = 0
        self._target = port
        self._server: asyncio.Server | None = None
        self._tasks: set[asyncio.Task] = set()
        self._writers: set[asyncio.StreamWriter] = set()

    async def __aenter__(self):
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *error) -> None:
        self._server.close()
        self.cut()
        await asyncio.gather(*self._tasks)
        await self._server.wait_closed()

    def cut(self) -> None:
        """Every connection ends, without a word."""
        for writer in list(self._writers):
            writer.transport.abort()

    async def _serve(self, reader, writer) -> None:
        self.connections += 1
        if self.heals:
            self.fault = None
        task = asyncio.current_task()
        self._tasks.add(task)
        self._writers.add(writer)
        to_server = None
        try:
            from_server, to_server = await asyncio.open_connection("127.0.0.1", self._target)
            while True:
                request = await _frame(reader)
                to_server.write(request)
                answer = await _frame(from_server)
                said = [answer]
                if self.fault is not None:
                    self.counted += 1
                    said = self.fault(request, answer)
                for frame in said:
                    writer.write(frame)
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            for one in (writer, to_server):
                if one is not None:
                    one.close()
            self._writers.discard(writer)
            self._tasks.discard(task)


async def _frame(reader: asyncio.StreamReader) -> bytes:
    header = await reader.readexactly(6)
    return header + await reader.readexactly(int.from_bytes(header[4:6]))


def silence(request: bytes, answer: bytes) -> list[bytes]:
    return []


def exception(code: int) -> Fault:
    return lambda request, answer: [
        request[:4] + b"\x00\x03" + answer[6:7] + bytes([request[7] | 0x80, code])
    ]


def wrong_transaction(request: bytes, answer: bytes) -> list[bytes]:
    (number,) = struct.unpack(">H", answer[:2])
    return [struct.pack(">H", number ^ 0x5555) + answer[2:]]


def wrong_unit(request: bytes, answer: bytes) -> list[bytes]:
    return [answer[:6] + bytes([answer[6] + 1]) + answer[7:]]


def wrong_function(request: bytes, answer: bytes) -> list[bytes]:
    return [answer[:7] + bytes([answer[7] ^ 7]) + answer[8:]]


def fewer_registers(request: bytes, answer: bytes) -> list[bytes]:
    """A frame that is right in itself, with one register less than was asked for."""
    body = answer[6:8] + bytes([answer[8] - 2]) + answer[9:-2]
    return [answer[:4] + struct.pack(">H", len(body)) + body]


def cut_short(request: bytes, answer: bytes) -> list[bytes]:
    """Half of the bytes that the header promises, and no more."""
    return [answer[: len(answer) // 2]]


def garbage(request: bytes, answer: bytes) -> list[bytes]:
    return [b"HTTP/1.1 400 Bad Request\r\n\r\n"]


def showing(*words: int) -> Fault:
    """A good frame with these registers in place of the device's."""
    return lambda request, answer: [answer[:9] + struct.pack(f">{len(words)}H", *words)]


class OneLate:
    """Each answer is said when the next question comes, before that one's."""

    def __init__(self) -> None:
        self._held: list[bytes] = []

    def __call__(self, request: bytes, answer: bytes) -> list[bytes]:
        said, self._held = self._held, [answer]
        return said


class LateOnce:
    """The first answer comes when the second question does, and the second right behind it."""

    def __init__(self) -> None:
        self._held: bytes | None = None
        self._done = False

    def __call__(self, request: bytes, answer: bytes) -> list[bytes]:
        if self._done:
            return [answer]
        if self._held is None:
            self._held = answer
            return []
        self._done = True
        return [self._held, answer]
