"""Prices an ERP says hold from then on, beside those a person states, which go first until they are given back."""

from datetime import UTC, datetime
from decimal import Decimal
from fractions import Fraction
from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from psycopg import AsyncConnection

from plant_server.costs.prices import DIGITS, per
from tests.plant_server.costs.prices import used
from tests.plant_server.energy.shop import Shop
from tests.plant_server.materials.hands import Hands

STEEL = {"kind": "material", "code": "STEEL"}
BY_ERP = STEEL | {"system": "erp"}


async def material(shop: Shop, manager: Hands) -> list[tuple[Any, ...]]:
    """(quantity, cost, whose price) of what the order used."""
    card = await manager.get(f"/work-orders/{shop.order}/cost")
    return [(Decimal(one["quantity"]), one["cost"], one["system"]) for one in card["lines"]]


async def use(shop: Shop, quantity: str) -> None:
    await used(shop.floor, shop.order, "STEEL", "KGM", quantity, datetime.now(UTC))


async def test_an_erp_price_holds_from_then_on_and_said_again_it_is_no_new_one(
    shop: Shop, manager: Hands, connection: AsyncConnection
) -> None:
    await use(shop, "1")  # Before anybody said a price.
    first = await manager.do("/costs/rates", BY_ERP | {"price": "4.00"})
    assert await manager.do("/costs/rates", BY_ERP | {"price": "4.000"}) == first
    await use(shop, "2")
    await manager.do("/costs/rates", BY_ERP | {"price": "5"})
    await use(shop, "3")
    assert await material(shop, manager) == [
        (Decimal(2), "8.0000", "erp"),
        (Decimal(3), "15.0000", "erp"),
        (Decimal(1), None, None),
    ]
    kept = await (await connection.execute("SELECT count(*) FROM plant.cost_rate")).fetchone()
    assert kept == (2,)


async def test_a_persons_price_goes_first_until_it_is_given_back(
    shop: Shop, manager: Hands, connection: AsyncConnection
) -> None:
    await shop.floor.item("STEEL", unit="KGM", scale=3)
    await manager.do("/costs/rates", BY_ERP | {"price": "4.00"})
    await manager.do("/costs/rates", STEEL | {"price": "4.50"})
    await manager.do("/costs/rates", BY_ERP | {"price": "4.80"})  # Bought meanwhile; the person's holds.
    await use(shop, "1")
    await manager.do("/costs/rates", STEEL | {"price": None})
    await use(shop, "10")
    assert sorted(await material(shop, manager)) == [
        (Decimal(1), "4.5000", None),
        (Decimal(10), "48.0000", "erp"),
    ]
    held = (await manager.get("/costs/rates"))["rates"]
    assert [(one["price"], one["system"]) for one in held] == [(None, None), ("4.80", "erp")]


async def test_a_price_per_another_unit_becomes_one_per_unit_of_the_item(
    shop: Shop, manager: Hands, connection: AsyncConnection
) -> None:
    await shop.floor.item("STEEL", unit="GRM", scale=0)
    told = await manager.do("/costs/rates", BY_ERP | {"price": "4.00", "unit": "KGM"})
    assert Decimal(told["price"]) == Decimal("0.004")
    wrong = await manager.refused("/costs/rates", BY_ERP | {"price": "4.00", "unit": "MTR"})
    assert wrong[:2] == (422, "unit-not-convertible")


async def test_only_material_has_an_erp_price_or_is_given_back(shop: Shop, manager: Hands) -> None:
    labor = {"kind": "labor", "code": "", "price": "40"}
    for wrong in (labor | {"system": "erp"}, labor | {"price": None}, BY_ERP | {"price": None}):
        assert (await manager.refused("/costs/rates", wrong))[:2] == (422, "invalid-request")


@given(st.decimals(0, 10**9, allow_nan=False, places=6), st.fractions(Fraction(1, 10**6), 10**6))
def test_a_converted_price_is_the_exact_one_at_its_last_digit(price: Decimal, ratio: Fraction) -> None:
    assert abs(Fraction(per(price, ratio)) - Fraction(price) / ratio) <= Fraction(1, 2 * 10**DIGITS)
