"""Operands of PLCs as Modbus addresses. Numbers from the makers' address tables, counted from 0 as on the wire."""

import pytest

from edge.acquisition.addresses import ModbusAddress, RegisterType, Table, WordOrder
from edge.acquisition.located_yaml import parse_yaml
from edge.acquisition.plc_addresses import PLCS
from edge.acquisition.profile_file import parse_profile
from edge.errors import ConfigError

PLACES = [
    ("mitsubishi_fx3u", "M0", "coil", 0x0000), ("mitsubishi_fx3u", "M8000", "coil", 0x1E00),
    ("mitsubishi_fx3u", "X10", "discrete", 0x3408), ("mitsubishi_fx3u", "Y0", "coil", 0x3300),
    ("delta_dvp", "D0", "holding", 0x1000), ("delta_dvp", "D4095", "holding", 0x1FFF),
    ("delta_dvp", "D4096", "holding", 0x9000), ("delta_dvp", "M1535", "coil", 0x0DFF),
    ("delta_dvp", "M1536", "coil", 0xB000), ("delta_dvp", "C199", "holding", 0x0EC7),
    ("delta_dvp", "C200", "holding", 0x0EC8), ("delta_dvp", "C201", "holding", 0x0ECA),
    ("delta_dvp", "X17", "discrete", 0x040F), ("delta_dvp", "Y20", "coil", 0x0510),
    ("inovance_h5u", "D100", "holding", 100), ("inovance_h5u", "R5", "holding", 0x3005),
    ("inovance_h5u", "M7999", "coil", 7999), ("inovance_h5u", "Y7", "coil", 0xFC07),
    ("inovance_h3u", "SD1", "holding", 0x2401), ("inovance_h3u", "C201", "holding", 0xF702),
    ("inovance_am", "MW12", "holding", 12), ("inovance_am", "MD12", "holding", 24),
    ("xinje_xc", "D8000", "holding", 0x4000), ("xinje_xc", "M8001", "coil", 0x6001),
    ("xinje_xc", "Y10", "coil", 0x4808), ("xinje_xc", "FD1", "holding", 0x4801),
    ("xinje_xd", "HD0", "holding", 0xA080), ("xinje_xd", "hd12", "holding", 0xA08C),
    ("xinje_xd", "HM3", "coil", 0xC103), ("xinje_xd", "X20", "discrete", 0x5010),
    ("xinje_xd", "D20479", "holding", 20479), ("xinje_xd", "HSD2", "holding", 0xB882),
]  # fmt: skip


@pytest.mark.parametrize(("plc", "operand", "table", "register"), PLACES)
def test_an_operand_stands_where_the_maker_says(plc, operand, table, register):
    assert PLCS[plc].place(operand) == (Table(table), register)


@pytest.mark.parametrize(
    ("plc", "operand", "why"),
    [
        ("delta_dvp", "X8", "octal"),
        ("xinje_xd", "Y19", "octal"),
        ("inovance_h5u", "HD0", "Inovance H5U / Easy has no HD0"),
        ("inovance_h5u", "M8000", "beyond"),
        ("inovance_h5u", "100", "should be one of"),
        ("delta_dvp", "D12000", "beyond"),
    ],
)
def test_an_operand_that_is_none_is_refused(plc, operand, why):
    with pytest.raises(ValueError, match=why):
        PLCS[plc].place(operand)


@pytest.mark.parametrize("name", PLCS)
def test_every_plc_names_its_source_and_no_two_operands_share_a_place(name):
    plc = PLCS[name]
    assert plc.source
    assert plc.maker
    taken: dict[Table, list[tuple[int, int]]] = {}
    for area in plc.areas:
        start = area.register
        end = start + (area.last - area.first + 1) * (2 if area.wide else 1)
        if name != "inovance_am":  # MW and MD are two names for the same words.
            assert all(end <= other or start >= until for other, until in taken.get(area.table, [])), area
            assert end <= 65536
        taken.setdefault(area.table, []).append((start, end))


PROFILE = """\
name: cell
driver: modbus
document: the programme of the cell
revision: "1"
page: list of operands
verified: document
modbus: {plc: inovance_h5u%s}
tags:
  - {name: parts, address: D100, type: uint32, role: counter, counts: parts, unit: parts, width: 32, rate_max: 100}
  - {name: running, address: M20, type: bit, role: measurement}
"""


def addresses(more: str = ""):
    return [tag.address for tag in parse_profile(parse_yaml(PROFILE % more, source="cell.yaml")).polled]


def test_a_profile_speaks_the_language_of_the_plc_and_its_word_order():
    assert addresses() == [
        ModbusAddress(Table.HOLDING, 100, RegisterType.UINT32, WordOrder.CDAB),
        ModbusAddress(Table.COIL, 20, RegisterType.BIT, WordOrder.CDAB),
    ]
    assert addresses(", word_order: ABCD")[0].word_order is WordOrder.ABCD


@pytest.mark.parametrize(
    ("old", "new", "mistake"),
    [
        ("address: D100", "address: X9", "tags\\[0\\].address: should be octal"),
        ("address: D100", "address: D100, register: 3", "takes the place of register"),
        ("plc: inovance_h5u%s", "table: holding%s", "needs modbus: {plc"),
        ("plc: inovance_h5u%s", "plc: siemens%s", "modbus.plc: should be one of delta_dvp"),
        ("address: M20, type: bit", "address: M20", "of a coil should be bit"),
    ],
)
def test_what_is_wrong_with_an_operand_is_said_with_its_line(old, new, mistake):
    text = PROFILE.replace(old, new) % ""
    with pytest.raises(ConfigError, match=mistake):
        parse_profile(parse_yaml(text, source="cell.yaml"))
