"""A capture as Sparkplug sees it: sessions, messages, STATE. What every check reads from.

Two directions matter: what a participant *sent* (its own rules) and what the server *delivered* to it (what it
had to react to).
"""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TypeVar

from tests.contract.capture import Capture, EdgeNode, Host, Record
from tests.contract.mqtt_packets import Connect, Publish
from tests.contract.sparkplug_reading import Payload, read

EDGE_TYPES = ("NBIRTH", "DBIRTH", "NDATA", "DDATA", "DDEATH", "NDEATH")
SEQUENCED = ("NBIRTH", "DBIRTH", "NDATA", "DDATA", "DDEATH")
COMMANDS = ("NCMD", "DCMD")
TYPES = (*EDGE_TYPES, *COMMANDS)
DATA = ("NDATA", "DDATA")
BIRTHS = ("NBIRTH", "DBIRTH")
T = TypeVar("T")
REBIRTH = "Node Control/Rebirth"
BD_SEQ = "bdSeq"


@dataclass(frozen=True, slots=True)
class Topic:
    """The parts of a topic, taken as they come: `namespace/group/TYPE/edge[/device]`."""

    levels: tuple[str, ...]

    def __getitem__(self, level: int) -> str:
        return self.levels[level] if len(self.levels) > level else ""

    @property
    def type(self) -> str:
        return "STATE" if self[1] == "STATE" else self[2]

    @property
    def group(self) -> str:
        return self[1]

    @property
    def edge(self) -> str:
        return self[3]

    @property
    def device(self) -> str | None:
        return self[4] if len(self.levels) > 4 else None

    @property
    def node(self) -> tuple[str, str]:
        return self.group, self.edge

    def __str__(self) -> str:
        return "/".join(self.levels)


def topic_of(text: str) -> Topic:
    return Topic(tuple(text.split("/")))


@dataclass(frozen=True)
class Message:
    """A Sparkplug message of an edge or a command of a host, with where it stands in the capture."""

    index: int
    record: Record
    publish: Publish
    topic: Topic

    @property
    def type(self) -> str:
        return self.topic.type

    @property
    def at_ms(self) -> int:
        return self.record.at_ms

    @cached_property
    def payload(self) -> Payload:
        """Raises NotSparkplug."""
        return read(self.publish.payload)

    def __str__(self) -> str:
        return f"record {self.index}, {self.topic}"


@dataclass(frozen=True, slots=True)
class State:
    """A STATE message. `body` None: its payload is no JSON object."""

    index: int
    at_ms: int
    host_id: str
    publish: Publish
    body: dict[str, object] | None

    @property
    def online(self) -> object:
        return None if self.body is None else self.body.get("online")

    @property
    def timestamp_ms(self) -> object:
        return None if self.body is None else self.body.get("timestamp")

    def says(self, online: bool) -> bool:
        return self.online is online


@dataclass(frozen=True)
class Session:
    """One connection of one participant, with its records and where they stand in the capture."""

    connection: int
    client_id: str
    server: str
    indexed: Sequence[tuple[int, Record]]

    @cached_property
    def connect(self) -> Connect:
        packet = self.indexed[0][1].what
        assert isinstance(packet, Connect), f"connection {self.connection} does not begin with CONNECT"
        return packet

    @property
    def began_ms(self) -> int:
        return self.indexed[0][1].at_ms

    @property
    def first_index(self) -> int:
        return self.indexed[0][0]

    @property
    def last_index(self) -> int:
        return self.indexed[-1][0]

    def of(self, *kinds: type) -> list[tuple[int, Record]]:
        return [(index, record) for index, record in self.indexed if isinstance(record.what, kinds)]

    def messages(self, sender: str, *types: str) -> list[Message]:
        """Messages of these types (default: all but STATE) that `sender` (client, server) put on this connection."""
        return [message for message in self._messages(sender) if message.type in (types or TYPES)]

    def sent(self, *types: str) -> list[Message]:
        return self.messages("client", *types)

    def delivered(self, *types: str) -> list[Message]:
        return self.messages("server", *types)

    def published(self) -> list[Publish]:
        """Every PUBLISH of the participant itself, in order."""
        return [
            record.what
            for _, record in self.indexed
            if record.sender == "client" and isinstance(record.what, Publish)
        ]

    def states(self, sender: str) -> list[State]:
        return [
            _state(index, record, record.what)
            for index, record in self.indexed
            if record.sender == sender
            and isinstance(record.what, Publish)
            and topic_of(record.what.topic).type == "STATE"
        ]

    def _messages(self, sender: str) -> Iterator[Message]:
        for index, record in self.indexed:
            if record.sender == sender and isinstance(record.what, Publish):
                yield Message(index, record, record.what, topic_of(record.what.topic))


class View:
    """A capture opened for reading."""

    def __init__(self, capture: Capture) -> None:
        self.capture = capture
        connections: dict[int, list[tuple[int, Record]]] = {}
        for index, record in enumerate(capture.records):
            if record.connection:
                connections.setdefault(record.connection, []).append((index, record))
        self.sessions = [
            Session(number, indexed[0][1].client_id, indexed[0][1].server, indexed)
            for number, indexed in connections.items()
        ]

    @cached_property
    def edge_sessions(self) -> list[Session]:
        return [session for session in self.sessions if session.client_id in self.capture.edges]

    @cached_property
    def host_sessions(self) -> list[Session]:
        return [session for session in self.sessions if session.client_id in self.capture.hosts]

    def edge_of(self, session: Session) -> EdgeNode:
        return self.capture.edges[session.client_id]

    def host_of(self, session: Session) -> Host:
        return self.capture.hosts[session.client_id]

    def sent_by_edges(self, *types: str) -> list[Message]:
        """What edges published themselves. Fails when there is none: a rule without a case proves nothing."""
        return found([message for session in self.edge_sessions for message in session.sent(*types)], types)

    def sent_by_hosts(self, *types: str) -> list[Message]:
        return found([message for session in self.host_sessions for message in session.sent(*types)], types)

    def births_of(self, session: Session) -> Iterator[list[Message]]:
        """The messages of a session, one list for each NBIRTH: it and all that follows it."""
        run: list[Message] = []
        for message in session.sent(*SEQUENCED):
            if message.type == "NBIRTH" and run:
                yield run
                run = []
            run.append(message)
        if run:
            yield run


def found(cases: list[T], what: object) -> list[T]:
    """`cases`, or an AssertionError: a check that finds no case has proved nothing."""
    assert cases, f"nothing to check: no {what}"
    return cases


def bd_seq_of(payload: bytes) -> int | None:
    """The bdSeq in an NBIRTH, an NDEATH or a will; None when there is none. Raises NotSparkplug."""
    metric = read(payload).metric(BD_SEQ)
    if metric is None or metric.value is None or not isinstance(metric.value.content, int):
        return None
    return metric.value.content


def _state(index: int, record: Record, publish: Publish) -> State:
    return State(
        index,
        record.at_ms,
        "/".join(topic_of(publish.topic).levels[2:]),
        publish,
        state_body(publish.payload),
    )


def state_body(payload: bytes) -> dict[str, object] | None:
    """The JSON object of a STATE payload; None when it is none."""
    try:
        body = json.loads(payload.decode("utf-8"))
    except ValueError:
        return None
    return body if isinstance(body, dict) else None
