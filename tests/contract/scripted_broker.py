"""The servers of the scripted session: they route, retain and publish wills, and write down what passes."""

import itertools
from dataclasses import dataclass, field

from tests.contract.capture import Observation, Record
from tests.contract.mqtt_packets import Closed, ConnAck, Connect, Disconnect, Packet, Publish, Subscribe, Will

STEP_MS = 5  # Every packet takes this long.


@dataclass
class _Connection:
    number: int
    client_id: str
    server: str
    will: Will | None
    filters: list[str] = field(default_factory=list)


class ScriptedServers:
    """MQTT servers by name, on one clock (`now_ms`, UTC) that only the script moves."""

    def __init__(self, start_ms: int) -> None:
        self.now_ms = start_ms
        self.records: list[Record] = []
        self._numbers = itertools.count(1)
        self._connections: dict[tuple[str, str], _Connection] = {}
        self._retained: dict[tuple[str, str], Publish] = {}
        # Deliveries to this client wait here until released.
        self._holding: str | None = None
        self._held: list[tuple[_Connection, Publish]] = []

    def wait(self, duration_ms: int) -> None:
        self.now_ms += duration_ms

    def observe(self, client_id: str, server: str, what: Observation) -> None:
        self.records.append(Record(self.now_ms, 0, client_id, server, "test", what))

    def connect(self, client_id: str, server: str, will: Will, *, refused: bool = False) -> None:
        connection = _Connection(next(self._numbers), client_id, server, will)
        self._note(connection, "client", Connect(client_id, True, 30, will))
        self._note(connection, "server", ConnAck(3 if refused else 0))
        if refused:
            self._note(connection, "server", Closed())
        else:
            self._connections[client_id, server] = connection

    def subscribe(self, client_id: str, server: str, *filters: tuple[str, int]) -> None:
        connection = self._connections[client_id, server]
        self._note(connection, "client", Subscribe(filters))
        connection.filters += [each for each, _ in filters]
        for (where, topic), kept in self._retained.items():
            if where == server and any(_matches(each, topic) for each, _ in filters):
                self._note(connection, "server", kept)

    def publish(self, client_id: str, server: str, what: Publish) -> None:
        self._note(self._connections[client_id, server], "client", what)
        self.deliver(server, what)

    def deliver(self, server: str, what: Publish) -> None:
        """Pass on to every subscriber, as if somebody had published it."""
        if what.retain:
            self._retained[server, what.topic] = what
        passed_on = Publish(what.topic, what.payload, what.qos, retain=False)
        for connection in list(self._connections.values()):
            if connection.server == server and any(_matches(each, what.topic) for each in connection.filters):
                if connection.client_id == self._holding:
                    self._held.append((connection, passed_on))
                else:
                    self._note(connection, "server", passed_on)

    def disconnect(self, client_id: str, server: str) -> None:
        """A goodbye: no will."""
        connection = self._connections.pop((client_id, server))
        self._note(connection, "client", Disconnect())
        self._note(connection, "client", Closed())

    def close(self, client_id: str, server: str) -> None:
        """The connection goes away without a goodbye: the server publishes the will."""
        connection = self._connections.pop((client_id, server))
        self._note(connection, "client", Closed())
        if connection.will is not None:
            left = connection.will
            self.deliver(server, Publish(left.topic, left.payload, left.qos, left.retain))

    def hold(self, client_id: str) -> None:
        self._holding = client_id

    def release(self, *order: int) -> None:
        """Deliver what was held, in this order of the held ones; what is not named is lost."""
        self._holding = None
        for index in order:
            self._note(self._held[index][0], "server", self._held[index][1])
        self._held.clear()

    def _note(self, connection: _Connection, sender: str, what: Packet) -> None:
        self.now_ms += STEP_MS
        self.records.append(
            Record(self.now_ms, connection.number, connection.client_id, connection.server, sender, what)
        )


def _matches(topic_filter: str, topic: str) -> bool:
    for want, have in itertools.zip_longest(topic_filter.split("/"), topic.split("/")):
        if want == "#":
            return True
        if want is None or have is None or want not in ("+", have):
            return False
    return True
