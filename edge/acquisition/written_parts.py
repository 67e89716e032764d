"""How single values are written in a profile, and what a profile says of all its tags at once."""

from decimal import Decimal, InvalidOperation
from fractions import Fraction
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator

from edge.acquisition.addresses import Table, WordOrder
from edge.acquisition.browse_path import BrowsePath, Machines, browse_path
from edge.acquisition.plc_addresses import PLCS
from edge.contract.datatypes import DataType


class WrongTag(ValueError):
    """A mistake that only shows when tag and profile are seen together."""

    def __init__(self, field: str, message: str) -> None:
        super().__init__(message)
        self.field = field


def exact_of(value: Any) -> Fraction:
    """0.1 as it is written: one tenth, not the nearest binary number."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        raise ValueError("should be a number")
    try:
        fraction = Fraction(Decimal(str(value)))
    except (InvalidOperation, ValueError, OverflowError):
        raise ValueError("should be a number") from None
    return fraction


def scale_of(value: Any) -> Fraction:
    fraction = exact_of(value)
    if fraction == 0:
        raise ValueError("should not be 0")
    return fraction


def datatype_of(value: Any) -> DataType:
    if isinstance(value, str) and value.upper() in DataType.__members__:
        datatype = DataType[value.upper()]
        if datatype <= DataType.TEXT:
            return datatype
    raise ValueError("should be a Sparkplug type such as Int32, UInt64, Double, Boolean, String")


def raw_patterns_of(value: Any) -> Any:
    return value if isinstance(value, list) else [value]


def paths_of(value: Any) -> tuple[str, ...]:
    """`path: a/b` and `path: [a/b, a/c]` alike."""
    paths = value if isinstance(value, list) else [value]
    if not paths or not all(isinstance(path, str) and path.strip("/") for path in paths):
        raise ValueError("should be a path such as m:Machines/own:Press 1, or several, the best first")
    return tuple(paths)


def steps_of(value: Any) -> Any:
    """`at: 3`, `at: Count` and `at: [0, Count]` alike."""
    steps = value if isinstance(value, list) else [value]
    for step in steps:
        if isinstance(step, bool) or not isinstance(step, int | str) or step == "":
            raise ValueError("should be numbers of elements and names of members, such as [0, AccCount]")
        if isinstance(step, int) and step < 0:
            raise ValueError("elements are counted from 0")
    return tuple(steps)


class WrittenPart(BaseModel):
    """Part of a profile file: unknown keys are refused."""

    model_config = ConfigDict(extra="forbid", frozen=True, arbitrary_types_allowed=True)


class ModbusDefaults(WrittenPart):
    """What holds for all registers of a device unless a tag says otherwise."""

    table: Table = Table.HOLDING
    word_order: WordOrder = WordOrder.ABCD
    max_registers_per_read: int = Field(default=125, ge=1, le=125)
    gap_limit: int = Field(default=16, ge=0, le=124)
    even_reads: bool = False
    pause_s: float = Field(default=0.0, ge=0, le=5)
    sunspec: int | None = Field(default=None, ge=1, le=65534)
    plc: str | None = None

    @field_validator("plc")
    @classmethod
    def _known_plc(cls, plc: str | None) -> str | None:
        if plc is not None and plc not in PLCS:
            raise ValueError(f"should be one of {', '.join(sorted(PLCS))}")
        return plc


class MachinesEntry(WrittenPart):
    """Where the machines of a server are; paths as tags have them."""

    below: str
    having: str
    serial_number: str | None = None
    product_instance_uri: str | None = None


class OpcUaDefaults(WrittenPart):
    """Whether tags are polled or told by the server, and how, unless a tag says otherwise. Tags with the same
    `publishing_ms` share a subscription: some servers have few. `namespaces`: short names of URIs, for paths; `start`:
    the node id they begin at, Objects if nothing is said; `machines`: they begin at one of these."""

    mode: Literal["poll", "subscribe"] = "poll"
    sampling_ms: int = Field(default=250, ge=0, le=3_600_000)
    publishing_ms: int = Field(default=500, ge=10, le=60_000)
    queue: int = Field(default=10, ge=1, le=10_000)
    discard_oldest: bool = True
    namespaces: dict[str, str] = Field(default_factory=dict)
    start: str = "i=85"
    machines: MachinesEntry | None = None

    @field_validator("namespaces")
    @classmethod
    def _short_names(cls, namespaces: dict[str, str]) -> dict[str, str]:
        for short, uri in namespaces.items():
            if set(short) & set("/:&") or not short.strip():
                raise ValueError(f"{short!r} should be a short name without / : and &")
            if not uri.strip():
                raise ValueError(f"{short} should be a namespace URI")
        return namespaces

    @field_validator("start")
    @classmethod
    def _node_id(cls, start: str) -> str:
        if not start.startswith(("i=", "ns=", "nsu=")):
            raise ValueError("should be a node id such as i=85 or nsu=urn:maker:press;s=Line")
        return start

    def path(self, text: str, field: str) -> BrowsePath:
        """Raises WrongTag, at this field."""
        try:
            return browse_path(text, self.namespaces)
        except ValueError as error:
            raise WrongTag(field, str(error)) from error

    def machines_of(self) -> Machines | None:
        """Raises WrongTag."""
        if self.machines is None:
            return None
        given = self.machines.model_dump(exclude_none=True)
        return Machines(**{field: self.path(text, field) for field, text in given.items()})
