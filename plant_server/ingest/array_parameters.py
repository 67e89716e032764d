"""numpy columns as array parameters of a statement (`unnest(%(tag_ids)s)`), in PostgreSQL's binary form.

A Python list costs about a microsecond an element to dump; a column costs nothing that could be measured.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import psycopg
from numpy.typing import NDArray
from psycopg.abc import Buffer
from psycopg.adapt import Dumper
from psycopg.pq import Format

PG_EPOCH_MS = 946_684_800_000  # 2000-01-01 UTC


@dataclass(frozen=True, slots=True)
class _Column:
    """One dimension, no nulls."""

    values: NDArray[np.generic]

    element_oid: ClassVar[int]
    layout: ClassVar[str]

    def binary(self) -> bytes:
        count, width = len(self.values), np.dtype(self.layout).itemsize
        rows = np.empty(count, dtype=[("length", ">i4"), ("value", self.layout)])
        rows["length"], rows["value"] = width, self.values
        head = (1, 0, self.element_oid, count, 1) if count else (0, 0, self.element_oid)
        return np.array(head, dtype=">i4").tobytes() + rows.tobytes()


class Int2Column(_Column):
    element_oid, layout = 21, ">i2"


class Int4Column(_Column):
    element_oid, layout = 23, ">i4"


class Int8Column(_Column):
    element_oid, layout = 20, ">i8"


class Float8Column(_Column):
    element_oid, layout = 701, ">f8"


class TimestampColumn(_Column):
    """timestamptz, from microseconds since PostgreSQL's epoch."""

    element_oid, layout = 1184, ">i8"


def int2(values: Iterable[int]) -> Int2Column:
    return Int2Column(np.fromiter(values, dtype=np.int16))


def int4(values: Iterable[int]) -> Int4Column:
    return Int4Column(np.fromiter(values, dtype=np.int32))


def int8(values: Iterable[int]) -> Int8Column:
    return Int8Column(np.fromiter(values, dtype=np.int64))


def float8(values: Iterable[float | None]) -> Float8Column:
    """None travels as NaN; the statement makes it null again (`nullif(value, 'NaN')`)."""
    return Float8Column(np.array(list(values), dtype=np.float64))


def timestamps(times_ms: Iterable[int]) -> TimestampColumn:
    """timestamptz from UTC ms."""
    return TimestampColumn((np.fromiter(times_ms, dtype=np.int64) - PG_EPOCH_MS) * 1000)


class _ColumnDumper(Dumper):
    format = Format.BINARY

    def dump(self, obj: _Column) -> Buffer:
        return obj.binary()


def register(connection: psycopg.Connection) -> None:
    """Let this session take the columns above as parameters."""
    array_oids = {
        Int2Column: 1005,
        Int4Column: 1007,
        Int8Column: 1016,
        Float8Column: 1022,
        TimestampColumn: 1185,
    }
    for column, oid in array_oids.items():
        dumper = type(f"{column.__name__}Dumper", (_ColumnDumper,), {"oid": oid})
        connection.adapters.register_dumper(column, dumper)
