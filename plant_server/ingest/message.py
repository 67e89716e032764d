"""A message on its way in: as it came from the broker, and opened."""

from dataclasses import dataclass

from google.protobuf.message import DecodeError

from edge.contract import payloads
from edge.contract.payloads import MalformedPayload, Metric
from edge.contract.sparkplug_pb2 import Payload
from edge.contract.topics import MessageType, Topic, TopicError, parse_topic
from plant_server.ingest.quarantine import Reason

PAYLOAD_MAX_BYTES = 1 << 20
KEPT_OF_TOO_LARGE_BYTES = 64 << 10
_OURS = frozenset(set(MessageType) - {MessageType.NCMD, MessageType.DCMD})


@dataclass(frozen=True, slots=True)
class RawMessage:
    """As it came. `received_ms` is our clock at the network thread, UTC.

    Of a payload over PAYLOAD_MAX_BYTES only the first KEPT_OF_TOO_LARGE_BYTES are kept; `size` tells the whole.
    """

    topic: str
    payload: bytes
    received_ms: int
    size: int

    @staticmethod
    def received(topic: str, payload: bytes, received_ms: int) -> "RawMessage":
        size = len(payload)
        kept = payload if size <= PAYLOAD_MAX_BYTES else payload[:KEPT_OF_TOO_LARGE_BYTES]
        return RawMessage(topic, kept, received_ms, size)


@dataclass(frozen=True, slots=True)
class EdgeKey:
    """Who an edge is on the wire."""

    group: str
    node: str

    def __str__(self) -> str:
        return f"{self.group}/{self.node}"


@dataclass(slots=True, eq=False)
class Opened:
    """A message whose envelope is sound. `data` of N/DDATA is read by the fast path, `metrics` of the rest are read."""

    raw: RawMessage
    type: MessageType
    edge: EdgeKey
    device: str  # "" is the node itself
    seq: int | None
    timestamp_ms: int | None
    data: Payload | None
    metrics: list[Metric]


@dataclass(frozen=True, slots=True)
class Refused:
    """A message that cannot even be opened, so nobody can read its Spool numbers."""

    raw: RawMessage
    reason: Reason
    detail: str
    edge: EdgeKey | None = None


class Opener:
    """Opens messages; remembers topics, since a plant has few and each is seen again and again."""

    TOPICS_MAX = 100_000

    def __init__(self) -> None:
        self._topics: dict[str, tuple[Topic, EdgeKey]] = {}

    def open(self, raw: RawMessage) -> Opened | Refused:
        known = self._topics.get(raw.topic)
        if known is None:
            try:
                topic = parse_topic(raw.topic)
            except TopicError as error:
                return Refused(raw, Reason.FOREIGN_TOPIC, str(error))
            if topic.type not in _OURS:
                return Refused(raw, Reason.FOREIGN_TOPIC, f"{topic.type} is not for a host")
            if len(self._topics) >= self.TOPICS_MAX:
                self._topics.clear()
            known = self._topics[raw.topic] = topic, EdgeKey(topic.group, topic.edge)
        if raw.size > PAYLOAD_MAX_BYTES:
            return Refused(
                raw, Reason.TOO_LARGE, f"{raw.size} bytes, the most is {PAYLOAD_MAX_BYTES}", known[1]
            )
        return _open_payload(raw, *known)


def _open_payload(raw: RawMessage, topic: Topic, edge: EdgeKey) -> Opened | Refused:
    device = topic.device or ""
    if topic.type in (MessageType.NDATA, MessageType.DDATA):
        try:
            data = Payload.FromString(raw.payload)
        except DecodeError as error:
            return Refused(raw, Reason.MALFORMED, f"not a Sparkplug payload: {error}", edge)
        seq = data.seq if data.HasField("seq") else None
        opened = Opened(raw, topic.type, edge, device, seq, data.timestamp or None, data, [])
    else:
        try:
            payload = payloads.decode(raw.payload)
        except MalformedPayload as error:
            return Refused(raw, Reason.MALFORMED, str(error), edge)
        if any(
            isinstance(metric.name, bytes) for metric in payload.metrics
        ):  # What protobuf makes of no UTF-8.
            return Refused(raw, Reason.MALFORMED, "a metric's name is not UTF-8", edge)
        opened = Opened(
            raw, topic.type, edge, device, payload.seq, payload.timestamp_ms, None, payload.metrics
        )
    if topic.type is not MessageType.NDEATH and (opened.seq is None or opened.seq > 255):
        return Refused(raw, Reason.MALFORMED, f"seq {opened.seq} is not within 0 to 255", edge)
    return opened
