"""What is written to a unit: a value in the unit of its tag, as the registers of its address. Pure.

The inverse of `edge/acquisition/decode.py`, for what can be written whole. A bit inside a register cannot: the register's
other bits would have to be read and written back, and the PLC may have changed them in between.
"""

import struct
from fractions import Fraction

from edge.acquisition.addresses import ModbusAddress, RegisterType, Table
from edge.acquisition.driver import Value
from edge.acquisition.profile import Tag
from edge.acquisition.whole_steps import whole_steps
from edge.drivers.modbus.frames import Request
from edge.drivers.modbus.plan import modbus_address
from edge.errors import CommandRefused

WRITE_COIL, WRITE_REGISTER, WRITE_REGISTERS = 5, 6, 16
ON, OFF = 0xFF00, 0


def order_of(tag: Tag, value: Value) -> Request:
    """The request that writes a value. Raises CommandRefused: the device could not hold it, or not there."""
    address = modbus_address(tag)
    if address.table is Table.COIL:
        return Request(WRITE_COIL, address.register, ON if value else OFF)
    if address.table is not Table.HOLDING:
        raise CommandRefused(f"a {address.table} is read only in Modbus")
    if address.type in (RegisterType.BIT, RegisterType.STRING) or address.scale_register is not None:
        raise CommandRefused("only numbers that have registers of their own can be written")
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise CommandRefused(f"{value!r} is no number")
    words = _ordered(_raw(address, tag, value), address)
    if len(words) == 1:
        return Request(WRITE_REGISTER, address.register, words[0])
    return Request(WRITE_REGISTERS, address.register, len(words), struct.pack(f">{len(words)}H", *words))


def _raw(address: ModbusAddress, tag: Tag, value: int | float) -> bytes:
    """The value as the device counts it, most significant byte first."""
    if address.type.is_float:
        try:
            counts = float((Fraction(str(value)) - tag.offset) / tag.scale)
            return struct.pack(">f" if address.type.bits == 32 else ">d", counts)
        except OverflowError:
            raise CommandRefused(f"{value:g} is beyond a {address.type}") from None
    whole = whole_steps(value, tag.scale, tag.offset)
    if whole is None:
        raise CommandRefused(f"{value:g} is between two steps: the device counts in {float(tag.scale):g}")
    if address.type.is_bcd:
        digits = address.type.bits // 4
        if not 0 <= whole < 10**digits:
            raise CommandRefused(f"{value:g} is beyond {digits} decimals")
        return bytes.fromhex(f"{whole:0{digits}d}")
    try:
        return whole.to_bytes(address.type.bits // 8, signed=address.type.is_signed)
    except OverflowError:
        raise CommandRefused(f"{value:g} is beyond a {address.type}") from None


def _ordered(raw: bytes, address: ModbusAddress) -> list[int]:
    form = "<H" if address.word_order.bytes_swapped else ">H"
    words = [word for (word,) in struct.iter_unpack(form, raw)]
    return words[::-1] if address.word_order.low_word_first else words
