"""Which machine of a server is meant: one server may stand for several, each an object with an identification.

Companion specifications say where machines are found (OPC 40001-1: Objects/Machines; OPC 40077: Objects/DeviceSet) and
what identifies them. Their browse names, and the namespace of these, are each maker's own.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from asyncua import ua
from asyncua.client.client import Client
from asyncua.ua.attribute_ids import AttributeIds
from asyncua.ua.object_ids import ObjectIds

from edge.acquisition.browse_path import BrowsePath, Machines
from edge.acquisition.device_settings import MachineChoice
from edge.drivers.opcua.batch_read import scalar
from edge.drivers.opcua.references import references
from edge.drivers.opcua.translating import Translator
from edge.errors import DeviceRefused

MACHINES_NAMED = 10
"""In a refusal; there may be a hall of them."""


@dataclass(frozen=True, slots=True)
class FoundMachine:
    """An object that is a machine. What its identification does not say is empty."""

    node: ua.NodeId
    name: str
    serial_number: str = ""
    product_instance_uri: str = ""

    def is_chosen(self, choice: MachineChoice) -> bool:
        wanted = (
            (choice.name, self.name),
            (choice.serial_number, self.serial_number),
            (choice.product_instance_uri, self.product_instance_uri),
        )
        return all(said is None or said == own for said, own in wanted)

    def __str__(self) -> str:
        serial = f", serial number {self.serial_number}" if self.serial_number else ""
        return f"{self.name!r}{serial}"


async def machines_in(
    client: Client, translator: Translator, start: ua.NodeId, place: Machines
) -> list[FoundMachine]:
    """All there are, in the server's order. None: neither is their folder. Raises what asyncua raises."""
    (folder,) = await translator.arrivals([(start, place.below)])
    if folder.node is None:
        return []
    objects = [
        (reference.NodeId, reference.BrowseName.Name or "")
        for reference in await references(client, folder.node, ObjectIds.HierarchicalReferences)
        if reference.NodeClass == ua.NodeClass.Object
    ]
    marks = await translator.arrivals([(node, place.having) for node, _ in objects])
    found = [one for one, mark in zip(objects, marks, strict=True) if mark.node is not None]
    nodes = [node for node, _ in found]
    serials = await _texts(client, translator, nodes, place.serial_number)
    uris = await _texts(client, translator, nodes, place.product_instance_uri)
    return [
        FoundMachine(node, name, serial, uri)
        for (node, name), serial, uri in zip(found, serials, uris, strict=True)
    ]


async def _texts(
    client: Client, translator: Translator, machines: Sequence[ua.NodeId], path: BrowsePath | None
) -> list[str]:
    """What stands at the end of the path from each, as a text; empty where there is nothing."""
    if path is None:
        return [""] * len(machines)
    ends = [arrival.node for arrival in await translator.arrivals([(node, path) for node in machines])]
    nodes = [node for node in ends if node is not None]
    values = await client.uaclient.read_attributes(nodes, AttributeIds.Value) if nodes else []
    said = iter(values)
    return ["" if node is None else _text(next(said)) for node in ends]


def _text(value: ua.DataValue) -> str:
    plain = scalar(value.Value.Value) if value.Value is not None else None
    return "" if plain is None else str(plain)


def chosen(found: Sequence[FoundMachine], choice: MachineChoice | None, place: Machines) -> FoundMachine:
    """The one that is meant. Raises DeviceRefused with those there are."""
    fitting = [one for one in found if choice is None or one.is_chosen(choice)]
    if len(fitting) == 1:
        return fitting[0]
    listed = "; ".join(map(str, found[:MACHINES_NAMED])) + ("; …" if len(found) > MACHINES_NAMED else "")
    if not found:
        raise DeviceRefused(f"the server has no machine below {place.below.text}")
    if not fitting:
        raise DeviceRefused(f"no machine below {place.below.text} fits `machine:`; there are {listed}")
    raise DeviceRefused(
        f"{len(fitting)} machines below {place.below.text} could be meant: {listed}; say which with"
        " machine: {serial_number: …}"
    )
