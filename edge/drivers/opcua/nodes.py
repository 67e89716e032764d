"""Which node of this connection is which tag's.

A tag with a node id has the node of that id, in the server's own namespace index. One with browse paths has the node that
the first of them leads to, from the machine or from the start node of the profile. Where no path leads anywhere, or one
leads to several nodes, the tag has none, and no other suffers by it; it is looked for again in the next connection, and
in this one every LOOK_AGAIN_S.
"""

import asyncio
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from asyncua import ua
from asyncua.client.client import Client
from asyncua.ua.status_codes import StatusCodes

from edge.acquisition.device_settings import Device
from edge.acquisition.profile import Profile, Tag
from edge.drivers.opcua.machines import chosen, machines_in
from edge.drivers.opcua.references import resolved
from edge.drivers.opcua.translating import Arrival, Translator
from edge.drivers.opcua.values import address_of, is_gone
from edge.errors import DeviceRefused

LOOK_AGAIN_S = 60.0


@dataclass(frozen=True, slots=True)
class Nowhere:
    """A tag without a node, and why."""

    tag: Tag
    why: str
    status: int


class Nodes:
    """Of one connection. `find` before anything else."""

    def __init__(self, client: Client, namespaces: Sequence[str], device: Device, profile: Profile) -> None:
        self._client = client
        self._namespaces = namespaces
        self._device = device
        self._profile = profile
        self._translator = Translator(client, namespaces)
        self._start: ua.NodeId | None = None
        self._machine: ua.NodeId | None = None
        self._arrivals: dict[str, Arrival] = {}
        self._look_again_s = 0.0

    async def find(self) -> None:
        """All tags with paths. Raises DeviceRefused if it is not clear which machine is meant, and what asyncua raises."""
        tags = [tag for tag in self._profile.polled if address_of(tag).paths]
        if not tags:
            return
        self._look_again_s = asyncio.get_running_loop().time() + LOOK_AGAIN_S
        self._start = resolved(self._profile.start, self._namespaces)
        if self._start is None:
            raise DeviceRefused(f"the server has no node {self._profile.start}, where the paths begin")
        await self._find_machine(self._start)
        self._arrivals |= await self._followed(tags)

    async def look_again(self) -> bool:
        """When it is time: for what was not found, or is gone since. Whether that changed anything."""
        now_s = asyncio.get_running_loop().time()
        if not self._arrivals or now_s < self._look_again_s:
            return False
        self._look_again_s = now_s + LOOK_AGAIN_S
        lost = [
            tag for tag in self._profile.polled if (at := self._arrivals.get(tag.name)) and at.node is None
        ]
        await self.look_for(lost)
        return any(self._arrivals[tag.name].node is not None for tag in lost)

    async def look_for(self, tags: Iterable[Tag]) -> None:
        """Where the paths of these tags lead now. Raises as `find` does: without its machine a device is not there."""
        wanted = [tag for tag in tags if address_of(tag).paths]
        arrivals = await self._followed(wanted)
        if self._start is not None and any(is_gone(arrival.status) for arrival in arrivals.values()):
            await self._find_machine(self._start)  # It went, and may be another node now.
            arrivals = await self._followed(wanted)
        self._arrivals |= arrivals

    def lost(self, tag: Tag, status: int) -> None:
        """The server does not know the node any more: its path may lead to another."""
        if tag.name in self._arrivals:
            self._arrivals[tag.name] = Arrival(None, "the node is gone", status)

    def of(self, tag: Tag) -> ua.NodeId | Nowhere:
        """The tag's node, or why it has none."""
        address = address_of(tag)
        if address.paths:
            arrival = self._arrivals[tag.name]
            return arrival.node or Nowhere(tag, arrival.why, arrival.status)
        node = resolved(address.node, self._namespaces)
        return node or Nowhere(tag, "no such node, or no such namespace", StatusCodes.BadNodeIdInvalid)

    async def _find_machine(self, start: ua.NodeId) -> None:
        self._machine = start
        if (place := self._profile.machines) is not None:
            found = await machines_in(self._client, self._translator, start, place)
            self._machine = chosen(found, self._device.machine, place).node

    async def _followed(self, tags: Sequence[Tag]) -> dict[str, Arrival]:
        """Where the paths of each lead."""
        ways = [(tag, path) for tag in tags for path in address_of(tag).paths]
        starts = [self._start if path.from_start else self._machine for _, path in ways]
        arrivals = await self._translator.arrivals(
            [(start, path) for start, (_, path) in zip(starts, ways, strict=True) if start is not None]
        )
        by_tag: dict[str, list[Arrival]] = {tag.name: [] for tag in tags}
        for (tag, _), arrival in zip(ways, arrivals, strict=True):
            by_tag[tag.name].append(arrival)
        return {name: _best(found) for name, found in by_tag.items()}


def _best(found: Sequence[Arrival]) -> Arrival:
    """The first that leads somewhere; one that leads to several nodes is no reason to take the next."""
    for arrival in found:
        if arrival.node is not None or arrival.status == StatusCodes.BadTooManyMatches:
            return arrival
    return found[-1]
