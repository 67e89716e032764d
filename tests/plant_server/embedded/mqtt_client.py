"""A paho client for tests: connects with a broker's credentials, publishes, collects what it receives."""

import itertools
import queue
import ssl
import threading
from types import TracebackType
from typing import Any, Self

import paho.mqtt.client as mqtt
from paho.mqtt.enums import CallbackAPIVersion

from plant_server.embedded.broker import Broker, Credentials

PATIENCE_S = 20
_numbers = itertools.count(1)


class Refused(Exception):
    """The broker did not let the client in."""


class MqttClient:
    """Connected by `with`. Raises Refused when the broker answers no, or not at all."""

    def __init__(self, broker: Broker, credentials: Credentials) -> None:
        self._port = broker.port
        self.messages: queue.Queue[tuple[str, bytes]] = queue.Queue()
        self.disconnected = threading.Event()
        self._answers: queue.Queue[str] = queue.Queue()
        self._client = mqtt.Client(
            CallbackAPIVersion.VERSION2, client_id=f"test-{next(_numbers)}", protocol=mqtt.MQTTv311
        )
        if credentials.ca:
            self._client.tls_set(str(credentials.ca), str(credentials.certificate), str(credentials.key))
        else:
            self._client.username_pw_set(credentials.username, credentials.password)
        self._client.on_connect = lambda _c, _u, _f, reason, _p: self._answers.put(str(reason))
        self._client.on_disconnect = self._on_disconnect
        self._client.on_subscribe = lambda _c, _u, _id, reasons, _p: self._answers.put(str(reasons[0]))
        self._client.on_message = lambda _c, _u, message: self.messages.put(
            (message.topic, bytes(message.payload))
        )

    def _on_disconnect(self, *_: Any) -> None:
        self.disconnected.set()
        self._answers.put("disconnected")

    def __enter__(self) -> Self:
        try:
            self._client.connect("127.0.0.1", self._port)
        except (OSError, ssl.SSLError) as error:
            raise Refused(str(error)) from error
        self._client.loop_start()
        answer = self._answers.get(timeout=PATIENCE_S)
        if answer != "Success":
            self._client.loop_stop()
            raise Refused(answer)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._client.disconnect()
        self._client.loop_stop()

    def subscribe(self, topic_filter: str) -> str:
        """Subscribe and give back the broker's answer."""
        self._client.subscribe(topic_filter, qos=1)
        return self._answers.get(timeout=PATIENCE_S)

    def publish(self, topic: str, payload: bytes | str = b"", *, retain: bool = False) -> None:
        """Publish with QoS 1 and wait until the broker has it."""
        self._client.publish(topic, payload, qos=1, retain=retain).wait_for_publish(PATIENCE_S)

    def send(self, topic: str, payload: bytes) -> None:
        """Publish with QoS 0, waiting for nothing."""
        self._client.publish(topic, payload)

    def next_message(self) -> tuple[str, bytes]:
        return self.messages.get(timeout=PATIENCE_S)
