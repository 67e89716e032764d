"""Which unit ids answer at a Modbus address."""

from collections.abc import Callable, Iterable, Iterator

from edge.acquisition.addresses import Table
from edge.onboarding.modbus_registers import TABLES, Registers

UNIT_MAX = 247
"""The highest a device may have (Modbus over serial line V1.02); 255 is what many TCP devices answer to."""


def units_of(text: str) -> list[int]:
    """`1-10,126` as numbers. Raises ValueError."""
    units: list[int] = []
    for part in text.split(","):
        first, _, last = part.partition("-")
        low, high = int(first), int(last or first)
        if not (0 <= low <= high <= UNIT_MAX or low == high == 255):
            raise ValueError(f"{part!r}: unit ids are 0 to {UNIT_MAX}, or 255")
        units += [unit for unit in range(low, high + 1) if unit not in units]
    return units


async def answering(registers: Registers, units: Iterable[int], say: Callable[[str], None]) -> list[int]:
    """The units that answer, be it with a refusal: who refuses is there. Raises DeviceUnavailable."""
    there: list[int] = []
    for unit in units:
        say(f"unit {unit}: asking, {len(there)} found")
        for table, start in _first_questions():
            answer = await registers.read(unit, table, start, 2)
            if not answer.is_silence:
                there.append(unit)
                break
            if answer.exception is None:
                break  # No reply at all: a second question would wait as long for nothing.
    return there


def _first_questions() -> Iterator[tuple[Table, int]]:
    for table in TABLES:
        yield table, 0
