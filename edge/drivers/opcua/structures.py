"""Structures of a server's own, decoded by what the server itself says of them.

asyncua can do it too, but keeps what it learned for the whole process, by a node id whose namespace index means one
thing on this server and another on the next. Here it is kept per connection. From OPC 10000-6, 5.2.6 (structures,
optional fields, unions) and 5.2.5 (arrays).
"""

import struct
from collections.abc import Callable, Iterator
from math import prod
from typing import Any

import structlog
from asyncua import ua
from asyncua.client.client import Client
from asyncua.common.utils import Buffer
from asyncua.ua import uaerrors
from asyncua.ua.attribute_ids import AttributeIds
from asyncua.ua.object_ids import ObjectIds
from asyncua.ua.ua_binary import struct_from_binary, unpack_uatype

from edge.drivers.opcua.references import references, standard

log = structlog.get_logger(__name__)

Decoder = Callable[[Buffer], Any]

BUILT_IN_LAST = 25  # Numbers of the built-in types, OPC 10000-6, table 1; 29 (Enumeration) travels as Int32.
LENGTH_MAX = 1 << 20
"""Elements of an array inside a structure. More is a length that was read at the wrong place."""

_INT32, _STRUCTURE, _ENUMERATION = 6, 22, 29


class NotDecodable(Exception):
    """The server does not say how the structure is laid out, or laid it out in a way nobody uses for machines."""


class Structures:
    """What one server says of its structures. `learn` before `decode`."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self._by_encoding: dict[ua.NodeId, Decoder | None] = {}
        self._by_type: dict[ua.NodeId, Decoder] = {}

    async def learn(self, value: Any) -> None:
        """Ask the server about every structure in `value` that is new. Raises what asyncua raises when it is gone."""
        for encoding in {one.TypeId for one in _structures(value)} - self._by_encoding.keys():
            self._by_encoding[encoding] = None
            data_type = await self._source(encoding, ObjectIds.HasEncoding)
            try:
                if data_type is None:
                    raise NotDecodable("it names no type")
                self._by_encoding[encoding] = await self._decoder(data_type)
            except (NotDecodable, uaerrors.UaStatusCodeError) as error:
                log.warning("opcua_structure_unknown", type=encoding.to_string(), reason=str(error))

    def decode(self, value: ua.ExtensionObject) -> dict[str, Any] | None:
        """Its members by name; None if it cannot be decoded."""
        decoder = self._by_encoding.get(value.TypeId)
        if decoder is None or value.Body is None:
            return None
        try:
            members = decoder(Buffer(value.Body))
        except (struct.error, IndexError, ValueError, uaerrors.UaError, NotDecodable):
            return None
        return members if isinstance(members, dict) else None

    async def _decoder(self, data_type: ua.NodeId) -> Decoder:
        """How one value of this type is decoded. Raises NotDecodable."""
        if data_type.NamespaceIndex == 0 and isinstance(data_type.Identifier, int):
            if data_type.Identifier == _ENUMERATION:
                return _built_in(_INT32)
            if 0 < data_type.Identifier <= BUILT_IN_LAST:
                return _built_in(data_type.Identifier)
        if data_type in self._by_type:
            return self._by_type[data_type]
        # A type may hold itself, in an array or an optional field: found in the table when it is decoded.
        self._by_type[data_type] = lambda buffer: self._by_type[data_type](buffer)
        try:
            self._by_type[data_type] = decoder = await self._described(data_type)
        except (NotDecodable, uaerrors.UaStatusCodeError):
            del self._by_type[data_type]
            raise
        return decoder

    async def _described(self, data_type: ua.NodeId) -> Decoder:
        attribute = AttributeIds.DataTypeDefinition
        (described,) = await self._client.uaclient.read_attributes([data_type], attribute)
        definition = described.Value.Value if described.Value is not None else None
        if isinstance(definition, ua.EnumDefinition):
            return _built_in(_INT32)
        if isinstance(definition, ua.StructureDefinition):
            return await self._structure(definition)
        known = ua.extension_objects_by_datatype.get(data_type) if data_type.NamespaceIndex == 0 else None
        if known is not None:
            return lambda buffer: struct_from_binary(known, buffer)
        supertype = await self._source(data_type, ObjectIds.HasSubtype)
        if supertype is None or supertype == standard(_STRUCTURE):
            raise NotDecodable(f"the server does not describe {data_type.to_string()}")
        return await self._decoder(supertype)

    async def _structure(self, definition: ua.StructureDefinition) -> Decoder:
        kind = definition.StructureType
        fields = [
            (field.Name or "", await self._field(field), bool(field.IsOptional))
            for field in definition.Fields or []
        ]
        if kind == ua.StructureType.Union:
            return lambda buffer: _union(fields, buffer)
        if kind == ua.StructureType.StructureWithOptionalFields:
            return lambda buffer: _with_optional(fields, buffer)
        if kind == ua.StructureType.Structure:
            return lambda buffer: {name: decode(buffer) for name, decode, _ in fields}
        raise NotDecodable(f"a {ua.StructureType(kind).name}")

    async def _field(self, field: ua.StructureField) -> Decoder:
        one = await self._decoder(field.DataType)
        if field.ValueRank < 0:
            return one
        if field.ValueRank == 1:
            return lambda buffer: _array(one, buffer)
        return lambda buffer: _matrix(one, buffer)

    async def _source(self, node: ua.NodeId, kind: int) -> ua.NodeId | None:
        """The first node that refers to this one so."""
        found = await references(self._client, node, kind, inverse=True)
        return found[0].NodeId if found else None


def pick(value: Any, at: tuple[int | str, ...], structures: Structures) -> Any:
    """What lies at `at`, or None if nothing does."""
    for step in at:
        if isinstance(value, ua.ExtensionObject):
            value = structures.decode(value)
        if isinstance(step, int):
            value = value[step] if isinstance(value, list | bytes) and step < len(value) else None
        elif isinstance(value, dict):
            value = value.get(step)
        else:
            value = getattr(value, step, None)  # A structure of the standard, which asyncua knows.
    return value


def _structures(value: Any) -> Iterator[ua.ExtensionObject]:
    if isinstance(value, ua.ExtensionObject):
        yield value
    elif isinstance(value, list):
        for one in value:
            yield from _structures(one)


def _built_in(number: int) -> Decoder:
    kind = ua.VariantType(number)
    return lambda buffer: unpack_uatype(kind, buffer)


def _length(buffer: Buffer) -> int:
    length = int(unpack_uatype(ua.VariantType.Int32, buffer))
    if length > LENGTH_MAX:
        raise NotDecodable(f"an array of {length}")
    return length


def _array(one: Decoder, buffer: Buffer) -> list[Any] | None:
    length = _length(buffer)
    return None if length < 0 else [one(buffer) for _ in range(length)]


def _matrix(one: Decoder, buffer: Buffer) -> list[Any]:
    """Flat, the last dimension first to move."""
    count = prod(_array(_built_in(_INT32), buffer) or [0])
    if not 0 <= count <= LENGTH_MAX:
        raise NotDecodable(f"an array of {count}")
    return [one(buffer) for _ in range(count)]


def _with_optional(fields: list[tuple[str, Decoder, bool]], buffer: Buffer) -> dict[str, Any]:
    """A mask tells which of the optional fields follow."""
    mask = int(unpack_uatype(ua.VariantType.UInt32, buffer))
    members: dict[str, Any] = {}
    bit = 0
    for name, decode, is_optional in fields:
        is_there = True
        if is_optional:
            is_there = bool(mask >> bit & 1)
            bit += 1
        members[name] = decode(buffer) if is_there else None
    return members


def _union(fields: list[tuple[str, Decoder, bool]], buffer: Buffer) -> dict[str, Any]:
    """A number, from 1, tells which one of the fields follows; 0: none."""
    number = int(unpack_uatype(ua.VariantType.UInt32, buffer))
    if not 0 < number <= len(fields):
        return {}
    name, decode, _ = fields[number - 1]
    return {name: decode(buffer)}
