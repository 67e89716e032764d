"""The server's side of watching: subscriptions made in one session, and what they publish, in order.

One task asks the server again and again to publish (OPC 10000-4, 5.14.5), with one request more in its hands than it
has subscriptions. asyncua's own loop is not used: it passes over a message that went lost and a subscription that is
gone. A message that is missing is asked for once more (Republish); what the server no longer has is a loss. Silence
beyond the keep-alive, a subscription that ended, or a session that is gone end the task, and so the connection: the
poller makes all of it anew.

A node may go and come back while the connection lasts: then some servers go on telling its value, some have forgotten the
item, and some never said that it went. So every ASK_AGAIN_S the edge looks whether the watched nodes are there, and makes
the items of those that went anew, until the server has them again.
"""

import asyncio
from collections import defaultdict, deque
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import structlog
from asyncua import ua
from asyncua.client.client import Client
from asyncua.client.ua_client import UASocketProtocol
from asyncua.ua import uaerrors
from asyncua.ua.ua_binary import struct_from_binary

from edge.acquisition.profile import Tag
from edge.drivers.opcua.batch_read import NodeValue, node_value
from edge.drivers.opcua.nodes import Nodes, Nowhere
from edge.drivers.opcua.session import our_errors
from edge.drivers.opcua.subscribing import forgotten, missing_nodes, subscribed, transferred, watched
from edge.drivers.opcua.subscription import Item, Subscription, changes, ended
from edge.drivers.opcua.values import Values, address_of, is_gone
from edge.errors import DeviceError, DeviceUnavailable

log = structlog.get_logger(__name__)

REQUESTS_MAX = 8
REPUBLISH_MAX = 100
ASK_AGAIN_S = 60.0
VALUES_MAX = 100_000
"""Changes that wait to be taken. The poller takes them at once, unless the edge's clock cannot be believed."""

_TOO_MUCH = (uaerrors.BadTooManyOperations, uaerrors.BadRequestTooLarge, uaerrors.BadEncodingLimitsExceeded)


@dataclass(frozen=True, slots=True)
class Change:
    """What the server told of one item."""

    item: Item
    value: NodeValue
    why: str = ""  # It has none, if the edge knows it better than the status says.


class Watching:
    """All subscriptions of a session. `start` once, `close` in any case. `arrived` is set whenever there is something."""

    def __init__(
        self,
        client: Client,
        values: Values,
        nodes: Nodes,
        arrived: asyncio.Event,
        *,
        timeout_s: float,
        per_call: int,
    ) -> None:
        protocol = client.uaclient.protocol
        if protocol is None:
            raise DeviceUnavailable("the connection was closed by the server")
        self._client = client
        self._protocol: UASocketProtocol = protocol
        self._values = values
        self._nodes = nodes
        self._arrived = arrived
        self._timeout_s = timeout_s
        self._per_call = per_call
        self._items: dict[int, Item] = {}
        self._subscriptions: dict[int, Subscription] = {}
        self._requests: deque[asyncio.Future[Any]] = deque()
        self._requests_max = REQUESTS_MAX
        self._acknowledgements: list[ua.SubscriptionAcknowledgement] = []
        self._task: asyncio.Task[None] | None = None
        self._ask_again_s = 0.0
        self._failure: DeviceError | None = None
        self.changes: list[Change] = []
        self.dropped: dict[int, Item] = {}  # What fell out of `changes`, by handle.
        self.lost: list[
            tuple[Subscription, float]
        ] = []  # Of messages that went lost; since when, by the loop.
        self.took_over = False  # The subscriptions of the session before: between the two only `lost` was.

    @property
    def subscriptions(self) -> Sequence[Subscription]:
        return list(self._subscriptions.values())

    async def start(self, tags: Sequence[Tag], previous: "Watching | None" = None) -> None:
        """Go on with the subscriptions of the session before, if there was one and the server can; else make them.
        Raises DeviceUnavailable or DeviceRefused."""
        with our_errors():
            if previous is not None:
                self.changes, self.dropped, self.lost = previous.changes, previous.dropped, previous.lost
                self.took_over = await self._take_over(previous)
            if not self.took_over:
                await self._make(tags)
        if self._subscriptions:
            self._ask_again_s = asyncio.get_running_loop().time() + ASK_AGAIN_S
            self._requests_max = min(REQUESTS_MAX, len(self._subscriptions) + 1)
            self._task = asyncio.create_task(self._run(), name="edge.opcua.publish")
            self._task.add_done_callback(lambda _: self._arrived.set())

    async def _make(self, tags: Sequence[Tag]) -> None:
        groups: defaultdict[int, list[Item]] = defaultdict(list)
        for handle, tag in enumerate(tags, start=1):
            if tag.watch is not None:
                self._items[handle] = item = Item(handle, tag, None, tag.watch)
                groups[tag.watch.publishing_ms].append(item)
        for publishing_ms, items in groups.items():
            subscription = await subscribed(self._protocol, publishing_ms, items, self._timeout_s)
            self._subscriptions[subscription.number] = subscription
            await self._watch(subscription, items)

    async def _take_over(self, previous: "Watching") -> bool:
        """Their queues go on, and what was published to nobody is fetched. False: the server cannot, or forgot them."""
        available = await transferred(self._client, [one.number for one in previous.subscriptions])
        if available is None:
            return False
        self._items = previous._items
        for subscription, numbers in zip(previous.subscriptions, available, strict=True):
            unseen, is_lost = subscription.unseen(numbers)
            came = [await self._republished(subscription, number) for number in unseen]
            if is_lost or not all(came):
                self.lost.append((subscription, subscription.heard_s))
            subscription.heard(asyncio.get_running_loop().time(), has_more=True)
            self._subscriptions[subscription.number] = subscription
        log.info("opcua_subscriptions_taken_over", subscriptions=len(available))
        return True

    async def close(self) -> None:
        """The server is not asked: closing the session ends its subscriptions."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait([self._task])
        for request in self._requests:
            if request.done() and not request.cancelled():
                request.exception()  # Taken note of: nobody waits for it any more.
            request.cancel()

    @property
    def is_over(self) -> bool:
        return self._task is not None and self._task.done()

    def raise_failure(self) -> None:
        """Why there will be nothing more: DeviceUnavailable, DeviceRefused, or a mistake of ours."""
        if self._failure is not None:
            raise self._failure
        if self._task is not None and self._task.done() and not self._task.cancelled():
            self._task.result()

    # -- making subscriptions ---------------------------------------------------------------------------------------

    async def _watch(self, subscription: Subscription, items: Sequence[Item]) -> None:
        """Make monitored items, as many a call as the server takes. What it refuses is told as a Bad value."""
        rest = [item for item in items if self._has_node(subscription, item)]
        while rest:
            portion = rest[: self._per_call]
            try:
                results = await watched(self._client, subscription.number, portion)
            except _TOO_MUCH:
                if self._per_call == 1:
                    raise
                self._per_call = max(1, len(portion) // 2)
                continue
            rest = rest[len(portion) :]
            for item, result in zip(portion, results, strict=True):
                if result.StatusCode.is_good():
                    item.number = result.MonitoredItemId
                else:
                    subscription.refused.append(item)
                    self._take(item, (None, result.StatusCode.value, None))

    def _has_node(self, subscription: Subscription, item: Item) -> bool:
        """Its node of now. What has none waits with what was refused."""
        node = self._nodes.of(item.tag)
        if isinstance(node, Nowhere):
            item.node = None
            subscription.refused.append(item)
            self._take(item, (None, node.status, None), node.why)
            return False
        item.node = node
        return True

    async def _ask_again(self) -> None:
        """For what was refused, and for what went: a node may come later than the server, or again."""
        for subscription in self._subscriptions.values():
            await self._notice_gone(subscription)
            gone = subscription.gone
            if gone:
                await forgotten(self._client, subscription.number, gone, self._per_call)
            items, subscription.refused = [*subscription.refused, *gone], []
            await self._nodes.look_for(item.tag for item in items)
            await self._watch(subscription, items)

    async def _notice_gone(self, subscription: Subscription) -> None:
        """What the server watches although there is no such node: not every server says so by itself."""
        watched = [item for item in subscription.items if item.number is not None and not item.is_gone]
        for item, status in await missing_nodes(self._client, watched, self._per_call):
            self._take(item, (None, status, None))

    # -- publishing -------------------------------------------------------------------------------------------------

    async def _run(self) -> None:
        try:
            with our_errors():
                while True:
                    await self._one_answer()
        except DeviceError as error:
            self._failure = error

    async def _one_answer(self) -> None:
        while len(self._requests) < self._requests_max:
            self._requests.append(self._asked())
        answer = await self._in_time(self._requests[0])
        self._requests.popleft()
        try:
            self._protocol.check_answer(answer, " in response to PublishRequest")
        except uaerrors.BadTooManyPublishRequests:
            if self._requests_max == 1:
                raise
            self._requests_max -= 1
            return
        except uaerrors.BadTimeout:
            return  # Of this request alone, as some servers time requests out that wait for news.
        response = struct_from_binary(ua.PublishResponse, answer)
        response.ResponseHeader.ServiceResult.check()
        await self._published(response.Parameters)
        if asyncio.get_running_loop().time() >= self._ask_again_s:
            self._ask_again_s = asyncio.get_running_loop().time() + ASK_AGAIN_S
            await self._ask_again()

    def _asked(self) -> "asyncio.Future[Any]":
        request = ua.PublishRequest()
        request.Parameters.SubscriptionAcknowledgements = self._acknowledgements
        self._acknowledgements = []
        return self._protocol._send_request(request, timeout=0)

    async def _in_time(self, request: "asyncio.Future[Any]") -> Any:
        """Raises DeviceUnavailable when the server says nothing although its keep-alive is over."""
        due_s = min(subscription.due_s for subscription in self._subscriptions.values()) + self._timeout_s
        done, _ = await asyncio.wait([request], timeout=due_s - asyncio.get_running_loop().time())
        if not done:
            raise DeviceUnavailable("no keep-alive of its subscription")
        return request.result()

    async def _published(self, result: ua.PublishResult) -> None:
        subscription = self._subscriptions.get(result.SubscriptionId)
        if subscription is None:
            return
        message = result.NotificationMessage
        heard_s = subscription.heard_s
        missing = subscription.missing(message)
        came = [await self._republished(subscription, number) for number in missing[-REPUBLISH_MAX:]]
        if len(missing) > len(came) or not all(came):
            self.lost.append((subscription, heard_s))
        await self._take_all(message)
        if message.NotificationData:
            self._acknowledge(subscription, message.SequenceNumber)
        subscription.heard(asyncio.get_running_loop().time(), has_more=bool(result.MoreNotifications))
        self._arrived.set()
        if (reason := ended(message)) is not None:
            raise DeviceUnavailable(reason)

    async def _republished(self, subscription: Subscription, number: int) -> bool:
        """Fetch a message that did not come. False: the server no longer has it."""
        try:
            message = await self._client.uaclient.session.republish(subscription.number, number)
        except uaerrors.BadMessageNotAvailable:
            return False
        await self._take_all(message)
        self._acknowledge(subscription, number)
        log.info("opcua_republished", subscription=subscription.number, number=number)
        return True

    def _acknowledge(self, subscription: Subscription, number: int) -> None:
        self._acknowledgements.append(ua.SubscriptionAcknowledgement(subscription.number, number))

    async def _take_all(self, message: ua.NotificationMessage) -> None:
        for handle, value in changes(message):
            item = self._items.get(handle)
            if item is None:
                continue
            whole = address_of(item.tag).is_whole
            if whole and value.Value is not None:
                await self._values.learn(value.Value.Value)
            self._take(item, node_value(value, whole=whole))

    def _take(self, item: Item, value: NodeValue, why: str = "") -> None:
        item.is_gone = is_gone(value[1])
        if len(self.changes) < VALUES_MAX:
            self.changes.append(Change(item, value, why))
        else:
            self.dropped[item.handle] = item
        self._arrived.set()
