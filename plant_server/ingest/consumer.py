"""The MQTT side: a Sparkplug host application on paho's own thread. It judges nothing; it fills the inbox.

STATE (Sparkplug B 3.0, chapter 4, `tck-id-host-topic-phid-*`): on each CONNECT the will says offline with the time of
that CONNECT; once connected the host subscribes its own STATE first, then the edges; when the broker has confirmed
both, it publishes online with the will's time. An offline of its own id that it did not mean (an old will that came
late) is answered with online at once. One that is newer than the present CONNECT was said by another process of this
shard, which perhaps left while we came: edges would take our birth for old, so `must_renew` asks for a new CONNECT, later
than all that was said (`said_ms`). A clean exit publishes the death, then disconnects.

Commands are QoS 0: one that is lost is made good by the edge's own timer.
"""

import ssl
import threading
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from types import TracebackType
from typing import Any, Self

import paho.mqtt.client as mqtt
import structlog
from paho.mqtt.enums import CallbackAPIVersion
from paho.mqtt.reasoncodes import ReasonCode

from edge.contract.payloads import MalformedPayload, decode_state, encode_state
from edge.contract.topics import NAMESPACE, state_topic
from plant_server.ingest.answers import Command
from plant_server.ingest.inbox import Inbox
from plant_server.ingest.message import RawMessage
from plant_server.settings import Settings

log = structlog.get_logger()

NODE_MESSAGES = ("NBIRTH", "NDEATH", "NDATA")
DEVICE_MESSAGES = ("DBIRTH", "DDEATH", "DDATA")
CONNECT_TIMEOUT_S = 5.0
GOODBYE_TIMEOUT_S = 2.0


def subscriptions(groups: tuple[str, ...]) -> list[tuple[str, int]]:
    """What a host hears of its groups: not its own commands. QoS 1 for NDEATH, the rest is sent with QoS 0."""
    return [
        filter_
        for group in groups
        for filter_ in (
            *((f"{NAMESPACE}/{group}/{message}/+", 1) for message in NODE_MESSAGES),
            *((f"{NAMESPACE}/{group}/{message}/+/+", 1) for message in DEVICE_MESSAGES),
        )
    ]


class Consumer:
    """`with Consumer(settings, inbox) as consumer:` connects and stays connected, with back-off, until the end."""

    def __init__(self, settings: Settings, inbox: Inbox, after_ms: int = 0) -> None:
        """`after_ms`: time of the newest STATE of this shard that is known; ours are later."""
        self._settings = settings
        self._inbox = inbox
        self._state_topic = state_topic(settings.shard)
        self._will_ms = after_ms
        self.said_ms = after_ms
        self._awaited: set[int] = set()
        self._is_online = False
        self.must_renew = False
        self.unreadable_topics = 0
        self._thread: threading.Thread | None = None
        self._client = self._make_client(settings)

    def __enter__(self) -> Self:
        mqtt_settings = self._settings.mqtt
        self._client.connect_async(
            mqtt_settings.host, mqtt_settings.port, keepalive=mqtt_settings.keepalive_s
        )
        self._client.loop_start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Death, then DISCONNECT. Whoever leaves because its database is gone says so too: edges then keep their data."""
        if self._is_online:
            self._is_online = False
            self.said_ms = max(_now_ms(), self.said_ms)
            body = encode_state(online=False, timestamp_ms=self.said_ms)
            death = self._client.publish(self._state_topic, body, qos=1, retain=True)
            with _ignoring_a_lost_connection():
                death.wait_for_publish(GOODBYE_TIMEOUT_S)
        self._client.disconnect()
        self._client.loop_stop()

    @property
    def is_online(self) -> bool:
        """Whether edges were told that we listen."""
        return self._is_online

    @property
    def is_deaf(self) -> bool:
        """The network thread has ended by an error of ours; it left its traceback."""
        return self._thread is not None and not self._thread.is_alive()

    def send(self, command: Command) -> None:
        """Publish with QoS 0; without a connection it is dropped."""
        self._client.publish(command.topic, command.payload, qos=0)

    def _make_client(self, settings: Settings) -> mqtt.Client:
        client = mqtt.Client(
            CallbackAPIVersion.VERSION2,
            client_id=f"lineside-{settings.shard}-{uuid.uuid4().hex[:8]}",
            clean_session=True,
            protocol=mqtt.MQTTv311,
        )
        if settings.mqtt.username is not None:
            client.username_pw_set(settings.mqtt.username, settings.mqtt.password())
        if settings.mqtt.uses_tls:
            client.tls_set(
                ca_certs=_path(settings.mqtt.ca),
                certfile=_path(settings.mqtt.cert),
                keyfile=_path(settings.mqtt.key),
                tls_version=ssl.PROTOCOL_TLS_CLIENT,
            )
        client.connect_timeout = CONNECT_TIMEOUT_S
        client.reconnect_delay_set(
            max(1, round(settings.backoff_min_s)), max(1, round(settings.backoff_max_s))
        )
        client.on_pre_connect = self._on_pre_connect
        client.on_connect = self._on_connect
        client.on_connect_fail = self._on_connect_fail
        client.on_disconnect = self._on_disconnect
        client.on_subscribe = self._on_subscribe
        client.on_message = self._on_message
        return client

    def _on_pre_connect(self, client: mqtt.Client, _: Any) -> None:
        self._thread = threading.current_thread()
        self._will_ms = self.said_ms = max(_now_ms(), self.said_ms + 1)
        body = encode_state(online=False, timestamp_ms=self._will_ms)
        client.will_set(self._state_topic, body, qos=1, retain=True)

    def _on_connect(
        self, client: mqtt.Client, _: Any, flags: mqtt.ConnectFlags, reason: ReasonCode, properties: Any
    ) -> None:
        if reason.is_failure:
            log.warning("broker_refused", url=self._settings.mqtt.url, reason=str(reason))
            return
        asked = [
            client.subscribe(self._state_topic, qos=1),
            client.subscribe(subscriptions(self._settings.groups)),
        ]
        self._awaited = {number for _, number in asked if number is not None}

    def _on_subscribe(
        self, client: mqtt.Client, _: Any, number: int, reasons: list[ReasonCode], properties: Any
    ) -> None:
        if any(reason.is_failure for reason in reasons):
            log.error("subscription_refused", url=self._settings.mqtt.url, shard=self._settings.shard)
        self._awaited.discard(number)
        if not (self._awaited or self._is_online or self.must_renew):
            self._is_online = True
            self._say_online()
            log.info("broker_connected", url=self._settings.mqtt.url, shard=self._settings.shard)

    def _on_connect_fail(self, client: mqtt.Client, _: Any) -> None:
        log.warning("broker_unreachable", url=self._settings.mqtt.url)

    def _on_disconnect(
        self, client: mqtt.Client, _: Any, flags: mqtt.DisconnectFlags, reason: ReasonCode, properties: Any
    ) -> None:
        if self._is_online:
            self._is_online = False
            log.warning("broker_lost", url=self._settings.mqtt.url, reason=str(reason))

    def _on_message(self, client: mqtt.Client, _: Any, message: mqtt.MQTTMessage) -> None:
        received_ms = _now_ms()
        try:
            topic = message.topic
        except UnicodeDecodeError:
            self.unreadable_topics += 1
            return
        if topic == self._state_topic:
            self._on_own_state(bytes(message.payload))
            return
        was_full = self._inbox.is_full
        self._inbox.put(RawMessage.received(topic, bytes(message.payload), received_ms))
        if self._inbox.is_full != was_full:
            log.warning(
                "inbox_full" if self._inbox.is_full else "inbox_has_room", dropped=self._inbox.dropped
            )

    def _on_own_state(self, payload: bytes) -> None:
        try:
            online, timestamp_ms = decode_state(payload)
        except MalformedPayload:
            online, timestamp_ms = False, 0
        if online:
            return
        if timestamp_ms > self._will_ms:
            self.said_ms = max(timestamp_ms, self.said_ms)
            self.must_renew = True
        if self._is_online:  # Before our birth the broker may show us the retained death of our last life.
            self._say_online()

    def _say_online(self) -> None:
        body = encode_state(online=True, timestamp_ms=self._will_ms)
        self._client.publish(self._state_topic, body, qos=1, retain=True)


@contextmanager
def _ignoring_a_lost_connection() -> Iterator[None]:
    """paho raises when the death cannot be sent any more; then the broker publishes the will instead."""
    try:
        yield
    except (RuntimeError, ValueError) as error:
        log.info("death_not_sent", reason=str(error))


def _path(path: object) -> str | None:
    return None if path is None else str(path)


def _now_ms() -> int:
    return time.time_ns() // 1_000_000
