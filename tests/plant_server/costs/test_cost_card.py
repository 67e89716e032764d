"""A cost card shows what an order used, at the prices that held, and says when something is missing."""

from datetime import UTC, datetime, time, timedelta
from decimal import Decimal
from typing import Any

from psycopg import AsyncConnection

from tests.plant_server.costs.prices import price, tariff, used, worked
from tests.plant_server.energy.shop import PRESS1, Shop
from tests.plant_server.facts import at
from tests.plant_server.materials.hands import Hands


def lines(card: dict[str, Any]) -> list[tuple[str, str, str | None, Decimal, str | None]]:
    """(kind, what, window, quantity, cost)."""
    return [
        (one["kind"], one["what"], one["window"], Decimal(one["quantity"]), one["cost"])
        for one in card["lines"]
    ]


async def test_material_labor_machine_and_energy_by_tariff_add_up(
    shop: Shop, manager: Hands, connection: AsyncConnection
) -> None:
    """A run around 13:00, when the tariff changes."""
    await price(connection, "material", "STEEL", "4.00")
    await price(connection, "labor", "", "40")
    await price(connection, "machine", PRESS1, "25")
    await tariff(connection, (time(8), "peak", "1.20"), (time(13), "flat", "0.70"))
    meter = await shop.meter(PRESS1)
    await shop.read(meter, (0, 0), (3000, 500), (3600, 1500), (5400, 2100), (9000, 2400))
    run = await shop.run(1800, 7200)
    await used(shop.floor, shop.order, "STEEL", "KGM", "33.5", at(1900))
    await worked(connection, run, "person:7", at(1800), at(7200))

    card = await manager.get(f"/work-orders/{shop.order}/cost")
    assert lines(card) == [
        ("material", "STEEL", None, Decimal("33.5"), "134.0000"),
        ("labor", "person:7", None, Decimal(5400), "60.0000"),
        ("machine", PRESS1, None, Decimal(5400), "37.5000"),
        ("energy", PRESS1, "peak", Decimal(1500), "1.8000"),
        ("energy", PRESS1, "flat", Decimal(600), "0.4200"),
    ]
    assert (card["cost"], card["is_complete"], card["cost_per_good"]) == ("233.72", True, None)


async def test_a_price_holds_for_what_was_used_while_it_held_and_a_missing_one_is_said(
    shop: Shop, manager: Hands, connection: AsyncConnection
) -> None:
    await price(connection, "material", "STEEL", "4.00")
    await price(connection, "material", "STEEL", "5.00", at(100))
    await used(shop.floor, shop.order, "STEEL", "KGM", "1", at(50))
    await used(shop.floor, shop.order, "STEEL", "KGM", "2", at(150))
    await used(shop.floor, shop.order, "STEEL", "KGM", "3", at(200))
    await used(shop.floor, shop.order, "PAINT", "KGM", "1", at(200))
    card = await manager.get(f"/work-orders/{shop.order}/cost")
    assert lines(card) == [
        ("material", "PAINT", None, Decimal(1), None),
        ("material", "STEEL", None, Decimal(1), "4.0000"),
        ("material", "STEEL", None, Decimal(5), "25.0000"),
    ]
    assert (card["cost"], card["is_complete"]) == ("29.00", False)


async def test_a_price_is_stated_for_what_is_known_and_never_for_the_past(shop: Shop, manager: Hands) -> None:
    await shop.floor.item("STEEL")
    stated = await manager.do("/costs/rates", {"kind": "material", "code": "STEEL", "price": "4.00"})
    assert stated["price"] == "4.00"
    unknown = await manager.refused("/costs/rates", {"kind": "material", "code": "STEAL", "price": "4.00"})
    assert unknown[1] == "unknown-item"
    past = (datetime.now(UTC) - timedelta(hours=1)).isoformat()
    late = await manager.refused(
        "/costs/rates", {"kind": "material", "code": "STEEL", "price": "5.00", "from_time": past}
    )
    assert late[1] == "price-not-later"
    window = {"starts": "08:00", "name": "peak", "price_per_kwh": "1.20"}
    twice = await manager.refused("/costs/tariff", {"windows": [window, window]})
    assert twice[1] == "windows-overlap"
    await manager.do("/costs/tariff", {"windows": [window], "time_zone": "Asia/Shanghai"})
    held = await manager.get("/costs/rates")
    assert [one["code"] for one in held["rates"]] == ["STEEL"]
    assert [(one["time_zone"], len(one["windows"])) for one in held["tariffs"]] == [("Asia/Shanghai", 1)]
