"""`lineside edge browse`: one session with an unknown OPC UA server, from hello to a draft. Nothing is written to it."""

import asyncio
import fnmatch
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from asyncua import ua
from asyncua.client.client import Client
from asyncua.ua import uaerrors
from asyncua.ua.attribute_ids import AttributeIds
from asyncua.ua.object_ids import ObjectIds

from edge.acquisition.device_settings import Device
from edge.drivers.opcua.session import opened, our_errors
from edge.errors import DeviceRefused
from edge.onboarding.companions import Companions, companions_of
from edge.onboarding.draft import Draft
from edge.onboarding.found import Found
from edge.onboarding.guesses import draft_tags
from edge.onboarding.opcua_limits import numeric, stated_limits
from edge.onboarding.opcua_reading import Reader, good, scalar
from edge.onboarding.opcua_variables import describe, found_of, read_again
from edge.onboarding.opcua_walk import Bounds, Variable, Walk, Walked

READS_WHILE_WATCHING = 10
WATCH_STEP_MIN_S = 0.25

Say = Callable[[str], None]
"""Shows what is being done and how far it is; called often."""


@dataclass(frozen=True, slots=True)
class BrowseOptions:
    """`root`: a node id, None: the Objects folder. `filter`: part of a path, or a pattern with * and ?.
    `watch_s`: how long to look which values move; 0: read them once."""

    bounds: Bounds = field(default_factory=Bounds)
    root: str | None = None
    filter: str | None = None
    watch_s: float = 0.0


@dataclass(frozen=True, slots=True)
class Browsed:
    """What a server was found to have."""

    found: list[Found]
    draft: Draft
    walked: Walked
    matching: int  # Variables whose path fits the filter.
    companions: Companions = field(default_factory=Companions)


async def browse(device: Device, options: BrowseOptions, name: str, say: Say) -> Browsed:
    """Walk, read, watch, draft. Raises DeviceUnavailable or DeviceRefused."""
    say("connecting")
    async with opened(device) as client:
        with our_errors():
            return await _browse(client, device, options, name, say)


async def _browse(client: Client, device: Device, options: BrowseOptions, name: str, say: Say) -> Browsed:
    namespaces = list(await client.get_namespace_array())
    limits = await stated_limits(client)
    say("looking for companion specifications")
    companions = await companions_of(client, namespaces, device)

    def progress(nodes: int, variables: int) -> None:
        say(f"{nodes} nodes, {variables} variables")

    walked = await Walk(client, limits, options.bounds, progress).run(_root(options.root))
    matching = [variable for variable in walked.variables if fits(options.filter, variable)]
    reader = Reader(client, limits)
    say(f"reading {len(matching)} variables")
    described = await describe(reader, matching)
    seconds = 0.0
    if options.watch_s and described.tags:
        started = time.monotonic()
        reads = max(1, min(READS_WHILE_WATCHING, int(options.watch_s / WATCH_STEP_MIN_S)))
        for done in range(1, reads + 1):
            say(
                f"watching {len(described.tags)} values, {options.watch_s - time.monotonic() + started:.0f} s to go"
            )
            await asyncio.sleep(max(0.0, started + options.watch_s * done / reads - time.monotonic()))
            await read_again(reader, described.tags)
        seconds = time.monotonic() - started
    found, namespace = found_of(described.tags, namespaces, seconds)
    draft = Draft(
        name=name,
        driver="opcua",
        document=f"drafted by lineside edge browse from {device.url}",
        revision=await _server(reader),
        page=f"{len(found)} of {len(walked.variables)} variables below {options.root or 'Objects'}",
        tags=draft_tags(found),
        namespace=namespace,
        left_out=described.left_out,
    )
    return Browsed(found, draft, walked, len(matching), companions)


def fits(pattern: str | None, variable: Variable) -> bool:
    """Whether its path holds the text, or matches the pattern; case is ignored."""
    if not pattern:
        return True
    place, pattern = "/".join(variable.path).casefold(), pattern.casefold()
    return fnmatch.fnmatchcase(place, pattern) if set(pattern) & set("*?[") else pattern in place


def _root(text: str | None) -> ua.NodeId:
    if text is None:
        return numeric(ObjectIds.ObjectsFolder)
    try:
        return ua.NodeId.from_string(text)
    except uaerrors.UaError as error:
        raise DeviceRefused(f"{text!r} is no node id; it looks like ns=2;s=Machine or ns=2;i=1000") from error


async def _server(reader: Reader) -> str:
    """Product and version, as the server says."""
    parts = (
        ObjectIds.Server_ServerStatus_BuildInfo_ProductName,
        ObjectIds.Server_ServerStatus_BuildInfo_SoftwareVersion,
    )
    said = [
        scalar(good(value))
        for value in await reader.read([numeric(one) for one in parts], AttributeIds.Value)
    ]
    return " ".join(str(one) for one in said if one) or "unknown"
