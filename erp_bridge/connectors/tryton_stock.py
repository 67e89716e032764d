"""Stock of a Tryton as its own screens show it: `quantity` of lots and of products, one storage location after another.

Tryton reckons a quantity from the moves that are done until today (its own day: what is dated later is not on hand yet),
in the product's default unit, as a float that it rounds at the unit's digits. Here it becomes the decimal of those digits.
`locations` names the place; without it every quantity is a silent 0. `with_childs` is off, because every place below the
warehouse is asked by itself. Products without a code are not asked for: the plant never heard of them.
"""

from collections.abc import AsyncIterator, Mapping
from decimal import Decimal
from typing import Any

from erp_bridge.config import Tryton
from erp_bridge.connectors.stock import Level
from erp_bridge.connectors.tryton_rpc import TrytonClient
from erp_bridge.errors import RefusedByErp

PAGE = 500
_LOT = ("number", "quantity", "product.code", "product.default_uom.symbol", "product.default_uom.digits")
_PRODUCT = ("code", "quantity", "default_uom.symbol", "default_uom.digits")


async def stock(client: TrytonClient, tryton: Tryton) -> AsyncIterator[list[Level]]:
    """Levels that are not 0, at most PAGE at once. Raises ConnectorError."""
    for place in await storage_places(client, tryton):
        code = name_of(place)
        without_lot: dict[tuple[str, str], Decimal] = {}
        """By item and unit: what all of it is there, less its lots."""
        async for page in _pages(client, "product.product", _PRODUCT, "", place["id"]):
            without_lot |= {(one["code"], _symbol(one)): _quantity(one, one) for one in page}
        async for page in _pages(client, "stock.lot", _LOT, "product.", place["id"]):
            levels = [_of_lot(one, code) for one in page]
            for level in levels:
                thing = (level.item, level.unit)
                without_lot[thing] = without_lot.get(thing, Decimal(0)) - level.quantity
            yield levels
        rest = [Level(item, None, code, unit, left) for (item, unit), left in without_lot.items() if left]
        for start in range(0, len(rest), PAGE):
            yield rest[start : start + PAGE]


async def storage_places(client: TrytonClient, tryton: Tryton) -> list[dict[str, Any]]:
    """Where goods lie in the warehouse: its storage, input and output and all places below. Not the production, nor where
    scrap goes: what is there is no stock."""
    warehouse = await client.one("stock.location", ["id"], ["code", "=", tryton.warehouse])
    if warehouse is None:
        raise RefusedByErp("unknown_code", f"there is no warehouse {tryton.warehouse!r}")
    below = ["parent", "child_of", [warehouse["id"]], "parent"]
    return await client.rows("stock.location", ["code", "name"], ["type", "=", "storage"], below)


def name_of(place: Mapping[str, Any]) -> str:
    """What the code map calls a location: its code; of one without, its name."""
    return str(place["code"] or place["name"])


async def _pages(
    client: TrytonClient, model: str, fields: tuple[str, ...], product: str, place: int
) -> AsyncIterator[list[dict[str, Any]]]:
    """Records with something at the place, also those that were archived since."""
    last = 0
    while True:
        domain = [
            ["id", ">", last],
            [f"{product}code", "!=", None],
            [f"{product}type", "=", "goods"],
            ["quantity", "!=", 0.0],
        ]
        context = {"locations": [place], "with_childs": False, "active_test": False}
        found = await client.page(model, fields, domain, order="id", limit=PAGE, **context)
        if found:
            yield found
        if len(found) < PAGE:
            return
        last = found[-1]["id"]


def _of_lot(one: Mapping[str, Any], place: str) -> Level:
    product = one["product."]
    return Level(product["code"], one["number"], place, _symbol(product), _quantity(one, product))


def _symbol(product: Mapping[str, Any]) -> str:
    return str(product["default_uom."]["symbol"])


def _quantity(one: Mapping[str, Any], product: Mapping[str, Any]) -> Decimal:
    """As Tryton shows it: at the digits of the product's unit."""
    return round(Decimal(repr(one["quantity"] or 0.0)), int(product["default_uom."]["digits"]))
