"""A small Modbus TCP server: it reads, it never writes, and one request sees one moment of the registers.

Functions 1 to 4 read what the device's tables hold; everything else, every function that writes among them, is
refused with exception 1. Protocol: MODBUS Messaging on TCP/IP Implementation Guide V1.0b (MBAP header, pid 0) and
MODBUS Application Protocol V1.1b3 (exception codes).
"""

import asyncio
import struct
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import IntEnum

from simulators.gate import LOOPBACK

READ_COILS, READ_DISCRETE_INPUTS, READ_HOLDING, READ_INPUT = 1, 2, 3, 4
_BITS = (READ_COILS, READ_DISCRETE_INPUTS)
_MBAP = struct.Struct(">HHHB")
_LONGEST_REQUEST_BYTES = 254  # Unit id and PDU.


class Refusal(IntEnum):
    """Modbus exception codes."""

    ILLEGAL_FUNCTION = 1
    ILLEGAL_ADDRESS = 2
    ILLEGAL_VALUE = 3
    NO_SUCH_UNIT = 11  # Gateway target device failed to respond.


class ModbusRefused(Exception):
    """The request is answered with an exception code."""

    def __init__(self, code: Refusal) -> None:
        super().__init__(code.name)
        self.code = code


@dataclass
class Table:
    """Registers (or bits) one function reads, by 0-based wire address.

    An address inside `blank_range` that holds nothing reads `blank`; any other unknown address is refused. `check`
    sees (address, count) first and raises ModbusRefused for what this device does not allow.
    """

    words: dict[int, int] = field(default_factory=dict)
    blank_range: range = range(0)
    blank: int = 0
    longest_read: int = 125
    check: Callable[[int, int], None] = lambda address, count: None

    def read(self, address: int, count: int) -> list[int]:
        """Raises ModbusRefused."""
        if not 1 <= count <= self.longest_read:
            raise ModbusRefused(Refusal.ILLEGAL_VALUE)
        self.check(address, count)
        return [self._word(at) for at in range(address, address + count)]

    def _word(self, address: int) -> int:
        if address in self.words:
            return self.words[address]
        if address in self.blank_range:
            return self.blank
        raise ModbusRefused(Refusal.ILLEGAL_ADDRESS)


class ModbusServer:
    """Serves `tables` (by function code) as one unit, on a loopback port of its own."""

    def __init__(self, tables: Mapping[int, Table], unit_id: int = 1) -> None:
        self.port = 0
        self._tables = tables
        self._unit_id = unit_id
        self._server: asyncio.Server | None = None
        self._sessions: set[asyncio.Task[None]] = set()

    async def open(self, port: int = 0) -> None:
        self._server = await asyncio.start_server(self._accept, LOOPBACK, port)
        self.port = self._server.sockets[0].getsockname()[1]

    async def close(self) -> None:
        if self._server is not None:
            self._server.close()
        sessions = list(self._sessions)
        for session in sessions:
            session.cancel()
        if sessions:
            await asyncio.wait(sessions)

    # A plain function, so that the tasks are ours to cancel.
    def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        session = asyncio.create_task(self._serve(reader, writer), name=f"modbus[{self.port}]")
        self._sessions.add(session)
        session.add_done_callback(self._sessions.discard)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while True:
                header = await reader.readexactly(_MBAP.size)
                transaction, protocol, length, unit = _MBAP.unpack(header)
                if protocol != 0 or not 2 <= length <= _LONGEST_REQUEST_BYTES:
                    return  # Not Modbus: nothing after this can be told apart, so hang up.
                answer = self.answer(unit, await reader.readexactly(length - 1))
                writer.write(_MBAP.pack(transaction, 0, len(answer) + 1, unit) + answer)
                await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            pass  # The client went away.
        finally:
            writer.transport.abort()

    def answer(self, unit: int, request: bytes) -> bytes:
        """The answer PDU to a request PDU."""
        function = request[0]
        try:
            if unit != self._unit_id:
                raise ModbusRefused(Refusal.NO_SUCH_UNIT)
            if function not in self._tables:
                raise ModbusRefused(Refusal.ILLEGAL_FUNCTION)
            if len(request) != 5:
                raise ModbusRefused(Refusal.ILLEGAL_VALUE)
            address, count = struct.unpack(">HH", request[1:])
            values = self._tables[function].read(address, count)
        except ModbusRefused as refused:
            return bytes([function | 0x80, refused.code])
        data = _packed_bits(values) if function in _BITS else struct.pack(f">{len(values)}H", *values)
        return bytes([function, len(data)]) + data


def _packed_bits(bits: list[int]) -> bytes:
    packed = bytearray((len(bits) + 7) // 8)
    for index, bit in enumerate(bits):
        packed[index // 8] |= (bit & 1) << (index % 8)
    return bytes(packed)
