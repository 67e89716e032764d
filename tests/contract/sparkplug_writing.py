"""Sparkplug B payload bytes written by hand: the other half of `sparkplug_reading`, and as independent."""

import struct

from tests.contract.sparkplug_reading import Metric, Payload, Properties, Property, Value

_METRIC_FIELDS = {"int": 10, "long": 11, "float": 12, "double": 13, "boolean": 14, "string": 15, "bytes": 16}
_PROPERTY_FIELDS = {"int": 3, "long": 4, "float": 5, "double": 6, "boolean": 7, "string": 8}


def write(payload: Payload) -> bytes:
    """Bytes of `payload`, just as it is: nothing is checked and nothing is added."""
    data = _number(1, payload.timestamp_ms)
    for metric in payload.metrics:
        data += _chunk(2, _metric(metric))
    return data + _number(3, payload.seq)


def _metric(metric: Metric) -> bytes:
    data = b"" if metric.name is None else _chunk(1, metric.name.encode())
    data += _number(2, metric.alias) + _number(3, metric.timestamp_ms) + _number(4, metric.datatype)
    for field, flag in ((5, metric.is_historical), (6, metric.is_transient), (7, metric.is_null)):
        data += _number(field, 1 if flag else None)
    if metric.properties is not None:
        data += _chunk(9, _properties(metric.properties))
    return data + _value(_METRIC_FIELDS, metric.value)


def _properties(properties: Properties) -> bytes:
    keys = b"".join(_chunk(1, key.encode()) for key in properties.keys)
    return keys + b"".join(_chunk(2, _property(value)) for value in properties.values)


def _property(value: Property) -> bytes:
    return (
        _number(1, value.type)
        + _number(2, 1 if value.is_null else None)
        + _value(_PROPERTY_FIELDS, value.value)
    )


def _value(fields: dict[str, int], value: Value | None) -> bytes:
    if value is None:
        return b""
    field, content = fields[value.field], value.content
    if isinstance(content, float):
        single = value.field == "float"
        packed = struct.pack("<f" if single else "<d", content)
        return _varint(field << 3 | (5 if single else 1)) + packed
    if isinstance(content, int):
        return _number(field, int(content))
    return _chunk(field, content.encode() if isinstance(content, str) else content)


def _number(field: int, number: int | None) -> bytes:
    return b"" if number is None else _varint(field << 3) + _varint(number)


def _chunk(field: int, content: bytes) -> bytes:
    return _varint(field << 3 | 2) + _varint(len(content)) + content


def _varint(number: int) -> bytes:
    data = bytearray()
    while number > 0x7F:
        data.append(number & 0x7F | 0x80)
        number >>= 7
    data.append(number)
    return bytes(data)
