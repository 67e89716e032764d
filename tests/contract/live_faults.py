"""Faults on the way to a host, for the recording proxy: a message that is lost, a message that is late."""

from tests.contract.mqtt_packets import Packet, Publish
from tests.contract.tck.session_view import topic_of


def _is_data(sender: str, packet: Packet, edge: str) -> bool:
    if sender != "server" or not isinstance(packet, Publish):
        return False
    topic = topic_of(packet.topic)
    return topic.type == "DDATA" and topic.edge == edge


class LoseOne:
    """The next data message of `edge` is not passed on. `done` once it was lost."""

    def __init__(self, edge: str) -> None:
        self._edge = edge
        self.done = False

    def __call__(self, sender: str, packet: Packet, data: bytes) -> list[bytes]:
        if not self.done and _is_data(sender, packet, self._edge):
            self.done = True
            return []
        return [data]


class HoldBack:
    """The next data message of `edge` waits until the one after it has passed. `done` once both are through."""

    def __init__(self, edge: str) -> None:
        self._edge = edge
        self._held: bytes | None = None
        self.done = False

    def __call__(self, sender: str, packet: Packet, data: bytes) -> list[bytes]:
        if self.done or not _is_data(sender, packet, self._edge):
            return [data]
        if self._held is None:
            self._held = data
            return []
        self.done = True
        return [data, self._held]
