"""What driver tests share: tags, devices, waiting for a condition, and a Modbus server whose faults we choose."""

import asyncio
import struct
from collections.abc import Callable
from contextlib import asynccontextmanager
from types import SimpleNamespace

import pytest

from edge.acquisition.addresses import ModbusAddress, RegisterType, Table
from edge.acquisition.device_settings import Device
from edge.acquisition.profile import HEARTBEAT, Profile, Tag
from edge.contract.datatypes import DataType
from edge.contract.roles import Counts, Role

WAIT_S = 20.0


@pytest.fixture
def until():
    """Wait for a condition, with a deadline that is only met by a broken program."""

    async def wait(condition: Callable[[], object], what: str = "the condition") -> None:
        try:
            async with asyncio.timeout(WAIT_S):
                while not condition():  # noqa: ASYNC110 - of any kind, also one that sends no event
                    await asyncio.sleep(0.005)
        except TimeoutError:
            pytest.fail(f"waited {WAIT_S:g} s in vain for {what}")

    return wait


@pytest.fixture
def register_tag():
    def make(name: str, register: int, type_: str = "uint16", table: str = "holding", **more) -> Tag:
        address = ModbusAddress(Table(table), register, RegisterType(type_), **more)
        return Tag(name, Role.MEASUREMENT, DataType.INT64, address)

    return make


@pytest.fixture
def counter_tag():
    def make(name: str, register: int) -> Tag:
        address = ModbusAddress(Table.HOLDING, register)
        return Tag(
            name,
            Role.COUNTER,
            DataType.UINT64,
            address,
            "parts",
            width=16,
            rate_max=100.0,
            counts=Counts.PARTS,
        )

    return make


@pytest.fixture
def profile_with():
    def make(tags, driver: str = "modbus", **limits) -> Profile:
        return Profile("bench", driver, "d", "r", "p", "document", (*tags, HEARTBEAT), **limits)

    return make


@pytest.fixture
def modbus_device():
    def make(port: int, **more) -> Device:
        settings = {"name": "cell", "profile": "bench", "path": "demo", "url": f"modbus://127.0.0.1:{port}"}
        return Device(**{**settings, "timeout_s": 5.0, "period_s": 0.05, **more})

    return make


class FaultyModbus:
    """A Modbus TCP server of a few lines. Its answers are ours, byte by byte, so every fault can be had.

    `holes`: registers whose presence in a request brings exception 2. `refusal`: exception for every request.
    `frozen`: takes requests and says nothing. `late`: answers each request only when the next one comes.
    """

    def __init__(self) -> None:
        self.registers = list(range(2000))
        self.bits = [at % 3 == 0 for at in range(2000)]
        self.holes: set[int] = set()
        self.refusal: int | None = None
        self.frozen = False
        self.late = False
        self.short = False
        self.requests: list[tuple[int, int, int]] = []  # (function, start, count)
        self.connections = 0
        self.port = 0
        self._server: asyncio.Server | None = None
        self._writers: set[asyncio.StreamWriter] = set()
        self._handlers: set[asyncio.Task] = set()

    async def start(self) -> None:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", self.port)
        self.port = self._server.sockets[0].getsockname()[1]

    async def stop(self) -> None:
        if self._server is not None:
            self._server.close()
            self.drop_connections()
            await asyncio.gather(*self._handlers)
            await self._server.wait_closed()
            self._server = None

    def drop_connections(self) -> None:
        for writer in list(self._writers):
            writer.transport.abort()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        self._writers.add(writer)
        self._handlers.add(asyncio.current_task())
        held = b""
        try:
            while True:
                header = await reader.readexactly(7)
                transaction, _, length, unit = struct.unpack(">HHHB", header)
                request = await reader.readexactly(length - 1)
                answer = self._answer(request)
                frame = struct.pack(">HHHB", transaction, 0, len(answer) + 1, unit) + answer
                if self.frozen:
                    continue
                if self.late:
                    held, frame = frame, held
                writer.write(frame)
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            self._writers.discard(writer)
            self._handlers.discard(asyncio.current_task())
            writer.close()

    def _answer(self, request: bytes) -> bytes:
        function, start, count = struct.unpack(">BHH", request)
        self.requests.append((function, start, count))
        if self.refusal is not None:
            return bytes([function | 0x80, self.refusal])
        if self.holes & set(range(start, start + count)):
            return bytes([function | 0x80, 2])
        if function in (1, 2):
            octets = bytearray((count + 7) // 8)
            for at, bit in enumerate(self.bits[start : start + count]):
                octets[at // 8] |= bit << at % 8
            return bytes([function, len(octets)]) + bytes(octets)
        words = self.registers[start : start + count - self.short]
        return bytes([function, 2 * len(words)]) + struct.pack(f">{len(words)}H", *words)


@pytest.fixture
def modbus_server():
    @asynccontextmanager
    async def run():
        server = FaultyModbus()
        await server.start()
        try:
            yield server
        finally:
            await server.stop()

    return run


class Recorder:
    """A sink that remembers. Entries as (device, {tag: value}), contacts as booleans, in the order they came."""

    def __init__(self) -> None:
        self.entries: list[tuple[str, list]] = []
        self.contacts: list[tuple[str, bool, int]] = []
        self.gaps: list[SimpleNamespace] = []

    async def entry(self, device, readings) -> None:
        self.entries.append((device, list(readings)))

    async def contact(self, device, online, time_ms) -> None:
        self.contacts.append((device, online, time_ms))

    async def gap(self, device, reason, tags, from_ms, to_ms) -> None:
        self.gaps.append(
            SimpleNamespace(device=device, reason=reason, tags=tags, from_ms=from_ms, to_ms=to_ms)
        )

    def values(self, device: str, tag: str) -> list:
        """What was told of one tag."""
        return [
            r.value
            for name, readings in self.entries
            if name == device
            for r in readings
            if r.tag.name == tag
        ]

    def online(self, device: str) -> list[bool]:
        return [online for name, online, _ in self.contacts if name == device]


@pytest.fixture
def recorder():
    return Recorder()
