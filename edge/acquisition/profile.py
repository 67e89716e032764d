"""What a device is: its tags, and the document they were taken from.

A device is data. Its profile is a YAML file in `edge/drivers/profiles/`, or one of the user's own beside the
configuration; `profile_file.py` says how it is written and checks it.
"""

from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path
from typing import Literal

from edge.acquisition.addresses import Address, EdgeMade, ModbusAddress, OpcUaAddress
from edge.acquisition.browse_path import Machines
from edge.contract.datatypes import DataType
from edge.contract.roles import Counts, Role

PROFILES_FOLDER = Path(__file__).parent.parent / "drivers" / "profiles"


@dataclass(frozen=True, slots=True)
class Watch:
    """How a server watches a value and tells its changes. What it makes of the wishes is its own: it may be slower.

    `queue`: changes it keeps between two publications. When there are more, the oldest are lost, or all between the
    oldest and the newest; either way it says so, and a gap record tells it.
    """

    sampling_ms: int = 250
    publishing_ms: int = 500
    queue: int = 10
    discard_oldest: bool = True


@dataclass(frozen=True, slots=True)
class Tag:
    """One value of a device: where it lives, what it means, and what is published of it.

    `scale` is units per raw count, exact, and `offset` is added after it: a sensor's zero, never a counter's. Of a counter or meter it is a whole number (10 for 0.01 kWh in Wh),
    unless the device shows a float, which is rounded to the unit.
    `width` is the number of bits of the raw counter: it wraps at `modulus`. `rate_max` is the fastest advance
    the machine is capable of, in units per second, generous but real: the plant judges steps by it.
    """

    name: str
    role: Role
    datatype: DataType
    address: Address
    unit: str = "1"
    scale: Fraction = Fraction(1)
    offset: Fraction = Fraction(0)
    transformer: Literal["current", "voltage", "both"] | None = (
        None  # Whose ratio the meter leaves to the reader.
    )
    width: int | None = None
    rate_max: float | None = None
    counts: Counts | None = None
    deadband: float = 0.0
    period_s: float | None = None  # None: at every poll. Else rounded to whole polls of the device.
    vocabulary: str | None = None  # Of a state or mode: which code table its numbers are from.
    watch: Watch | None = None  # None: it is polled.

    @property
    def modulus(self) -> int | None:
        """Where the published value of a counter or meter wraps, in units; None for everything else."""
        if self.width is None:
            return None
        if isinstance(self.address, ModbusAddress) and not self.address.goes_round_at_its_width:
            return (
                1 << self.width
            )  # `width` is then of the published value: what goes round is taken for a restart.
        return int((1 << self.width) * self.scale)


HEARTBEAT = Tag(name="heartbeat", role=Role.HEARTBEAT, datatype=DataType.UINT32, address=EdgeMade())
"""Made by the edge for every device: counts its polls, so that silence and standstill differ."""


@dataclass(frozen=True, slots=True)
class Example:
    """What a device would hold for one tag, from its first register on, and what is then published."""

    tag: str
    words: tuple[int, ...]
    value: int | float | bool | str | None
    source: str


@dataclass(frozen=True, slots=True)
class Variant:
    """The same device read otherwise, where documents contradict one another or generations differ."""

    name: str
    source: str  # Who says so.
    profile: "Profile"


@dataclass(frozen=True, slots=True)
class Profile:
    """A kind of device. `tags` are all it publishes, the heartbeat last; `polled` are those that come from it, of which
    `watched` are told by the device itself when they change."""

    name: str
    driver: str  # A key of edge.drivers.DRIVERS_BY_NAME.
    document: str
    revision: str
    page: str
    verified: (
        str  # `document`: from paper. `device`: seen to be true on a real one. `draft`: guessed by a tool.
    )
    tags: tuple[Tag, ...]
    max_registers_per_read: int = 125
    gap_limit: int = 16  # Registers nobody asked for that a read may span to save a request.
    even_reads: bool = False  # Start and count of each read must be even.
    pause_s: float = 0.0  # Rest the device needs between two requests.
    plc: str | None = None  # Whose operands the addresses were written as: a key of plc_addresses.PLCS.
    sunspec_model: int | None = None  # Registers count from this model, which is looked for in the device.
    start: str = "i=85"  # OPC UA node id that browse paths begin at, if not at a machine.
    machines: Machines | None = None
    examples: tuple[Example, ...] = ()
    variants: tuple[Variant, ...] = ()

    def variant(self, name: str) -> "Profile":
        """The profile as one of its variants reads the device. Raises KeyError."""
        return {variant.name: variant.profile for variant in self.variants}[name]

    @property
    def polled(self) -> tuple[Tag, ...]:
        return tuple(tag for tag in self.tags if not isinstance(tag.address, EdgeMade))

    @property
    def watched(self) -> tuple[Tag, ...]:
        return tuple(tag for tag in self.polled if tag.watch is not None)

    def with_ratios(self, current: int, voltage: int) -> "Profile":
        """The same meter behind transformers of these ratios, where it does not apply them itself."""
        factors = {None: 1, "current": current, "voltage": voltage, "both": current * voltage}
        tags = tuple(replace(tag, scale=tag.scale * factors[tag.transformer]) for tag in self.tags)
        return replace(self, tags=tags)

    def in_namespace(self, uri: str) -> "Profile":
        """The same device with another OPC UA namespace URI in every `nsu=` node id."""
        return replace(self, tags=tuple(_moved(tag, uri) for tag in self.tags))


def _moved(tag: Tag, uri: str) -> Tag:
    if not isinstance(tag.address, OpcUaAddress) or not tag.address.node.startswith("nsu="):
        return tag
    _, _, identifier = tag.address.node.partition(";")
    return replace(tag, address=replace(tag.address, node=f"nsu={uri};{identifier}"))


def profile_names() -> tuple[str, ...]:
    """Names of the profiles that come with Lineside."""
    return tuple(sorted(path.stem for path in PROFILES_FOLDER.glob("*.yaml")))
