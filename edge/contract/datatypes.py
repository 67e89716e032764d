"""Sparkplug datatypes and quality codes (Sparkplug B 3.0, chapter 6)."""

from enum import IntEnum


class DataType(IntEnum):
    """The datatype number of a metric. Arrays, DataSet and Template are known by number, not decoded."""

    INT8 = 1
    INT16 = 2
    INT32 = 3
    INT64 = 4
    UINT8 = 5
    UINT16 = 6
    UINT32 = 7
    UINT64 = 8
    FLOAT = 9
    DOUBLE = 10
    BOOLEAN = 11
    STRING = 12
    DATETIME = 13
    TEXT = 14
    UUID = 15
    DATASET = 16
    BYTES = 17
    FILE = 18
    TEMPLATE = 19

    @property
    def is_text(self) -> bool:
        return self in _TEXTS

    @property
    def is_number(self) -> bool:
        """Whether a sample of this type fits a double (64-bit counters up to 2**53)."""
        return self <= DataType.BOOLEAN or self == DataType.DATETIME


_TEXTS = frozenset({DataType.STRING, DataType.TEXT, DataType.UUID})


class Quality(IntEnum):
    """Value of the `Quality` property; absent means GOOD."""

    BAD = 0
    GOOD = 192
    STALE = 500
