"""The texts of numbers: what an enumeration, or a variable with texts of its own, calls its values.

A tag that is a text, at a node that holds a whole number, is told as the text. The texts stand beside the variable
(EnumStrings of a MultiStateDiscrete, EnumValues of a MultiStateValueDiscrete, TrueState and FalseState of a
TwoStateDiscrete; OPC 10000-8) or beside its type (OPC 10000-3, 5.8.3 and DataTypeDefinition).
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from asyncua import ua
from asyncua.client.client import Client
from asyncua.ua.attribute_ids import AttributeIds
from asyncua.ua.object_ids import ObjectIds

from edge.drivers.opcua.references import references, standard

Texts = Mapping[int, str]

TEXTS_THEMSELVES = frozenset(map(standard, (ObjectIds.String, ObjectIds.LocalizedText, ObjectIds.DateTime)))
"""Types of variables that hold no number: most of those a text is read from."""

_PROPERTIES = ("EnumStrings", "EnumValues", "TrueState", "FalseState")


async def data_types(client: Client, nodes: Sequence[ua.NodeId]) -> list[ua.NodeId | None]:
    """What the variables hold; None where the server does not say."""
    read = await client.uaclient.read_attributes(list(nodes), AttributeIds.DataType)
    return [value if isinstance(value, ua.NodeId) else None for value in map(_value, read)]


async def texts_of(client: Client, node: ua.NodeId, data_type: ua.NodeId) -> Texts:
    """Texts by number; empty where the server gives none. Raises what asyncua raises when the server is gone."""
    own = await _beside(client, node)
    if own:
        return own
    beside_type = await _beside(client, data_type)
    if beside_type:
        return beside_type
    (described,) = await client.uaclient.read_attributes([data_type], AttributeIds.DataTypeDefinition)
    definition = _value(described)
    if isinstance(definition, ua.EnumDefinition):
        return {
            field.Value: (field.DisplayName.Text if field.DisplayName else None) or field.Name or ""
            for field in definition.Fields or []
        }
    return {}


async def _beside(client: Client, node: ua.NodeId) -> dict[int, str]:
    """From the properties of one node."""
    found = {
        reference.BrowseName.Name: reference.NodeId
        for reference in await references(client, node, ObjectIds.HasProperty)
        if reference.BrowseName.Name in _PROPERTIES
    }
    values = await client.uaclient.read_attributes(list(found.values()), AttributeIds.Value) if found else []
    return dict(_texts(dict(zip(found, map(_value, values), strict=True))))


def _texts(said: Mapping[str, Any]) -> Iterable[tuple[int, str]]:
    for number, text in enumerate(said.get("EnumStrings") or []):
        yield number, text.Text or ""
    for one in said.get("EnumValues") or []:
        if isinstance(one, ua.EnumValueType):
            yield one.Value, one.DisplayName.Text or ""
    for number, name in ((1, "TrueState"), (0, "FalseState")):
        if isinstance(said.get(name), ua.LocalizedText):
            yield number, said[name].Text or ""


def _value(read: ua.DataValue) -> Any:
    if read.Value is None or (read.StatusCode is not None and not read.StatusCode.is_good()):
        return None
    return read.Value.Value
