"""Readings into the metrics of a payload, as fast as protobuf goes: the inner loop of the edge.

`edge.contract.payloads.encode` is the careful general path; this one knows each tag's field beforehand. A test holds
both against each other.
"""

from collections.abc import Mapping
from typing import Any, NamedTuple

from edge.contract.datatypes import DataType, Quality
from edge.contract.payloads import INTEGER_BITS, integer_range
from edge.contract.sparkplug_pb2 import Payload
from edge.delivery.entries import Readings, ScalarValue, TagDefinition
from edge.delivery.live_values import LiveValue


class ReadingEncoder:
    """Knows tags by spool id. Alias of tag n is `alias_base + n`."""

    def __init__(self, tags: Mapping[int, TagDefinition], alias_base: int) -> None:
        self._alias_base = alias_base
        self._codes = {tag_id: _code(tag.datatype) for tag_id, tag in tags.items()}

    def begin(self, now_ms: int, seq: int) -> Payload:
        return Payload(timestamp=now_ms, seq=seq)

    def add_plain(self, payload: Payload, alias: int, time_ms: int, value: bool | int | str | None) -> None:
        metric = payload.metrics.add()
        metric.alias = alias
        metric.timestamp = time_ms
        if isinstance(value, bool):
            metric.boolean_value = value
        elif isinstance(value, int):
            metric.long_value = value
        elif value is None:
            metric.is_null = True
        else:
            metric.string_value = value

    def add_readings(self, payload: Payload, entry: Readings, *, historical: bool) -> None:
        add, codes, alias_base = payload.metrics.add, self._codes, self._alias_base
        base_ms, first = entry.base_ms, len(payload.metrics)
        for tag, offset_ms, value in zip(entry.tags, entry.offsets_ms, entry.values, strict=True):
            metric = add()
            metric.alias = alias_base + tag
            metric.timestamp = base_ms + offset_ms
            if historical:
                metric.is_historical = True
            _set(metric, codes[tag], value)
        for index, quality in entry.bad.items():
            _set_quality(payload.metrics[first + index], quality)
        for index in entry.by_edge:
            properties = payload.metrics[first + index].properties
            properties.keys.append("TimeByEdge")
            properties.values.add(type=DataType.BOOLEAN, boolean_value=True)

    def add_live(self, payload: Payload, tag: int, value: LiveValue) -> None:
        metric = payload.metrics.add()
        metric.alias = self._alias_base + tag
        metric.timestamp = value.time_ms
        metric.is_transient = True
        _set(metric, self._codes[tag], value.value)
        if value.quality != Quality.GOOD:
            _set_quality(metric, value.quality)


class _Code(NamedTuple):
    """How a datatype is put into a metric. Integers: the lowest and highest it holds, and the bits on the wire."""

    field: int
    low: int = 0
    high: int = 0
    mask: int = 0


_INT, _LONG, _DOUBLE, _FLOAT, _BOOLEAN, _STRING = range(6)


def _code(datatype: DataType) -> _Code:
    if datatype in INTEGER_BITS:
        bits = INTEGER_BITS[datatype]
        low, high = integer_range(datatype)
        return _Code(_LONG, low, high, (1 << 64) - 1) if bits == 64 else _Code(_INT, low, high, (1 << 32) - 1)
    return _Code(
        {DataType.DOUBLE: _DOUBLE, DataType.FLOAT: _FLOAT, DataType.BOOLEAN: _BOOLEAN}.get(datatype, _STRING)
    )


def _set(metric: Payload.Metric, code: _Code, value: Any) -> None:
    """A value that its datatype cannot hold (a definition changed under the backlog) travels as Bad without value."""
    field, low, high, mask = code
    try:
        if value is None:
            metric.is_null = True
        elif field == _INT and low <= value <= high:
            metric.int_value = value & mask
        elif field == _LONG and low <= value <= high:
            metric.long_value = value & mask
        elif field == _DOUBLE:
            metric.double_value = value
        elif field == _FLOAT:
            metric.float_value = value
        elif field == _BOOLEAN:
            metric.boolean_value = value
        elif field == _STRING:
            metric.string_value = value
        else:
            _set_bad(metric)
    except (TypeError, ValueError):
        _set_bad(metric)


def _set_bad(metric: Payload.Metric) -> None:
    metric.is_null = True
    _set_quality(metric, Quality.BAD)


def _set_quality(metric: Payload.Metric, quality: int) -> None:
    if metric.HasField("properties"):
        return  # Bad already, because the value does not fit.
    metric.properties.keys.append("Quality")
    metric.properties.values.add(type=DataType.INT32, int_value=int(quality))


def holds(datatype: DataType, value: ScalarValue) -> bool:
    """Whether a message can carry `value` as `datatype`."""
    metric = Payload.Metric()
    _set(metric, _code(datatype), value)
    return value is None or not metric.is_null
