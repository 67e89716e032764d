"""What an alias means: from a birth's metric to the tag in the database, in the form the inner loop wants."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import IntEnum
from typing import NamedTuple

from edge.contract import spool_metrics
from edge.contract.datatypes import DataType
from edge.contract.payloads import Metric
from edge.contract.spool_fill import FILL_NAMES

SPOOL_NAMES = FILL_NAMES | frozenset(
    {
        spool_metrics.EPOCH,
        spool_metrics.FIRST,
        spool_metrics.LAST,
        spool_metrics.GAP,
        spool_metrics.DEVICE,
        spool_metrics.CONTACT,
        spool_metrics.COMMITTED,
    }
)
SIGNED_BITS = {DataType.INT8: 8, DataType.INT16: 16, DataType.INT32: 32, DataType.INT64: 64}
_INT_FIELD = frozenset(
    {DataType.INT8, DataType.INT16, DataType.INT32, DataType.UINT8, DataType.UINT16, DataType.UINT32}
)
_LONG_FIELD = frozenset({DataType.INT64, DataType.UINT64, DataType.DATETIME})


class Kind(IntEnum):
    """How a value is read. PLAIN is 0: the inner loop takes what it finds in the field."""

    PLAIN = 0
    SIGNED = 1
    COUNTED = 2
    TEXT = 3
    SPOOL = 4
    IGNORED = 5  # Control metrics, and datatypes that are not carried (DataSet, Template, bytes, arrays).


class Counted(NamedTuple):
    """A counter or meter that has an odometer."""

    modulus: int
    rate_max: float


class Binding(NamedTuple):
    """One alias of one birth. `field` is the protobuf field its datatype uses."""

    tag_id: int
    field: str
    kind: Kind
    datatype: DataType
    name: str
    counted: Counted | None = None


class Alias(NamedTuple):
    """The part of a binding that the inner loop unpacks."""

    tag_id: int
    field: str
    kind: int
    limit: int  # Of a SIGNED: below it the raw number is the value.
    binding: Binding


@dataclass(frozen=True, slots=True)
class Bindings:
    """All of a birth. Third-party nodes may leave aliases out; then data carries names."""

    by_alias: Mapping[int, Alias]
    by_name: Mapping[str, Alias]


def is_tag(name: str) -> bool:
    """Whether a birth metric is a tag: neither delivery nor control."""
    return (
        bool(name)
        and name not in SPOOL_NAMES
        and name not in (spool_metrics.BD_SEQ, spool_metrics.HEARTBEAT)
        and not name.startswith(("Node Control/", "Device Control/"))
    )


def bind(metrics: list[Metric], tag_ids: Mapping[str, int], counted: Mapping[str, Counted]) -> Bindings:
    """Bindings of a birth's metrics; `tag_ids` holds those that are tags, `counted` those with an odometer."""
    by_alias: dict[int, Alias] = {}
    by_name: dict[str, Alias] = {}
    for metric in metrics:
        name = metric.name or ""
        if is_tag(name) and name not in tag_ids:
            continue  # Its birth could not be stored, so its data cannot be either: an unknown alias.
        binding = _binding(metric, name, tag_ids.get(name), counted.get(name))
        limit = 1 << SIGNED_BITS.get(binding.datatype, 1) - 1
        alias = Alias(binding.tag_id, binding.field, int(binding.kind), limit, binding)
        by_name[name] = alias
        if metric.alias is not None:
            by_alias[metric.alias] = alias
    return Bindings(by_alias, by_name)


def _binding(metric: Metric, name: str, tag_id: int | None, counted: Counted | None) -> Binding:
    datatype = metric.datatype or DataType.DOUBLE
    field = _field(datatype)
    if name in SPOOL_NAMES:
        return Binding(0, field or "long_value", Kind.SPOOL, datatype, name)
    if tag_id is None or field is None or metric.datatype is None:
        return Binding(0, "long_value", Kind.IGNORED, datatype, name)
    if counted is not None and datatype.is_number:
        return Binding(tag_id, field, Kind.COUNTED, datatype, name, counted)
    if datatype.is_text:
        return Binding(tag_id, field, Kind.TEXT, datatype, name)
    return Binding(tag_id, field, Kind.SIGNED if datatype in SIGNED_BITS else Kind.PLAIN, datatype, name)


def _field(datatype: DataType) -> str | None:
    if datatype in _INT_FIELD:
        return "int_value"
    if datatype in _LONG_FIELD:
        return "long_value"
    if datatype.is_text:
        return "string_value"
    return {
        DataType.FLOAT: "float_value",
        DataType.DOUBLE: "double_value",
        DataType.BOOLEAN: "boolean_value",
    }.get(datatype)
