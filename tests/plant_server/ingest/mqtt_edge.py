"""A WireEdge on a real broker: publishes what it builds, and hears NCMD and STATE."""

import threading
import time
from collections.abc import Callable, Iterable
from types import TracebackType
from typing import Any, Self
from urllib.parse import urlsplit

import paho.mqtt.client as mqtt
from paho.mqtt.enums import CallbackAPIVersion

from edge.contract import payloads, spool_metrics
from edge.contract.payloads import decode_state
from plant_server.embedded.broker import Broker, Credentials
from plant_server.ingest.message import RawMessage

PATIENCE_S = 30.0


class MqttClient:
    """A client that remembers what it heard."""

    def __init__(self, broker: Broker, credentials: Credentials, topics: Iterable[str]) -> None:
        self.heard: list[tuple[str, bytes, bool]] = []
        self._topics = [(topic, 1) for topic in topics]
        self._ready = threading.Event()
        self._changed = threading.Condition()
        self.client = mqtt.Client(CallbackAPIVersion.VERSION2, protocol=mqtt.MQTTv311)
        if credentials.username is not None:
            self.client.username_pw_set(credentials.username, credentials.password)
        if credentials.ca is not None:
            self.client.tls_set(
                str(credentials.ca), certfile=str(credentials.certificate), keyfile=str(credentials.key)
            )
        self._address = urlsplit(broker.url)
        self.client.on_connect = lambda client, *_: client.subscribe(self._topics)
        self.client.on_subscribe = lambda *_: self._ready.set()
        self.client.on_message = self._on_message

    def __enter__(self) -> Self:
        self.client.connect(self._address.hostname or "", self._address.port or 1883, keepalive=30)
        self.client.loop_start()
        assert self._ready.wait(PATIENCE_S), "no SUBACK"
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.client.disconnect()
        self.client.loop_stop()

    def _on_message(self, client: mqtt.Client, _: Any, message: mqtt.MQTTMessage) -> None:
        with self._changed:
            self.heard.append((message.topic, bytes(message.payload), message.retain))
            self._changed.notify_all()

    def wait_for(self, condition: Callable[[], Any], what: str) -> Any:
        """Wait until `condition` is true of what was heard; returns it."""
        with self._changed:
            assert self._changed.wait_for(condition, PATIENCE_S), f"not heard in {PATIENCE_S} s: {what}"
            return condition()

    def send(self, *messages: RawMessage, qos: int = 0) -> None:
        for message in messages:
            self.client.publish(message.topic, message.payload, qos=qos).wait_for_publish(PATIENCE_S)

    def states(self) -> list[tuple[bool, int]]:
        """(online, timestamp_ms) of every STATE heard."""
        return [decode_state(payload) for topic, payload, _ in self.heard if "/STATE/" in topic]

    def committed(self) -> list[tuple[str, int]]:
        """(epoch, number) of every Committed heard."""
        found = []
        for topic, payload, _ in self.heard:
            if "/NCMD/" in topic:
                values = {metric.name: metric.value for metric in payloads.decode(payload).metrics}
                if spool_metrics.COMMITTED in values:
                    found.append(
                        (str(values[spool_metrics.EPOCH]), int(values[spool_metrics.COMMITTED] or 0))
                    )
        return found

    def rebirths(self) -> int:
        names = [
            metric.name
            for topic, payload, _ in self.heard
            if "/NCMD/" in topic
            for metric in payloads.decode(payload).metrics
        ]
        return names.count(spool_metrics.REBIRTH)

    def wait_online(self) -> None:
        self.wait_for(lambda: self.states() and self.states()[-1][0], "STATE online")

    def wait_committed(self, number: int) -> None:
        self.wait_for(lambda: any(n >= number for _, n in self.committed()), f"Committed {number}")


def eventually(condition: Callable[[], Any], what: str) -> Any:
    """Ask until true, with a deadline."""
    deadline = time.monotonic() + PATIENCE_S
    while not (found := condition()):
        assert time.monotonic() < deadline, f"not in {PATIENCE_S} s: {what}"
        time.sleep(0.02)
    return found
