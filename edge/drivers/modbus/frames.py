"""Requests, replies, and how they are framed on TCP and on a serial line. Pure.

A TCP frame carries a transaction number, so its reply is known by it. An RTU frame carries none: whose it is can only be
told by unit, function and size (`late_replies.py`), and where it begins only by its check sum, so what does not add up
is searched for a frame further on.
"""

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

FUNCTIONS_OF_BITS = (1, 2)
FUNCTIONS_OF_READING = (1, 2, 3, 4)
FUNCTIONS_OF_WRITING = (5, 6, 15, 16)
EXCEPTION = 0x80

_MBAP = struct.Struct(">HHHB")
PDU_MAX = 253
NOISE_MAX = 1024
"""Bytes of no sense that are kept to search in; older ones go."""


class FramingLost(Exception):
    """On TCP nothing tells where the next frame begins: the connection is of no use any more."""


class Frame(NamedTuple):
    """What arrived: the unit that says it sent it, its PDU, and on TCP the number of the request."""

    unit: int
    pdu: bytes
    transaction: int = 0


@dataclass(frozen=True, slots=True)
class Request:
    """One question or order. `count`: registers or bits that are read, or the value that is written by functions 5 and 6."""

    function: int
    start: int
    count: int
    data: bytes = b""  # Of functions 15 and 16.

    @property
    def pdu(self) -> bytes:
        head = struct.pack(">BHH", self.function, self.start, self.count)
        return head + bytes([len(self.data)]) + self.data if self.data else head

    @property
    def size(self) -> int:
        """Data bytes of a reply that fits."""
        if self.function in FUNCTIONS_OF_BITS:
            return (self.count + 7) // 8
        return 2 * self.count

    def is_answered_by(self, pdu: bytes) -> bool:
        """Whether a reply could be this one's: an exception of this function, or the very size or echo."""
        if pdu[0] == self.function | EXCEPTION:
            return len(pdu) == 2
        if pdu[0] != self.function:
            return False
        if self.function in FUNCTIONS_OF_READING:
            return len(pdu) == 2 + self.size and pdu[1] == self.size
        return pdu == self.pdu[:5]


def crc16(data: bytes) -> int:
    """Check sum of an RTU frame (polynomial 0xA001, begun with 0xFFFF); its low byte is sent first."""
    crc = 0xFFFF
    for byte in data:
        crc = crc >> 8 ^ _CRC_TABLE[(crc ^ byte) & 0xFF]
    return crc


def _crc_of_byte(byte: int) -> int:
    for _ in range(8):
        byte = byte >> 1 ^ 0xA001 if byte & 1 else byte >> 1
    return byte


_CRC_TABLE = tuple(map(_crc_of_byte, range(256)))


def tcp_frame(unit: int, pdu: bytes, transaction: int) -> bytes:
    """As it is sent: transaction, protocol 0, length, unit, PDU."""
    return _MBAP.pack(transaction, 0, len(pdu) + 1, unit) + pdu


def rtu_frame(unit: int, pdu: bytes) -> bytes:
    """As it is sent: unit, PDU, check sum."""
    body = bytes([unit]) + pdu
    return body + crc16(body).to_bytes(2, "little")


class TcpReader:
    """Bytes of a TCP connection as frames."""

    def __init__(self) -> None:
        self._buffer = b""

    @property
    def is_inside_a_frame(self) -> bool:
        return bool(self._buffer)

    def begin(self, unit: int, request: Request) -> None:
        """A request goes out. What is still to come of former ones is known by its number."""

    def feed(self, data: bytes) -> Iterator[Frame]:
        """The frames that are whole by now. Raises FramingLost."""
        self._buffer += data
        while len(self._buffer) >= _MBAP.size:
            transaction, protocol, length, unit = _MBAP.unpack_from(self._buffer)
            if protocol != 0 or not 3 <= length <= PDU_MAX + 1:
                raise FramingLost(f"a header that is none: {self._buffer[:7].hex(' ')}")
            end = 6 + length
            if len(self._buffer) < end:
                return
            pdu, self._buffer = self._buffer[_MBAP.size : end], self._buffer[end:]
            yield Frame(unit, pdu, transaction)


class RtuReader:
    """Bytes of a serial line as frames: those whose check sum is right, wherever they begin."""

    def __init__(self) -> None:
        self._buffer = b""
        self._awaited = b""

    @property
    def is_inside_a_frame(self) -> bool:
        """Whether there are bytes that are no frame: noise, a collision, or the beginning of one."""
        return bool(self._buffer)

    def begin(self, unit: int, request: Request) -> None:
        """A request goes out: what was heard before cannot be its reply."""
        self._buffer = b""
        reading = request.function in FUNCTIONS_OF_READING
        self._awaited = bytes([unit, request.function, request.size]) if reading else b""

    def feed(self, data: bytes) -> Iterator[Frame]:
        """The frames that are whole by now."""
        self._buffer = (self._buffer + data)[-NOISE_MAX:]
        while (frame := self._next()) is not None:
            yield frame

    def _next(self) -> Frame | None:
        buffer = self._buffer
        for at in range(len(buffer) - 1):
            size = _rtu_size(buffer, at)
            if size is None:
                continue
            end = at + size
            if end > len(buffer):
                if self._awaited and buffer.startswith(self._awaited, at):
                    return None  # It is on its way; what its inside looks like is of no matter.
                continue
            if crc16(buffer[at : end - 2]) == int.from_bytes(buffer[end - 2 : end], "little"):
                self._buffer = buffer[end:]
                return Frame(buffer[at], buffer[at + 1 : end - 2])
        return None


def _rtu_size(buffer: bytes, at: int) -> int | None:
    """Bytes of the frame that would begin here; None if none does, as far as can be seen."""
    function = buffer[at + 1]
    if function & EXCEPTION:
        return 5
    if function in FUNCTIONS_OF_WRITING:
        return 8
    if function in FUNCTIONS_OF_READING:
        return 5 + buffer[at + 2] if at + 2 < len(buffer) and buffer[at + 2] else None
    return None
