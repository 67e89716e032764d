"""What a server is asked for before it tells anything: a subscription, its items, or those of an earlier session."""

import asyncio
from collections.abc import Sequence
from math import ceil

import structlog
from asyncua import ua
from asyncua.client.client import Client
from asyncua.client.ua_client import UASocketProtocol
from asyncua.ua import uaerrors
from asyncua.ua.attribute_ids import AttributeIds
from asyncua.ua.ua_binary import struct_from_binary

from edge.drivers.opcua.subscription import Item, Subscription
from edge.drivers.opcua.values import is_gone
from edge.errors import DeviceUnavailable

log = structlog.get_logger(__name__)

KEEP_ALIVE_MS = 5_000
LIFETIME_MS = 60_000
"""So long the server keeps a subscription nobody asks about; like the session's own time-out."""


async def subscribed(
    protocol: UASocketProtocol, publishing_ms: int, items: Sequence[Item], timeout_s: float
) -> Subscription:
    """A subscription without items yet. Not by asyncua's own call, which would begin to ask for publications."""
    request = ua.CreateSubscriptionRequest()
    count = max(1, ceil(KEEP_ALIVE_MS / publishing_ms))
    request.Parameters = ua.CreateSubscriptionParameters(
        RequestedPublishingInterval=float(publishing_ms),
        RequestedMaxKeepAliveCount=count,
        RequestedLifetimeCount=max(3 * count, ceil(LIFETIME_MS / publishing_ms)),
        MaxNotificationsPerPublish=0,
        PublishingEnabled=True,
        Priority=0,
    )
    answer = await protocol.send_request(request, timeout=timeout_s)
    response = struct_from_binary(ua.CreateSubscriptionResponse, answer)
    response.ResponseHeader.ServiceResult.check()
    made = response.Parameters
    keep_alive_s = made.RevisedPublishingInterval * made.RevisedMaxKeepAliveCount / 1000
    log.info(
        "opcua_subscribed",
        items=len(items),
        publishing_ms=made.RevisedPublishingInterval,
        keep_alive_s=keep_alive_s,
    )
    return Subscription(made.SubscriptionId, items, keep_alive_s, asyncio.get_running_loop().time())


async def transferred(client: Client, numbers: Sequence[int]) -> list[list[int]] | None:
    """Have subscriptions go on in this session. For each the messages the server still has; None if not all can, and then
    none does. Present values are told again."""
    if not numbers:
        return None
    parameters = ua.TransferSubscriptionsParameters(SubscriptionIds=list(numbers), SendInitialValues=True)
    try:
        results = await client.uaclient.transfer_subscriptions(parameters)
    except uaerrors.UaStatusCodeError:
        return None
    moved = [n for n, result in zip(numbers, results, strict=True) if result.StatusCode.is_good()]
    if len(moved) < len(numbers):
        if moved:
            await client.uaclient.delete_subscriptions(moved)
        return None
    return [list(result.AvailableSequenceNumbers or []) for result in results]


async def watched(
    client: Client, subscription: int, items: Sequence[Item]
) -> list[ua.MonitoredItemCreateResult]:
    """Have the server watch these; one answer for each. Raises what asyncua raises, DeviceUnavailable."""
    parameters = ua.CreateMonitoredItemsParameters(
        SubscriptionId=subscription,
        TimestampsToReturn=ua.TimestampsToReturn.Source,
        ItemsToCreate=[_wanted(item) for item in items],
    )
    results = list(await client.uaclient.create_monitored_items(parameters))
    if len(results) != len(items):
        raise DeviceUnavailable(f"answered {len(results)} of {len(items)} monitored items")
    return results


async def forgotten(client: Client, subscription: int, items: Sequence[Item], per_call: int) -> None:
    """Have the server watch these no more: whether it still does, its answer does not say."""
    for first in range(0, len(items), per_call):
        portion = items[first : first + per_call]
        numbers = [item.number for item in portion if item.number is not None]
        parameters = ua.DeleteMonitoredItemsParameters(SubscriptionId=subscription, MonitoredItemIds=numbers)
        await client.uaclient.delete_monitored_items(parameters)
        for item in portion:
            item.number, item.is_gone = None, False


async def missing_nodes(client: Client, items: Sequence[Item], per_call: int) -> list[tuple[Item, int]]:
    """Those whose nodes the server does not know, and how it says so."""
    missing: list[tuple[Item, int]] = []
    for first in range(0, len(items), per_call):
        portion = [(item, item.node) for item in items[first : first + per_call] if item.node is not None]
        nodes = [node for _, node in portion]
        answers = await client.uaclient.read_attributes(nodes, AttributeIds.NodeClass)
        for (item, _), answer in zip(portion, answers, strict=True):
            status = answer.StatusCode.value if answer.StatusCode is not None else 0
            if is_gone(status):
                missing.append((item, status))
    return missing


def _wanted(item: Item) -> ua.MonitoredItemCreateRequest:
    """One item of a CreateMonitoredItems request."""
    watch = item.watch
    return ua.MonitoredItemCreateRequest(
        ItemToMonitor=ua.ReadValueId(NodeId=item.node, AttributeId=AttributeIds.Value),
        MonitoringMode=ua.MonitoringMode.Reporting,
        RequestedParameters=ua.MonitoringParameters(
            ClientHandle=item.handle,
            SamplingInterval=float(watch.sampling_ms),
            QueueSize=watch.queue,
            DiscardOldest=watch.discard_oldest,
        ),
    )
