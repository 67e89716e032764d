"""Where a value lives in a device. How to read it is the driver's business."""

from dataclasses import dataclass
from enum import StrEnum

from edge.acquisition.browse_path import STATE_ID, BrowsePath


class Table(StrEnum):
    """The four tables of a Modbus device."""

    HOLDING = "holding"  # Function code 3.
    INPUT = "input"  # Function code 4.
    COIL = "coil"  # Function code 1, single bits.
    DISCRETE = "discrete"  # Function code 2, single bits.

    @property
    def is_bits(self) -> bool:
        return self in (Table.COIL, Table.DISCRETE)


class RegisterType(StrEnum):
    """How registers are to be read as a number, a bit or a text."""

    UINT16 = "uint16"
    INT16 = "int16"
    UINT32 = "uint32"
    INT32 = "int32"
    UINT64 = "uint64"
    INT64 = "int64"
    FLOAT32 = "float32"
    FLOAT64 = "float64"
    BCD16 = "bcd16"  # Four decimal digits, one in each half byte.
    BCD32 = "bcd32"
    BIT = "bit"
    STRING = "string"

    @property
    def bits(self) -> int:
        """Size in bits; 0 for a string, whose address states its length."""
        return _BITS[self]

    @property
    def is_float(self) -> bool:
        return self in (RegisterType.FLOAT32, RegisterType.FLOAT64)

    @property
    def is_bcd(self) -> bool:
        return self in (RegisterType.BCD16, RegisterType.BCD32)

    @property
    def is_signed(self) -> bool:
        return self in (RegisterType.INT16, RegisterType.INT32, RegisterType.INT64)


_BITS = {
    RegisterType.UINT16: 16,
    RegisterType.INT16: 16,
    RegisterType.UINT32: 32,
    RegisterType.INT32: 32,
    RegisterType.UINT64: 64,
    RegisterType.INT64: 64,
    RegisterType.FLOAT32: 32,
    RegisterType.FLOAT64: 64,
    RegisterType.BCD16: 16,
    RegisterType.BCD32: 32,
    RegisterType.BIT: 1,
    RegisterType.STRING: 0,
}


class WordOrder(StrEnum):
    """Order of the bytes on the wire; A is the most significant byte of a 32-bit value.

    A 64-bit value follows the same two rules: words in order or reversed, bytes in a word in order or swapped.
    """

    ABCD = "ABCD"  # Big-endian, as the Modbus specification has it.
    CDAB = "CDAB"  # Low word first; bytes inside a word in order.
    BADC = "BADC"  # High word first; bytes inside a word swapped.
    DCBA = "DCBA"  # Little-endian.

    @property
    def low_word_first(self) -> bool:
        return self in (WordOrder.CDAB, WordOrder.DCBA)

    @property
    def bytes_swapped(self) -> bool:
        return self in (WordOrder.BADC, WordOrder.DCBA)


@dataclass(frozen=True, slots=True)
class ModbusAddress:
    """Registers of one value. `register` counts from 0, as on the wire (a manual's 40001 is holding 0); in a profile by
    SunSpec model, from the register that holds the model's number."""

    table: Table
    register: int
    type: RegisterType = RegisterType.UINT16
    word_order: WordOrder = WordOrder.ABCD
    bit: int = 0  # Of a `bit` in a register: 0 is the least significant.
    length: int = 0  # Of a `string`, in registers.
    nan: tuple[int, ...] = ()  # Raw patterns, read as unsigned, that mean "no value".
    scale_register: int | None = None  # Where the device says the power of ten it counts in, an int16.

    @property
    def count(self) -> int:
        """Registers (or, in a table of bits, bits) it takes."""
        if self.type is RegisterType.STRING:
            return self.length
        return max(1, self.type.bits // 16)

    @property
    def first(self) -> int:
        """The first register that must be read with it: a value and its power of ten are of one moment."""
        return self.register if self.scale_register is None else min(self.register, self.scale_register)

    @property
    def end(self) -> int:
        """The first register after it."""
        end = self.register + self.count
        return end if self.scale_register is None else max(end, self.scale_register + 1)

    @property
    def goes_round_at_its_width(self) -> bool:
        """Whether a count wraps at the bits it has. A float, a decimal or a value with a power of ten does elsewhere."""
        return not (self.type.is_float or self.type.is_bcd or self.scale_register is not None)


@dataclass(frozen=True, slots=True)
class OpcUaAddress:
    """A node id in its text form; `nsu=<uri>;…` is resolved to the server's own index when connected.

    `at`: where the value lies in what the node holds, from the outside in: numbers of elements (counted from 0) and
    names of members. Empty: the node holds the value itself. `paths`, in place of `node`: ways to the node by names, of
    which the first that leads somewhere is taken.
    """

    node: str = ""
    at: tuple[int | str, ...] = ()
    paths: tuple[BrowsePath, ...] = ()

    @property
    def place(self) -> str:
        """As a person wrote it."""
        return self.node or " or ".join(path.text for path in self.paths)

    @property
    def is_state(self) -> bool:
        """Whether the value may be the node of a state, which is told as the state's number."""
        return any(path.names[-1] == STATE_ID for path in self.paths)

    @property
    def is_whole(self) -> bool:
        """Whether what the node holds has to be seen whole before it is a value."""
        return bool(self.at) or self.is_state


@dataclass(frozen=True, slots=True)
class EdgeMade:
    """Not in the device: the edge makes the value (the heartbeat)."""


Address = OpcUaAddress | ModbusAddress | EdgeMade
