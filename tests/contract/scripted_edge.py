"""An edge node of the scripted session: it keeps every rule of Sparkplug, and writes its own bytes."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from tests.contract import sparkplug_reading as sparkplug
from tests.contract.capture import EdgeNode
from tests.contract.mqtt_packets import Publish, Will
from tests.contract.scripted_broker import ScriptedServers
from tests.contract.sparkplug_reading import Metric, Payload, Properties, Property, Value, number
from tests.contract.sparkplug_writing import write

GOOD, BAD = 192, 0


def text(content: str) -> Value:
    return Value("string", content)


def integer_property(content: int) -> Property:
    return Property(sparkplug.INT32, number(sparkplug.INT32, content))


def tag_properties(role: str, unit: str) -> Properties:
    return Properties(
        ("role", "unit", "width"),
        (
            Property(sparkplug.STRING, text(role)),
            Property(sparkplug.STRING, text(unit)),
            integer_property(32),
        ),
    )


def quality(code: int) -> Properties:
    return Properties(("Quality",), (integer_property(code),))


@dataclass(frozen=True)
class Tag:
    name: str
    datatype: int
    value: Value | None
    properties: Properties | None = None


class ScriptedEdge:
    """Metrics have aliases 1, 2, 3 … over the node's own and then every device's."""

    def __init__(
        self, servers: ScriptedServers, node: EdgeNode, own: Sequence[Tag], devices: dict[str, Sequence[Tag]]
    ) -> None:
        self.node, self.client_id = node, f"{node.edge}-client"
        self.server = node.servers[0]
        self._servers = servers
        self._tags: dict[str | None, list[Tag]] = {None: list(own)}
        self._tags |= {device: list(tags) for device, tags in devices.items()}
        every = [(device, tag.name) for device, tags in self._tags.items() for tag in tags]
        self._aliases = {key: alias for alias, key in enumerate(every, start=1)}
        self._bd_seq, self._seq = -1, 0

    def connect(self, server: str, *, refused: bool = False) -> None:
        """A new CONNECT with the next bdSeq in its will, and the subscriptions."""
        self.server = server
        self._bd_seq = (self._bd_seq + 1) % 256
        will = Will(self._topic("NDEATH"), self._ndeath(), qos=1, retain=False)
        self._servers.connect(self.client_id, server, will, refused=refused)
        if refused:
            return
        commands = ((self._topic("NCMD"), 1), (self._topic("DCMD") + "/+", 1))
        state = (f"spBv1.0/STATE/{self.node.primary_host}", 1)
        self._servers.subscribe(self.client_id, server, *commands, state)

    def birth(self) -> None:
        self._seq = -1
        rebirth = Metric(
            "Node Control/Rebirth", None, self._now, sparkplug.BOOLEAN, value=Value("boolean", False)
        )
        committed = Metric("Spool/Committed", None, self._now, sparkplug.INT64, is_null=True)
        own = [self._declared(None, tag) for tag in self._tags[None]]
        self._send("NBIRTH", None, [self._bd_seq_metric(), rebirth, committed, *own])
        for device in self._tags:
            if device is not None:
                self.birth_device(device)

    def birth_device(self, device: str) -> None:
        self._send("DBIRTH", device, [self._declared(device, tag) for tag in self._tags[device]])

    def lose_device(self, device: str) -> None:
        self._send("DDEATH", device, [])

    def data(self, device: str | None, *values: tuple[str, Value | None], is_transient: bool = False) -> None:
        """NDATA or DDATA of changed values, taken now."""
        taken = [self.reported(device, name, value) for name, value in values]
        self.send_metrics(device, [replace(each, is_transient=is_transient) for each in taken])

    def send_metrics(self, device: str | None, metrics: list[Metric]) -> None:
        self._send("NDATA" if device is None else "DDATA", device, metrics)

    def reported(
        self,
        device: str | None,
        name: str,
        value: Value | None,
        *,
        ago_ms: int = 0,
        is_historical: bool = False,
    ) -> Metric:
        """A value in a data message: by alias, without name and datatype."""
        self._remember(device, name, value)
        alias, time_ms = self._aliases[device, name], self._now - ago_ms
        taken = Metric(None, alias, time_ms, value=value, is_null=value is None)
        return replace(taken, is_historical=is_historical)

    def publish_ndeath(self) -> None:
        self._servers.publish(self.client_id, self.server, Publish(self._topic("NDEATH"), self._ndeath(), 1))

    def leave(self) -> None:
        """The goodbye the standard asks for: NDEATH, then DISCONNECT."""
        self.publish_ndeath()
        self._servers.disconnect(self.client_id, self.server)

    def metric_names(self, device: str | None) -> tuple[str, ...]:
        own = ("bdSeq", "Node Control/Rebirth", "Spool/Committed") if device is None else ()
        return (*own, *(tag.name for tag in self._tags[device]))

    def alias(self, device: str | None, name: str) -> int:
        return self._aliases[device, name]

    @property
    def _now(self) -> int:
        return self._servers.now_ms

    def _declared(self, device: str | None, tag: Tag) -> Metric:
        alias = self._aliases[device, tag.name]
        declared = Metric(
            tag.name, alias, self._now, tag.datatype, properties=tag.properties, value=tag.value
        )
        return replace(declared, is_null=tag.value is None)

    def _remember(self, device: str | None, name: str, value: Value | None) -> None:
        tags = self._tags[device]
        index = next(index for index, tag in enumerate(tags) if tag.name == name)
        tags[index] = replace(tags[index], value=value)

    def _bd_seq_metric(self) -> Metric:
        value = number(sparkplug.INT64, self._bd_seq)
        return Metric("bdSeq", None, self._now, sparkplug.INT64, value=value)

    def _ndeath(self) -> bytes:
        return write(Payload(self._now, None, (self._bd_seq_metric(),)))

    def _topic(self, kind: str, device: str | None = None) -> str:
        topic = f"spBv1.0/{self.node.group}/{kind}/{self.node.edge}"
        return topic if device is None else f"{topic}/{device}"

    def _send(self, kind: str, device: str | None, metrics: list[Metric]) -> None:
        self._seq = (self._seq + 1) % 256
        body = write(Payload(self._now, self._seq, tuple(metrics)))
        self._servers.publish(self.client_id, self.server, Publish(self._topic(kind, device), body))
