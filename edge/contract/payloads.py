"""Sparkplug B payloads, to and from bytes.

Signed integers travel as two's complement in the unsigned protobuf fields; three public implementations got this
wrong, so the conversion lives here once. Decoding is strict about what Lineside relies on and lenient about the
rest: an unknown datatype keeps its metric with `value=None` and `undecodable=True`.
"""

import json
import struct
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from google.protobuf.message import DecodeError

from edge.contract.datatypes import DataType, Quality
from edge.contract.sparkplug_pb2 import Payload as _Payload

type_names = {datatype.value: datatype.name for datatype in DataType}

Value = bool | int | float | str | bytes | None
INTEGER_BITS = {
    DataType.INT8: 8,
    DataType.INT16: 16,
    DataType.INT32: 32,
    DataType.INT64: 64,
    DataType.UINT8: 8,
    DataType.UINT16: 16,
    DataType.UINT32: 32,
    DataType.UINT64: 64,
    DataType.DATETIME: 64,
}
_SIGNED = frozenset({DataType.INT8, DataType.INT16, DataType.INT32, DataType.INT64})


class MalformedPayload(ValueError):
    """Bytes that are no Sparkplug payload, or a value that its datatype cannot hold. The sender's fault; do not retry."""


@dataclass(slots=True)
class Metric:
    """One metric. `name` in births and commands, `alias` in data; `timestamp_ms` is UTC.

    `quality` is the `Quality` property (absent: GOOD). `time_by_edge`: the time is the edge's, not the device's.
    """

    value: Value
    datatype: DataType | None = None
    name: str | None = None
    alias: int | None = None
    timestamp_ms: int | None = None
    is_historical: bool = False
    is_transient: bool = False
    quality: int = Quality.GOOD
    time_by_edge: bool = False
    properties: Mapping[str, Value] = field(default_factory=dict)
    undecodable: bool = False


@dataclass(slots=True)
class Payload:
    timestamp_ms: int | None
    seq: int | None
    metrics: list[Metric]


def encode(metrics: Iterable[Metric], *, timestamp_ms: int, seq: int | None, declares: bool = True) -> bytes:
    """Bytes of a payload. A metric without a datatype is encoded by its Python type (data messages). `declares`: state
    the datatype beside a name, as births must and commands should not.

    Raises MalformedPayload when a value does not fit its datatype.
    """
    payload = _Payload(timestamp=timestamp_ms)
    if seq is not None:
        payload.seq = seq
    add = payload.metrics.add
    for metric in metrics:
        _fill(add(), metric, declares)
    return payload.SerializeToString()


def decode(data: bytes) -> Payload:
    """The payload in `data`. Raises MalformedPayload."""
    try:
        payload = _Payload.FromString(data)
    except DecodeError as error:
        raise MalformedPayload(f"not a Sparkplug payload: {error}") from error
    return Payload(
        timestamp_ms=payload.timestamp if payload.HasField("timestamp") else None,
        seq=payload.seq if payload.HasField("seq") else None,
        metrics=[_metric(metric) for metric in payload.metrics],
    )


def integer_range(datatype: DataType) -> tuple[int, int]:
    """The lowest and the highest number that an integer datatype holds."""
    bits = INTEGER_BITS[datatype]
    return (-(1 << bits - 1), (1 << bits - 1) - 1) if datatype in _SIGNED else (0, (1 << bits) - 1)


def to_wire_integer(value: int, datatype: DataType) -> int:
    """Two's complement of `value` in the width Sparkplug carries. Raises MalformedPayload when it does not fit."""
    low, high = integer_range(datatype)
    if not low <= value <= high:
        raise MalformedPayload(f"{value} does not fit {datatype.name}")
    return value & (0xFFFFFFFFFFFFFFFF if INTEGER_BITS[datatype] == 64 else 0xFFFFFFFF)


def from_wire_integer(raw: int, datatype: DataType) -> int:
    """The number that `raw` stands for. Accepts both 8/16-bit and 32-bit sign extension of small signed types."""
    if datatype not in _SIGNED:
        return raw
    bits = INTEGER_BITS[datatype]
    raw &= (1 << bits) - 1
    return raw - (1 << bits) if raw >> (bits - 1) else raw


def _fill(wire: "_Payload.Metric", metric: Metric, declares: bool) -> None:
    if metric.name is not None:
        wire.name = metric.name
    if metric.alias is not None:
        wire.alias = metric.alias
    if metric.timestamp_ms is not None:
        wire.timestamp = metric.timestamp_ms
    if metric.is_historical:
        wire.is_historical = True
    if metric.is_transient:
        wire.is_transient = True
    if declares and metric.datatype is not None and metric.name is not None:
        wire.datatype = metric.datatype  # Data by alias leaves it out.
    set_value(wire, metric.value, metric.datatype)
    if metric.quality != Quality.GOOD:
        _add_property(wire, "Quality", int(metric.quality))
    if metric.time_by_edge:
        _add_property(wire, "TimeByEdge", True)
    for key, value in metric.properties.items():
        _add_property(wire, key, value)


def set_value(wire: "_Payload.Metric", value: Value, datatype: DataType | None) -> None:
    """Put `value` into the field its datatype (or Python type) asks for. Raises MalformedPayload."""
    if value is None:
        wire.is_null = True
    elif datatype is None:
        _set_by_type(wire, value)
    elif datatype in INTEGER_BITS:
        if not isinstance(value, int):
            raise MalformedPayload(f"{value!r} is not an integer ({datatype.name})")
        raw = to_wire_integer(value, datatype)
        if INTEGER_BITS[datatype] == 64:
            wire.long_value = raw
        else:
            wire.int_value = raw
    elif datatype == DataType.DOUBLE:
        wire.double_value = value  # type: ignore[assignment]  # protobuf raises TypeError for the rest
    elif datatype == DataType.FLOAT:
        wire.float_value = value  # type: ignore[assignment]
    elif datatype == DataType.BOOLEAN:
        wire.boolean_value = bool(value)
    elif datatype.is_text:
        wire.string_value = str(value)
    elif datatype in (DataType.BYTES, DataType.FILE) and isinstance(value, bytes):
        wire.bytes_value = value
    else:
        raise MalformedPayload(f"{datatype.name} is not carried")


def _set_by_type(wire: "_Payload.Metric", value: bool | int | float | str | bytes) -> None:
    if isinstance(value, bool):
        wire.boolean_value = value
    elif isinstance(value, int):
        wire.long_value = to_wire_integer(value, DataType.INT64 if value < 0 else DataType.UINT64)
    elif isinstance(value, float):
        wire.double_value = value
    elif isinstance(value, str):
        wire.string_value = value
    else:
        wire.bytes_value = value


def _add_property(wire: "_Payload.Metric", key: str, value: Value) -> None:
    properties = wire.properties
    properties.keys.append(key)
    slot = properties.values.add()
    if isinstance(value, bool):
        slot.type, slot.boolean_value = DataType.BOOLEAN, value
    elif isinstance(value, int):
        wide = not -(2**31) <= value < 2**31
        slot.type = DataType.INT64 if wide else DataType.INT32
        if wide:
            slot.long_value = to_wire_integer(value, DataType.INT64)
        else:
            slot.int_value = to_wire_integer(value, DataType.INT32)
    elif isinstance(value, float):
        slot.type, slot.double_value = DataType.DOUBLE, value
    elif isinstance(value, str):
        slot.type, slot.string_value = DataType.STRING, value
    else:
        raise MalformedPayload(f"property {key!r} cannot carry {value!r}")


def _metric(wire: "_Payload.Metric") -> Metric:
    datatype: DataType | None = None
    undecodable = False
    if wire.HasField("datatype"):
        if wire.datatype in type_names:
            datatype = DataType(wire.datatype)
        else:
            undecodable = True
    properties = _properties(wire) if wire.HasField("properties") else {}
    quality = properties.pop("Quality", Quality.GOOD)
    value = None if wire.is_null or undecodable else value_of(wire, datatype)
    return Metric(
        value=value,
        datatype=datatype,
        name=wire.name if wire.HasField("name") else None,
        alias=wire.alias if wire.HasField("alias") else None,
        timestamp_ms=wire.timestamp if wire.HasField("timestamp") else None,
        is_historical=wire.is_historical,
        is_transient=wire.is_transient,
        quality=quality if isinstance(quality, int) else Quality.BAD,
        time_by_edge=bool(properties.pop("TimeByEdge", False)),
        properties=properties,
        undecodable=undecodable or (value is None and not wire.is_null),
    )


def value_of(wire: "_Payload.Metric", datatype: DataType | None) -> Value:
    """The value in `wire`, read as `datatype` when known. None for what is not carried (DataSet, Template)."""
    which = wire.WhichOneof("value")
    if which in (None, "dataset_value", "template_value"):
        return None
    raw: Value = getattr(wire, which)
    if datatype in _SIGNED and which in ("int_value", "long_value"):
        return from_wire_integer(raw, datatype)  # type: ignore[arg-type]
    return raw


def _properties(wire: "_Payload.Metric") -> dict[str, Value]:
    return {
        key: _property_value(slot)
        for key, slot in zip(wire.properties.keys, wire.properties.values, strict=False)
    }


def _property_value(slot: "_Payload.PropertyValue") -> Value:
    which = slot.WhichOneof("value")
    if which is None or which.startswith("propertyset"):
        return None
    raw: Value = getattr(slot, which)
    if slot.type in (DataType.INT8, DataType.INT16, DataType.INT32, DataType.INT64) and isinstance(raw, int):
        return from_wire_integer(raw, DataType(slot.type))
    return raw


def encode_state(*, online: bool, timestamp_ms: int) -> bytes:
    """Body of a STATE message: what a host says of itself."""
    return json.dumps({"online": online, "timestamp": timestamp_ms}, separators=(",", ":")).encode()


def decode_state(data: bytes) -> tuple[bool, int]:
    """(online, timestamp_ms) of a STATE message. Raises MalformedPayload."""
    try:
        body = json.loads(data)
        online, timestamp_ms = body["online"], body["timestamp"]
    except (ValueError, KeyError, TypeError) as error:
        raise MalformedPayload(f"not a STATE message: {data[:80]!r}") from error
    if not isinstance(online, bool) or not isinstance(timestamp_ms, int):
        raise MalformedPayload(f"not a STATE message: {data[:80]!r}")
    return online, timestamp_ms


# A float that travels as FLOAT comes back as the nearest float32; tests and deadbands compare against this.
def as_float32(value: float) -> float:
    return float(struct.unpack("<f", struct.pack("<f", value))[0])
