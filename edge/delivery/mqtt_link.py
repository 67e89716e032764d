"""One MQTT 3.1.1 connection: paho on its own thread, its events in our event loop.

A link is used once. What was queued in paho when a connection is lost is lost with it, and may be: the window sends
again whatever the plant has not committed.
"""

import asyncio
import socket
import ssl
import sys
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Self
from urllib.parse import urlsplit

import paho.mqtt.client as mqtt
import structlog
from paho.mqtt.enums import CallbackAPIVersion

from edge.acquisition.setting_types import DEFAULT_PORTS
from edge.delivery.sparkplug_session import Message
from edge.errors import BrokerTrouble, BrokerUnavailable
from edge.settings import Broker

log = structlog.get_logger()

KEEPALIVE_S = 15
CONNECT_TIMEOUT_S = 5.0
CLOSE_TIMEOUT_S = 1.0
INBOX_MAX = 1_000
UNWRITTEN_MAX = 128
"""Messages that wait in paho's own queue, which has no bound, before we stop adding to it."""
BARRIER_TOPIC = "lineside/nothing"


@dataclass(frozen=True, slots=True)
class Arrived:
    topic: str
    payload: bytes


class MqttLink:
    """`async with` connects, or raises BrokerUnavailable. `wake` is set when something arrived or the link was lost."""

    def __init__(self, broker: Broker, url: str, client_id: str, will: Message, wake: asyncio.Event) -> None:
        self._url = urlsplit(url)
        self._wake = wake
        self._loop = asyncio.get_running_loop()
        self._connected: asyncio.Future[None] = self._loop.create_future()
        self._subscribed: asyncio.Future[None] = self._loop.create_future()
        self.sent_connect = False  # Whether it came so far that the broker may know of us.
        self._was_connected = False
        self._closed = asyncio.Event()
        self.inbox: asyncio.Queue[Arrived] = asyncio.Queue(INBOX_MAX)
        self.inbox_dropped = 0
        self.lost: str | None = None
        self.published = 0  # Messages given to paho.
        self.received = 0  # Of these, what the broker has certainly read: see `ask_for_receipt`.
        self._written = 0  # Of these, what paho gave to the socket. Counted on its thread.
        self._receipts: dict[int, int] = {}  # Packet id of the question -> messages published before it.
        self._client = self._make_client(broker, client_id, will)

    def _make_client(self, broker: Broker, client_id: str, will: Message) -> mqtt.Client:
        client = mqtt.Client(
            CallbackAPIVersion.VERSION2,
            client_id=client_id,
            clean_session=True,
            protocol=mqtt.MQTTv311,
            reconnect_on_failure=False,
        )
        client.connect_timeout = CONNECT_TIMEOUT_S
        if broker.username is not None:
            client.username_pw_set(broker.username, broker.password())
        if self._url.scheme == "mqtts":
            try:
                client.tls_set(
                    ca_certs=str(broker.ca),
                    certfile=str(broker.cert) if broker.cert else None,
                    keyfile=str(broker.key) if broker.key else None,
                    tls_version=ssl.PROTOCOL_TLS_CLIENT,
                )
            except (
                OSError,
                ValueError,
            ) as error:  # Half written just now, perhaps: certificates are renewed.
                raise BrokerUnavailable(f"certificates: {error}", BrokerTrouble.CERTIFICATE) from error
        client.will_set(will.topic, will.payload, qos=1, retain=False)
        client.on_connect = self._on_connect
        client.on_connect_fail = self._on_connect_fail
        client.on_disconnect = self._on_disconnect
        client.on_subscribe = self._on_subscribe
        client.on_unsubscribe = self._on_unsubscribe
        client.on_message = self._on_message
        client.on_publish = self._on_publish
        client.on_socket_open = self._on_socket_open
        return client

    async def __aenter__(self) -> Self:
        host, port = self._url.hostname or "", self._url.port or DEFAULT_PORTS[self._url.scheme]
        self._client.connect_async(host, port, keepalive=KEEPALIVE_S)
        self._client.loop_start()
        try:
            async with asyncio.timeout(CONNECT_TIMEOUT_S):
                await self._connected
            self._was_connected = True
        except (TimeoutError, BrokerUnavailable) as error:
            await self._close()
            trouble = error.trouble if isinstance(error, BrokerUnavailable) else BrokerTrouble.SILENT
            reason = str(error) or "no answer to CONNECT"
            raise BrokerUnavailable(f"{host}:{port}: {reason}", trouble) from error
        except asyncio.CancelledError:
            await self._close()
            raise
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._close()

    async def subscribe(self, topics: Sequence[str]) -> None:
        """Subscribe at QoS 1 and wait for the broker's word. Raises BrokerUnavailable."""
        self._client.subscribe([(topic, 1) for topic in topics])
        try:
            async with asyncio.timeout(CONNECT_TIMEOUT_S):
                await self._subscribed
        except TimeoutError as error:
            raise BrokerUnavailable("no answer to SUBSCRIBE", BrokerTrouble.SILENT) from error

    def publish(self, message: Message) -> mqtt.MQTTMessageInfo:
        """Hand a message to paho. Nothing is known of its fate; `retain` is false for all an edge says."""
        self.published += 1
        return self._client.publish(message.topic, message.payload, qos=message.qos, retain=False)

    @property
    def is_congested(self) -> bool:
        """Whether the network takes less than we give. More would only lie in memory."""
        return self.published - self._written >= UNWRITTEN_MAX

    def ask_for_receipt(self) -> None:
        """Have the broker answer something, so that `received` tells what it had read before. Packets of a connection
        are handled in order, and an UNSUBSCRIBE from nothing is answered by every broker and needs no right."""
        result, packet_id = self._client.unsubscribe(BARRIER_TOPIC)
        if result == mqtt.MQTT_ERR_SUCCESS and packet_id is not None:
            self._receipts[packet_id] = self.published

    async def publish_last(self, message: Message) -> None:
        """Publish before an intended DISCONNECT and wait, not for ever, until the broker has it."""
        info = self.publish(message)
        if info.rc == mqtt.MQTT_ERR_SUCCESS:
            try:
                await asyncio.to_thread(info.wait_for_publish, CLOSE_TIMEOUT_S)
            except RuntimeError as error:
                log.debug("last_message_not_confirmed", reason=str(error))  # The link went before us.

    async def _close(self) -> None:
        """DISCONNECT, and end paho's thread. A peer that takes nothing more is cut off: paho would wait for it."""
        self._client.disconnect()
        if self._was_connected and not await _within(CLOSE_TIMEOUT_S, self._closed):
            _cut(self._client.socket())
        ended = asyncio.Event()

        def end() -> None:
            self._client.loop_stop()
            self._tell(ended.set)

        # Not `to_thread`: paho may hang in a TLS handshake, and a process that ends must not wait for that.
        threading.Thread(target=end, name="edge.mqtt.end", daemon=True).start()
        if not await _within(2 * CLOSE_TIMEOUT_S, ended):
            log.warning("broker_hangs", url=self._url.geturl())

    # -- called on paho's thread ------------------------------------------------------------------------------------

    def _tell(self, function: Callable[..., None], *arguments: Any) -> None:
        if not self._loop.is_closed():
            self._loop.call_soon_threadsafe(function, *arguments)

    def _on_connect(self, _client: Any, _data: Any, _flags: Any, reason: Any, _properties: Any) -> None:
        if reason.is_failure:
            self._tell(self._fail, self._connected, f"refused: {reason}", BrokerTrouble.REFUSED)
        else:
            self._tell(self._succeed, self._connected)

    def _on_connect_fail(self, _client: Any, _data: Any) -> None:
        # paho calls this while it handles the exception, and tells nothing of it.
        error = sys.exc_info()[1]
        trouble = BrokerTrouble.CERTIFICATE if isinstance(error, ssl.SSLError) else BrokerTrouble.UNREACHABLE
        self._tell(self._fail, self._connected, str(error or "no connection"), trouble)

    def _on_socket_open(self, _client: Any, _data: Any, connection: Any) -> None:
        """Small messages in a row must not each wait 40 ms for the other side's delayed acknowledgement."""
        self.sent_connect = True
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def _on_disconnect(self, _client: Any, _data: Any, _flags: Any, reason: Any, _properties: Any) -> None:
        self._tell(self._was_lost, str(reason))

    def _on_subscribe(self, _client: Any, _data: Any, _mid: Any, reasons: Any, _properties: Any) -> None:
        refused = [str(reason) for reason in reasons if reason.is_failure]
        if refused:
            reason = f"subscription refused: {', '.join(refused)}"
            self._tell(self._fail, self._subscribed, reason, BrokerTrouble.REFUSED)
        else:
            self._tell(self._succeed, self._subscribed)

    def _on_unsubscribe(self, _client: Any, _data: Any, mid: int, _reasons: Any, _properties: Any) -> None:
        self._tell(self._receipt_came, mid)

    def _on_message(self, _client: Any, _data: Any, message: mqtt.MQTTMessage) -> None:
        self._tell(self._arrived, Arrived(message.topic, bytes(message.payload)))

    def _on_publish(self, *_: Any) -> None:
        was_congested = self.is_congested
        self._written += 1
        if was_congested:
            self._tell(self._wake.set)

    # -- in the event loop ------------------------------------------------------------------------------------------

    @staticmethod
    def _succeed(future: "asyncio.Future[None]") -> None:
        if not future.done():
            future.set_result(None)

    @staticmethod
    def _fail(future: "asyncio.Future[None]", reason: str, trouble: BrokerTrouble) -> None:
        if not future.done():
            future.set_exception(BrokerUnavailable(reason, trouble))
            future.exception()  # Taken note of here too: nobody may be waiting any more.

    def _was_lost(self, reason: str) -> None:
        self.lost = self.lost or reason
        self._closed.set()
        # Since TLS 1.3 a broker that does not accept our certificate lets us finish the handshake, then hangs up.
        unwanted = self._url.scheme == "mqtts"
        words = "it hung up instead of answering CONNECT"
        words += ": perhaps it does not accept our certificate" if unwanted else ": perhaps it wants mqtts"
        self._fail(
            self._connected, words, BrokerTrouble.CERTIFICATE if unwanted else BrokerTrouble.UNREACHABLE
        )
        self._fail(self._subscribed, reason, BrokerTrouble.LOST)
        self._wake.set()

    def _arrived(self, arrived: Arrived) -> None:
        try:
            self.inbox.put_nowait(arrived)
        except asyncio.QueueFull:
            self.inbox_dropped += 1  # A flood of commands: the plant repeats what matters.
        self._wake.set()

    def _receipt_came(self, packet_id: int) -> None:
        self.received = max(self.received, self._receipts.pop(packet_id, 0))
        self._wake.set()


async def _within(seconds: float, event: asyncio.Event) -> bool:
    try:
        async with asyncio.timeout(seconds):
            await event.wait()
    except TimeoutError:
        return False
    return True


def _cut(connection: Any) -> None:
    """paho gives its socket; None when there is none."""
    if connection is not None:
        try:
            connection.shutdown(socket.SHUT_RDWR)
        except OSError as error:
            log.debug("link_gone_already", reason=str(error))
