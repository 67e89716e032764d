"""Units of measure by their UN/CEFACT Recommendation 20 code, and the exact factors between those of one kind.

Factors are rational numbers: a pound is 45359237/100000000 kg, and nothing is rounded before somebody asks for a
number of decimals (`quantity.convert`). A bag, a pallet or the weight of a piece is a property of an item, not of the
world: an `ItemConversion` says "1 XBG is 25 KGM" or "3 C62 are 1 KGM" and joins the kinds for that item alone.
Units that only convert with an offset (°C) or by agreement (set, batch) have no factor: they equal only themselves.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction


class UnknownUnit(ValueError):
    """A unit code that is neither in the table nor named by a conversion of the item: a mapping is missing."""


class NotConvertible(ValueError):
    """Units of different kinds, and the item has no conversion that joins them."""


class ContradictingConversions(ValueError):
    """The conversions of an item give two factors for the same units: master data to mend."""


@dataclass(frozen=True, slots=True)
class Unit:
    code: str
    symbol: str
    kind: str
    """What it measures. Units of one kind convert into one another if they have a factor."""
    factor: Fraction | None
    """In base units of the kind."""
    name_en: str
    name_zh: str


@dataclass(frozen=True, slots=True)
class ItemConversion:
    """`amount` of `unit` is `equals_amount` of `equals_unit`, for one item: 1 XBG is 25 KGM. Amounts are positive."""

    unit: str
    amount: Decimal
    equals_unit: str
    equals_amount: Decimal

    def __post_init__(self) -> None:
        for amount in (self.amount, self.equals_amount):
            if not amount.is_finite() or amount <= 0:
                raise ValueError(f"a conversion needs positive amounts, not {amount}")


_TABLE = """
C62|1|count|1|one|个
H87|pc|count|1|piece|件
EA|ea|count|1|each|个
PR|pr|count|2|pair|双
DZN|doz|count|12|dozen|打
GRO|gr|count|144|gross|罗
MIL|k|count|1000|thousand|千
SET|set|set||set|套
KT|kit|kit||kit|套件
5B|batch|batch||batch|批
NMP|packs|packs||number of packs|包
E51|job|job||job|作业
P1|%|ratio|0.01|percent|百分比
59|ppm|ratio|0.000001|part per million|百万分之一
KGM|kg|mass|1|kilogram|千克
GRM|g|mass|0.001|gram|克
MGM|mg|mass|0.000001|milligram|毫克
MC|µg|mass|0.000000001|microgram|微克
TNE|t|mass|1000|tonne|吨
LBR|lb|mass|0.45359237|pound|磅
ONZ|oz|mass|0.028349523125|ounce|盎司
STN|ton (US)|mass|907.18474|short ton|短吨
MTR|m|length|1|metre|米
KMT|km|length|1000|kilometre|千米
DMT|dm|length|0.1|decimetre|分米
CMT|cm|length|0.01|centimetre|厘米
MMT|mm|length|0.001|millimetre|毫米
4H|µm|length|0.000001|micrometre|微米
INH|in|length|0.0254|inch|英寸
FOT|ft|length|0.3048|foot|英尺
LM|lin m|linear metre||linear metre|延米
MTK|m²|area|1|square metre|平方米
DMK|dm²|area|0.01|square decimetre|平方分米
CMK|cm²|area|0.0001|square centimetre|平方厘米
MMK|mm²|area|0.000001|square millimetre|平方毫米
MTQ|m³|volume|1|cubic metre|立方米
LTR|l|volume|0.001|litre|升
DMQ|dm³|volume|0.001|cubic decimetre|立方分米
HLT|hl|volume|0.1|hectolitre|百升
CLT|cl|volume|0.00001|centilitre|厘升
MLT|ml|volume|0.000001|millilitre|毫升
CMQ|cm³|volume|0.000001|cubic centimetre|立方厘米
MMQ|mm³|volume|0.000000001|cubic millimetre|立方毫米
GLL|gal (US)|volume|0.003785411784|gallon (US)|加仑(美)
NM3|Nm³|normalised gas volume||normalised cubic metre|标准立方米(0 °C)
SM3|Sm³|standard gas volume||standard cubic metre|标准立方米(15 °C)
C26|ms|time|0.001|millisecond|毫秒
SEC|s|time|1|second|秒
MIN|min|time|60|minute|分钟
HUR|h|time|3600|hour|小时
DAY|d|time|86400|day|天
WEE|wk|time|604800|week|周
JOU|J|energy|1|joule|焦耳
KJO|kJ|energy|1000|kilojoule|千焦
WHR|Wh|energy|3600|watt hour|瓦时
KWH|kWh|energy|3600000|kilowatt hour|千瓦时(度)
MWH|MWh|energy|3600000000|megawatt hour|兆瓦时
GWH|GWh|energy|3600000000000|gigawatt hour|吉瓦时
WTT|W|power|1|watt|瓦
KWT|kW|power|1000|kilowatt|千瓦
MAW|MW|power|1000000|megawatt|兆瓦
CEL|°C|degree Celsius||degree Celsius|摄氏度
BAR|bar|pressure|100000|bar|巴
MBR|mbar|pressure|100|millibar|毫巴
PAL|Pa|pressure|1|pascal|帕
A97|hPa|pressure|100|hectopascal|百帕
KPA|kPa|pressure|1000|kilopascal|千帕
MPA|MPa|pressure|1000000|megapascal|兆帕
XBG|bag|bag||bag|袋
XBX|box|box||box|箱
XCT|carton|carton||carton|纸箱
XRO|roll|roll||roll|卷
XDR|drum|drum||drum|桶
XPX|pallet|pallet||pallet|托盘
"""
# Package codes begin with X and come from Recommendation 21, as Recommendation 20 says.


def _read(line: str) -> Unit:
    code, symbol, kind, factor, name_en, name_zh = line.split("|")
    return Unit(code, symbol, kind, Fraction(factor) if factor else None, name_en, name_zh)


UNITS: dict[str, Unit] = {unit.code: unit for unit in map(_read, _TABLE.strip().splitlines())}


def factor(unit: str, to: str, conversions: Iterable[ItemConversion] = ()) -> Fraction:
    """How many `to` one `unit` is. Raises UnknownUnit, NotConvertible, ContradictingConversions."""
    own = tuple(conversions)
    for code in (unit, to):
        if code not in UNITS and all(code not in (one.unit, one.equals_unit) for one in own):
            raise UnknownUnit(code)
    if unit == to and not own:
        return Fraction(1)
    worth = _worth_in_kinds(unit, own)
    kind, per_base = _in_kind(to)
    if kind not in worth:
        raise NotConvertible(f"{unit} into {to}")
    return worth[kind] / per_base


def _in_kind(code: str) -> tuple[str, Fraction]:
    """The kind of a unit and its worth in base units. A unit without a factor is a kind of its own."""
    unit = UNITS.get(code)
    if unit is None or unit.factor is None:
        return f"unit {code}", Fraction(1)
    return unit.kind, unit.factor


def _worth_in_kinds(unit: str, conversions: tuple[ItemConversion, ...]) -> dict[str, Fraction]:
    """What one `unit` is worth in base units of each kind that the conversions reach."""
    steps: list[tuple[str, str, Fraction]] = []
    for one in conversions:
        (left, left_worth), (right, right_worth) = _in_kind(one.unit), _in_kind(one.equals_unit)
        ratio = Fraction(one.equals_amount) * right_worth / (Fraction(one.amount) * left_worth)
        steps += [(left, right, ratio), (right, left, 1 / ratio)]
    kind, worth = _in_kind(unit)
    reached = {kind: worth}
    waiting = [kind]
    while waiting:
        here = waiting.pop()
        for source, target, ratio in steps:
            if source != here:
                continue
            told = reached[here] * ratio
            if target not in reached:
                reached[target] = told
                waiting.append(target)
            elif reached[target] != told:
                raise ContradictingConversions(f"{unit}: {reached[target]} and {told} of {target}")
    return reached
