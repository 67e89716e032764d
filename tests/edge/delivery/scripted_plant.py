"""A plant for tests: keeps the delivery contract by the book, and breaks it where a test says so.

It runs on paho's thread; tests read `told` and wait with `eventually`.
"""

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from types import TracebackType
from typing import Self
from urllib.parse import urlsplit

import paho.mqtt.client as mqtt
from paho.mqtt.enums import CallbackAPIVersion

from edge.contract import spool_metrics as names
from edge.contract.datatypes import DataType
from edge.contract.payloads import Metric, Payload, decode, encode, encode_state
from edge.contract.topics import MessageType, edge_topic, parse_topic, state_topic
from plant_server.embedded.broker import Broker

PATIENCE_S = 30.0


async def eventually(
    condition: Callable[[], object], what: str = "", *, within_s: float = PATIENCE_S
) -> None:
    """Wait until `condition()` is true; fail when it is not in time."""
    deadline = time.monotonic() + within_s
    while not condition():
        assert time.monotonic() < deadline, f"not within {within_s:g} s: {what or condition}"
        await asyncio.sleep(0.005)


@dataclass(frozen=True, slots=True)
class Told:
    """A message of the edge. `epoch`, `first`, `last`, `gap`: of one that carries entries."""

    type: MessageType
    device: str | None
    payload: Payload
    at: float
    size_bytes: int
    epoch: str | None = None
    first: int | None = None
    last: int | None = None
    gap: names.Gap | None = None

    @property
    def readings(self) -> list[Metric]:
        return [metric for metric in self.payload.metrics if not (metric.name or "").startswith("Spool/")]


@dataclass
class ScriptedPlant:
    broker: Broker
    host: str
    edge: str
    is_silent: bool = False  # Hears and stores nothing.
    stores: Callable[[Told], bool] = lambda _: True  # False: the message is dropped, as if lost.
    answers: Callable[[int], int | None] = lambda committed: committed  # What is said, if anything.
    committed: dict[str, int] = field(default_factory=dict)
    told: list[Told] = field(default_factory=list)
    stored: list[Told] = field(default_factory=list)
    _aliases: dict[str | None, dict[int, str]] = field(default_factory=dict)
    _types: dict[str, DataType] = field(default_factory=dict)
    _online_ms: int = 0

    def __enter__(self) -> Self:
        self._client = mqtt.Client(
            CallbackAPIVersion.VERSION2, client_id=f"plant-{self.host}", protocol=mqtt.MQTTv311
        )
        credentials = self.broker.credentials_for_host(self.host)
        if credentials.ca:
            self._client.tls_set(str(credentials.ca), str(credentials.certificate), str(credentials.key))
        else:
            self._client.username_pw_set(credentials.username, credentials.password)
        self._client.on_message = lambda _c, _d, message: self._heard(message)
        self._client.on_connect = lambda *_: self._client.subscribe(f"spBv1.0/+/+/{self.edge}/#", 1)
        self._client.reconnect_delay_set(1, 1)
        url = urlsplit(self.broker.url)
        self._client.connect_async("127.0.0.1", url.port or 1883)
        self._client.loop_start()
        deadline = time.monotonic() + PATIENCE_S
        while not self._client.is_connected():
            assert time.monotonic() < deadline, "the scripted plant cannot connect"
            time.sleep(0.005)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._client.disconnect()
        self._client.loop_stop()

    # -- what it says -----------------------------------------------------------------------------------------------

    def say_online(self, online: bool = True, *, timestamp_ms: int | None = None) -> None:
        self._online_ms = timestamp_ms or max(self._online_ms + 1, time.time_ns() // 1_000_000)
        body = encode_state(online=online, timestamp_ms=self._online_ms)
        self._client.publish(state_topic(self.host), body, qos=1, retain=True).wait_for_publish(PATIENCE_S)

    def ask_rebirth(self) -> None:
        self.command([Metric(True, DataType.BOOLEAN, names.REBIRTH)])

    def say_committed(self, epoch: str, number: int) -> None:
        self.command(
            [Metric(epoch, DataType.STRING, names.EPOCH), Metric(number, DataType.UINT64, names.COMMITTED)]
        )

    def command(self, metrics: list[Metric]) -> None:
        body = encode(metrics, timestamp_ms=time.time_ns() // 1_000_000, seq=None)
        self._client.publish(str(edge_topic("demo", MessageType.NCMD, self.edge)), body, qos=0)

    # -- what it hears (paho's thread) ------------------------------------------------------------------------------

    def _heard(self, message: mqtt.MQTTMessage) -> None:
        topic = parse_topic(message.topic)
        if topic.type in (MessageType.NCMD, MessageType.DCMD):
            return
        payload = decode(message.payload)
        if topic.type in (MessageType.NBIRTH, MessageType.DBIRTH):
            if topic.type is MessageType.NBIRTH:
                self._aliases.clear()
            self._aliases[topic.device] = {
                m.alias: m.name for m in payload.metrics if m.alias is not None and m.name
            }
        known = self._aliases.get(topic.device, {})
        for metric in payload.metrics:
            if metric.name is None:
                assert metric.alias in known, f"{message.topic}: alias {metric.alias} was not born"
                metric.name = known[metric.alias]
        told = self._read(topic.type, topic.device, payload, len(message.payload))
        self.told.append(told)
        if self.is_silent:
            return
        if told.type is MessageType.NBIRTH and told.epoch is not None:
            self.committed.setdefault(told.epoch, 0)
            self._answer(told.epoch)
        elif told.first is not None and told.last is not None and told.epoch is not None:
            self._store(told, told.epoch, told.first, told.last)

    def _read(self, kind: MessageType, device: str | None, payload: Payload, size_bytes: int) -> Told:
        values = {m.name: m.value for m in payload.metrics if (m.name or "").startswith("Spool/")}
        epoch, first, last = (values.get(name) for name in (names.EPOCH, names.FIRST, names.LAST))
        gap = values.get(names.GAP)
        return Told(
            kind,
            device,
            payload,
            time.monotonic(),
            size_bytes,
            epoch if isinstance(epoch, str) else None,
            first if isinstance(first, int) else None,
            last if isinstance(last, int) else None,
            names.Gap.from_json(gap) if isinstance(gap, str) else None,
        )

    def _store(self, told: Told, epoch: str, first: int, last: int) -> None:
        if not self.stores(told):
            return
        committed = self.committed.get(epoch, 0)
        if first == committed + 1:
            self.committed[epoch] = last
            self.stored.append(told)
        if first <= committed + 1:  # Also for what it has already: the answer may have been lost.
            self._answer(epoch)

    def _answer(self, epoch: str) -> None:
        number = self.answers(self.committed[epoch])
        if number is not None:
            self.say_committed(epoch, number)

    # -- what a test asks -------------------------------------------------------------------------------------------

    def of(self, *kinds: MessageType) -> list[Told]:
        return [told for told in list(self.told) if told.type in kinds]

    def births(self) -> list[Told]:
        return self.of(MessageType.NBIRTH)

    def with_entries(self) -> list[Told]:
        return [t for t in self.of(MessageType.DDATA, MessageType.NDATA) if t.first is not None]

    def transient(self) -> list[Told]:
        return [t for t in self.of(MessageType.DDATA) if t.first is None]

    def values(self, tag: str) -> list[object]:
        """The values of a tag in the order in which they were stored."""
        return [m.value for told in list(self.stored) for m in told.readings if m.name == tag]

    def ranges(self, epoch: str) -> list[tuple[int, int]]:
        return [(t.first or 0, t.last or 0) for t in list(self.stored) if t.epoch == epoch]
