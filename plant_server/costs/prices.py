"""Prices of material: from the unit somebody speaks in to the one in which the plant keeps the item.

Whose price holds. A person who states a price at the plant means it (a standard price, a correction): it goes before the
ERP's from its time on, and what is bought next must not undo it in silence. The ERP's prices are kept beside it all the
while, so that from the day the item is given back (`price: null`) the cost card agrees with the books again. Neither
changes what was used before: a price holds from the moment it is stated, or read, and is never changed.
"""

from decimal import Decimal
from fractions import Fraction

from psycopg import AsyncConnection

from plant_server.costs.energy import QUERIES
from plant_server.domain.unit import ContradictingConversions, NotConvertible, UnknownUnit, factor
from plant_server.events import Refused
from plant_server.master_data.reading import conversions_of
from plant_server.master_data.rows import row_of

DIGITS = 12
"""Of a price that does not come out even: a thousandth of the last digit of any amount of money on a card."""


async def price_per_unit(
    connection: AsyncConnection, item: str, price: Decimal | None, unit: str | None
) -> Decimal | None:
    """`price` per `unit` (None: the item's own) as the price per unit of the item. Refused: `unknown-item`,
    422 `unit-not-convertible`."""
    known = await row_of(connection, QUERIES["item"], {"code": item})
    if known is None:
        raise Refused("unknown-item", detail=item)
    if price is None or unit is None or unit == known["unit"]:
        return price
    try:
        ratio = factor(unit, known["unit"], await conversions_of(connection, known["item_id"]))
    except (UnknownUnit, NotConvertible, ContradictingConversions) as error:
        raise Refused("unit-not-convertible", 422, str(error), unit=unit, into=known["unit"]) from error
    return per(price, ratio)


def per(price: Decimal, ratio: Fraction) -> Decimal:
    """The price of one of what one priced thing holds `ratio` of, half-even at DIGITS decimals."""
    return Decimal(round(Fraction(price) / ratio * 10**DIGITS)).scaleb(-DIGITS)
