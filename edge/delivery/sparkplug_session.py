"""One Sparkplug session of an edge node: what its messages look like, in order. Pure; it sends nothing.

A session lasts from one CONNECT to the next and owns what belongs to it alone: bdSeq, seq, aliases, which devices
have been born. Rules and their ids: Sparkplug B 3.0, chapters 4 to 6; `tests/contract/tck` holds a check for each.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from edge.contract import spool_fill
from edge.contract import spool_metrics as names
from edge.contract.datatypes import DataType, Quality
from edge.contract.payloads import INTEGER_BITS, Metric, encode, from_wire_integer
from edge.contract.spool_fill import SpoolFill
from edge.contract.topics import MessageType, edge_topic
from edge.delivery.entries import Contact, GapEntry, Numbered, Readings, TagDefinition
from edge.delivery.live_values import LiveDevice, LiveValue
from edge.delivery.reading_metrics import ReadingEncoder, holds

NODE_METRICS = {
    names.EPOCH: DataType.STRING,
    names.FIRST: DataType.UINT64,
    names.LAST: DataType.UINT64,
    names.GAP: DataType.STRING,
    names.DEVICE: DataType.STRING,
    names.CONTACT: DataType.BOOLEAN,
    names.COMMITTED: DataType.UINT64,
    names.HEARTBEAT: DataType.DATETIME,
    spool_fill.WAITING: DataType.UINT64,
    spool_fill.OLDEST: DataType.DATETIME,
    spool_fill.USED: DataType.UINT64,
    spool_fill.BOUND: DataType.UINT64,
    spool_fill.DISK_FREE: DataType.UINT64,
}
DEVICE_METRICS = {names.EPOCH: DataType.STRING, names.FIRST: DataType.UINT64, names.LAST: DataType.UINT64}

BORN_TEXT_MAX = 1024
LATE_ALIASES = 1 << 40
"""Above those of any tag: of devices that came while the session was under way."""


@dataclass(frozen=True, slots=True)
class Message:
    topic: str
    payload: bytes
    qos: int = 0


@dataclass(frozen=True, slots=True)
class NodeIdentity:
    group: str
    edge: str


class SparkplugSession:
    """Built anew for each CONNECT. `tags`: every tag by its spool id; aliases are unique across the edge node.
    `methods`: metrics by which a host may call a method, by device."""

    def __init__(
        self,
        identity: NodeIdentity,
        bd_seq: int,
        epoch: str,
        tags: Mapping[int, TagDefinition],
        methods: Mapping[str, Sequence[str]] | None = None,
    ) -> None:
        self.identity = identity
        self.bd_seq = bd_seq
        self.epoch = epoch
        self.born: set[str] = set()
        self.shown_ms: dict[int, int] = {}  # Per tag, the time of the newest live value that was told.
        self._seq = 0
        self._tags = dict(tags)  # As they are now: the spool may come to know others on its own thread.
        self._methods = methods or {}
        self._by_device = _by_device(self._tags)
        self._node_aliases = {name: alias for alias, name in enumerate(NODE_METRICS, start=1)}
        self._device_aliases: dict[tuple[str, str], int] = {}
        alias = len(NODE_METRICS)
        for device in self._by_device:
            for name in DEVICE_METRICS:
                alias += 1
                self._device_aliases[device, name] = alias
        self._tag_alias_base = alias  # alias of tag n is base + n: spool ids start at 1
        self._encoder = ReadingEncoder(self._tags, self._tag_alias_base)

    def redefine(
        self,
        tags: Mapping[int, TagDefinition],
        methods: Mapping[str, Sequence[str]],
        devices: Iterable[str],
    ) -> None:
        """The edge has other tags from now on. Aliases keep their meaning; `devices` are born anew before their next
        data (`tck-id-operational-behavior-data-publish-dbirth-change`), the others need not be."""
        self._tags, self._methods = dict(tags), methods
        self._by_device = _by_device(self._tags)
        for device in self._by_device:
            for name in DEVICE_METRICS:
                alias = LATE_ALIASES + len(self._device_aliases)
                self._device_aliases.setdefault((device, name), alias)
        self._encoder = ReadingEncoder(self._tags, self._tag_alias_base)
        self.born.difference_update(devices)

    @property
    def devices(self) -> list[str]:
        return list(self._by_device)

    def commanded(self, device: str, metric: Metric) -> Metric | None:
        """A metric of a DCMD by its name, which it may give as an alias; None if it names nothing of this device."""
        if metric.name is not None:
            return metric
        tag = self._tags.get((metric.alias or 0) - self._tag_alias_base)
        if tag is None or tag.device != device:
            return None
        value = metric.value
        if metric.datatype is None and type(value) is int and tag.datatype in INTEGER_BITS:
            value = from_wire_integer(value, tag.datatype)
        return replace(metric, name=tag.name, value=value)

    def will(self, now_ms: int) -> Message:
        """NDEATH, registered with the CONNECT and published before an intended DISCONNECT. No seq."""
        metric = Metric(self.bd_seq, DataType.INT64, names.BD_SEQ, timestamp_ms=now_ms)
        return Message(
            self._topic(MessageType.NDEATH), encode([metric], timestamp_ms=now_ms, seq=None), qos=1
        )

    def node_birth(self, now_ms: int, fill: SpoolFill | None = None) -> Message:
        """NBIRTH: seq begins at 0 again, no device is born. `fill`: None while it is not known."""
        self._seq = 0
        self.born.clear()
        self.shown_ms.clear()
        values: dict[str, str | int | None] = {names.EPOCH: self.epoch}
        if fill is not None:
            values |= fill.by_name()
        metrics = [
            Metric(self.bd_seq, DataType.INT64, names.BD_SEQ, timestamp_ms=now_ms),
            Metric(False, DataType.BOOLEAN, names.REBIRTH, timestamp_ms=now_ms),
        ]
        metrics += [
            Metric(values.get(name), datatype, name, alias=self._node_aliases[name], timestamp_ms=now_ms)
            for name, datatype in NODE_METRICS.items()
        ]
        return Message(
            self._topic(MessageType.NBIRTH), encode(metrics, timestamp_ms=now_ms, seq=self._next_seq())
        )

    def device_birth(self, device: str, live: LiveDevice, now_ms: int) -> Message:
        """DBIRTH: every tag with name, alias, datatype, newest value and what it means."""
        metrics = [
            Metric(
                self.epoch if name == names.EPOCH else None,
                datatype,
                name,
                alias=self._device_aliases[device, name],
                timestamp_ms=now_ms,
            )
            for name, datatype in DEVICE_METRICS.items()
        ]
        metrics += [
            Metric(False, DataType.BOOLEAN, name, timestamp_ms=now_ms)
            for name in self._methods.get(device, ())
        ]
        for tag_id in self._by_device[device]:
            tag, value = self._tags[tag_id], live.values.get(tag_id)
            if value is not None:
                value = _as_born(value, tag.datatype)
                self.shown_ms[tag_id] = value.time_ms
            metrics.append(
                Metric(
                    value.value if value else None,
                    tag.datatype,
                    tag.name,
                    alias=self._tag_alias_base + tag_id,
                    timestamp_ms=value.time_ms if value else now_ms,
                    quality=value.quality if value else Quality.STALE,
                    properties=tag.properties,
                )
            )
        self.born.add(device)
        topic = self._topic(MessageType.DBIRTH, device)
        return Message(topic, encode(metrics, timestamp_ms=now_ms, seq=self._next_seq()))

    def device_death(self, device: str, now_ms: int) -> Message:
        """DDEATH: the edge lost the device."""
        self.born.discard(device)
        return Message(
            self._topic(MessageType.DDEATH, device), encode([], timestamp_ms=now_ms, seq=self._next_seq())
        )

    def readings(self, device: str, entries: Sequence[Numbered], now_ms: int, *, historical: bool) -> Message:
        """DDATA with consecutive entries of one device."""
        alias = self._device_aliases
        payload = self._encoder.begin(now_ms, self._next_seq())
        numbers = ((names.EPOCH, self.epoch), (names.FIRST, entries[0].first), (names.LAST, entries[-1].last))
        for name, value in numbers:
            self._encoder.add_plain(payload, alias[device, name], now_ms, value)
        for numbered in entries:
            if isinstance(numbered.entry, Readings):
                self._encoder.add_readings(payload, numbered.entry, historical=historical)
                if not historical:
                    self._show(numbered.entry)
        return Message(self._topic(MessageType.DDATA, device), payload.SerializeToString())

    def told(self, numbered: Numbered, now_ms: int) -> Message:
        """NDATA with a gap record or a change of contact."""
        entry = numbered.entry
        rows: list[tuple[str, int, bool | int | str]] = [
            (names.EPOCH, now_ms, self.epoch),
            (names.FIRST, now_ms, numbered.first),
            (names.LAST, now_ms, numbered.last),
        ]
        if isinstance(entry, GapEntry):
            rows.append((names.GAP, entry.gap.to_ms or now_ms, entry.gap.to_json()))
        elif isinstance(entry, Contact):
            rows.append((names.DEVICE, entry.time_ms, entry.device))
            rows.append((names.CONTACT, entry.time_ms, entry.online))
        payload = self._encoder.begin(now_ms, self._next_seq())
        for name, time_ms, value in rows:
            self._encoder.add_plain(payload, self._node_aliases[name], time_ms, value)
        return Message(self._topic(MessageType.NDATA), payload.SerializeToString())

    def live(self, device: str, values: Mapping[int, LiveValue], now_ms: int) -> Message:
        """DDATA for screens while a backlog drains: transient, without numbers, never stored."""
        payload = self._encoder.begin(now_ms, self._next_seq())
        for tag_id, value in values.items():
            self._encoder.add_live(payload, tag_id, value)
            self.shown_ms[tag_id] = value.time_ms
        return Message(self._topic(MessageType.DDATA, device), payload.SerializeToString())

    def heartbeat(self, now_ms: int) -> Message:
        """NDATA that says nothing but that the edge is there."""
        payload = self._encoder.begin(now_ms, self._next_seq())
        self._encoder.add_plain(payload, self._node_aliases[names.HEARTBEAT], now_ms, now_ms)
        return Message(self._topic(MessageType.NDATA), payload.SerializeToString())

    def spool_fill(self, fill: SpoolFill, now_ms: int) -> Message:
        """NDATA about the spool. It is no entry: nothing of it is spooled."""
        payload = self._encoder.begin(now_ms, self._next_seq())
        for name, value in fill.by_name().items():
            self._encoder.add_plain(payload, self._node_aliases[name], now_ms, value)
        return Message(self._topic(MessageType.NDATA), payload.SerializeToString())

    def _show(self, entry: Readings) -> None:
        base_ms, shown_ms = entry.base_ms, self.shown_ms
        for tag, offset_ms in zip(entry.tags, entry.offsets_ms, strict=True):
            shown_ms[tag] = base_ms + offset_ms

    def _next_seq(self) -> int:
        seq, self._seq = self._seq, (self._seq + 1) % 256
        return seq

    def _topic(self, message: MessageType, device: str | None = None) -> str:
        return str(edge_topic(self.identity.group, message, self.identity.edge, device))


def _by_device(tags: Mapping[int, TagDefinition]) -> dict[str, list[int]]:
    devices: dict[str, list[int]] = {}
    for tag_id, definition in tags.items():
        devices.setdefault(definition.device, []).append(tag_id)
    return devices


def _as_born(value: LiveValue, datatype: DataType) -> LiveValue:
    """A birth holds all tags of a device in one message: a long text waits for its entry, and so does a value that its
    datatype cannot hold (what the entry then says is Bad)."""
    if isinstance(value.value, str) and len(value.value) > BORN_TEXT_MAX:
        return LiveValue(None, value.time_ms, Quality.STALE)
    if not holds(datatype, value.value):
        return LiveValue(None, value.time_ms, Quality.BAD)
    return value


@dataclass(frozen=True, slots=True)
class Command:
    """What a host asked of this node."""

    rebirth: bool = False
    committed: int | None = None
    epoch: str | None = None


@dataclass(slots=True)
class CommandReader:
    """Reads NCMD payloads; what is unknown is counted, not obeyed."""

    unknown: int = field(default=0)

    def read(self, metrics: Iterable[Metric]) -> Command:
        rebirth, committed, epoch = False, None, None
        for metric in metrics:
            if metric.name == names.REBIRTH and metric.value is True:
                rebirth = True
            elif metric.name == names.COMMITTED and type(metric.value) is int:
                committed = metric.value
            elif metric.name == names.EPOCH and isinstance(metric.value, str):
                epoch = metric.value
            else:
                self.unknown += 1
        return Command(rebirth, committed, epoch)
