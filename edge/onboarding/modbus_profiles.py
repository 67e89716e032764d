"""Tries the meter profiles that come with Lineside on a unit; `edge/acquisition/plausibility.py` says which one fits."""

from collections.abc import Sequence

from edge.acquisition.addresses import Table
from edge.acquisition.decode import publisher, register_decoder
from edge.acquisition.driver import Value
from edge.acquisition.profile import Profile, Tag
from edge.drivers.modbus.plan import Limits, Read, modbus_address, plan_reads, split_read
from edge.drivers.modbus.sunspec import find_model
from edge.errors import DeviceUnavailable
from edge.onboarding.modbus_registers import Registers

REFUSED_MAX = 8
"""Reads of a profile that are refused before it is given up: a unit that has none of it is not asked for each register."""


async def read_tags(registers: Registers, unit: int, profile: Profile) -> dict[str, Value]:
    """What each tag would publish; None for what the unit lacks. Silence counts as lacking."""
    limits = Limits.of(profile)
    values: dict[str, Value] = {tag.name: None for tag in profile.polled}
    reads: list[Read] = [
        read for read in plan_reads(profile.polled, limits) if read.table in (Table.HOLDING, Table.INPUT)
    ]
    base = await _base(registers, unit, profile)
    if base is None:
        return values
    refused, some = 0, False
    while reads and (some or refused < REFUSED_MAX):
        read = reads.pop(0)
        answer = await registers.read(unit, read.table, base + read.start, read.count)
        if answer.registers is not None:
            for tag in read.tags:
                values[tag.name] = _published(tag, answer.registers, read.start)
            some = True
        elif not answer.is_silence and (halves := split_read(read, limits)) is not None:
            reads, refused = [*halves, *reads], refused + 1
    return values


async def _base(registers: Registers, unit: int, profile: Profile) -> int | None:
    """What registers count from; None if the unit does not have the profile's SunSpec model."""
    if profile.sunspec_model is None:
        return 0

    async def ask(start: int, count: int) -> Sequence[int] | None:
        return (await registers.read(unit, Table.HOLDING, start, count)).registers

    try:
        return await find_model(ask, profile.sunspec_model)
    except DeviceUnavailable:
        return None


def _published(tag: Tag, registers: Sequence[int], start: int) -> Value:
    address = modbus_address(tag)
    return publisher(tag)(register_decoder(address)(registers, address.register - start))
