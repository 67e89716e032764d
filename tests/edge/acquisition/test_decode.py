import math
import struct
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.acquisition.addresses import ModbusAddress, RegisterType, Table, WordOrder
from edge.acquisition.decode import TEXT_MAX_BYTES, publisher, register_decoder
from edge.acquisition.profile import Tag
from edge.contract.datatypes import DataType
from edge.contract.roles import Counts, Role


def address(kind: str, order: str = "ABCD", **more) -> ModbusAddress:
    return ModbusAddress(Table.HOLDING, 0, RegisterType(kind), WordOrder(order), **more)


def decoded(words: str, kind: str, order: str = "ABCD", **more):
    registers = [int(word, 16) for word in words.split()]
    return register_decoder(address(kind, order, **more))(registers, 0)


def tag(
    kind: str = "uint16", role: Role = Role.MEASUREMENT, datatype: DataType = DataType.DOUBLE, **more
) -> Tag:
    return Tag("t", role, datatype, address(kind), **more)


# Computed outside this code, in wire order: see the notes on decoder check values of the register maps.
CHECK_VALUES = [
    ("4366 8000", "float32", "ABCD", "1", 230.5),
    ("C4EF F800", "float32", "ABCD", "1", -1919.75),
    ("0000 4148", "float32", "CDAB", "1", 12.5),
    ("0901 0000", "int32", "CDAB", "0.1", 230.5),
    ("CFC7 FFFF", "int32", "CDAB", "0.1", -1234.5),
    ("0000 0000 075B CD15", "uint64", "ABCD", "0.01", 1234567.89),
    ("0000 0002 4CB0 16EA", "int64", "ABCD", "1", 9876543210),
    ("4167 8C29 D000 0000", "float64", "ABCD", "1", 12345678.5),
]


@pytest.mark.parametrize(("words", "kind", "order", "scale", "expected"), CHECK_VALUES)
def test_check_values_decode_exactly(words, kind, order, scale, expected):
    raw = decoded(words, kind, order)
    assert publisher(tag(kind, scale=Fraction(scale)))(raw) == expected


PACK = {
    "uint16": (">H", st.integers(0, 2**16 - 1)),
    "int16": (">h", st.integers(-(2**15), 2**15 - 1)),
    "uint32": (">I", st.integers(0, 2**32 - 1)),
    "int32": (">i", st.integers(-(2**31), 2**31 - 1)),
    "uint64": (">Q", st.integers(0, 2**64 - 1)),
    "int64": (">q", st.integers(-(2**63), 2**63 - 1)),
    "float32": (">f", st.floats(width=32, allow_nan=False, allow_infinity=False)),
    "float64": (">d", st.floats(allow_nan=False, allow_infinity=False)),
}


def on_the_wire(packed: bytes, order: str) -> list[int]:
    """The same value as a device of this order would put it into registers: an encoder of our own."""
    words = [packed[at : at + 2] for at in range(0, len(packed), 2)]
    if order in ("CDAB", "DCBA"):
        words.reverse()
    if order in ("BADC", "DCBA"):
        words = [word[::-1] for word in words]
    return [int.from_bytes(word, "big") for word in words]


@given(
    st.data(),
    st.sampled_from(sorted(PACK)),
    st.sampled_from(["ABCD", "CDAB", "BADC", "DCBA"]),
    st.integers(0, 5),
)
def test_every_type_survives_every_word_order(data, kind, order, offset):
    form, values = PACK[kind]
    value = data.draw(values)
    registers = [0xDEAD] * offset + on_the_wire(struct.pack(form, value), order) + [0xBEEF]
    assert register_decoder(address(kind, order))(registers, offset) == value


def test_orders_are_named_after_where_the_most_significant_byte_goes():
    value = struct.pack(">I", 0x0A0B0C0D)
    assert on_the_wire(value, "ABCD") == [0x0A0B, 0x0C0D]
    assert decoded("0C0D 0A0B", "uint32", "CDAB") == 0x0A0B0C0D
    assert decoded("0B0A 0D0C", "uint32", "BADC") == 0x0A0B0C0D
    assert decoded("0D0C 0B0A", "uint32", "DCBA") == 0x0A0B0C0D


@pytest.mark.parametrize(
    ("words", "kind", "sentinel"),
    [
        ("FFFF", "uint16", 0xFFFF),
        ("8000", "int16", 0x8000),
        ("7FFF FFFF", "int32", 0x7FFFFFFF),
        ("FFFF FFFF FFFF FFFF", "uint64", 0xFFFFFFFFFFFFFFFF),
    ],
)
def test_a_sentinel_is_no_value(words, kind, sentinel):
    assert decoded(words, kind, nan=(sentinel,)) is None
    assert decoded(words, kind) is not None


@pytest.mark.parametrize("words", ["7FC0 0000", "7F80 0000", "FF80 0000", "FFFF FFFF"])
def test_nan_and_infinity_are_no_value(words):
    assert decoded(words, "float32") is None


def test_bits_count_from_the_least_significant():
    assert decoded("0001", "bit", bit=0) is True
    assert decoded("8000", "bit", bit=15) is True
    assert decoded("8000", "bit", bit=0) is False
    assert decoded("0080", "bit", "BADC", bit=15) is True


def test_a_coil_is_a_bit_of_its_own():
    coil = ModbusAddress(Table.COIL, 3, RegisterType.BIT)
    assert [register_decoder(coil)([True, False], at) for at in (0, 1)] == [True, False]


def test_a_text_ends_at_the_first_nul():
    assert decoded("4142 4300 5858", "string", length=3) == "ABC"
    assert decoded("4241 0043", "string", "BADC", length=2) == "ABC"
    assert decoded("FFFF", "string", length=1) is None


def counter(**more) -> Tag:
    defaults = {"role": Role.COUNTER, "datatype": DataType.UINT64, "unit": "parts", "counts": Counts.PARTS}
    return tag(**{**defaults, "width": 16, "rate_max": 10.0, **more})


def meter(kind: str, **more) -> Tag:
    return tag(kind, Role.METER, DataType.UINT64, unit="Wh", rate_max=500.0, **more)


def test_a_meter_is_an_exact_int_in_its_unit():
    of_abb = publisher(meter("uint64", scale=Fraction(10), width=64))
    assert of_abb(123456789) == 1234567890
    of_eastron = publisher(meter("float32", scale=Fraction(1000), width=63))
    energy_wh = of_eastron(struct.unpack(">f", struct.pack(">f", 12345.678))[0])
    assert energy_wh == 12345678
    assert type(energy_wh) is int


@pytest.mark.parametrize("raw", [-1, 65536, math.nan, math.inf, None, "12", True])
def test_what_is_no_count_is_not_published(raw):
    assert publisher(counter())(raw) is None


def test_a_count_reaches_to_the_top_of_its_width():
    assert publisher(counter())(65535) == 65535
    assert counter().modulus == 65536
    assert counter(scale=Fraction(10)).modulus == 655360


@given(st.integers(-(2**31), 2**31 - 1), st.sampled_from(["0.1", "0.01", "0.001", "10", "1/3"]))
def test_a_scaled_number_is_the_nearest_double_to_the_true_one(raw, scale):
    exact = Fraction(raw) * Fraction(scale)
    assert publisher(tag(scale=Fraction(scale)))(raw) == float(exact)


@pytest.mark.parametrize(
    ("datatype", "raw", "expected"),
    [
        (DataType.INT32, 7, 7),
        (DataType.INT32, 2**31, None),
        (DataType.UINT16, -1, None),
        (DataType.INT32, 7.4, 7),
        (DataType.INT32, math.nan, None),
        (DataType.FLOAT, 1e39, None),
        (DataType.FLOAT, 1.5, 1.5),
        (DataType.DOUBLE, 1e39, 1e39),
        (DataType.DOUBLE, "x", None),
        (DataType.BOOLEAN, 1, True),
        (DataType.BOOLEAN, 2, None),
        (DataType.STRING, "A-17", "A-17"),
        (DataType.STRING, 17, None),
        (DataType.STRING, "x" * (TEXT_MAX_BYTES + 1), None),
    ],
)
def test_what_a_type_cannot_hold_is_no_value(datatype, raw, expected):
    assert publisher(tag(datatype=datatype))(raw) == expected


@pytest.mark.parametrize(
    ("words", "kind", "order", "expected"),
    [
        ("1234", "bcd16", "ABCD", 1234),
        ("0000", "bcd16", "ABCD", 0),
        ("9999", "bcd16", "ABCD", 9999),
        ("000A", "bcd16", "ABCD", None),
        ("0012 3456", "bcd32", "ABCD", 123456),
        ("3456 0012", "bcd32", "CDAB", 123456),
        ("9999 F999", "bcd32", "CDAB", None),
    ],
)
def test_decimals_in_half_bytes(words, kind, order, expected):
    assert decoded(words, kind, order) == expected


def test_a_power_of_ten_stands_beside_its_value():
    # W of SunSpec model 203 at 18 in -1234, its power at 22 is -1: -123.4 W.
    beside = {"scale_register": 4}
    assert decoded("FB2E 0000 0000 0000 FFFF", "int16", **beside) == -123.4
    assert decoded("FB2E 0000 0000 0000 0002", "int16", **beside) == -123_400
    assert decoded("8000 0000 0000 0000 FFFF", "int16", nan=(0x8000,), **beside) is None
    assert decoded("FB2E 0000 0000 0000 8000", "int16", **beside) is None, "no power: not implemented"
    assert decoded("FB2E 0000 0000 0000 000B", "int16", **beside) is None
    before = ModbusAddress(Table.HOLDING, 5, RegisterType.INT16, scale_register=3)
    assert (before.first, before.end) == (3, 6)
    assert register_decoder(before)([1, 0, 25], 2) == 250


def test_an_offset_is_added_after_the_scale_and_rounded_once():
    # A PT100 transmitter: raw 0 to 2000 is -40 to 160 degrees.
    sensor = tag("uint16", scale=Fraction(1, 10), offset=Fraction(-40))
    assert publisher(sensor)(235) == -16.5
    assert publisher(sensor)(0) == -40.0
    whole = tag("int16", datatype=DataType.INT16, offset=Fraction(-4))
    assert publisher(whole)(1) == -3
    assert publisher(whole)(-32768) is None
