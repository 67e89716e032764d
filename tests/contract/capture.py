"""A capture: what went over the wire between Sparkplug participants and their MQTT servers, in order.

The conformance checks (tests/contract/tck/) read nothing else. Records come from `RecordingProxy` or from the
scripted session. Beside packets a capture holds what no wire shows and some rules are about: that a device was
really lost, that a host was told to stop, what a host shows of a node. These are observations, made by the test.
"""

import base64
import dataclasses
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.contract import mqtt_packets
from tests.contract.mqtt_packets import Packet


@dataclass(frozen=True, slots=True)
class DeviceLost:
    """Observation: the edge can no longer reach this device."""

    device: str


@dataclass(frozen=True, slots=True)
class ToldToStop:
    """Observation: this participant was asked to end in good order."""


@dataclass(frozen=True, slots=True)
class HostShows:
    """Observation: what a host shows of a node (device None) or of a device after a message about it.

    `since_ms`: since when it is so, UTC. `stale`: names of the metrics it does not show as current: marked STALE, or
    not shown at all.
    """

    group: str
    edge: str
    device: str | None
    online: bool
    since_ms: int
    stale: tuple[str, ...]


Observation = DeviceLost | ToldToStop | HostShows


@dataclass(frozen=True, slots=True)
class Record:
    """One packet or observation. `at_ms`: UTC, when it passed. `sender`: `client` or `server`; of an observation `test`."""

    at_ms: int
    connection: int  # Number of the TCP connection; 0 for an observation.
    client_id: str
    server: str
    sender: str
    what: Packet | Observation


@dataclass(frozen=True, slots=True)
class EdgeNode:
    """An edge as it was configured. `servers`: its list, in the order it walks."""

    group: str
    edge: str
    primary_host: str
    servers: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Host:
    """A host as it was configured. `reorder_timeout_ms` None: it has no such parameter."""

    host_id: str
    reorder_timeout_ms: int | None


@dataclass(frozen=True, slots=True)
class Capture:
    edges: dict[str, EdgeNode]  # By client id.
    hosts: dict[str, Host]
    records: tuple[Record, ...]

    def with_records(self, records: list[Record]) -> "Capture":
        return dataclasses.replace(self, records=tuple(records))


def save(capture: Capture, path: Path) -> None:
    """Write as JSON, one record a line; bytes are base64."""
    lines = [json.dumps({"edges": _plain(capture.edges), "hosts": _plain(capture.hosts)})]
    lines += [json.dumps(_plain(record)) for record in capture.records]
    path.write_text("\n".join(lines) + "\n")


def load(path: Path) -> Capture:
    head, *lines = path.read_text().splitlines()
    cast = json.loads(head)
    edges = {
        key: EdgeNode(**{**value, "servers": tuple(value["servers"])}) for key, value in cast["edges"].items()
    }
    hosts = {key: Host(**value) for key, value in cast["hosts"].items()}
    return Capture(edges, hosts, tuple(_record(json.loads(line)) for line in lines))


_KINDS: dict[str, type] = {
    kind.__name__: kind
    for kind in (
        *(mqtt_packets.Connect, mqtt_packets.ConnAck, mqtt_packets.Subscribe, mqtt_packets.Publish),
        *(mqtt_packets.Disconnect, mqtt_packets.Closed, mqtt_packets.Other),
        *(DeviceLost, ToldToStop, HostShows),
    )
}


def _plain(value: Any) -> Any:
    if isinstance(value, bytes):
        return {"base64": base64.b64encode(value).decode()}
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, tuple):
        return [_plain(item) for item in value]
    if dataclasses.is_dataclass(value):
        fields = {field.name: _plain(getattr(value, field.name)) for field in dataclasses.fields(value)}
        return {"kind": type(value).__name__, **fields} if type(value).__name__ in _KINDS else fields
    return value


def _record(plain: dict[str, Any]) -> Record:
    what = plain.pop("what")
    kind = _KINDS[what.pop("kind")]
    return Record(**plain, what=kind(**{name: _field(value) for name, value in what.items()}))


def _field(value: Any) -> Any:
    if isinstance(value, dict):
        if "base64" in value:
            return base64.b64decode(value["base64"])
        return mqtt_packets.Will(**{name: _field(item) for name, item in value.items()})
    if isinstance(value, list):
        return tuple(_field(item) for item in value)
    return value
