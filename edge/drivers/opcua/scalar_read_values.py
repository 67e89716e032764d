"""DataValues by hand: OPC 10000-6, 5.2.2.17, and of the Variants in them the scalars.

A DataValue begins with a mask that says which parts follow; a Variant with the number of its type. Of a number those two
bytes tell the whole layout, so one precompiled struct reads it at once. Texts and the like have a length of their own and
are read part by part. Whatever else a DataValue may hold is left to asyncua, from the same bytes: an array, a structure, a
node id, a value that ends too early, a length below -1. So nothing is decided here that asyncua would decide otherwise.
"""

import struct
from collections.abc import Callable

from asyncua import ua
from asyncua.ua.ua_binary import struct_from_binary
from asyncua.ua.uaerrors import UaError

from edge.acquisition.driver import Value
from edge.drivers.opcua.batch_read import BROKEN, NodeValue, StrictBuffer, node_value

EPOCH_TICKS = 116_444_736_000_000_000
"""1970-01-01 in the 100 ns since 1601-01-01 UTC, in which a DateTime counts."""

_TICKS_PER_US = 10
_TICKS_PER_MS = 10_000
_LAST_TICKS = 2_650_467_743_990_000_000
"""9999-12-31 23:59:59: later times are told as this one (OPC 10000-6, 5.2.2.5)."""

_VALUE, _STATUS, _SOURCE_TIME, _SERVER_TIME, _SOURCE_PICOSECONDS, _SERVER_PICOSECONDS = 1, 2, 4, 8, 16, 32
_MASK_MAX = 63

_int32 = struct.Struct("<i").unpack_from
_int64 = struct.Struct("<q").unpack_from

_NUMBERS = {1: "?", 2: "b", 3: "B", 4: "h", 5: "H", 6: "i", 7: "I", 8: "q", 9: "Q", 10: "f", 11: "d", 19: "I"}
"""Number of the built-in type → struct code: Boolean, SByte … Double, and StatusCode."""


def _after_value(mask: int) -> str:
    """Struct codes of what follows the value: status and source time if there, the other parts passed over."""
    codes = "I" if mask & _STATUS else ""
    codes += "q" if mask & _SOURCE_TIME else ""
    codes += "2x" if mask & _SOURCE_PICOSECONDS else ""
    codes += "8x" if mask & _SERVER_TIME else ""
    return codes + ("2x" if mask & _SERVER_PICOSECONDS else "")


_Layout = tuple[struct.Struct, int, int]
"""What to unpack, its size in bytes, and which of status and source time it has."""


def _layout(codes: str, mask: int) -> _Layout:
    compiled = struct.Struct("<" + codes)
    return compiled, compiled.size, mask & (_STATUS | _SOURCE_TIME)


_OF_NUMBERS: dict[bytes, _Layout] = {
    bytes((mask, kind)): _layout("2x" + code + _after_value(mask), mask)
    for kind, code in _NUMBERS.items()
    for mask in range(_VALUE, _MASK_MAX + 1, 2)
}
_OF_REST: list[_Layout] = [_layout(_after_value(mask), mask) for mask in range(_MASK_MAX + 1)]


class _NotHere(Exception):
    """For asyncua to decode."""


def data_values(data: bytes) -> tuple[list[NodeValue], int]:
    """An array of DataValues, and the place after it. Raises UaError, ValueError, struct.error."""
    values: list[NodeValue] = []
    (count,) = _int32(data)
    at = 4
    for _ in range(count):
        layout = _OF_NUMBERS.get(data[at : at + 2])
        try:
            if layout is None:
                one, at = _no_number(data, at)
            else:
                compiled, size, parts = layout
                one = _with_rest(parts, *compiled.unpack_from(data, at))
                at += size
        except (_NotHere, struct.error):
            one, at = _by_asyncua(data, at)
        values.append(one)
    return values, at


def _with_rest(parts: int, value: Value, first: int = 0, second: int = 0) -> NodeValue:
    if parts == _SOURCE_TIME:
        return value, 0, _time_ms(first)
    if parts == _STATUS | _SOURCE_TIME:
        return value, first, _time_ms(second)
    return value, first, None


def _time_ms(ticks: int) -> int | None:
    """None for 1601 and before, to the microsecond that asyncua keeps."""
    return (min(ticks, _LAST_TICKS) - EPOCH_TICKS) // _TICKS_PER_MS if ticks >= _TICKS_PER_US else None


def _no_number(data: bytes, at: int) -> tuple[NodeValue, int]:
    if at >= len(data) or data[at] > _MASK_MAX:
        raise _NotHere
    mask, value = data[at], None
    at += 1
    if mask & _VALUE:
        read = _READERS.get(data[at]) if at < len(data) else None
        if read is None:
            raise _NotHere
        value, at = read(data, at + 1)
    compiled, size, parts = _OF_REST[mask]
    return _with_rest(parts, value, *compiled.unpack_from(data, at)), at + size


def _by_asyncua(data: bytes, at: int) -> tuple[NodeValue, int]:
    buffer = StrictBuffer(data, at)
    try:
        result = struct_from_binary(ua.DataValue, buffer)
    except BROKEN as error:
        raise UaError(f"a value of the answer cannot be decoded: {error}") from error
    return node_value(result), len(data) - len(buffer)


# -- what is no number, from the place after its type: the value as a tag would hold it, and the place after it ---------


def _bytes(data: bytes, at: int) -> tuple[bytes | None, int]:
    (length,) = _int32(data, at)
    at += 4
    end = at + length
    if length == -1:
        return None, at
    if length < 0 or end > len(data):
        raise _NotHere
    return data[at:end], end


def _string(data: bytes, at: int) -> tuple[str | None, int]:
    content, at = _bytes(data, at)
    return None if content is None else content.decode("utf-8", "replace"), at


def _byte_string(data: bytes, at: int) -> tuple[None, int]:
    return None, _bytes(data, at)[1]


def _guid(data: bytes, at: int) -> tuple[None, int]:
    if at + 16 > len(data):
        raise _NotHere
    return None, at + 16


def _date_time(data: bytes, at: int) -> tuple[int, int]:
    (ticks,) = _int64(data, at)
    return (min(max(ticks, 0), _LAST_TICKS) - EPOCH_TICKS) // _TICKS_PER_MS, at + 8


def _localized_text(data: bytes, at: int) -> tuple[str | None, int]:
    if at >= len(data):
        raise _NotHere
    parts = data[at]
    at += 1
    if parts & 1:  # The locale.
        _, at = _bytes(data, at)
    return _string(data, at) if parts & 2 else (None, at)


def _null(data: bytes, at: int) -> tuple[None, int]:
    return None, at


_READERS: dict[int, Callable[[bytes, int], tuple[Value, int]]] = {
    0: _null,
    12: _string,
    13: _date_time,
    14: _guid,
    15: _byte_string,
    21: _localized_text,
}
