"""What the spool keeps: entries, neutral of any session.

`seq`, alias and `is_historical` belong to the session that sends an entry, not to the entry. Columns instead of
rows make a batch of a thousand readings cost microseconds to pack.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import msgspec

from edge.contract.datatypes import DataType, Quality
from edge.contract.payloads import Value
from edge.contract.spool_metrics import Gap

ScalarValue = bool | int | float | str | None


@dataclass(frozen=True, slots=True)
class TagDefinition:
    """A tag as births declare it. `properties` are the birth properties (role, unit, …)."""

    device: str
    name: str
    datatype: DataType
    properties: Mapping[str, Value]

    @property
    def is_counted(self) -> bool:
        return self.properties.get("role") in ("counter", "meter")


class Readings(msgspec.Struct, array_like=True, tag="r", frozen=True):
    """The changed readings of one device from one poll. Columns of equal length; times are UTC ms after `base_ms`.

    `bad`: indexes whose quality is not GOOD, with the quality. `by_edge`: indexes whose time is the edge's although
    the device states times.
    """

    device: str
    base_ms: int
    tags: list[int]
    offsets_ms: list[int]
    values: list[ScalarValue]
    bad: dict[int, int] = {}
    by_edge: list[int] = []

    @property
    def span(self) -> int:
        return 1

    @property
    def newest_ms(self) -> int:
        return self.base_ms + max(self.offsets_ms, default=0)

    @property
    def size_bytes(self) -> int:
        """About what the entry takes, on disk and in a message alike."""
        marks = 24 * (len(self.bad) + len(self.by_edge))
        return 24 * len(self.tags) + marks + sum(_text_bytes(v) for v in self.values if isinstance(v, str))

    def rows(self) -> Iterator[tuple[int, int, ScalarValue, int]]:
        """(tag id, time_ms, value, quality) of each reading."""
        bad = self.bad
        for index, tag in enumerate(self.tags):
            quality = bad.get(index, Quality.GOOD) if bad else Quality.GOOD
            yield tag, self.base_ms + self.offsets_ms[index], self.values[index], quality

    def only(self, keep: set[int]) -> "Readings | None":
        """The same entry with the readings at the indexes in `keep`; None when nothing is left."""
        if not keep:
            return None
        order = sorted(keep)
        return Readings(
            self.device,
            self.base_ms,
            [self.tags[i] for i in order],
            [self.offsets_ms[i] for i in order],
            [self.values[i] for i in order],
            {new: self.bad[old] for new, old in enumerate(order) if old in self.bad},
            [new for new, old in enumerate(order) if old in self.by_edge],
        )


class Contact(msgspec.Struct, array_like=True, tag="c", frozen=True):
    """The device came into contact, or was lost, at `time_ms`."""

    device: str
    online: bool
    time_ms: int

    @property
    def span(self) -> int:
        return 1

    @property
    def newest_ms(self) -> int:
        return self.time_ms

    @property
    def size_bytes(self) -> int:
        return 32 + len(self.device)


class GapEntry(msgspec.Struct, array_like=True, tag="g", frozen=True):
    """A gap record. It stands for `span` numbers: one when it only tells, more when it replaced entries."""

    span: int
    gap: Gap

    @property
    def newest_ms(self) -> int:
        return self.gap.to_ms or 0

    @property
    def size_bytes(self) -> int:
        return 48 + sum(32 + len(row.device) + len(row.tag) for row in self.gap.tags)


def _text_bytes(text: str) -> int:
    return len(text) if text.isascii() else len(text.encode())


Entry = Readings | Contact | GapEntry


@dataclass(frozen=True, slots=True)
class Numbered:
    """An entry with the numbers it stands for, first to last."""

    first: int
    entry: Entry

    @property
    def last(self) -> int:
        return self.first + self.entry.span - 1


_encoder = msgspec.msgpack.Encoder()
_decoder = msgspec.msgpack.Decoder(list[Entry])


def pack(entry: Entry) -> bytes:
    return _encoder.encode(entry)


def join(packed: Sequence[bytes]) -> bytes:
    """The body of a batch: packed entries behind the msgpack header of an array, so that each is packed once."""
    return b"\xdd" + len(packed).to_bytes(4, "big") + b"".join(packed)


def unpack(body: bytes) -> list[Entry]:
    """Raises msgspec.DecodeError for bytes that are no batch."""
    return _decoder.decode(body)


def number(first: int, entries: Sequence[Entry]) -> list[Numbered]:
    """Give consecutive entries their numbers, starting at `first`."""
    numbered = []
    for entry in entries:
        numbered.append(Numbered(first, entry))
        first += entry.span
    return numbered
