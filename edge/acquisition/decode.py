"""From what a device hands over to what is published. Pure.

Two steps, each compiled once per tag, because they run for every tag of every poll:
`register_decoder` turns register words into a raw number, bit or text; `publisher` turns a raw value of any
protocol into the published one. Both answer None for what is no value: a sentinel, NaN, infinity, a negative
count, a number its type cannot hold. The reading is then BAD.
"""

import math
import struct
from collections.abc import Callable, Sequence
from dataclasses import replace

from edge.acquisition.addresses import ModbusAddress, RegisterType, WordOrder
from edge.acquisition.driver import Value
from edge.acquisition.profile import Tag
from edge.contract.datatypes import DataType

TEXT_MAX_BYTES = 64 * 1024
FLOAT32_MAX = 3.4028234663852886e38
POWER_MAX = 10
"""Of ten, that a SunSpec device may count in."""

RegisterDecoder = Callable[[Sequence[int], int], Value]
"""(registers, offset of the value in them) → raw value."""

Publisher = Callable[[Value], Value]
"""Raw value → published value."""

_INTEGER_RANGES = {
    DataType.INT8: (-(1 << 7), (1 << 7) - 1),
    DataType.INT16: (-(1 << 15), (1 << 15) - 1),
    DataType.INT32: (-(1 << 31), (1 << 31) - 1),
    DataType.INT64: (-(1 << 63), (1 << 63) - 1),
    DataType.UINT8: (0, (1 << 8) - 1),
    DataType.UINT16: (0, (1 << 16) - 1),
    DataType.UINT32: (0, (1 << 32) - 1),
    DataType.UINT64: (0, (1 << 64) - 1),
    DataType.DATETIME: (0, (1 << 63) - 1),
}


def register_decoder(address: ModbusAddress) -> RegisterDecoder:
    """How to read one value out of a block of registers (or, of a bit table, out of a block of 0 and 1)."""
    if address.type is RegisterType.BIT:
        return _bit(address)
    if address.type is RegisterType.STRING:
        return _text(address)
    if address.scale_register is not None:
        return _with_power_of_ten(address, address.scale_register - address.register)
    unsigned = _unsigned(address.count, address.word_order)
    if address.type.is_bcd:
        return _decimal(unsigned, address)
    if address.type.is_float:
        return _real(unsigned, address)
    return _integer(unsigned, address)


def _unsigned(count: int, order: WordOrder) -> Callable[[Sequence[int], int], int]:
    """Registers as one unsigned number, most significant byte first after undoing the order."""
    if count == 1 and not order.bytes_swapped:
        return lambda registers, at: registers[at]
    if count == 2 and order is WordOrder.ABCD:
        return lambda registers, at: registers[at] << 16 | registers[at + 1]
    if count == 2 and order is WordOrder.CDAB:
        return lambda registers, at: registers[at + 1] << 16 | registers[at]

    def any_order(registers: Sequence[int], at: int) -> int:
        words = registers[at : at + count]
        number = 0
        for word in reversed(words) if order.low_word_first else words:
            number = number << 16 | (_swapped(word) if order.bytes_swapped else word)
        return number

    return any_order


def _swapped(word: int) -> int:
    return (word & 0xFF) << 8 | word >> 8


def _integer(unsigned: Callable[[Sequence[int], int], int], address: ModbusAddress) -> RegisterDecoder:
    sentinels, signed = frozenset(address.nan), address.type.is_signed
    sign, span = 1 << (address.type.bits - 1), 1 << address.type.bits
    if not sentinels and not signed:
        return unsigned

    def decode(registers: Sequence[int], at: int) -> int | None:
        raw = unsigned(registers, at)
        if raw in sentinels:
            return None
        return raw - span if signed and raw & sign else raw

    return decode


def _real(unsigned: Callable[[Sequence[int], int], int], address: ModbusAddress) -> RegisterDecoder:
    sentinels, size = frozenset(address.nan), address.type.bits // 8
    unpack = struct.Struct(">f" if size == 4 else ">d").unpack

    def decode(registers: Sequence[int], at: int) -> float | None:
        raw = unsigned(registers, at)
        if raw in sentinels:
            return None
        value: float = unpack(raw.to_bytes(size))[0]
        return value if math.isfinite(value) else None

    return decode


def _decimal(unsigned: Callable[[Sequence[int], int], int], address: ModbusAddress) -> RegisterDecoder:
    """Binary coded decimal; a half byte above nine is no digit, and the value none."""
    sentinels, digits = frozenset(address.nan), address.type.bits // 4

    def decode(registers: Sequence[int], at: int) -> int | None:
        raw = unsigned(registers, at)
        text = f"{raw:0{digits}x}"
        return int(text) if raw not in sentinels and text.isdecimal() else None

    return decode


def _with_power_of_ten(address: ModbusAddress, away: int) -> RegisterDecoder:
    """A SunSpec value: an integer, times ten to the power that stands `away` registers from it."""
    plain = register_decoder(replace(address, scale_register=None))

    def decode(registers: Sequence[int], at: int) -> int | float | None:
        raw, power = plain(registers, at), registers[at + away]
        power -= (power & 0x8000) << 1
        if not isinstance(raw, int | float) or not -POWER_MAX <= power <= POWER_MAX:
            return None  # 0x8000 says that there is none.
        return raw * int(10**power) if power >= 0 else raw / int(10**-power)

    return decode


def _bit(address: ModbusAddress) -> RegisterDecoder:
    if address.table.is_bits:
        return lambda bits, at: bool(bits[at])
    bit, swapped = address.bit, address.word_order.bytes_swapped

    def decode(registers: Sequence[int], at: int) -> bool:
        word = _swapped(registers[at]) if swapped else registers[at]
        return bool(word >> bit & 1)

    return decode


def _text(address: ModbusAddress) -> RegisterDecoder:
    """Two characters a register; ends at the first NUL. UTF-8, which ASCII is; anything else is no value."""
    length, order = address.length, address.word_order

    def decode(registers: Sequence[int], at: int) -> str | None:
        words = registers[at : at + length]
        ordered = reversed(words) if order.low_word_first else words
        data = b"".join((_swapped(word) if order.bytes_swapped else word).to_bytes(2) for word in ordered)
        try:
            return data.split(b"\0", 1)[0].decode("utf-8").rstrip()
        except UnicodeDecodeError:
            return None

    return decode


def publisher(tag: Tag) -> Publisher:
    """How a raw value of this tag becomes the published one."""
    if tag.role.is_counted:
        return _count(tag)
    if tag.datatype.is_text:
        return _published_text
    if tag.datatype is DataType.BOOLEAN:
        return _published_bool
    if tag.datatype in _INTEGER_RANGES:
        return _whole(tag)
    return _number(tag)


def _count(tag: Tag) -> Publisher:
    """Of a counter or meter: an exact int in its unit, or nothing."""
    numerator, denominator = tag.scale.numerator, tag.scale.denominator
    _, most = _INTEGER_RANGES[tag.datatype]
    end = min(tag.modulus or most + 1, most + 1)

    def publish(raw: Value) -> int | None:
        if type(raw) is int:
            count = raw * numerator if denominator == 1 else round(raw * numerator / denominator)
        elif type(raw) is float and math.isfinite(raw):
            count = round(raw * numerator / denominator)
        else:
            return None
        return count if 0 <= count < end else None

    return publish


def _whole(tag: Tag) -> Publisher:
    numerator, denominator = tag.scale.numerator, tag.scale.denominator
    least, most = _INTEGER_RANGES[tag.datatype]
    plain, offset = tag.scale == 1 and not tag.offset, tag.offset

    def publish(raw: Value) -> int | None:
        if not isinstance(raw, int | float) or not math.isfinite(raw):
            return None
        whole = raw if plain and isinstance(raw, int) else round(raw * numerator / denominator + offset)
        return int(whole) if least <= whole <= most else None

    return publish


def _number(tag: Tag) -> Publisher:
    # A division by ten is rounded once; a multiplication by 0.1 twice (2305 * 0.1 is not 230.5).
    numerator, denominator = tag.scale.numerator, tag.scale.denominator
    most = FLOAT32_MAX if tag.datatype is DataType.FLOAT else math.inf
    # One fraction for both, so that a division is still rounded once: 0.1 * 235 - 40 is -16.5.
    added = tag.offset * denominator

    def publish(raw: Value) -> float | None:
        if not isinstance(raw, int | float):
            return None
        value = float((raw * numerator + added) / denominator) if added else raw * numerator / denominator
        return value if math.isfinite(value) and abs(value) <= most else None

    return publish


def _published_text(raw: Value) -> str | None:
    return raw if isinstance(raw, str) and len(raw.encode("utf-8", "replace")) <= TEXT_MAX_BYTES else None


def _published_bool(raw: Value) -> bool | None:
    return bool(raw) if raw in (0, 1) else None
