"""What was made consumes what the pinned BOM says, to the last decimal, from the lots at the station."""

import asyncio
import random
from collections import defaultdict
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from tests.plant_server.materials.commands import report, reverse
from tests.plant_server.materials.floor import LONG_AGO, STATION, Floor
from tests.plant_server.materials.hands import Hands


@pytest.fixture
async def run(floor: Floor) -> int:
    order = await floor.one("SELECT work_order_id FROM plant.work_order WHERE number = 'MO-1'")
    return await floor.run(order)


async def totals(floor: Floor) -> dict[str, Decimal]:
    """What the ERP heard, per item."""
    told: dict[str, Decimal] = defaultdict(Decimal)
    for body in await floor.documents("consumption"):
        told[body["item"]] += Decimal(body["quantity"])
    return dict(told)


async def test_good_and_scrap_consume_the_bom(floor: Floor, run: int) -> None:
    screws = await floor.lot("SCREW", "S-1", "100", revision="A")
    oil = await floor.lot("OIL", "L-1", "10")
    event = await report(floor, run, good=3, scrap=2)
    assert await floor.stock(screws) == {STATION: Decimal(80)}
    assert await floor.stock(oil) == {STATION: Decimal("8.250")}
    assert await totals(floor) == {"SCREW": Decimal(20), "OIL": Decimal("1.75")}
    bodies = {body["item"]: body for body in await floor.documents("consumption")}
    assert bodies["OIL"]["lots"] == [{"lot": "L-1", "quantity": "1.750"}]
    assert {
        (body["work_order"], body["operation"], body["run_id"], body["bom_revision"])
        for body in bodies.values()
    } == {("MO-1", 10, run, "B")}
    assert "HOUSING" not in bodies
    told = await floor.one("SELECT count(*) FROM plant.consumption WHERE event_id = %s", event)
    assert told == 2


async def test_the_lot_that_expires_first_gives_first(floor: Floor, run: int) -> None:
    soon = datetime.now(UTC) + timedelta(days=1)
    never = await floor.lot("SCREW", "S-1", "100", revision="A")
    first = await floor.lot("SCREW", "S-2", "6", revision="A", expires=soon)
    await report(floor, run, good=2)
    assert await floor.stock(first) == {}
    assert await floor.stock(never) == {STATION: Decimal(98)}


async def test_material_elsewhere_gives_nothing_and_the_shortage_stays_open_until_a_lot_is_named(
    floor: Floor, run: int, operator: Hands, lead: Hands
) -> None:
    elsewhere = await floor.lot("SCREW", "S-1", "100", revision="A", location="store")
    await floor.lot("OIL", "L-1", "10")
    here = await floor.lot("SCREW", "S-2", "7", revision="A")
    await report(floor, run, good=3)
    (short,) = (await operator.get("/consumptions", short_only=True))["items"]
    assert (short["item"], short["required"], short["shortage"]) == ("SCREW", "12", "5")
    assert await totals(floor) == {"SCREW": Decimal(7), "OIL": Decimal("1.05")}
    path = f"/consumptions/{short['consumption_id']}/settle"
    assert (await lead.refused(path, {"lot_id": here}))[1] == "lot-empty"
    too_much = {"lot_id": elsewhere, "quantity": "6", "location": "store"}
    assert (await lead.refused(path, too_much))[1] == "more-than-is-short"
    assert (await operator.refused(path, too_much))[0] == 403
    settled = await lead.do(path, {"lot_id": elsewhere, "location": "store"})
    assert settled["shortage"] == "0"
    assert [lot["lot"] for lot in settled["lots"]] == ["S-1", "S-2"]
    assert (await lead.refused(path, {"lot_id": elsewhere, "location": "store"}))[1] == "nothing-is-short"
    assert (await totals(floor))["SCREW"] == Decimal(12)
    assert await floor.stock(elsewhere) == {"store": Decimal(95)}


async def test_a_foreign_lot_cannot_settle_a_shortage(floor: Floor, run: int, lead: Hands) -> None:
    await report(floor, run, good=1)
    oil = await floor.lot("OIL", "L-1", "10")
    short = (await lead.get("/consumptions", short_only=True))["items"]
    screws = next(row["consumption_id"] for row in short if row["item"] == "SCREW")
    assert (await lead.refused(f"/consumptions/{screws}/settle", {"lot_id": oil}))[1] == "wrong-item"


async def test_what_is_not_kept_in_lots_is_consumed_without_one_and_never_short(floor: Floor) -> None:
    await floor.item("GLUE", unit="GRM", scale=0, tracked=False)
    await floor.item("KIT")
    await floor.revision("KIT", "A")
    bom = await floor.bom("KIT", "A")
    await floor.component(bom, "10", "GLUE", "2.5", "GRM")
    run = await floor.run(await floor.order("MO-9", "KIT", "A", bom))
    await report(floor, run, good=2)
    (body,) = await floor.documents("consumption")
    assert (body["item"], body["quantity"], body["lots"]) == ("GLUE", "5", [])
    assert await floor.one("SELECT sum(shortage) FROM plant.consumption") == 0


async def test_only_the_first_operation_consumes(floor: Floor) -> None:
    await floor.item("KIT")
    await floor.revision("KIT", "A")
    bom = await floor.bom("KIT", "A")
    await floor.component(bom, "10", "OIL", "1", "KGM")
    order = await floor.order("MO-9", "KIT", "A", bom, operations=(10, 20))
    await floor.lot("OIL", "L-1", "10")
    begun = datetime.now(UTC) - timedelta(hours=3)
    first = await floor.run(order, position=10, start=begun, end=begun + timedelta(hours=1))
    last = await floor.run(order, position=20)
    await report(floor, last, good=4)
    assert await totals(floor) == {}
    await report(floor, first, good=3, scrap=1)
    assert await totals(floor) == {"OIL": Decimal(4)}
    await floor.connection.execute("UPDATE plant.operation SET state = 'skipped' WHERE position = 10")
    await report(floor, last, good=1)
    assert await totals(floor) == {"OIL": Decimal(5)}


async def test_a_bom_in_another_unit_than_the_order_is_exact(floor: Floor) -> None:
    await floor.item("PIN")
    await floor.revision("PIN", "A")
    bom = await floor.bom("PIN", "A", unit="DZN")
    await floor.component(bom, "10", "OIL", "1", "KGM")
    run = await floor.run(await floor.order("MO-9", "PIN", "A", bom))
    await floor.lot("OIL", "L-1", "10")
    for _ in range(24):
        await report(floor, run, good=1)
    assert await totals(floor) == {"OIL": Decimal(2)}


async def test_a_reversal_gives_everything_back_where_it_was_and_only_once(floor: Floor, run: int) -> None:
    first = await floor.lot("SCREW", "S-1", "3", revision="A", received=LONG_AGO - timedelta(days=1))
    second = await floor.lot("SCREW", "S-2", "3", revision="A")
    event = await report(floor, run, good=2)
    assert await floor.stock(first) == await floor.stock(second) == {}
    for _ in range(2):
        await reverse(floor, run, event)
    assert await floor.stock(first) == await floor.stock(second) == {STATION: Decimal(3)}
    assert await totals(floor) == {"SCREW": Decimal(0)}
    told = [body for body in await floor.documents("consumption") if body["reverses"]]
    assert [(body["quantity"], body["reverses"]) for body in told] == [("-6", str(event))]
    assert (
        await floor.one("SELECT count(*) FROM plant.consumption WHERE shortage > 0 AND reversed_by IS NULL")
        == 0
    )


async def test_an_order_consumes_the_bom_times_what_was_made_whatever_was_reversed(floor: Floor) -> None:
    """A third of a piece each: what is below the last decimal is carried, also over reversals."""
    await floor.item("TAPE", unit="C62", scale=0)
    await floor.item("BOX")
    await floor.revision("BOX", "A")
    bom = await floor.bom("BOX", "A", base="3")
    await floor.component(bom, "10", "TAPE", "1", "C62")
    await floor.component(bom, "20", "TAPE", "2", "C62", scrap_policy="good_only")
    run = await floor.run(await floor.order("MO-9", "BOX", "A", bom))
    lot = await floor.lot("TAPE", "T-1", "100000")
    chance = random.Random(20260724)
    alive: list[tuple[int, int, object]] = []
    for _ in range(60):
        if alive and chance.random() < 0.35:
            _, _, event = alive.pop(chance.randrange(len(alive)))
            await reverse(floor, run, event)  # type: ignore[arg-type]
        else:
            good, scrap = chance.randrange(4), chance.randrange(3)
            alive.append((good, scrap, await report(floor, run, good=good, scrap=scrap)))
    while sum(good + scrap for good, scrap, _ in alive) % 3 or sum(good for good, _, _ in alive) % 3:
        missing = 1 if sum(good for good, _, _ in alive) % 3 else 0
        alive.append((missing, 1 - missing, await report(floor, run, good=missing, scrap=1 - missing)))
    made = sum(good + scrap for good, scrap, _ in alive)
    good_parts = sum(good for good, _, _ in alive)
    # Enough is made now for what reversals left over to be used up.
    await report(floor, run, good=300)
    due = (made + 300) // 3 + 2 * (good_parts + 300) // 3
    assert (await totals(floor))["TAPE"] == due
    assert await floor.stock(lot) == {STATION: Decimal(100000 - due)}
    assert await floor.one("SELECT count(*) FROM plant.backflush_residual WHERE residual <> '0'") == 0


async def test_good_parts_that_turn_out_to_be_scrap_are_consumed_once(floor: Floor) -> None:
    await floor.item("BOX")
    await floor.revision("BOX", "A")
    bom = await floor.bom("BOX", "A")
    await floor.component(bom, "10", "SCREW", "4", "C62")
    await floor.component(bom, "20", "OIL", "1", "KGM", scrap_policy="good_only")
    run = await floor.run(await floor.order("MO-9", "BOX", "A", bom))
    screws = await floor.lot("SCREW", "S-1", "100", revision="A")
    oil = await floor.lot("OIL", "L-1", "50")
    await report(floor, run, good=10)
    await report(floor, run, good=-3, scrap=3)
    assert await totals(floor) == {"SCREW": Decimal(40), "OIL": Decimal(10)}
    await report(floor, run, good=2)
    assert await totals(floor) == {"SCREW": Decimal(48), "OIL": Decimal(10)}
    await report(floor, run, good=5)
    assert await totals(floor) == {"SCREW": Decimal(68), "OIL": Decimal(14)}
    await report(floor, run, good=4, scrap=-3)
    assert await totals(floor) == {"SCREW": Decimal(72), "OIL": Decimal(18)}
    assert await floor.stock(screws) == {STATION: Decimal(28)}
    assert await floor.stock(oil) == {STATION: Decimal(32)}


async def test_twenty_reports_at_once_take_the_last_screws_once(floor: Floor, run: int) -> None:
    lot = await floor.lot("SCREW", "S-1", "30", revision="A")
    await asyncio.gather(*(report(floor, run, good=1) for _ in range(20)))
    assert await floor.stock(lot) == {}
    assert await floor.one("SELECT sum(shortage) FROM plant.consumption WHERE unit = 'C62'") == 50
    assert (await totals(floor))["SCREW"] == 30
    sequence = await floor.connection.execute(
        "SELECT order_seq FROM plant.outbox WHERE work_order_id IS NOT NULL ORDER BY 1"
    )
    numbers = [number for (number,) in await sequence.fetchall()]
    assert numbers == list(range(1, len(numbers) + 1))
