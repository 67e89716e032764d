"""Quantities that people and programs send, in the stock unit of the item; nothing is rounded on the way."""

from decimal import Decimal
from fractions import Fraction

from plant_server.domain.item import Item
from plant_server.domain.quantity import cut
from plant_server.domain.unit import ContradictingConversions, NotConvertible, UnknownUnit, factor
from plant_server.events import Refused


def in_stock_unit(item: Item, quantity: Decimal, unit: str | None) -> Decimal:
    """Refused: 422 `unit-not-convertible`, or `quantity-inexact` for one that the stock unit's decimals cannot hold."""
    try:
        exact = Fraction(quantity) * factor(unit or item.unit, item.unit, item.conversions)
    except (UnknownUnit, NotConvertible, ContradictingConversions) as error:
        raise Refused("unit-not-convertible", 422, str(error), unit=unit, into=item.unit) from error
    value, left = cut(exact, item.scale)
    if left:
        raise Refused("quantity-inexact", 422, f"{quantity} {unit or item.unit}", decimals=item.scale)
    return value
