"""OPC UA: batched polls, and beside them what the server tells by itself.

All tags of a poll go out in as few Read requests as the server's own limit allows; each request keeps its tags
beside its nodes, so an answer cannot be taken for another's. A node the server does not know makes its tag BAD
and no other; it is asked for again at every poll.
"""

import asyncio
from collections.abc import Iterable, Sequence
from contextlib import AbstractAsyncContextManager
from types import TracebackType
from typing import Self

import structlog
from asyncua import ua
from asyncua.client.client import Client
from asyncua.ua import uaerrors
from asyncua.ua.object_ids import ObjectIds
from asyncua.ua.status_codes import StatusCodes

from edge.acquisition.command_settings import CallableMethod
from edge.acquisition.device_settings import Device
from edge.acquisition.driver import Clock, Notified, Reading, Value
from edge.acquisition.profile import Profile, Tag
from edge.contract.datatypes import Quality
from edge.drivers.opcua import commands
from edge.drivers.opcua.nodes import Nodes, Nowhere
from edge.drivers.opcua.read_plan import ReadPlan
from edge.drivers.opcua.references import standard
from edge.drivers.opcua.session import opened, our_errors
from edge.drivers.opcua.values import Values, address_of, is_gone, reading_of
from edge.drivers.opcua.watch_readings import WatchReadings
from edge.drivers.opcua.watching import Watching
from edge.errors import DeviceUnavailable

log = structlog.get_logger(__name__)

MAX_NODES_PER_READ = standard(ObjectIds.Server_ServerCapabilities_OperationLimits_MaxNodesPerRead)
MAX_ITEMS_PER_CALL = standard(ObjectIds.Server_ServerCapabilities_OperationLimits_MaxMonitoredItemsPerCall)

ITEMS_PER_CALL = 100
"""Monitored items made at once: an S7-1200 becomes fifty times slower beyond 200."""

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
        self._profile = profile
        self._clock = clock
        self._opening: AbstractAsyncContextManager[Client] | None = None
        self._client: Client | None = None
        self._values: Values | None = None
        self._nodes: Nodes | None = None
        self._watching: Watching | None = None
        self._previous: Watching | None = None  # Of the connection before this one.
        self._watch_readings = WatchReadings(clock)
        self.arrived = asyncio.Event()
        self._namespaces: list[str] = []
        # Larger requests than the default are not cheaper per node, and some servers choke on them.
        self._nodes_per_read_learned = device.nodes_per_read
        self._nodes_per_read = device.nodes_per_read
        self._plans: dict[int, ReadPlan] = {}  # Of this connection: namespace indices may change with each.
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
                stated = await _stated_limit(client, MAX_NODES_PER_READ)
                self._nodes_per_read = min(
                    stated or self._nodes_per_read_learned, self._nodes_per_read_learned
                )
                self._values = Values(client)
                self._nodes = Nodes(client, self._namespaces, self._device, self._profile)
                await self._nodes.find()
                nodes, nowhere = self._resolved(self._profile.polled)
                for one in nowhere:
                    self._name_unknown(one.tag, one.status, one.why)
                await self._values.learn_texts(nodes)
        except BaseException:
            await self.__aexit__(None, None, None)
            raise
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        opening, self._opening, self._client = self._opening, None, None
        watching, self._watching = self._watching, None
        if watching is not None:
            self._watch_readings.end(watching)
            await watching.close()
            self._previous = watching
        if opening is not None:
            await opening.__aexit__(None, None, None)

    # -- polling ----------------------------------------------------------------------------------------------------

    async def read(self, tags: Sequence[Tag]) -> list[Reading]:
        while True:
            plan = self._plan(tags)
            try:
                with our_errors():
                    if await self._nodes_of_now().look_again():
                        plan = await self._planned_anew(tags)
                    return await self._read(plan)
            except DeviceUnavailable as error:
                if not isinstance(error.__cause__, _TOO_MUCH) or self._nodes_per_read == 1:
                    raise
                self._ask_for_less()

    async def _read(self, plan: ReadPlan) -> list[Reading]:
        client, values = self._connected()
        nodes = self._nodes_of_now()
        protocol = client.uaclient.protocol
        if protocol is None:
            raise DeviceUnavailable("the connection was closed by the server")
        readings: list[Reading] = []
        for batch in plan.batches:
            answers = await batch.request.send(protocol, self._device.timeout_s)
            if len(answers) != len(batch.tags):
                raise DeviceUnavailable(f"answered {len(answers)} of {len(batch.tags)} nodes")
            if batch.whole:
                for answer in answers:
                    await values.learn(answer[0])
            read_ms = self._clock()
            for (tag, publish), answer in zip(batch.tags, answers, strict=True):
                reading = reading_of(tag, publish, answer, read_ms)
                readings.append(reading)
                if reading.quality is Quality.BAD:
                    self._name_unknown(tag, answer[1])
                    if is_gone(answer[1]):
                        nodes.lost(tag, answer[1])
        return [*readings, *(_bad(one, self._clock()) for one in plan.unresolved)]

    def _connected(self) -> tuple[Client, Values]:
        if self._client is None or self._values is None:
            raise DeviceUnavailable("not connected")
        return self._client, self._values

    def _nodes_of_now(self) -> Nodes:
        if self._nodes is None:
            raise DeviceUnavailable("not connected")
        return self._nodes

    async def _planned_anew(self, tags: Sequence[Tag]) -> ReadPlan:
        """After a tag came to its node within the connection."""
        self._plans = {}
        await self._connected()[1].learn_texts(self._resolved(tags)[0])
        return self._plan(tags)

    def _plan(self, tags: Sequence[Tag]) -> ReadPlan:
        plan = self._plans.get(id(tags))
        if plan is None or plan.tags is not tags:
            nodes, unresolved = self._resolved(tags)
            _, values = self._connected()
            plan = self._plans[id(tags)] = ReadPlan(
                tags, nodes, unresolved, values, self._nodes_per_read, scalars=self._device.scalar_read
            )
        return plan

    def _ask_for_less(self) -> None:
        self._nodes_per_read = self._nodes_per_read_learned = max(1, self._nodes_per_read // 2)
        self._plans = {}
        self._log.info("opcua_smaller_reads", nodes_per_read=self._nodes_per_read)

    # -- watching ---------------------------------------------------------------------------------------------------

    async def watch(self, tags: Sequence[Tag]) -> None:
        client, values = self._connected()
        with our_errors():
            stated = await _stated_limit(client, MAX_ITEMS_PER_CALL)
        per_call = min(stated or ITEMS_PER_CALL, ITEMS_PER_CALL)
        self.arrived.clear()
        self._watch_readings.begin(tags, values)
        self._watching = Watching(
            client,
            values,
            self._nodes_of_now(),
            self.arrived,
            timeout_s=self._device.timeout_s,
            per_call=per_call,
        )
        previous, self._previous = self._previous, None
        await self._watching.start(tags, previous)
        if self._watching.took_over:
            self._watch_readings.went_on()
        self.arrived.set()

    def take(self) -> Notified:
        self.arrived.clear()
        if self._watching is None:
            return Notified()
        statuses = [(change.item.tag, change.value[1], change.why) for change in self._watching.changes]
        told = self._watch_readings.take(self._watching)
        for tag, status, why in statuses:
            if status:
                self._name_unknown(tag, status, why)
        if not told.readings and not told.losses:
            self._watching.raise_failure()
        elif self._watching.is_over:
            self.arrived.set()  # The failure is told next.
        return told

    # -- commands ---------------------------------------------------------------------------------------------------

    async def write(self, tag: Tag, value: Value) -> None:
        await commands.write(self._connected()[0], self._nodes_of_now().of(tag), tag, value)

    async def call(self, method: CallableMethod) -> None:
        await commands.call(self._connected()[0], self._namespaces, method)

    # -- all -----------------------------------------------------------------------------------------------------------

    def _resolved(self, tags: Iterable[Tag]) -> tuple[list[tuple[Tag, ua.NodeId]], list[Nowhere]]:
        """Tags with their nodes, and those that have none in this server."""
        nodes = self._nodes_of_now()
        found = [(tag, nodes.of(tag)) for tag in tags]
        return (
            [(tag, node) for tag, node in found if not isinstance(node, Nowhere)],
            [node for _, node in found if isinstance(node, Nowhere)],
        )

    def _name_unknown(self, tag: Tag, status: int, why: str = "") -> None:
        """Once per tag: a BAD that will not heal by itself is for a person to see."""
        if status & 0xFFFF0000 not in _NOT_IN_THE_DEVICE or tag.name in self._named_unknown:
            return
        self._named_unknown.add(tag.name)
        more = {"reason": why} if why else {}
        self._log.warning(
            "tag_not_in_device", tag=tag.name, node=address_of(tag).place, status=f"0x{status:08X}", **more
        )


_NOT_IN_THE_DEVICE = frozenset(
    {
        StatusCodes.BadNodeIdUnknown,
        StatusCodes.BadNodeIdInvalid,
        StatusCodes.BadNoMatch,
        StatusCodes.BadTooManyMatches,
        StatusCodes.BadAttributeIdInvalid,
        StatusCodes.BadNotReadable,
        StatusCodes.BadUserAccessDenied,
    }
)


def _bad(nowhere: Nowhere, time_ms: int) -> Reading:
    return Reading(nowhere.tag, None, time_ms, Quality.BAD, True, nowhere.why)


async def _stated_limit(client: Client, node: ua.NodeId) -> int | None:
    """A limit of the server. 0 and missing both mean that it states none."""
    try:
        limit = await client.get_node(node).read_value()
    except (uaerrors.BadNodeIdUnknown, uaerrors.BadAttributeIdInvalid, uaerrors.BadNotReadable):
        return None
    return limit if isinstance(limit, int) and limit > 0 else None
