"""MQTT 3.1.1 control packets: the few fields the conformance checks read, parsed from a byte stream.

Written from the MQTT 3.1.1 standard (OASIS, chapter 3) and used by tests alone: what travels is read here by
other code than the one that sent it. Acknowledgements and pings are known by name and carry nothing.
"""

from dataclasses import dataclass


class NotMqtt(ValueError):
    """Bytes that are no MQTT 3.1.1 control packet."""


@dataclass(frozen=True, slots=True)
class Will:
    topic: str
    payload: bytes
    qos: int
    retain: bool


@dataclass(frozen=True, slots=True)
class Connect:
    client_id: str
    clean_session: bool
    keepalive_s: int
    will: Will | None
    protocol_level: int = 4  # 4 is MQTT 3.1.1, 5 is MQTT 5.0


@dataclass(frozen=True, slots=True)
class ConnAck:
    return_code: int


@dataclass(frozen=True, slots=True)
class Subscribe:
    filters: tuple[tuple[str, int], ...]  # (topic filter, requested QoS)


@dataclass(frozen=True, slots=True)
class Publish:
    topic: str
    payload: bytes
    qos: int = 0
    retain: bool = False


@dataclass(frozen=True, slots=True)
class Disconnect:
    """The client says goodbye: the server will not publish its will."""


@dataclass(frozen=True, slots=True)
class Closed:
    """The socket is closed. No packet of MQTT, but the end of every session."""


@dataclass(frozen=True, slots=True)
class Other:
    """A packet the checks have no use for."""

    type: int


Packet = Connect | ConnAck | Subscribe | Publish | Disconnect | Closed | Other

_CONNECT, _CONNACK, _PUBLISH, _SUBSCRIBE, _DISCONNECT = 1, 2, 3, 8, 14


def split_packets(stream: bytearray) -> list[bytes]:
    """Take every complete packet off the front of `stream`; the rest stays for the next bytes. Raises NotMqtt."""
    packets = []
    while (size := _packet_size(stream)) is not None and len(stream) >= size:
        packets.append(bytes(stream[:size]))
        del stream[:size]
    return packets


def parse_packet(data: bytes) -> Packet:
    """One whole control packet. Raises NotMqtt."""
    kind, flags = data[0] >> 4, data[0] & 0x0F
    body = _Cursor(data, _header_size(data))
    if kind == _CONNECT:
        return _connect(body)
    if kind == _CONNACK:
        return ConnAck(data[-1])
    if kind == _PUBLISH:
        qos = (flags >> 1) & 3
        topic = body.text()
        if qos:
            body.take(2)  # Packet identifier.
        return Publish(topic, body.rest(), qos, bool(flags & 1))
    if kind == _SUBSCRIBE:
        body.take(2)
        filters = []
        while body.has_more():
            filters.append((body.text(), body.take(1)[0] & 3))
        return Subscribe(tuple(filters))
    return Disconnect() if kind == _DISCONNECT else Other(kind)


def _connect(body: "_Cursor") -> Connect:
    if body.text() != "MQTT":
        raise NotMqtt("CONNECT does not say MQTT")
    level, flags = body.take(1)[0], body.take(1)[0]
    keepalive_s = int.from_bytes(body.take(2), "big")
    client_id = body.text()
    will = None
    if flags & 0x04:
        topic, payload = body.text(), body.binary()
        will = Will(topic, payload, (flags >> 3) & 3, bool(flags & 0x20))
    return Connect(client_id, bool(flags & 0x02), keepalive_s, will, level)


def _packet_size(stream: bytearray) -> int | None:
    """Bytes of the packet at the front, or None while its length is not complete."""
    size, shift = 0, 0
    for position in range(1, 5):
        if position >= len(stream):
            return None
        size |= (stream[position] & 0x7F) << shift
        if not stream[position] & 0x80:
            return size + position + 1
        shift += 7
    raise NotMqtt("a remaining length of more than four bytes")


def _header_size(data: bytes) -> int:
    return 1 + next(count for count in range(1, 5) if not data[count] & 0x80)


class _Cursor:
    def __init__(self, data: bytes, position: int) -> None:
        self._data, self._position = data, position

    def take(self, count: int) -> bytes:
        end = self._position + count
        if end > len(self._data):
            raise NotMqtt("a packet shorter than its fields")
        taken, self._position = self._data[self._position : end], end
        return taken

    def binary(self) -> bytes:
        return self.take(int.from_bytes(self.take(2), "big"))

    def text(self) -> str:
        # Bad UTF-8 is kept as lone surrogates: that a topic is UTF-8 is for the checks to say.
        return self.binary().decode("utf-8", "surrogateescape")

    def rest(self) -> bytes:
        return self.take(len(self._data) - self._position)

    def has_more(self) -> bool:
        return self._position < len(self._data)
