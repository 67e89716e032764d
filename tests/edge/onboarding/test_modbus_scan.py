"""Scanning a map of any shape. A fake unit: its holes are ours."""

import socket

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pymodbus.constants import ExcCodes

from edge.acquisition.addresses import RegisterType, Table, WordOrder
from edge.onboarding.modbus_registers import Answer, TooManyRequests
from edge.onboarding.modbus_scan import Range, is_sane, read_again, read_as, scan

HIGHEST = 160


class HoledUnit:
    """Has these registers, each holding its own number plus what was read before; refuses what touches another."""

    def __init__(self, has: set[int], requests_max: int = 10_000) -> None:
        self.has = has
        self.left = requests_max
        self.rounds = 0
        self.tables = {Table.HOLDING, Table.INPUT}

    async def read(self, unit: int, table: Table, start: int, count: int) -> Answer:
        if self.left == 0:
            raise TooManyRequests("after enough requests")
        self.left -= 1
        if table not in self.tables:
            return Answer(exception=int(ExcCodes.ILLEGAL_FUNCTION))
        asked = range(start, start + count)
        if not self.has.issuperset(asked):
            return Answer(exception=int(ExcCodes.ILLEGAL_ADDRESS))
        return Answer(registers=[number + self.rounds for number in asked])


def silent(_: str) -> None:
    pass


@settings(deadline=None)
@given(st.sets(st.integers(0, HIGHEST)), st.integers(0, HIGHEST), st.integers(1, HIGHEST))
async def test_exactly_the_registers_that_are_there_are_found_and_read_again(has, start, length):
    unit, range_ = HoledUnit(has), Range(Table.HOLDING, start, start + length)
    found = await scan(unit, 1, [range_], silent)
    expected = {number for number in has if start <= number < start + length}
    assert {register for _, register in found.seen} == expected
    assert found.refused == length - len(expected)
    unit.rounds = 1
    await read_again(unit, found)
    assert all(values == [number, number + 1] for (_, number), values in found.seen.items())


@given(st.integers(0, 60))
async def test_a_bound_on_requests_ends_a_scan_that_keeps_what_it_has(requests_max):
    unit = HoledUnit(set(range(0, HIGHEST, 2)), requests_max)
    found = await scan(unit, 1, [Range(Table.HOLDING, 0, HIGHEST)], silent)
    assert found.cut == "after enough requests"
    assert {register for _, register in found.seen} <= unit.has


async def test_a_table_the_unit_cannot_read_is_asked_for_once():
    unit = HoledUnit({3})
    unit.tables = {Table.INPUT}
    ranges = [Range(Table.HOLDING, 0, HIGHEST), Range(Table.INPUT, 3, 4)]
    found = await scan(unit, 1, ranges, silent)
    assert (list(found.seen), found.refused, unit.left) == ([(Table.INPUT, 3)], HIGHEST, 10_000 - 2)


async def test_a_register_that_is_refused_later_keeps_what_it_showed():
    unit = HoledUnit({1, 2, 3})
    found = await scan(unit, 1, [Range(Table.HOLDING, 0, 5)], silent)
    unit.has = set()
    await read_again(unit, found)
    assert found.value(Table.HOLDING, 2) == 2


def test_an_address_that_accepts_and_says_nothing_is_given_up(lineside):
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        listening.listen()
        url = f"modbus://127.0.0.1:{listening.getsockname()[1]}"
        result = lineside("probe", url, "--unit-id", "1-3", "--timeout", "0.1", "--pause", "0")
    assert result.exit_code == 2
    assert "units that answer: none" in result.stdout
    assert "3 requests" in result.stdout, "one question a unit: a second would wait as long for nothing"


@pytest.mark.parametrize(
    ("words", "kind", "order", "value"),
    [
        ([0x4366, 0x8000], RegisterType.FLOAT32, WordOrder.ABCD, 230.5),
        ([0x0000, 0x4148], RegisterType.FLOAT32, WordOrder.CDAB, 12.5),
        ([0x0901, 0x0000], RegisterType.UINT32, WordOrder.CDAB, 2305),
        ([0xFFFF], RegisterType.INT16, WordOrder.ABCD, -1),
        ([1], RegisterType.UINT32, WordOrder.ABCD, None),
    ],
)
def test_words_in_every_order(words, kind, order, value):
    assert read_as(words, kind, order) == value


@pytest.mark.parametrize(
    ("value", "sane"), [(230.5, True), (0.0, True), (-2.5, True), (1e-38, False), (3e38, False)]
)
def test_a_float_nobody_can_have_meant(value, sane):
    assert is_sane(value) is sane
