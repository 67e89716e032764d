"""An edge as the wire sees it: builds the messages of one session by the contract, byte by byte as an edge would."""

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from edge.contract import spool_metrics as names
from edge.contract.datatypes import DataType, Quality
from edge.contract.payloads import Metric, Value, encode
from edge.contract.spool_metrics import Gap
from plant_server.ingest.message import RawMessage

EPOCH_1 = "01970000-0000-7000-8000-000000000001"
EPOCH_2 = "01970000-0000-7000-8000-000000000002"
NODE_METRICS = {
    names.EPOCH: DataType.STRING,
    names.FIRST: DataType.UINT64,
    names.LAST: DataType.UINT64,
    names.GAP: DataType.STRING,
    names.DEVICE: DataType.STRING,
    names.CONTACT: DataType.BOOLEAN,
    names.COMMITTED: DataType.UINT64,
}


@dataclass(frozen=True)
class Tag:
    name: str
    datatype: DataType = DataType.DOUBLE
    properties: Mapping[str, Value] = field(default_factory=dict)
    value: Value = None


def counter(
    name: str = "good", *, width: int = 32, rate_max: float = 100, role: str = "counter", **more: Value
) -> Tag:
    datatype = DataType.UINT64 if width > 32 else DataType.UINT32
    return Tag(name, datatype, {"role": role, "width": width, "rate_max": rate_max, "counts": "good", **more})


PRESS = (
    counter(),
    Tag("temperature", DataType.DOUBLE, {"role": "measurement", "unit": "Cel"}),
    Tag("state", DataType.INT32, {"role": "state", "vocabulary": "packml"}),
    Tag("order", DataType.STRING, {"role": "order"}),
)


class WireEdge:
    """Keeps `seq` and aliases. Times are UTC ms; `now_ms` is the edge's clock and ours unless told otherwise."""

    def __init__(
        self,
        now_ms: int,
        node: str = "press-shop",
        *,
        group: str = "demo",
        epoch: str | None = EPOCH_1,
        bd_seq: int = 0,
    ) -> None:
        self.now_ms = now_ms
        self.group, self.node, self.epoch, self.bd_seq = group, node, epoch, bd_seq
        self.seq = 0
        self.aliases: dict[tuple[str, str], int] = {}
        self.tags: dict[tuple[str, str], Tag] = {}

    def alias(self, device: str, name: str) -> int:
        return self.aliases.setdefault((device, name), len(self.aliases) + 1)

    def message(
        self, kind: str, metrics: Sequence[Metric], device: str | None = None, *, skew_ms: int = 0
    ) -> RawMessage:
        topic = f"spBv1.0/{self.group}/{kind}/{self.node}" + (f"/{device}" if device else "")
        seq = None
        if kind != "NDEATH":
            seq, self.seq = self.seq, (self.seq + 1) % 256
        payload = encode(metrics, timestamp_ms=self.now_ms + skew_ms, seq=seq)
        return RawMessage.received(topic, payload, self.now_ms)

    def nbirth(self, extra: Sequence[Metric] = ()) -> RawMessage:
        self.seq = 0
        now = self.now_ms
        metrics = [
            Metric(self.bd_seq, DataType.INT64, names.BD_SEQ, timestamp_ms=now),
            Metric(False, DataType.BOOLEAN, names.REBIRTH, timestamp_ms=now),
        ]
        if self.epoch is not None:
            metrics += [
                Metric(
                    self.epoch if name == names.EPOCH else None,
                    datatype,
                    name,
                    self.alias("", name),
                    timestamp_ms=now,
                )
                for name, datatype in NODE_METRICS.items()
            ]
        return self.message("NBIRTH", [*metrics, *extra])

    def dbirth(self, device: str = "press1", tags: Sequence[Tag] = PRESS) -> RawMessage:
        metrics = []
        if self.epoch is not None:
            metrics += [
                Metric(None, NODE_METRICS[name], name, self.alias(device, name), timestamp_ms=self.now_ms)
                for name in (names.EPOCH, names.FIRST, names.LAST)
            ]
        for tag in tags:
            self.tags[device, tag.name] = tag
            metrics.append(
                Metric(
                    tag.value,
                    tag.datatype,
                    tag.name,
                    alias=self.alias(device, tag.name),
                    timestamp_ms=self.now_ms,
                    quality=Quality.STALE if tag.value is None else Quality.GOOD,
                    properties=tag.properties,
                )
            )
        return self.message("DBIRTH", metrics, device)

    def births(self, device: str = "press1", tags: Sequence[Tag] = PRESS) -> list[RawMessage]:
        return [self.nbirth(), self.dbirth(device, tags)]

    def ndeath(self, bd_seq: int | None = None) -> RawMessage:
        value = self.bd_seq if bd_seq is None else bd_seq
        return self.message("NDEATH", [Metric(value, DataType.INT64, names.BD_SEQ, timestamp_ms=self.now_ms)])

    def ddeath(self, device: str = "press1") -> RawMessage:
        return self.message("DDEATH", [], device)

    def numbers(self, device: str, first: int, last: int | None = None) -> list[Metric]:
        rows: list[tuple[str, Value]] = [
            (names.EPOCH, self.epoch),
            (names.FIRST, first),
            (names.LAST, first if last is None else last),
        ]
        return [
            Metric(value, NODE_METRICS[name], alias=self.alias(device, name), timestamp_ms=self.now_ms)
            for name, value in rows
        ]

    def reading(
        self,
        name: str,
        value: Value,
        time_ms: int | None = None,
        device: str = "press1",
        *,
        quality: int = Quality.GOOD,
        datatype: DataType | None = None,
        by_edge: bool = False,
    ) -> Metric:
        known = self.tags.get((device, name))
        return Metric(
            value,
            datatype or (known.datatype if known else DataType.DOUBLE),
            alias=self.alias(device, name),
            timestamp_ms=self.now_ms if time_ms is None else time_ms,
            quality=quality,
            time_by_edge=by_edge,
        )

    def data(
        self,
        first: int,
        *readings: Metric,
        last: int | None = None,
        device: str = "press1",
        skew_ms: int = 0,
    ) -> RawMessage:
        """DDATA with Spool numbers."""
        metrics = [*self.numbers(device, first, last), *readings]
        return self.message("DDATA", metrics, device, skew_ms=skew_ms)

    def live(self, *readings: Metric, device: str = "press1") -> RawMessage:
        """DDATA without Spool numbers."""
        return self.message("DDATA", readings, device)

    def gap(self, first: int, gap: Gap | str, last: int | None = None) -> RawMessage:
        text = gap if isinstance(gap, str) else gap.to_json()
        metric = Metric(text, DataType.STRING, alias=self.alias("", names.GAP), timestamp_ms=self.now_ms)
        return self.message("NDATA", [*self.numbers("", first, last), metric])

    def contact(self, first: int, device: str, online: bool, time_ms: int | None = None) -> RawMessage:
        time = self.now_ms if time_ms is None else time_ms
        metrics = [
            Metric(device, DataType.STRING, alias=self.alias("", names.DEVICE), timestamp_ms=time),
            Metric(online, DataType.BOOLEAN, alias=self.alias("", names.CONTACT), timestamp_ms=time),
        ]
        return self.message("NDATA", [*self.numbers("", first), *metrics])


def new_epoch() -> str:
    return str(uuid.uuid4())
