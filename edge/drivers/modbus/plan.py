"""Few large reads instead of many small ones. Pure.

A device takes about as long for 100 registers as for one, so neighbouring values are read together, also over
registers nobody asked for, up to a gap limit. A device may refuse such a read (exception 2: there is a hole in
its map); then the read is split, at its widest gap first, until what is refused is a single value.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from edge.acquisition.addresses import ModbusAddress, Table
from edge.acquisition.profile import Profile, Tag

BITS_PER_READ = 2000
"""Limit of function codes 1 and 2 (Modbus Application Protocol V1.1b3)."""


@dataclass(frozen=True, slots=True)
class Limits:
    """What one read of a device may be."""

    registers_max: int = 125
    gap_max: int = 16
    even: bool = False  # Start and count must be even.

    @classmethod
    def of(cls, profile: Profile) -> "Limits":
        return cls(profile.max_registers_per_read, profile.gap_limit, profile.even_reads)

    def narrowed(self, registers_max: int | None, gap_max: int | None) -> "Limits":
        """With what the configuration of one device says; None leaves the profile's."""
        registers = self.registers_max if registers_max is None else min(registers_max, self.registers_max)
        return replace(self, registers_max=registers, gap_max=self.gap_max if gap_max is None else gap_max)

    def span(self, start: int, end: int) -> tuple[int, int]:
        """Start and end of the read that covers [start, end)."""
        if not self.even:
            return start, end
        return start - start % 2, end + end % 2

    def allows(self, table: Table, start: int, end: int) -> bool:
        start, end = self.span(start, end)
        return end - start <= (BITS_PER_READ if table.is_bits else self.registers_max)


@dataclass(frozen=True, slots=True)
class Read:
    """One request and the tags it answers; no value is cut."""

    table: Table
    start: int
    count: int
    tags: tuple[Tag, ...]  # Ordered by register.


def modbus_address(tag: Tag) -> ModbusAddress:
    """Where a tag of a Modbus device is. A profile holds addresses of its own driver only."""
    if not isinstance(tag.address, ModbusAddress):
        raise TypeError(f"{tag.name} has no Modbus address")
    return tag.address


def plan_reads(tags: Iterable[Tag], limits: Limits) -> list[Read]:
    """The reads that bring all values. Each tag is in exactly one."""
    ordered = sorted(tags, key=_place)
    return [_read(together, limits) for together in _neighbours(ordered, limits)]


def split_read(read: Read, limits: Limits) -> tuple[Read, Read] | None:
    """Two smaller reads for one that was refused; None if there is no place to cut.

    Cut at the widest gap, and of equal ones at the most central: holes in a map lie in gaps.
    """
    cuts = list(_cuts(read.tags))
    if not cuts:
        return None
    middle = len(read.tags) / 2
    _, at = max(cuts, key=lambda cut: (cut[0], -abs(cut[1] - middle)))
    return _read(read.tags[:at], limits), _read(read.tags[at:], limits)


def _place(tag: Tag) -> tuple[str, int, int]:
    address = modbus_address(tag)
    return address.table, address.first, address.end


def _neighbours(ordered: Sequence[Tag], limits: Limits) -> Iterator[list[Tag]]:
    together: list[Tag] = []
    end = 0
    for tag in ordered:
        address = modbus_address(tag)
        if together:
            first = modbus_address(together[0])
            if (
                address.table is not first.table
                or address.first - end > limits.gap_max
                or not limits.allows(first.table, first.first, max(end, address.end))
            ):
                yield together
                together, end = [], 0
        together.append(tag)
        end = max(end, address.end)
    if together:
        yield together


def _read(tags: Sequence[Tag], limits: Limits) -> Read:
    addresses = [modbus_address(tag) for tag in tags]
    start, end = limits.span(addresses[0].first, max(address.end for address in addresses))
    return Read(addresses[0].table, start, end - start, tuple(tags))


def _cuts(tags: Sequence[Tag]) -> Iterator[tuple[int, int]]:
    """(width of the gap, index of the tag after it) wherever no value is cut."""
    end = modbus_address(tags[0]).end
    for index, tag in enumerate(tags[1:], start=1):
        address = modbus_address(tag)
        if address.first >= end:
            yield address.first - end, index
        end = max(end, address.end)
