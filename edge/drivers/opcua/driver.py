"""OPC UA by batched polls.

All tags of a poll go out in as few Read requests as the server's own limit allows; each request keeps its tags
beside its nodes, so an answer cannot be taken for another's. A node the server does not know makes its tag BAD
and no other.
"""

from collections.abc import Iterator, Sequence
from contextlib import AbstractAsyncContextManager
from types import TracebackType
from typing import Self

import structlog
from asyncua import ua
from asyncua.client.client import Client
from asyncua.ua import uaerrors
from asyncua.ua.status_codes import StatusCodes

from edge.acquisition.addresses import OpcUaAddress
from edge.acquisition.decode import Publisher, publisher
from edge.acquisition.device_settings import Device
from edge.acquisition.driver import Clock, Reading
from edge.acquisition.profile import Profile, Tag
from edge.acquisition.timestamps import reading_time
from edge.contract.datatypes import Quality
from edge.drivers.opcua.batch_read import BatchRead, NodeValue
from edge.drivers.opcua.session import opened, our_errors
from edge.errors import DeviceUnavailable

log = structlog.get_logger(__name__)

MAX_NODES_PER_READ = ua.NodeId.from_string(
    "i=11705"
)  # Server_ServerCapabilities_OperationLimits_MaxNodesPerRead

_TOO_MUCH = (
    uaerrors.BadTooManyOperations,
    uaerrors.BadRequestTooLarge,
    uaerrors.BadResponseTooLarge,
    uaerrors.BadEncodingLimitsExceeded,
    uaerrors.BadTcpMessageTooLarge,
)


class OpcUaDriver:
    """One OPC UA server. The limit it turned out to have outlives a connection."""

    def __init__(self, device: Device, profile: Profile, clock: Clock) -> None:
        self._device = device
        self._clock = clock
        self._opening: AbstractAsyncContextManager[Client] | None = None
        self._client: Client | None = None
        self._namespaces: list[str] = []
        # Larger requests than the default are not cheaper per node, and some servers choke on them.
        self._nodes_per_read_learned = device.nodes_per_read
        self._nodes_per_read = device.nodes_per_read
        self._plans: dict[int, _Plan] = {}  # Of this connection: namespace indices may change with each.
        self._named_unknown: set[str] = set()
        self._log = log.bind(device=device.name)

    async def __aenter__(self) -> Self:
        opening = opened(self._device)
        client = await opening.__aenter__()
        self._opening, self._client = opening, client
        self._plans = {}
        try:
            with our_errors():
                self._namespaces = list(await client.get_namespace_array())
                stated = await _stated_limit(client)
                self._nodes_per_read = min(
                    stated or self._nodes_per_read_learned, self._nodes_per_read_learned
                )
        except BaseException:
            await self.__aexit__(None, None, None)
            raise
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        opening, self._opening, self._client = self._opening, None, None
        if opening is not None:
            await opening.__aexit__(None, None, None)

    async def read(self, tags: Sequence[Tag]) -> list[Reading]:
        while True:
            plan = self._plan(tags)
            try:
                with our_errors():
                    return await self._read(plan)
            except DeviceUnavailable as error:
                if not isinstance(error.__cause__, _TOO_MUCH) or self._nodes_per_read == 1:
                    raise
                self._ask_for_less()

    async def _read(self, plan: "_Plan") -> list[Reading]:
        protocol = self._client.uaclient.protocol if self._client is not None else None
        if protocol is None:
            raise DeviceUnavailable("the connection was closed by the server")
        readings: list[Reading] = []
        for batch in plan.batches:
            values = await batch.request.send(protocol, self._device.timeout_s)
            if len(values) != len(batch.tags):
                raise DeviceUnavailable(f"answered {len(values)} of {len(batch.tags)} nodes")
            readings += self._readings(batch, values, self._clock())
        if plan.unresolved:
            time_ms = self._clock()
            readings += [_bad(tag, time_ms) for tag in plan.unresolved]
        return readings

    def _readings(self, batch: "_Batch", values: list[NodeValue], read_ms: int) -> Iterator[Reading]:
        for (tag, publish), (raw, status, source_ms) in zip(batch.tags, values, strict=True):
            time_ms, by_edge = reading_time(tag.role, source_ms, read_ms)
            severity = status >> 30
            if severity >= 2:
                self._name_unknown(tag, status)
                yield Reading(tag, None, time_ms, Quality.BAD, by_edge)
                continue
            value = publish(raw)
            if value is None or (severity and tag.role.is_counted):
                # An uncertain count may be a substitute or the last good one: nothing to count by.
                yield Reading(tag, None, time_ms, Quality.BAD, by_edge)
            else:
                yield Reading(tag, value, time_ms, Quality.STALE if severity else Quality.GOOD, by_edge)

    def _plan(self, tags: Sequence[Tag]) -> "_Plan":
        plan = self._plans.get(id(tags))
        if plan is None or plan.tags is not tags:
            plan = self._plans[id(tags)] = _Plan(tags, self._namespaces, self._nodes_per_read)
            for tag in plan.unresolved:
                self._name_unknown(tag, StatusCodes.BadNodeIdInvalid)
        return plan

    def _ask_for_less(self) -> None:
        self._nodes_per_read = self._nodes_per_read_learned = max(1, self._nodes_per_read // 2)
        self._plans = {}
        self._log.info("opcua_smaller_reads", nodes_per_read=self._nodes_per_read)

    def _name_unknown(self, tag: Tag, status: int) -> None:
        """Once per tag: a BAD that will not heal by itself is for a person to see."""
        if status & 0xFFFF0000 not in _NOT_IN_THE_DEVICE or tag.name in self._named_unknown:
            return
        self._named_unknown.add(tag.name)
        self._log.warning("tag_not_in_device", tag=tag.name, node=_node(tag), status=f"0x{status:08X}")


_NOT_IN_THE_DEVICE = frozenset(
    {
        StatusCodes.BadNodeIdUnknown,
        StatusCodes.BadNodeIdInvalid,
        StatusCodes.BadAttributeIdInvalid,
        StatusCodes.BadNotReadable,
        StatusCodes.BadUserAccessDenied,
    }
)


class _Batch:
    """One request and its tags, in the same order."""

    __slots__ = ("request", "tags")

    def __init__(self, nodes: Sequence[tuple[Tag, ua.NodeId]]) -> None:
        self.tags: list[tuple[Tag, Publisher]] = [(tag, publisher(tag)) for tag, _ in nodes]
        self.request = BatchRead([node for _, node in nodes])


class _Plan:
    """How a set of tags is read in this session."""

    def __init__(self, tags: Sequence[Tag], namespaces: Sequence[str], nodes_per_read: int) -> None:
        self.tags = tags
        self.unresolved: list[Tag] = []
        nodes: list[tuple[Tag, ua.NodeId]] = []
        for tag in tags:
            node = _resolved(_node(tag), namespaces)
            if node is None:
                self.unresolved.append(tag)
            else:
                nodes.append((tag, node))
        self.batches = [
            _Batch(nodes[first : first + nodes_per_read]) for first in range(0, len(nodes), nodes_per_read)
        ]


def _node(tag: Tag) -> str:
    if not isinstance(tag.address, OpcUaAddress):
        raise TypeError(f"{tag.name} has no node id")
    return tag.address.node


def _resolved(text: str, namespaces: Sequence[str]) -> ua.NodeId | None:
    """The node id with the server's own namespace index; None if the server lacks the namespace, or it is no id."""
    if text.startswith("nsu="):
        uri, _, identifier = text.removeprefix("nsu=").partition(";")
        if uri not in namespaces:
            return None
        text = f"ns={namespaces.index(uri)};{identifier}"
    try:
        return ua.NodeId.from_string(text)
    except (uaerrors.UaError, ValueError):
        return None


def _bad(tag: Tag, time_ms: int) -> Reading:
    return Reading(tag, None, time_ms, Quality.BAD, True)


async def _stated_limit(client: Client) -> int | None:
    """MaxNodesPerRead of the server. 0 and missing both mean that it states none."""
    try:
        limit = await client.get_node(MAX_NODES_PER_READ).read_value()
    except (uaerrors.BadNodeIdUnknown, uaerrors.BadAttributeIdInvalid, uaerrors.BadNotReadable):
        return None
    return limit if isinstance(limit, int) and limit > 0 else None
