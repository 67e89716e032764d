"""An edge that says what no edge of ours would, beside the real one: numbered, born and let in as any other.

It keeps no spool and waits for no answer: what it sends is its only word.
"""

import time
from collections.abc import Iterator
from contextlib import contextmanager

from edge.contract.datatypes import DataType
from edge.contract.sparkplug_pb2 import Payload
from edge.contract.spool_metrics import ROLE
from edge.delivery.entries import Numbered, Readings, ScalarValue, TagDefinition
from edge.delivery.live_values import LiveDevice
from edge.delivery.sparkplug_session import Message, NodeIdentity, SparkplugSession
from edge.delivery.uuid7 import uuid7
from plant_server.embedded.broker import Broker
from tests.plant_server.embedded.mqtt_client import MqttClient

GROUP, NAME, DEVICE = "demo", "fake-edge", "fake1"
LEVEL, NOTE = 1, 2
TAGS = {
    LEVEL: TagDefinition(DEVICE, "level", DataType.DOUBLE, {ROLE: "measurement"}),
    NOTE: TagDefinition(DEVICE, "note", DataType.STRING, {ROLE: "text"}),
}
UNKNOWN_ALIAS = 9999


class FakeEdge:
    """`head`: number of the last entry it sent."""

    def __init__(self, client: MqttClient) -> None:
        self.epoch = str(uuid7())
        self.head = 0
        self._client = client
        self._session = SparkplugSession(NodeIdentity(GROUP, NAME), 0, self.epoch, TAGS)

    def give_birth(self) -> None:
        now_ms = _now_ms()
        self._send(self._session.node_birth(now_ms))
        self._send(self._session.device_birth(DEVICE, LiveDevice(online=True), now_ms))

    def say(self, tag: int, value: ScalarValue) -> bytes:
        """One entry with one reading; returns the bytes that went out."""
        return self._send(self._reading(tag, value))

    def say_under_unknown_alias(self) -> bytes:
        """An entry in order, with a reading that no birth declared."""
        message = self._reading(LEVEL, 1.0)
        payload = Payload.FromString(message.payload)
        payload.metrics[-1].alias = UNKNOWN_ALIAS
        return self._send(Message(message.topic, payload.SerializeToString()))

    def say_nonsense(self) -> bytes:
        """Bytes that are no payload, where one is due. Nobody can read what numbers they stand for."""
        topic = f"spBv1.0/{GROUP}/DDATA/{NAME}/{DEVICE}"
        return self._send(Message(topic, b"\xff\xfe this is not protobuf \x00"))

    def _reading(self, tag: int, value: ScalarValue) -> Message:
        self.head += 1
        now_ms = _now_ms()
        entry = Numbered(self.head, Readings(DEVICE, now_ms, [tag], [0], [value]))
        return self._session.readings(DEVICE, [entry], now_ms, historical=False)

    def _send(self, message: Message) -> bytes:
        self._client.send(message.topic, message.payload)
        return message.payload


@contextmanager
def fake_edge(broker: Broker) -> Iterator[FakeEdge]:
    """Connected, not yet born. The broker must have been told of it (`GROUP`, `NAME`)."""
    with MqttClient(broker, broker.credentials_for_edge(GROUP, NAME)) as client:
        yield FakeEdge(client)


def _now_ms() -> int:
    return time.time_ns() // 1_000_000
