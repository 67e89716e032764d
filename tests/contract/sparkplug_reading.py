"""Sparkplug B payload bytes read and written by hand, from the field numbers of the specification's chapter 6.

A second opinion: it shares no line with `edge.contract`. Reading keeps what is on the wire (which value field was
used, numbers without truncation), so that a check can see a wrong one. Writing serves the scripted session and
the mutated captures; it writes what it is told, right or wrong.
"""

import struct
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

# Datatype numbers (chapter 6).
INT8, INT16, INT32, INT64, UINT8, UINT16, UINT32, UINT64 = range(1, 9)
FLOAT, DOUBLE, BOOLEAN, STRING, DATETIME, TEXT, UUID = range(9, 16)
DATASET, BYTES, FILE, TEMPLATE = range(16, 20)
BASIC_TYPES = frozenset(range(1, 16))
METRIC_TYPES = frozenset(range(1, 20)) | frozenset(range(22, 35))
PROPERTY_TYPES = BASIC_TYPES | {20, 21}  # PropertySet, PropertySetList

Scalar = int | float | bool | str | bytes


class NotSparkplug(ValueError):
    """Bytes that are no Sparkplug B payload."""


@dataclass(frozen=True, slots=True)
class Value:
    """A value as it stands on the wire: the name of its field, and what is in it. Integers are unsigned there."""

    field: str
    content: Scalar


@dataclass(frozen=True, slots=True)
class Property:
    type: int | None
    value: Value | None
    is_null: bool = False


@dataclass(frozen=True, slots=True)
class Properties:
    keys: tuple[str, ...] = ()
    values: tuple[Property, ...] = ()

    def get(self, key: str) -> Property | None:
        return dict(zip(self.keys, self.values, strict=False)).get(key)


@dataclass(frozen=True, slots=True)
class Metric:
    name: str | None = None
    alias: int | None = None
    timestamp_ms: int | None = None
    datatype: int | None = None
    is_historical: bool = False
    is_transient: bool = False
    is_null: bool = False
    properties: Properties | None = None
    value: Value | None = None


@dataclass(frozen=True, slots=True)
class Payload:
    timestamp_ms: int | None
    seq: int | None
    metrics: tuple[Metric, ...]

    def metric(self, name: str) -> Metric | None:
        return next((metric for metric in self.metrics if metric.name == name), None)


def field_for(datatype: int) -> str:
    """The value field a datatype travels in."""
    if datatype in (INT8, INT16, INT32, UINT8, UINT16, UINT32):
        return "int"
    if datatype in (INT64, UINT64, DATETIME):
        return "long"
    if datatype in (STRING, TEXT, UUID):
        return "string"
    return {
        FLOAT: "float",
        DOUBLE: "double",
        BOOLEAN: "boolean",
        DATASET: "dataset",
        TEMPLATE: "template",
    }.get(datatype, "bytes")


def meaning(value: Value, datatype: int) -> Scalar:
    """What the value stands for: the signed types undo their two's complement."""
    bits = {INT8: 8, INT16: 16, INT32: 32, INT64: 64}.get(datatype)
    if bits is None or not isinstance(value.content, int):
        return value.content
    low = value.content & ((1 << bits) - 1)
    return low - (1 << bits) if low >> (bits - 1) else low


def number(datatype: int, value: int) -> Value:
    """An integer as it travels, negative ones as two's complement of the carrying field."""
    field = field_for(datatype)
    return Value(field, value & (0xFFFFFFFFFFFFFFFF if field == "long" else 0xFFFFFFFF))


# --- reading ---

_VARINT, _FIXED64, _BYTES, _FIXED32 = 0, 1, 2, 5
# Field number to (name, wire type) of the value fields, of a metric and of a property.
_METRIC_VALUES = {
    10: ("int", _VARINT),
    11: ("long", _VARINT),
    12: ("float", _FIXED32),
    13: ("double", _FIXED64),
    14: ("boolean", _VARINT),
    15: ("string", _BYTES),
    16: ("bytes", _BYTES),
    17: ("dataset", _BYTES),
    18: ("template", _BYTES),
}
_PROPERTY_VALUES = {
    3: ("int", _VARINT),
    4: ("long", _VARINT),
    5: ("float", _FIXED32),
    6: ("double", _FIXED64),
    7: ("boolean", _VARINT),
    8: ("string", _BYTES),
    9: ("propertyset", _BYTES),
    10: ("propertysets", _BYTES),
}


@lru_cache(maxsize=8192)
def read(data: bytes) -> Payload:
    """The payload in `data`. Raises NotSparkplug."""
    timestamp_ms = seq = None
    metrics = []
    for number_, wire, content in _fields(data):
        if number_ == 1:
            timestamp_ms = _integer(wire, content)
        elif number_ == 2:
            metrics.append(_metric(_chunk(wire, content)))
        elif number_ == 3:
            seq = _integer(wire, content)
    return Payload(timestamp_ms, seq, tuple(metrics))


def _metric(data: bytes) -> Metric:
    found: dict[str, Any] = {}
    numbers = {2: "alias", 3: "timestamp_ms", 4: "datatype"}
    flags = {5: "is_historical", 6: "is_transient", 7: "is_null"}
    for number_, wire, content in _fields(data):
        if number_ == 1:
            found["name"] = _text(_chunk(wire, content))
        elif number_ in numbers:
            found[numbers[number_]] = _integer(wire, content)
        elif number_ in flags:
            found[flags[number_]] = bool(_integer(wire, content))
        elif number_ == 9:
            found["properties"] = _properties(_chunk(wire, content))
        elif number_ in _METRIC_VALUES:
            found["value"] = _value(*_METRIC_VALUES[number_], wire, content)
    return Metric(**found)


def _properties(data: bytes) -> Properties:
    keys, values = [], []
    for number_, wire, content in _fields(data):
        if number_ == 1:
            keys.append(_text(_chunk(wire, content)))
        elif number_ == 2:
            values.append(_property(_chunk(wire, content)))
    return Properties(tuple(keys), tuple(values))


def _property(data: bytes) -> Property:
    kind, is_null, value = None, False, None
    for number_, wire, content in _fields(data):
        if number_ == 1:
            kind = _integer(wire, content)
        elif number_ == 2:
            is_null = bool(_integer(wire, content))
        elif number_ in _PROPERTY_VALUES:
            value = _value(*_PROPERTY_VALUES[number_], wire, content)
    return Property(kind, value, is_null)


def _value(name: str, expected: int, wire: int, content: int | bytes) -> Value:
    if wire != expected:
        raise NotSparkplug(f"{name}_value has wire type {wire}")
    if isinstance(content, int):
        return Value(name, bool(content) if name == "boolean" else content)
    if name == "float":
        return Value(name, struct.unpack("<f", content)[0])
    if name == "double":
        return Value(name, struct.unpack("<d", content)[0])
    return Value(name, _text(content) if name == "string" else content)


def _fields(data: bytes) -> list[tuple[int, int, int | bytes]]:
    fields: list[tuple[int, int, int | bytes]] = []
    position = 0
    while position < len(data):
        key, position = _varint(data, position)
        number_, wire = key >> 3, key & 7
        if wire == _VARINT:
            content, position = _varint(data, position)
            fields.append((number_, wire, content))
            continue
        if wire == _BYTES:
            size, position = _varint(data, position)
        elif wire in (_FIXED64, _FIXED32):
            size = 8 if wire == _FIXED64 else 4
        else:
            raise NotSparkplug(f"wire type {wire}")
        if number_ == 0 or position + size > len(data):
            raise NotSparkplug("a field longer than the payload")
        fields.append((number_, wire, data[position : position + size]))
        position += size
    return fields


def _varint(data: bytes, position: int) -> tuple[int, int]:
    result, shift = 0, 0
    while position < len(data) and shift < 70:
        byte = data[position]
        position += 1
        result |= (byte & 0x7F) << shift
        if not byte & 0x80:
            return result, position
        shift += 7
    raise NotSparkplug("a number that does not end")


def _integer(wire: int, content: int | bytes) -> int:
    if wire != _VARINT or not isinstance(content, int):
        raise NotSparkplug(f"wire type {wire} where a number belongs")
    return content


def _chunk(wire: int, content: int | bytes) -> bytes:
    if wire != _BYTES or not isinstance(content, bytes):
        raise NotSparkplug(f"wire type {wire} where bytes belong")
    return content


def _text(data: bytes) -> str:
    try:
        return data.decode()
    except UnicodeDecodeError as error:
        raise NotSparkplug("text that is not UTF-8") from error
