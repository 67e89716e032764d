"""What the variables of an OPC UA server are: type, unit, range, value, and how a profile would name them."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from asyncua import ua
from asyncua.ua.attribute_ids import AttributeIds

from edge.acquisition.driver import Value
from edge.contract.datatypes import DataType
from edge.drivers.opcua.batch_read import scalar as plain
from edge.drivers.opcua.structures import pick
from edge.onboarding.companion_names import companion_name
from edge.onboarding.found import Found
from edge.onboarding.opcua_reading import Reader, good, scalar
from edge.onboarding.opcua_walk import Variable
from edge.onboarding.packml import COUNTED_IN_STRUCTURES, TOTAL_COUNT, standard_name
from edge.onboarding.packml import NAMESPACE as PACKML

_TYPES: Mapping[int, tuple[DataType, int]] = {
    1: (DataType.BOOLEAN, 0),
    2: (DataType.INT8, 0),
    3: (DataType.UINT8, 8),
    4: (DataType.INT16, 15),
    5: (DataType.UINT16, 16),
    6: (DataType.INT32, 31),
    7: (DataType.UINT32, 32),
    8: (DataType.INT64, 63),
    9: (DataType.UINT64, 64),
    10: (DataType.FLOAT, 0),
    11: (DataType.DOUBLE, 0),
    12: (DataType.STRING, 0),
    13: (DataType.DATETIME, 0),
    21: (DataType.STRING, 0),  # LocalizedText
}
"""Sparkplug type and counting bits by built-in type number (OPC 10000-6, table 1). A signed count is taken to be
never negative: a counter that goes round does so at half its range."""

ONE_DIMENSION = 1


@dataclass(slots=True)
class Described:
    """A variable that can be a tag, and what its own nodes say of it."""

    variable: Variable
    datatype: DataType
    bits: int
    unit: str = ""
    low: float | None = None
    high: float | None = None
    values: list[Value] = field(default_factory=list)
    at: tuple[int | str, ...] = ()  # Where in the variable it lies.


@dataclass(slots=True)
class Descriptions:
    """What can be a tag, and in words what cannot."""

    tags: list[Described] = field(default_factory=list)
    left_out: list[str] = field(default_factory=list)


async def describe(reader: Reader, variables: Sequence[Variable]) -> Descriptions:
    """Read what they are and their first value. Arrays are not fetched. Raises what asyncua raises."""
    nodes = [variable.node for variable in variables]
    ranks = [_rank(value) for value in await reader.read(nodes, AttributeIds.ValueRank)]
    types = [good(value) for value in await reader.read(nodes, AttributeIds.DataType)]
    kept = [index for index, rank in enumerate(ranks) if rank < ONE_DIMENSION]
    read = await reader.read([nodes[index] for index in kept], AttributeIds.Value)
    first = dict(zip(kept, read, strict=True))
    described = Descriptions()
    for index, variable in enumerate(variables):
        place = f"{'/'.join(variable.path)} ({variable.node.to_string()})"
        if index not in first:
            counts = await _counts_inside(reader, variable)
            described.tags += counts
            if not counts:
                described.left_out.append(f"{place}: {_why_no_array(variable)}")
            continue
        variant = good(first[index])
        kind = _kind(variant, types[index])
        if kind is None:
            why = "cannot be read" if variant is None else "not a plain number, bit or text"
            described.left_out.append(f"{place}: {why}")
        elif not variable.node.to_string().isprintable():
            described.left_out.append(f"{place}: its node id cannot be written down")
        else:
            described.tags.append(Described(variable, *kind, values=[scalar(variant)]))
    await _read_properties(reader, described.tags)
    return described


def _why_no_array(variable: Variable) -> str:
    why = "an array; its elements can be tags, with `at`"
    if standard_name(variable.path, in_namespace=True) not in COUNTED_IN_STRUCTURES:
        return why
    return f"{why}. PackML counts in structures, and here are none now: browse again when the machine counts"


async def _counts_inside(reader: Reader, variable: Variable) -> list[Described]:
    """PackML counts in an array of structures, one for each thing counted: the total of each that is never set back."""
    if standard_name(variable.path, in_namespace=True) not in COUNTED_IN_STRUCTURES:
        return []
    variant = good((await reader.read([variable.node], AttributeIds.Value))[0])
    rows = variant.Value if variant is not None and isinstance(variant.Value, list) else []
    await reader.structures.learn(rows)
    found: list[Described] = []
    for row in range(len(rows)):
        at = (row, TOTAL_COUNT)
        value = plain(pick(rows, at, reader.structures))
        if isinstance(value, int):
            place = replace(variable, path=(*variable.path, str(row)) if len(rows) > 1 else variable.path)
            found.append(Described(place, DataType.INT32, 31, values=[value], at=at))
    return found


async def read_again(reader: Reader, described: Sequence[Described]) -> None:
    """One more value of each."""
    nodes = [one.variable.node for one in described]
    for one, value in zip(described, await reader.read(nodes, AttributeIds.Value), strict=True):
        variant = good(value)
        raw = variant.Value if variant is not None and one.at else variant
        one.values.append(plain(pick(raw, one.at, reader.structures)) if one.at else scalar(variant))


def found_of(
    described: Sequence[Described], namespaces: Sequence[str], seconds: float
) -> tuple[list[Found], str | None]:
    """What was found, and the namespace that most of it is in: a profile names it once."""
    common = Counter(one.variable.node.NamespaceIndex for one in described).most_common(1)
    index = common[0][0] if common else 0
    uri = _uri(namespaces, index)
    return [_found(one, namespaces, index if uri else -1, seconds) for one in described], uri


def _found(one: Described, namespaces: Sequence[str], common: int, seconds: float) -> Found:
    uri = _uri(namespaces, one.variable.namespace)
    in_namespace = uri == PACKML
    companion = companion_name(uri, one.variable.path[-1])
    return Found(
        path=one.variable.path,
        address=_address(one, namespaces, common),
        datatype=one.datatype,
        values=one.values,
        seconds=seconds,
        unit=one.unit,
        low=one.low,
        high=one.high,
        standard=companion
        or standard_name(one.variable.path, in_namespace=in_namespace)
        or _standard_inside(one),
        standard_sure=in_namespace or companion is not None,
        bits=one.bits,
    )


def _address(
    one: Described, namespaces: Sequence[str], common: int
) -> dict[str, str | int | list[str | int]]:
    address: dict[str, str | int | list[str | int]] = {
        "node": _written(one.variable.node, namespaces, common)
    }
    if one.at:
        address["at"] = list(one.at)
    return {**address, "datatype": _NAMES[one.datatype]}


def _standard_inside(one: Described) -> str | None:
    """Of one row of an array: what the array is called."""
    return standard_name(one.variable.path[:-1], in_namespace=True) if one.at else None


def _written(node: ua.NodeId, namespaces: Sequence[str], common: int) -> str:
    """As a profile writes it: by namespace URI, since a server may number its namespaces anew at every start."""
    written = node.to_string()
    identifier = written if node.NamespaceIndex == 0 else written.partition(";")[2]
    if node.NamespaceIndex == common:
        return identifier
    uri = _uri(namespaces, node.NamespaceIndex)
    return f"nsu={uri};{identifier}" if uri else f"ns={node.NamespaceIndex};{identifier}"


def _uri(namespaces: Sequence[str], index: int) -> str | None:
    """The URI of a namespace that can be written down; None for the standard's own and for odd ones."""
    if not 0 < index < len(namespaces):
        return None
    uri = namespaces[index]
    return uri if uri and uri.isprintable() and ";" not in uri and uri == uri.strip() else None


def _rank(value: ua.DataValue) -> int:
    variant = good(value)
    return variant.Value if variant is not None and isinstance(variant.Value, int) else -1


def _kind(value: ua.Variant | None, declared: ua.Variant | None) -> tuple[DataType, int] | None:
    """By the value it has; while it has none, by the type it declares, if that is a built-in one."""
    if value is not None and value.Value is not None:
        return None if value.is_array else _TYPES.get(int(value.VariantType.value))
    node = declared.Value if declared is not None else None
    if not isinstance(node, ua.NodeId) or node.NamespaceIndex != 0 or not isinstance(node.Identifier, int):
        return None
    return _TYPES.get(node.Identifier)


async def _read_properties(reader: Reader, described: Sequence[Described]) -> None:
    """Engineering unit and range (OPC 10000-8), where a variable has them."""
    wanted = [
        (one, name, node)
        for one in described
        for name, node in one.variable.properties.items()
        if name in ("EngineeringUnits", "EURange")
    ]
    values = await reader.read([node for _, _, node in wanted], AttributeIds.Value)
    for (one, name, _), value in zip(wanted, values, strict=True):
        variant = good(value)
        said = variant.Value if variant is not None else None
        if name == "EngineeringUnits" and isinstance(said, ua.EUInformation):
            one.unit = (said.DisplayName.Text or "").strip()
        elif name == "EURange" and isinstance(said, ua.Range):
            one.low, one.high = said.Low, said.High


_NAMES = {
    DataType.BOOLEAN: "Boolean",
    DataType.INT8: "Int8",
    DataType.UINT8: "UInt8",
    DataType.INT16: "Int16",
    DataType.UINT16: "UInt16",
    DataType.INT32: "Int32",
    DataType.UINT32: "UInt32",
    DataType.INT64: "Int64",
    DataType.UINT64: "UInt64",
    DataType.FLOAT: "Float",
    DataType.DOUBLE: "Double",
    DataType.STRING: "String",
    DataType.DATETIME: "DateTime",
}
