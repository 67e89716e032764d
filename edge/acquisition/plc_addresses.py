"""`D100`, `M20`, `HD4`: addresses as the makers of PLCs write them, as Modbus tables and registers. Pure.

Registers count from 0, as on the wire. X and Y are numbered in octal, so `X8` is none. Who says so, beside each PLC;
where a single source does, `single_source` is set, and the first value should be compared with the programming tool.
Word orders are of 32-bit values; None where it is not settled: test with a known value.
"""

import re
from dataclasses import dataclass

from edge.acquisition.addresses import Table, WordOrder


@dataclass(frozen=True, slots=True)
class Area:
    """A run of operands: `letters` + `first` … `last` stand from `register` on."""

    letters: str
    table: Table
    register: int
    first: int = 0
    last: int = 65535
    octal: bool = False
    wide: bool = False  # Two registers each.


@dataclass(frozen=True, slots=True)
class Plc:
    """How one family of PLCs maps its operands to Modbus."""

    maker: str
    source: str
    areas: tuple[Area, ...]
    word_order: WordOrder | None = None
    single_source: bool = False

    def place(self, address: str) -> tuple[Table, int]:
        """Table and register of an operand. Raises ValueError as a continuation of "address …"."""
        found = re.fullmatch(r"([A-Z]+)([0-9]+)", address.strip().upper())
        areas = [area for area in self.areas if found is not None and area.letters == found[1]]
        if found is None or not areas:
            known = ", ".join(dict.fromkeys(area.letters for area in self.areas))
            raise ValueError(f"should be one of {known} and a number: {self.maker} has no {address}")
        number = _number(found[2], octal=areas[0].octal)
        for area in areas:
            if area.first <= number <= area.last:
                return area.table, area.register + (number - area.first) * (2 if area.wide else 1)
        raise ValueError(f"is beyond what {self.maker} hands out of {areas[0].letters}")


def _number(digits: str, *, octal: bool) -> int:
    if octal and not set(digits) <= set("01234567"):
        raise ValueError(f"should be octal: {digits} has an 8 or 9, and X and Y are counted in eights")
    return int(digits, 8 if octal else 10)


def _bits(letters: str, register: int, first: int = 0, last: int = 65535) -> Area:
    return Area(letters, Table.COIL, register, first, last)


def _words(letters: str, register: int, first: int = 0, last: int = 65535) -> Area:
    return Area(letters, Table.HOLDING, register, first, last)


def _inputs(register: int, last: int = 0o1777) -> Area:
    return Area("X", Table.DISCRETE, register, last=last, octal=True)


def _outputs(register: int, last: int = 0o1777) -> Area:
    return Area("Y", Table.COIL, register, last=last, octal=True)


_MITSUBISHI_FX3U = Plc(
    "Mitsubishi FX3U",
    "FX3U MODBUS manual, 9.3 (bits); D0 by one source. D8470 to D8485 of the PLC can move all of it",
    (
        _bits("M", 0x0000, last=7679),
        _bits("M", 0x1E00, 8000, 8511),
        _bits("S", 0x2000, last=4095),
        _inputs(0x3400, last=0o377),
        _outputs(0x3300, last=0o377),
        _words("D", 0x0000, last=7999),
    ),
    single_source=True,
)

_DELTA_DVP = Plc(
    "Delta DVP",
    "Delta DVP communication address tables; HslCommunication DeltaDvpHelper (word order: the latter alone)",
    (
        _bits("S", 0x0000, last=1023),
        _inputs(0x0400, last=0o377),
        _outputs(0x0500, last=0o377),
        _bits("M", 0x0800, last=1535),
        _bits("M", 0xB000, 1536, 4095),
        _words("T", 0x0600, last=255),
        _words("C", 0x0E00, last=199),
        Area("C", Table.HOLDING, 0x0EC8, 200, 255, wide=True),
        _words("D", 0x1000, last=4095),
        _words("D", 0x9000, 4096, 11999),
    ),
    WordOrder.CDAB,
)

_INOVANCE_H5U = Plc(
    "Inovance H5U / Easy",
    "neuron-docs modbus-hc-tcp; HslCommunication InovanceHelper",
    (
        _bits("M", 0x0000, last=7999),
        _bits("B", 0x3000, last=32767),
        _bits("S", 0xE000, last=4095),
        _inputs(0xF800),
        _outputs(0xFC00),
        _words("D", 0x0000, last=7999),
        _words("R", 0x3000, last=32767),
    ),
    WordOrder.CDAB,
)

_INOVANCE_H3U = Plc(
    "Inovance H3U",
    "HslCommunication InovanceHelper",
    (
        _bits("M", 0x0000, last=7679),
        _bits("SM", 0x2400, last=1023),
        _bits("S", 0xE000, last=4095),
        _inputs(0xF800),
        _outputs(0xFC00),
        _words("D", 0x0000, last=8511),
        _words("SD", 0x2400, last=1023),
        _words("R", 0x3000, last=32767),
        _words("T", 0xF000, last=511),
        _words("C", 0xF400, last=199),
        Area("C", Table.HOLDING, 0xF700, 200, 255, wide=True),
    ),
    WordOrder.CDAB,
    single_source=True,
)

_INOVANCE_AM = Plc(
    "Inovance AM",
    "HslCommunication InovanceHelper",
    (_words("MW", 0x0000), Area("MD", Table.HOLDING, 0x0000, last=32767, wide=True)),
    WordOrder.CDAB,
    single_source=True,
)

_XINJE_XC = Plc(
    "Xinje XC",
    "neuron-docs modbus-xinje-rtu; HslCommunication XinJEHelper",
    (
        _bits("M", 0x0000, last=7999),
        _bits("M", 0x6000, 8000, 8511),
        _inputs(0x4000),
        _outputs(0x4800),
        _bits("S", 0x5000, last=1023),
        _bits("T", 0x6400, last=618),
        _bits("C", 0x6C00, last=634),
        _words("D", 0x0000, last=7999),
        _words("D", 0x4000, 8000, 8511),
        _words("TD", 0x3000, last=618),
        _words("CD", 0x3800, last=634),
        _words("FD", 0x4800, last=5000),
        _words("ED", 0x7000, last=36863),
    ),
)

_XINJE_XD = Plc(
    "Xinje XD / XL",
    "neuron-docs modbus-xinje-rtu; HslCommunication XinJEHelper",
    (
        _bits("M", 0x0000, last=20479),
        _inputs(0x5000),
        _outputs(0x6000),
        _bits("S", 0x7000, last=7999),
        _bits("SM", 0x9000, last=4095),
        _bits("T", 0xA000, last=4095),
        _bits("C", 0xB000, last=4095),
        _bits("HM", 0xC100, last=6143),
        _words("D", 0x0000, last=20479),
        _words("ID", 0x5000, last=4095),
        _words("QD", 0x6000, last=4095),
        _words("SD", 0x7000, last=4095),
        _words("TD", 0x8000, last=4095),
        _words("CD", 0x9000, last=4095),
        _words("HD", 0xA080, last=6143),
        _words("HSD", 0xB880, last=1023),
        _words("FD", 0xC4C0, last=8191),
    ),
)

PLCS: dict[str, Plc] = {
    "mitsubishi_fx3u": _MITSUBISHI_FX3U,
    "delta_dvp": _DELTA_DVP,
    "inovance_h5u": _INOVANCE_H5U,
    "inovance_h3u": _INOVANCE_H3U,
    "inovance_am": _INOVANCE_AM,
    "xinje_xc": _XINJE_XC,
    "xinje_xd": _XINJE_XD,
}
"""By the word that stands at `modbus: {plc: …}` of a profile."""
