"""Whatever a scanner reads gets an answer; what must not be used gets its reason."""

from psycopg import AsyncConnection

from tests.plant_server.materials.floor import STATION, Floor
from tests.plant_server.materials.hands import Hands


async def test_a_lot_is_judged_for_the_order_that_runs_at_the_station(floor: Floor, operator: Hands) -> None:
    await floor.lot("SCREW", "S-1", "40", revision="A")
    await floor.lot("FOREIGN", "F-1", "5")
    await floor.run(await floor.one("SELECT work_order_id FROM plant.work_order WHERE number = 'MO-1'"))
    told = await operator.do("/scans", {"code": "S-1", "station": STATION})
    assert (told["ok"], told["kind"], told["order"], told["item"]) == (True, "lot", "MO-1", "SCREW")
    assert (told["lot"]["quantity"], told["lot"]["here"], told["lot"]["state"]) == ("40", "40", "available")
    told = await operator.do("/scans", {"code": "F-1", "station": STATION})
    assert (told["ok"], told["reason"]) == (False, "wrong-item")


async def test_without_an_order_the_lot_speaks_for_itself(floor: Floor, operator: Hands) -> None:
    lot_id = await floor.lot("SCREW", "S-1", "40", revision="A")
    assert (await operator.do("/scans", {"code": "S-1"}))["ok"]
    await operator.do(f"/lots/{lot_id}/hold", {"reference": "NC-1"})
    told = await operator.do("/scans", {"code": "S-1"})
    assert (told["ok"], told["reason"], told["order"]) == (False, "lot-on-hold", None)


async def test_of_two_lots_with_one_label_the_part_of_the_order_is_meant(
    floor: Floor, operator: Hands
) -> None:
    await floor.lot("FOREIGN", "X-1", "5")
    await floor.lot("SCREW", "X-1", "40", revision="A")
    told = await operator.do("/scans", {"code": "X-1", "order": "MO-1"})
    assert (told["ok"], told["item"]) == (True, "SCREW")


async def test_a_suppliers_label_finds_the_lot_too(floor: Floor, operator: Hands) -> None:
    lot_id = await floor.lot("SCREW", "S-1", "40", revision="A")
    await floor.connection.execute("UPDATE plant.material_lot SET supplier_lot = 'ACME-9'")
    told = await operator.do("/scans", {"code": "ACME-9", "order": "MO-1"})
    assert (told["ok"], told["lot"]["lot_id"], told["lot"]["lot"]) == (True, lot_id, "S-1")


async def test_an_order_and_an_item_are_told_as_such(floor: Floor, operator: Hands) -> None:
    told = await operator.do("/scans", {"code": "MO-1"})
    assert (told["ok"], told["kind"], told["params"]) == (
        True,
        "order",
        {"state": "running", "item": "GEARBOX"},
    )
    told = await operator.do("/scans", {"code": "SCREW", "order": "MO-1"})
    assert (told["ok"], told["kind"], told["reason"]) == (False, "item", "lot-wanted")
    told = await operator.do("/scans", {"code": "FOREIGN", "order": "MO-1"})
    assert (told["ok"], told["kind"], told["reason"]) == (False, "item", "wrong-item")


async def test_an_unknown_code_and_an_unknown_order_are_answers_not_errors(
    floor: Floor, operator: Hands
) -> None:
    await floor.lot("SCREW", "S-1", "40", revision="A")
    told = await operator.do("/scans", {"code": "?"})
    assert (told["ok"], told["kind"], told["reason"]) == (False, "unknown", "unknown-code")
    told = await operator.do("/scans", {"code": "S-1", "order": "MO-404"})
    assert (told["ok"], told["reason"]) == (False, "not-this-order")


async def test_a_scan_is_kept_with_its_verdict_and_changes_no_stock(
    floor: Floor, operator: Hands, connection: AsyncConnection
) -> None:
    lot_id = await floor.lot("FOREIGN", "F-1", "5")
    before = await floor.stock(lot_id)
    await operator.do("/scans", {"code": "F-1", "order": "MO-1"})
    assert await floor.stock(lot_id) == before
    cursor = await connection.execute("SELECT kind, actor_id, refused, facts FROM plant.event")
    ((kind, actor_id, refused, facts),) = await cursor.fetchall()
    assert (kind, actor_id, refused) == ("material.scan", operator.person_id, False)
    assert (facts["scan"]["ok"], facts["scan"]["reason"]) == (False, "wrong-item")
