"""Which registers a unit has, and what they may mean.

A range is asked for in blocks; a block that is refused is asked for in halves, down to single registers, so that
holes in the map are found and what lies between them is read. How often is bounded, by the requests of `Registers`.
"""

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

from edge.acquisition.addresses import ModbusAddress, RegisterType, Table, WordOrder
from edge.acquisition.decode import register_decoder
from edge.acquisition.driver import Value
from edge.drivers.modbus.driver import ILLEGAL_FUNCTION
from edge.onboarding.modbus_registers import Registers, TooManyRequests

BLOCK = 50
"""Registers in one request; some meters refuse more."""
SANE = (1e-3, 1e9)
"""Absolute values of a float that somebody may have meant; 0 beside."""


@dataclass(frozen=True, slots=True)
class Range:
    """Registers [start, end) of one table, counted from 0 as on the wire."""

    table: Table
    start: int
    end: int


@dataclass(slots=True)
class Scan:
    """Of one unit. `seen`: the values of each register, in the order they were read, over `seconds`."""

    unit: int
    seen: dict[tuple[Table, int], list[int]] = field(default_factory=dict)
    refused: int = 0  # Registers the unit does not have.
    silent: int = 0  # Registers nobody answered for.
    cut: str = ""
    seconds: float = 0.0

    def value(self, table: Table, register: int) -> int | None:
        values = self.seen.get((table, register))
        return values[-1] if values else None


def ranges_of(text: str) -> list[Range]:
    """`holding:0-199,input:0-99` as ranges, both ends included. Raises ValueError."""
    ranges: list[Range] = []
    for part in text.split(","):
        name, _, numbers = part.strip().partition(":")
        first, _, last = numbers.partition("-")
        table, start, end = Table(name), int(first, 0), int(last or first, 0) + 1
        if table.is_bits or not 0 <= start < end <= 65536:
            raise ValueError(f"{part!r}: should be holding: or input: and registers from 0 to 65535")
        ranges.append(Range(table, start, end))
    return ranges


async def scan(registers: Registers, unit: int, ranges: Sequence[Range], say: Callable[[str], None]) -> Scan:
    """Read the ranges once. Raises DeviceUnavailable; the bound on requests ends it and is told in `cut`."""
    done = Scan(unit)
    blocks = [block for range_ in ranges for block in _blocks(range_)]
    total = sum(block.end - block.start for block in blocks)
    try:
        while blocks:
            block = blocks.pop(0)
            left = sum(one.end - one.start for one in blocks)
            say(f"unit {unit}: {total - left} of {total} registers, {len(done.seen)} there")
            answer = await registers.read(unit, block.table, block.start, block.end - block.start)
            if answer.registers is not None:
                for offset, word in enumerate(answer.registers):
                    done.seen.setdefault((block.table, block.start + offset), []).append(word)
            elif answer.exception == ILLEGAL_FUNCTION:
                # The unit does not read this table at all: no smaller question has another answer.
                refused = [block, *(one for one in blocks if one.table is block.table)]
                done.refused += sum(one.end - one.start for one in refused)
                blocks = [one for one in blocks if one.table is not block.table]
            elif answer.is_silence:
                done.silent += block.end - block.start
            elif block.end - block.start == 1:
                done.refused += 1
            else:
                blocks = [*_halves(block), *blocks]
    except TooManyRequests as bound:
        done.cut = str(bound)
    return done


async def read_again(registers: Registers, done: Scan) -> None:
    """One more value of every register that is there. A refusal now leaves a register without one."""
    try:
        for block in _runs(sorted(done.seen)):
            answer = await registers.read(done.unit, block.table, block.start, block.end - block.start)
            for offset, word in enumerate(answer.registers or ()):
                done.seen[block.table, block.start + offset].append(word)
    except TooManyRequests as bound:
        done.cut = str(bound)


def _blocks(range_: Range) -> Iterator[Range]:
    for start in range(range_.start, range_.end, BLOCK):
        yield Range(range_.table, start, min(start + BLOCK, range_.end))


def _halves(block: Range) -> tuple[Range, Range]:
    """At an even register where there is one, so that a value of two registers stays whole."""
    middle = (block.start + block.end) // 2
    middle += middle % 2 if middle + middle % 2 < block.end else 0
    return Range(block.table, block.start, middle), Range(block.table, middle, block.end)


def _runs(places: Sequence[tuple[Table, int]]) -> Iterator[Range]:
    """Neighbouring registers together, as far as one request goes."""
    start: tuple[Table, int] | None = None
    end = 0
    for table, register in places:
        if start is not None and (table, register) == (start[0], end) and register - start[1] < BLOCK:
            end += 1
            continue
        if start is not None:
            yield Range(start[0], start[1], end)
        start, end = (table, register), register + 1
    if start is not None:
        yield Range(start[0], start[1], end)


def read_as(words: Sequence[int], kind: RegisterType, order: WordOrder) -> Value:
    """What these words are as a value of this type and order."""
    address = ModbusAddress(Table.HOLDING, 0, kind, order)
    return register_decoder(address)(list(words), 0) if len(words) >= address.count else None


def is_sane(value: Value) -> bool:
    """Whether somebody may have meant this float."""
    if not isinstance(value, float) or not math.isfinite(value):
        return False
    return value == 0 or SANE[0] <= abs(value) <= SANE[1]
