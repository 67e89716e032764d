"""An ERP hears the energy of a run once, when nothing that belongs to it can come any more."""

import asyncio
from datetime import UTC, datetime, time, timedelta
from decimal import Decimal

from psycopg import AsyncConnection

from plant_server.energy.telling import tell_energy_of_runs
from tests.plant_server.costs.prices import tariff
from tests.plant_server.database_fixture import PlantDatabase
from tests.plant_server.energy.shop import PRESS1, PRESS2, Shop
from tests.plant_server.facts import at
from tests.plant_server.materials.hands import Hands


async def told(shop: Shop) -> list[tuple[int, str]]:
    return [(body["run_id"], body["energy_wh"]) for body in await shop.floor.documents("energy_cost")]


async def test_a_run_is_told_when_its_meter_was_read_after_its_end(shop: Shop) -> None:
    meter = await shop.meter(PRESS1)
    await shop.read(meter, (0, 0), (150, 100))
    run = await shop.run(100, 200)
    await shop.tell()
    assert await told(shop) == []
    await shop.read(meter, (200, 130))
    await shop.tell()
    assert await told(shop) == []  # A reading at the very end belongs to the run, and another may follow.
    await shop.read(meter, (210, 130))
    await shop.tell()
    assert await told(shop) == [(run, "130")]
    (body,) = await shop.floor.documents("energy_cost")
    assert (body["work_order"], body["operation"], body["equipment_path"]) == ("MO-1", 10, PRESS1)


async def test_a_run_is_told_once_whatever_is_read_afterwards(
    shop: Shop, reader: Hands, connection: AsyncConnection
) -> None:
    meter = await shop.meter(PRESS1)
    await shop.read(meter, (0, 0), (150, 100), (210, 130))
    run = await shop.run(100, 200)
    await shop.tell()
    await shop.read(meter, (400, 999))
    await connection.execute("INSERT INTO plant.energy_to_tell VALUES (%s)", (run,))
    await shop.tell()
    assert await told(shop) == [(run, "100")]
    energy = await reader.get(f"/runs/{run}/energy")
    assert (energy["energy_wh"], energy["is_final"]) == (100, True)
    events = await shop.floor.one("SELECT count(*) FROM plant.event WHERE kind = 'run.energy'")
    assert events == 1


async def test_what_an_open_run_uses_is_not_told(shop: Shop) -> None:
    meter = await shop.meter(PRESS1)
    await shop.run(100, None)
    await shop.read(meter, (0, 0), (150, 100))
    await shop.tell()
    assert await told(shop) == []


async def test_a_run_that_nobody_measures_is_closed_without_a_document(shop: Shop) -> None:
    await shop.run(100, 200)
    await shop.tell()
    assert await told(shop) == []
    assert await shop.floor.one("SELECT meters FROM plant.run_energy") == 0
    assert await shop.floor.one("SELECT count(*) FROM plant.energy_to_tell") == 0


async def test_a_silent_meter_holds_back_its_own_runs_alone(shop: Shop) -> None:
    silent, alive = await shop.meter(PRESS1), await shop.meter(PRESS2)
    await shop.run(100, 200, PRESS1)
    other = await shop.run(100, 200, PRESS2)
    await shop.read(silent, (0, 0))
    await shop.read(alive, (0, 0), (150, 40), (220, 50))
    await shop.tell()
    assert await told(shop) == [(other, "40")]


async def test_two_keepers_tell_a_run_once(shop: Shop, plant_database: PlantDatabase) -> None:
    meter = await shop.meter(PRESS1)
    await shop.read(meter, (0, 0), (150, 100), (210, 130))
    run = await shop.run(100, 200)
    async with await AsyncConnection.connect(plant_database.url, autocommit=True) as second:
        await asyncio.gather(tell_energy_of_runs(shop.floor.connection), tell_energy_of_runs(second))
    assert await told(shop) == [(run, "100")]


async def test_each_meters_stored_is_booked_and_not_assigned(shop: Shop, connection: AsyncConnection) -> None:
    meter = await shop.meter(PRESS1)
    await shop.read(meter, (0, 1000), (150, 1100), (250, 1300), (320, 1350))
    await shop.run(100, 200)
    await shop.run(200, 300)
    await shop.tell()
    cursor = await connection.execute("SELECT stored, booked, not_assigned FROM plant.energy_balance")
    assert await cursor.fetchall() == [(Decimal(1350), Decimal(300), Decimal(1050))]
    assert await told(shop) == [(1, "100"), (2, "200")]


async def alarms(connection: AsyncConnection) -> list[tuple[str, bool]]:
    cursor = await connection.execute(
        "SELECT detail, cleared_time IS NULL FROM plant.alarm WHERE kind = 'energy_waits' ORDER BY alarm_id"
    )
    return await cursor.fetchall()


async def test_a_silent_meter_is_an_alarm_and_a_list_until_it_was_read(
    shop: Shop, reader: Hands, connection: AsyncConnection
) -> None:
    silent, alive = await shop.meter(PRESS1, device="meter1"), await shop.meter(PRESS2, device="meter2")
    run = await shop.run(100, 200, PRESS1)
    await shop.run(100, 200, PRESS2)
    await shop.read(silent, (0, 0), (150, 30))
    await shop.read(alive, (0, 0), (150, 40), (220, 50))
    await shop.tell()
    await shop.tell()
    (waiting,) = (await reader.get("/energy/waiting"))["items"]
    assert (waiting["run_id"], waiting["order"], waiting["path"]) == (run, "MO-1", PRESS1)
    assert [(one["device"], one["tag_id"]) for one in waiting["meters"]] == [("meter1", silent)]
    ((detail, is_open),) = await alarms(connection)
    since = at(200).isoformat(timespec="seconds")
    assert (detail, is_open) == (f"energy of order MO-1 waits for meter meter1/energy since {since}", True)
    await shop.read(silent, (400, 60))
    await shop.tell()
    await shop.tell()
    assert (await reader.get("/energy/waiting"))["items"] == []
    assert await alarms(connection) == [(detail, False)]


async def test_a_run_that_ended_just_now_is_no_alarm(
    shop: Shop, reader: Hands, connection: AsyncConnection
) -> None:
    await shop.meter(PRESS1)
    now = datetime.now(UTC)
    await shop.floor.run(shop.order, path=PRESS1, start=now - timedelta(seconds=60), end=now)
    await shop.tell()
    assert (await reader.get("/energy/waiting"))["items"] == []
    assert await alarms(connection) == []


async def test_energy_is_told_by_tariff(shop: Shop) -> None:
    """Noon is 0: from 13:00 on it is flat."""
    await tariff(shop.floor.connection, (time(8), "peak", "1.20"), (time(13), "flat", "0.70"))
    meter = await shop.meter(PRESS1)
    await shop.read(meter, (0, 0), (3600, 1500), (5400, 2100), (9000, 2400))
    await shop.run(1800, 7200)
    await shop.tell()
    (body,) = await shop.floor.documents("energy_cost")
    assert body["energy_wh"] == "2100"
    assert body["tariffs"] == [
        {"tariff": "peak", "energy_wh": "1500"},
        {"tariff": "flat", "energy_wh": "600"},
    ]
