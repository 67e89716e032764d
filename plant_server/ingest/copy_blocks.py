"""Columns into the bytes of a binary COPY. A row without a value is shorter, so it comes in a block of its own.

A timestamptz travels as an int64 of microseconds since 2000-01-01 UTC; COPY checks lengths, not types.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from math import isnan

import numpy as np
from numpy.typing import NDArray

from edge.contract.datatypes import Quality
from plant_server.ingest.array_parameters import PG_EPOCH_MS
from plant_server.ingest.facts import TIME_BY_EDGE
from plant_server.ingest.last_values import LastValue

HEADER = b"PGCOPY\n\xff\r\n\0" + bytes(8)
TRAILER = b"\xff\xff"
_MINUTE_MS = 60_000

_ROW = np.dtype(
    [
        ("fields", ">i2"),
        ("ts_length", ">i4"),
        ("ts", ">i8"),
        ("value_length", ">i4"),
        ("value", ">f8"),
        ("tag_length", ">i4"),
        ("tag", ">i4"),
        ("quality_length", ">i4"),
        ("quality", ">i2"),
    ]
)
_ROW_WITHOUT_VALUE = np.dtype([(name, _ROW[name]) for name in _ROW.names or () if name != "value"])
_DIRTY = np.dtype(
    [("fields", ">i2"), ("tag_length", ">i4"), ("tag", ">i4"), ("ts_length", ">i4"), ("ts", ">i8")]
)


@dataclass(frozen=True, slots=True)
class SampleColumns:
    """Samples of a batch. `values` is NaN where there is none."""

    tags: NDArray[np.int64]
    times_ms: NDArray[np.int64]
    values: NDArray[np.float64]
    qualities: NDArray[np.int16]

    @staticmethod
    def of(
        tags: Sequence[int],
        times_ms: Sequence[int],
        values: Sequence[float | None],
        qualities: Mapping[int, int],
    ) -> "SampleColumns":
        """A Bad sample has no value; what is no number (NaN, infinite, null) is Bad."""
        tag = np.array(tags, dtype=np.int64)
        time = np.array(times_ms, dtype=np.int64)
        value = np.array(values, dtype=np.float64)
        quality = np.full(len(tag), int(Quality.GOOD), dtype=np.int16)
        if qualities:
            quality[np.fromiter(qualities.keys(), dtype=np.int64)] = np.fromiter(
                qualities.values(), dtype=np.int16
            )
        absent = ~np.isfinite(value)
        said_good = (quality & ~TIME_BY_EDGE) == Quality.GOOD
        quality[absent & said_good] &= TIME_BY_EDGE
        value[absent | ((quality & ~TIME_BY_EDGE) == Quality.BAD)] = np.nan
        return SampleColumns(tag, time, value, quality)

    def in_order(self) -> "SampleColumns":
        """By time, then tag: neighbours in the table."""
        order = np.lexsort((self.tags, self.times_ms))
        return SampleColumns(
            self.tags[order], self.times_ms[order], self.values[order], self.qualities[order]
        )

    @staticmethod
    def joined(parts: Sequence["SampleColumns"]) -> "SampleColumns":
        """One after the other."""
        if not parts:
            return SampleColumns.of([], [], [], {})
        return SampleColumns(
            np.concatenate([part.tags for part in parts]),
            np.concatenate([part.times_ms for part in parts]),
            np.concatenate([part.values for part in parts]),
            np.concatenate([part.qualities for part in parts]),
        )

    def last_of_each_tag(self) -> Iterator[LastValue]:
        """By position, not by time."""
        for tag_id, index in dict(zip(self.tags.tolist(), range(len(self.tags)), strict=True)).items():
            value = float(self.values[index])
            yield LastValue(
                tag_id,
                int(self.times_ms[index]),
                int(self.qualities[index]),
                None if isnan(value) else value,
                None,
            )

    def copy_bytes(self) -> bytes:
        """Rows for COPY plant.sample (ts, value, tag_id, quality), without header and trailer."""
        absent = np.isnan(self.values)
        return self._rows(~absent, _ROW) + self._rows(absent, _ROW_WITHOUT_VALUE)

    def dirty_bytes(self) -> bytes:
        """The whole input of COPY plant.dirty (tag_id, minute): each pair of the batch once."""
        marks = np.unique((self.times_ms // _MINUTE_MS << 32) | self.tags)
        rows = np.empty(len(marks), dtype=_DIRTY)
        rows["fields"], rows["tag_length"], rows["ts_length"] = 2, 4, 8
        rows["tag"] = marks & 0xFFFFFFFF
        rows["ts"] = ((marks >> 32) * _MINUTE_MS - PG_EPOCH_MS) * 1000
        return HEADER + rows.tobytes() + TRAILER

    def _rows(self, chosen: NDArray[np.bool_], layout: np.dtype[np.void]) -> bytes:
        count = int(chosen.sum())
        if not count:
            return b""
        rows = np.empty(count, dtype=layout)
        rows["fields"] = 4
        rows["ts_length"], rows["ts"] = 8, (self.times_ms[chosen] - PG_EPOCH_MS) * 1000
        if layout is _ROW:
            rows["value_length"], rows["value"] = 8, self.values[chosen]
        else:
            rows["value_length"] = -1
        rows["tag_length"], rows["tag"] = 4, self.tags[chosen]
        rows["quality_length"], rows["quality"] = 2, self.qualities[chosen]
        return rows.tobytes()
