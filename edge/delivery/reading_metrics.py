"""Readings into the metrics of a payload, as fast as protobuf goes: the inner loop of the edge.

`edge.contract.payloads.encode` is the careful general path; this one knows each tag's field beforehand. A test holds
both against each other.
"""

from collections.abc import Callable, Mapping

from edge.contract.datatypes import DataType, Quality
from edge.contract.payloads import MalformedPayload, to_wire_integer
from edge.contract.sparkplug_pb2 import Payload
from edge.delivery.entries import Readings, ScalarValue, TagDefinition
from edge.delivery.live_values import LiveValue

# One closure a tag: sets the value, or raises TypeError/MalformedPayload for a value its datatype cannot hold.
Setter = Callable[[Payload.Metric, ScalarValue], None]


class ReadingEncoder:
    """Knows tags by spool id. Alias of tag n is `alias_base + n`."""

    def __init__(self, tags: Mapping[int, TagDefinition], alias_base: int) -> None:
        self._alias_base = alias_base
        self._setters = {tag_id: _setter(tag.datatype) for tag_id, tag in tags.items()}

    def begin(self, now_ms: int, seq: int) -> Payload:
        return Payload(timestamp=now_ms, seq=seq)

    def add_plain(self, payload: Payload, alias: int, time_ms: int, value: bool | int | str) -> None:
        metric = payload.metrics.add()
        metric.alias = alias
        metric.timestamp = time_ms
        if isinstance(value, bool):
            metric.boolean_value = value
        elif isinstance(value, int):
            metric.long_value = value
        else:
            metric.string_value = value

    def add_readings(self, payload: Payload, entry: Readings, *, historical: bool) -> None:
        add, setters, alias_base = payload.metrics.add, self._setters, self._alias_base
        base_ms, bad = entry.base_ms, entry.bad
        for index, (tag, offset_ms, value) in enumerate(
            zip(entry.tags, entry.offsets_ms, entry.values, strict=True)
        ):
            metric = add()
            metric.alias = alias_base + tag
            metric.timestamp = base_ms + offset_ms
            if historical:
                metric.is_historical = True
            if bad and index in bad:
                _add_quality(metric, bad[index])
            _set(metric, setters[tag], value)
        for index in entry.by_edge:
            properties = payload.metrics[len(payload.metrics) - len(entry.tags) + index].properties
            properties.keys.append("TimeByEdge")
            properties.values.add(type=DataType.BOOLEAN, boolean_value=True)

    def add_live(self, payload: Payload, tag: int, value: LiveValue) -> None:
        metric = payload.metrics.add()
        metric.alias = self._alias_base + tag
        metric.timestamp = value.time_ms
        metric.is_transient = True
        if value.quality != Quality.GOOD:
            _add_quality(metric, value.quality)
        _set(metric, self._setters[tag], value.value)


def _set(metric: Payload.Metric, setter: Setter, value: ScalarValue) -> None:
    """A value that its datatype cannot hold (a definition changed under the backlog) travels as Bad without value."""
    if value is None:
        metric.is_null = True
        return
    try:
        setter(metric, value)
    except (TypeError, ValueError, MalformedPayload):
        metric.is_null = True
        _add_quality(metric, Quality.BAD)


def _add_quality(metric: Payload.Metric, quality: int) -> None:
    metric.properties.keys.append("Quality")
    metric.properties.values.add(type=DataType.INT32, int_value=int(quality))


def _setter(datatype: DataType) -> Setter:
    if datatype in (DataType.UINT64, DataType.DATETIME):
        return lambda metric, value: setattr(metric, "long_value", value)
    if datatype == DataType.UINT32:
        return lambda metric, value: setattr(metric, "int_value", value)
    if datatype == DataType.INT64:
        return lambda metric, value: setattr(metric, "long_value", to_wire_integer(_whole(value), datatype))
    if datatype in (DataType.INT8, DataType.INT16, DataType.INT32, DataType.UINT8, DataType.UINT16):
        return lambda metric, value: setattr(metric, "int_value", to_wire_integer(_whole(value), datatype))
    if datatype == DataType.DOUBLE:
        return lambda metric, value: setattr(metric, "double_value", value)
    if datatype == DataType.FLOAT:
        return lambda metric, value: setattr(metric, "float_value", value)
    if datatype == DataType.BOOLEAN:
        return lambda metric, value: setattr(metric, "boolean_value", value)
    return lambda metric, value: setattr(metric, "string_value", value)


def holds(datatype: DataType, value: ScalarValue) -> bool:
    """Whether a message can carry `value` as `datatype`."""
    metric = Payload.Metric()
    _set(metric, _setter(datatype), value)
    return value is None or not metric.is_null


def _whole(value: ScalarValue) -> int:
    if not isinstance(value, int):
        raise TypeError(f"{value!r} is not an integer")
    return value
