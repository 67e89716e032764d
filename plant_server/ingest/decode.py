"""From a payload to rows, fast: about half a microsecond a metric.

`edge.contract.payloads.decode` is the careful general path and gives the meaning; this one reads the protobuf fields
directly, because it knows from the birth where each value is. It looks twice only where a value is zero or absent
(an unset field reads as zero, so a value in the wrong field does too) and where the bytes hold properties at all.
"""

from collections.abc import Mapping
from functools import lru_cache
from math import isfinite
from typing import Any
from uuid import UUID

from edge.contract import spool_metrics
from edge.contract.datatypes import Quality
from edge.contract.payloads import MalformedPayload, from_wire_integer
from edge.contract.spool_fill import FILL_NAMES, SpoolFill
from edge.contract.spool_metrics import Gap
from plant_server.ingest.binding import Alias, Binding, Bindings, Kind
from plant_server.ingest.facts import (
    TIME_BY_EDGE,
    Contact,
    CounterRow,
    Facts,
    Fault,
    Numbers,
    OutsideRow,
    TextRow,
    Window,
)
from plant_server.ingest.message import Opened
from plant_server.ingest.quarantine import Reason, SampleReason

# No edge stamps before it was built, so an earlier time is a clock that was never set; not even a counter believes it.
EARLIEST_MS = 1_704_067_200_000  # 2024-01-01
_NUMBER_MAX = 1 << 62
_NUMBERS = 3  # Epoch, first, last.
_SIGNED = int(Kind.SIGNED)
_ANY_INTEGER = ("int_value", "long_value")
_ANY_FLOAT = ("float_value", "double_value")
_SKIP = object()


def open_facts(message: Opened, bindings: Bindings, window: Window) -> Facts:
    """The facts of a data message, by the birth it belongs to: for now only its numbers; `read` brings the rest."""
    facts = Facts(message)
    facts.unread = _Reader(facts, bindings, window)
    facts.numbers = facts.unread.peek_numbers()
    if facts.numbers is None:
        facts.read()
    return facts


class _Reader:
    def __init__(self, facts: Facts, bindings: Bindings, window: Window) -> None:
        message = facts.message
        self.facts = facts
        self.by_name = bindings.by_name
        self.by_alias = bindings.by_alias
        self.window = window
        self.spool: dict[str, Any] = {}
        self.contact_ms = 0
        raw = message.raw.payload
        self.has_properties = b"Quality" in raw or b"TimeByEdge" in raw
        self.default_ms = message.timestamp_ms or message.raw.received_ms

    def peek_numbers(self) -> Numbers | None:
        """The Spool numbers, which stand first; None where they are missing or no numbers."""
        spool: dict[str, Any] = {}
        data = self.facts.message.data
        for metric in data.metrics if data is not None else ():
            alias = self._alias(metric)
            if alias is None or alias.kind != Kind.SPOOL:
                continue
            if metric.WhichOneof("value") == alias.field:
                spool[alias.binding.name] = getattr(metric, alias.field)
            if len(spool) == _NUMBERS:
                break
        return _numbers(spool)

    def peek_times(self) -> list[int]:
        data = self.facts.message.data
        if data is None or len(data.metrics) <= _NUMBERS:
            return []
        times_ms = (data.metrics[_NUMBERS].timestamp, data.metrics[-1].timestamp)
        return [time_ms for time_ms in times_ms if self.window.holds(time_ms)]

    def read(self) -> None:
        self._read_metrics()
        facts = self.facts
        if facts.times_ms:
            if 0 in facts.times_ms:
                facts.times_ms = [time_ms or self.default_ms for time_ms in facts.times_ms]
            facts.oldest_ms, facts.newest_ms = min(facts.times_ms), max(facts.times_ms)
            if not (self.window.holds(facts.oldest_ms) and self.window.holds(facts.newest_ms)):
                self._set_outside_apart()
        if self.spool:
            self._read_spool()

    def _read_metrics(self) -> None:
        """The inner loop of the plant: everything in it is measured."""
        facts, by_alias, has_properties = self.facts, self.by_alias, self.has_properties
        add_tag, add_time, add_value = facts.tags.append, facts.times_ms.append, facts.values.append
        data = facts.message.data
        for metric in data.metrics if data is not None else ():
            number = metric.alias
            alias = by_alias.get(number) if number else self._alias(metric)
            if alias is None:
                self._fault(Reason.UNKNOWN_ALIAS, f"{metric.name or f'alias {number}'} is in no birth")
                continue
            tag_id, place, kind, limit, binding = alias
            value = getattr(metric, place)
            if not value or (kind and not (kind == _SIGNED and value < limit)):
                value = self._look_twice(metric, binding, value)
                if value is _SKIP:
                    continue
            if has_properties and metric.HasField("properties"):
                quality = quality_of(metric)
                if quality != Quality.GOOD:
                    facts.qualities[len(facts.tags)] = quality
            add_tag(tag_id)
            add_time(metric.timestamp)
            add_value(value)

    def _alias(self, metric: Any) -> Alias | None:
        """Alias 0 is one, if it was set; without any the metric carries its name."""
        if metric.HasField("alias"):
            return self.by_alias.get(metric.alias)
        return self.by_name.get(metric.name) if metric.name else None

    def _look_twice(self, metric: Any, binding: Binding, value: Any) -> Any:
        """The value of a metric that is not plain, or that reads as zero. _SKIP: it has no place in the columns."""
        kind = binding.kind
        if kind is Kind.IGNORED:
            return _SKIP
        if not value:
            value = self._zero_or_absent(metric, binding)
            if value is _SKIP:
                return _SKIP
        if kind is Kind.SPOOL:
            self.spool[binding.name] = value
            if binding.name == spool_metrics.CONTACT:
                self.contact_ms = metric.timestamp
            return _SKIP
        if value is not None and kind in (Kind.SIGNED, Kind.COUNTED) and type(value) is int:
            value = from_wire_integer(value, binding.datatype)
        if kind is Kind.TEXT:
            return self._text(metric, binding, value)
        if kind is Kind.COUNTED and value is not None:
            return self._counter(metric, binding, value)
        return value

    def _zero_or_absent(self, metric: Any, binding: Binding) -> Any:
        """A true zero, None for null, or the value from a sister field (int for long, float for double)."""
        which = metric.WhichOneof("value")
        if which == binding.field:
            return getattr(metric, which)
        if which is None or metric.is_null:
            return None
        sisters = next((pair for pair in (_ANY_INTEGER, _ANY_FLOAT) if binding.field in pair), ())
        if which in sisters:
            return getattr(metric, which)
        self._fault(Reason.WRONG_TYPE, f"{binding.name} is {binding.datatype.name}, came as {which}")
        return _SKIP

    def _text(self, metric: Any, binding: Binding, value: Any) -> Any:
        if value is not None and type(value) is not str:
            self._fault(Reason.WRONG_TYPE, f"{binding.name} is not UTF-8")
            return _SKIP
        time_ms = metric.timestamp or self.default_ms
        quality = quality_of(metric) if self.has_properties else int(Quality.GOOD)
        if value is None and quality & ~TIME_BY_EDGE == Quality.GOOD:
            quality = int(Quality.BAD)
        if self.window.holds(time_ms):
            self.facts.texts.append(TextRow(time_ms, binding.tag_id, quality, value))
        else:
            reason = self.window.reason(time_ms)
            self.facts.outside.append(OutsideRow(time_ms, binding.tag_id, quality, None, value, reason))
        return _SKIP

    def _counter(self, metric: Any, binding: Binding, value: int | float) -> Any:
        """A good, whole reading steps the odometer. One that cannot be a count is set apart, bytes are not needed."""
        quality = quality_of(metric) if self.has_properties else int(Quality.GOOD)
        if quality & ~TIME_BY_EDGE != Quality.GOOD or not isfinite(value):
            return value
        time_ms = metric.timestamp or self.default_ms
        counted = binding.counted
        if counted is None:
            return value
        if value != int(value):
            return self._set_apart(time_ms, binding, quality, value, SampleReason.NOT_WHOLE)
        if not 0 <= value < counted.modulus:
            return self._set_apart(time_ms, binding, quality, value, SampleReason.OUT_OF_RANGE)
        if EARLIEST_MS <= time_ms <= self.window.newest_ms:
            self.facts.counters.append(CounterRow(binding.tag_id, time_ms, int(value), counted))
        return value

    def _set_apart(
        self, time_ms: int, binding: Binding, quality: int, value: float, reason: SampleReason
    ) -> object:
        self.facts.outside.append(OutsideRow(time_ms, binding.tag_id, quality, float(value), None, reason))
        return _SKIP

    def _set_outside_apart(self) -> None:
        """Moves the rows that are too old or too new from the columns to `outside`."""
        facts, window = self.facts, self.window
        rows = list(zip(facts.tags, facts.times_ms, facts.values, strict=True))
        qualities = facts.qualities
        facts.tags, facts.times_ms, facts.values, facts.qualities = [], [], [], {}
        for index, (tag_id, time_ms, value) in enumerate(rows):
            quality = qualities.get(index, int(Quality.GOOD))
            if not window.holds(time_ms):
                number = None if value is None else float(value)
                reason = window.reason(time_ms)
                facts.outside.append(OutsideRow(time_ms, tag_id, quality, number, None, reason))
                continue
            if quality != Quality.GOOD:
                facts.qualities[len(facts.tags)] = quality
            facts.tags.append(tag_id)
            facts.times_ms.append(time_ms)
            facts.values.append(value)
        if facts.times_ms:
            facts.oldest_ms, facts.newest_ms = min(facts.times_ms), max(facts.times_ms)

    def _read_spool(self) -> None:
        spool = self.spool
        if not FILL_NAMES.isdisjoint(spool):
            self._read_fill()
            if spool.keys() <= FILL_NAMES:
                return
        if self.facts.numbers is None:
            self._fault(
                Reason.BAD_NUMBERS, f"{ {name: spool[name] for name in sorted(spool)} } are no Spool numbers"
            )
        elif spool.get(spool_metrics.GAP) is not None:
            self._read_gap(spool[spool_metrics.GAP])
        elif spool.get(spool_metrics.DEVICE) is not None:
            self._read_contact(spool[spool_metrics.DEVICE], spool.get(spool_metrics.CONTACT))

    def _read_fill(self) -> None:
        try:
            self.facts.fill = SpoolFill.of(self.spool)
        except MalformedPayload as error:
            self._fault(Reason.BAD_NUMBERS, str(error))

    def _read_gap(self, text: Any) -> None:
        try:
            gap = Gap.from_json(text)
        except MalformedPayload as error:
            self._fault(Reason.BAD_GAP, str(error))
            return
        if _is_sound(gap):
            self.facts.gap = gap
        else:
            self._fault(Reason.BAD_GAP, f"a gap record with a field of the wrong type: {str(text)[:200]!r}")

    def _read_contact(self, device: Any, online: Any) -> None:
        time_ms = self.contact_ms or self.default_ms
        if isinstance(device, str) and isinstance(online, bool) and self.window.holds(time_ms):
            self.facts.contact = Contact(device, online, time_ms)
        else:
            self._fault(Reason.BAD_CONTACT, f"device {device!r}, contact {online!r} at {time_ms}")

    def _fault(self, reason: Reason, detail: str) -> None:
        self.facts.faults.append(Fault(reason, detail))


def quality_of(metric: Any) -> int:
    """The stored quality: Sparkplug's, plus TIME_BY_EDGE. What is no quality is BAD."""
    quality, by_edge = int(Quality.GOOD), 0
    properties = metric.properties
    for key, slot in zip(properties.keys, properties.values, strict=False):
        if key == "Quality":
            quality = slot.int_value if slot.WhichOneof("value") == "int_value" else slot.long_value
        elif key == "TimeByEdge" and slot.boolean_value:
            by_edge = TIME_BY_EDGE
    if quality not in (Quality.BAD, Quality.GOOD, Quality.STALE):
        quality = int(Quality.BAD)
    return quality | by_edge


def _numbers(spool: Mapping[str, Any]) -> Numbers | None:
    epoch = spool.get(spool_metrics.EPOCH)
    first, last = spool.get(spool_metrics.FIRST), spool.get(spool_metrics.LAST)
    if not isinstance(epoch, str) or type(first) is not int or type(last) is not int:
        return None
    if not 1 <= first <= last <= _NUMBER_MAX:
        return None
    uuid = _uuid(epoch)
    return None if uuid is None else Numbers(uuid, first, last)


@lru_cache(maxsize=4096)
def _uuid(text: str) -> UUID | None:
    """An edge says the same one in every message."""
    try:
        return UUID(text)
    except ValueError:
        return None


def _is_sound(gap: Gap) -> bool:
    """JSON may hold anything; only what fits the table passes."""
    times = [gap.from_ms, gap.to_ms]
    if not _is_text(gap.reason):
        return False
    for row in gap.tags:
        if not _is_text(row.device) or not _is_text(row.tag):
            return False
        if row.count is not None and not (type(row.count) is int and 0 <= row.count < _NUMBER_MAX):
            return False
        times += [row.from_ms, row.to_ms]
    return all(time is None or (type(time) is int and 0 <= time < 1 << 47) for time in times)


def _is_text(text: object) -> bool:
    """JSON can spell NUL and halves of characters, which no table takes."""
    return (
        isinstance(text, str)
        and "\0" not in text
        and all(not "\ud800" <= letter <= "\udfff" for letter in text)
    )
