"""A value that a device was found to have, whatever the protocol. Pure data."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from edge.acquisition.driver import Value
from edge.contract.datatypes import DataType


@dataclass(frozen=True, slots=True)
class Found:
    """One value: where it is, what it was when it was read, first and last of `values`, over `seconds`.

    `address` are the keys that a profile names it by. `standard` is its name in PackML (OPC 30050), or that
    in another companion specification with the specification before it, if it has one.
    """

    path: Sequence[str]  # Names from the root down, the last its own.
    address: Mapping[str, str | int | list[str | int]]
    datatype: DataType
    values: Sequence[Value]
    seconds: float = 0.0
    unit: str = ""
    low: float | None = None
    high: float | None = None
    standard: str | None = None
    standard_sure: bool = False  # Its browse name is in the namespace of the standard itself.
    bits: int = 0  # Of an integer: how many of them count up before it goes round.
    extra: Mapping[str, str | int] = field(default_factory=dict)

    @property
    def value(self) -> Value:
        return self.values[-1] if self.values else None

    @property
    def standard_of(self) -> str:
        """Whose name it is."""
        before, _, _ = (self.standard or "").rpartition(": ")
        return before or ("PackML" if self.standard else "")

    @property
    def place(self) -> str:
        return "/".join(self.path)
