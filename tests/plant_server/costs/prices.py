"""Prices as if they had been stated long ago, and what an order used, as its reports write it."""

from datetime import datetime, time
from decimal import Decimal

from psycopg import AsyncConnection

from tests.plant_server.materials.floor import LONG_AGO, Floor


async def price(
    connection: AsyncConnection, kind: str, code: str, amount: str, since: datetime = LONG_AGO
) -> None:
    await connection.execute(
        "INSERT INTO plant.cost_rate (kind, code, from_time, price, event_id) VALUES (%s, %s, %s, %s, gen_random_uuid())",
        (kind, code, since, Decimal(amount)),
    )


async def tariff(connection: AsyncConnection, *windows: tuple[time, str, str], zone: str = "UTC") -> None:
    await connection.execute(
        "INSERT INTO plant.energy_tariff VALUES (%s, %s, gen_random_uuid())", (LONG_AGO, zone)
    )
    for starts, name, per_kwh in windows:
        await connection.execute(
            "INSERT INTO plant.energy_tariff_window VALUES (%s, %s, %s, %s)",
            (LONG_AGO, starts, name, Decimal(per_kwh)),
        )


async def used(floor: Floor, order: int, item: str, unit: str, quantity: str, when: datetime) -> None:
    if await floor.one("SELECT item_id FROM plant.item WHERE code = %s", item) is None:
        await floor.item(item, unit=unit, scale=3)
    await floor.connection.execute(
        "INSERT INTO plant.consumption (event_id, work_order_id, location, bom_revision, item_id, unit, required, event_time)"
        " SELECT gen_random_uuid(), %s, 'line', 'A', item_id, %s, %s, %s FROM plant.item WHERE code = %s",
        (order, unit, Decimal(quantity), when, item),
    )


async def worked(
    connection: AsyncConnection, run: int, person: str, from_time: datetime, to_time: datetime
) -> None:
    await connection.execute(
        "INSERT INTO plant.labor VALUES (%s, %s, %s, %s)", (run, person, from_time, to_time)
    )
