"""Companion specifications that a server speaks, told by their namespaces, and the machines that a ready profile fits.

A namespace says that the types are there, not that a machine is: so a profile is proposed only for a machine that is found
where its specification has machines, with so many of its tags.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from asyncua import ua
from asyncua.client.client import Client
from asyncua.ua import uaerrors
from asyncua.ua.attribute_ids import AttributeIds
from asyncua.ua.object_ids import ObjectIds

from edge.acquisition.browse_path import BrowsePath, QualifiedName
from edge.acquisition.device_settings import Device, MachineChoice
from edge.acquisition.profile import Profile
from edge.acquisition.profile_file import load_profile
from edge.drivers.opcua.machines import FoundMachine, machines_in
from edge.drivers.opcua.nodes import Nodes, Nowhere
from edge.drivers.opcua.references import references, resolved, standard
from edge.drivers.opcua.translating import Translator

_UA = "http://opcfoundation.org/UA/"


@dataclass(frozen=True, slots=True)
class Specification:
    """`profile`: the ready one for its machines, None if there is none."""

    name: str
    document: str
    namespace: str
    profile: str | None = None


# Those with a profile from the most special on: a machine tool is a machine as well.
SPECIFICATIONS = (
    Specification("Machine Tools", "OPC 40501-1", f"{_UA}MachineTool/", "machinetool"),
    Specification("EUROMAP 77", "OPC 40077", f"{_UA}PlasticsRubber/IMM2MES/", "euromap77_imm"),
    Specification("Machinery", "OPC 40001-1", f"{_UA}Machinery/", "machinery"),
    Specification("EUROMAP 83", "OPC 40083", f"{_UA}PlasticsRubber/GeneralTypes/"),
    Specification("PackML", "OPC 30050", f"{_UA}PackML/"),
    Specification("Machinery Jobs", "OPC 40001-3", f"{_UA}Machinery/Jobs/"),
    Specification("Machinery Process Values", "OPC 40001-2", f"{_UA}Machinery/ProcessValues/"),
    Specification("Robotics", "OPC 40010-1", f"{_UA}Robotics/"),
    Specification("Weihenstephan Standards", "OPC 30200", f"{_UA}Weihenstephan/"),
    Specification("Job Control", "OPC 10031-4", f"{_UA}ISA95-JOBCONTROL_V2/"),
    Specification("Industrial Automation", "OPC 10000-200", f"{_UA}IA/"),
    Specification("Devices (DI)", "OPC 10000-100", f"{_UA}DI/"),
)


@dataclass(frozen=True, slots=True)
class Spoken:
    """A specification of this server. `version`: empty if the server does not say."""

    specification: Specification
    version: str


@dataclass(frozen=True, slots=True)
class Proposal:
    """A machine, and the ready profile for it. `choice`: what tells it from the others, None if there is no other."""

    machine: FoundMachine
    profile: Profile
    choice: MachineChoice | None
    tags_found: int
    missing: Sequence[str]


@dataclass(frozen=True, slots=True)
class Companions:
    """What a server speaks, and for which machines there is a profile."""

    spoken: Sequence[Spoken] = ()
    proposals: Sequence[Proposal] = ()


async def companions_of(client: Client, namespaces: Sequence[str], device: Device) -> Companions:
    """Raises what asyncua raises when the server is gone. A server without the services this needs has no machines."""
    translator = Translator(client, namespaces)
    known = [one for one in SPECIFICATIONS if one.namespace in namespaces]
    try:
        versions = await _versions(client, translator)
        spoken = [Spoken(one, versions.get(one.namespace, "")) for one in known]
        proposals = await _proposals(client, translator, namespaces, device, known)
    except uaerrors.UaStatusCodeError:
        return Companions([Spoken(one, "") for one in known])
    return Companions(spoken, proposals)


async def _versions(client: Client, translator: Translator) -> dict[str, str]:
    """Version by namespace, where Server/Namespaces says it (OPC 10000-5, 6.3.13)."""
    described = await references(client, standard(ObjectIds.Server_Namespaces), ObjectIds.HasComponent)
    nodes = [reference.NodeId for reference in described if reference.NodeClass == ua.NodeClass.Object]
    uris = await _properties(client, translator, nodes, "NamespaceUri")
    versions = await _properties(client, translator, nodes, "NamespaceVersion")
    return {uri: version for uri, version in zip(uris, versions, strict=True) if uri and version}


async def _properties(
    client: Client, translator: Translator, nodes: Sequence[ua.NodeId], name: str
) -> list[str]:
    path = BrowsePath(name, (QualifiedName(name),))
    arrivals = await translator.arrivals([(node, path) for node in nodes])
    there = [arrival.node for arrival in arrivals if arrival.node is not None]
    values = iter(await client.uaclient.read_attributes(there, AttributeIds.Value) if there else [])
    found: list[str] = []
    for arrival in arrivals:
        value = next(values).Value if arrival.node is not None else None
        found.append(value.Value if value is not None and isinstance(value.Value, str) else "")
    return found


async def _proposals(
    client: Client,
    translator: Translator,
    namespaces: Sequence[str],
    device: Device,
    known: Sequence[Specification],
) -> list[Proposal]:
    proposals: list[Proposal] = []
    taken: set[ua.NodeId] = set()
    for specification in known:
        if specification.profile is None:
            continue
        profile = load_profile(specification.profile)
        start = resolved(profile.start, namespaces)
        if profile.machines is None or start is None:
            continue
        found = await machines_in(client, translator, start, profile.machines)
        for machine in found:
            choice = distinguished(machine, found)
            if machine.node not in taken and (choice is not None or len(found) == 1):
                taken.add(machine.node)
                chosen = device.model_copy(update={"machine": choice})
                nodes = Nodes(client, namespaces, chosen, profile)
                await nodes.find()
                missing = [tag.name for tag in profile.polled if isinstance(nodes.of(tag), Nowhere)]
                tags_found = len(profile.polled) - len(missing)
                proposals.append(Proposal(machine, profile, choice, tags_found, missing))
    return proposals


def distinguished(machine: FoundMachine, among: Sequence[FoundMachine]) -> MachineChoice | None:
    """What tells it from the others; None if it is alone, or if nothing does."""
    if len(among) < 2:
        return None
    for field in ("serial_number", "product_instance_uri", "name"):
        own = getattr(machine, field)
        if own and [getattr(one, field) for one in among].count(own) == 1:
            return MachineChoice(**{field: own})
    return None
