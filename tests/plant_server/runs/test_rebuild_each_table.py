"""Of every table of balances: a row lost, a row too many and a wrong figure are found, mended and told."""

from itertools import zip_longest

from plant_server.materials.lots import MoveKind
from plant_server.runs.comparing import TABLES, compare
from tests.plant_server.runs.test_rebuild import live_through_a_shift, snapshot
from tests.plant_server.work_orders.floor import Floor

SPOILT: dict[str, tuple[str, ...]] = {
    "work_order": (
        "UPDATE plant.work_order SET scrap = scrap + 1",
        "UPDATE plant.work_order SET state = 'closed'",
    ),
    "operation": (
        "UPDATE plant.operation SET good = good - 1",
        "UPDATE plant.operation SET state = 'skipped'",
    ),
    "run": ("UPDATE plant.run SET entered_good = 7", "UPDATE plant.run SET booked_rejected = 0"),
    "run_tag": ("UPDATE plant.run_tag SET settled = NOT settled",),
    "counted_tag": ("UPDATE plant.counted_tag SET position = position - 1",),
    "booking": ("DELETE FROM plant.booking WHERE ctid = (SELECT min(ctid) FROM plant.booking)",),
    "not_assigned": ("UPDATE plant.not_assigned SET reason = 'late'", "DELETE FROM plant.not_assigned"),
    "production_entry": (
        "DELETE FROM plant.production_entry",
        "UPDATE plant.production_entry SET quantity = 99",
    ),
    "run_told_total": (
        "UPDATE plant.run_told_total SET quantity = quantity + 1",
        "DELETE FROM plant.run_told_total",
    ),
    "run_told": ("UPDATE plant.run_told SET quantity = quantity + 1", "DELETE FROM plant.run_told"),
    "told_range": ("DELETE FROM plant.told_range",),
    "count_case": ("DELETE FROM plant.count_case", "UPDATE plant.count_case SET note = 'nobody looked'"),
    "material_lot": (
        "UPDATE plant.material_lot SET reserved_for = (SELECT min(work_order_id) FROM plant.work_order)",
        "UPDATE plant.material_lot SET expiry_time = now(), supplier_lot = NULL",
        "INSERT INTO plant.material_lot (item_id, lot, unit, received_time)"
        " SELECT item_id, 'X-1', unit, now() FROM plant.item LIMIT 1",
    ),
    "lot_stock": (
        "UPDATE plant.lot_stock SET quantity = quantity + 1",
        "DELETE FROM plant.lot_stock",
        "INSERT INTO plant.lot_stock SELECT min(lot_id), 'pocket', 5 FROM plant.material_lot",
    ),
    "lot_hold": (
        "UPDATE plant.lot_hold SET lifted_event = placed_event, lifted_time = now() WHERE reference = 'NC-2'",
        "UPDATE plant.lot_hold SET note = 'clear'",
        "DELETE FROM plant.lot_hold",
        "INSERT INTO plant.lot_hold (lot_id, reference, placed_event)"
        " SELECT min(lot_id), 'NC-9', gen_random_uuid() FROM plant.material_lot",
    ),
    "lot_move": (
        "DELETE FROM plant.lot_move WHERE kind = 'consume'",
        "UPDATE plant.lot_move SET quantity = 1, reason = 'nothing' WHERE kind = 'adjust'",
        "INSERT INTO plant.lot_move (event_id, lot_id, kind, to_location, quantity, event_time)"
        " SELECT gen_random_uuid(), min(lot_id), 'receive', 'store', 1, now() FROM plant.material_lot",
        "INSERT INTO plant.lot_move (event_id, lot_id, kind, from_location, to_location, quantity, work_order_id, event_time,"
        " recorded_time) SELECT event_id, lot_id, kind, from_location, to_location, quantity, work_order_id, event_time,"
        " recorded_time FROM plant.lot_move WHERE kind = 'issue'",
    ),
    "consumption": (
        "UPDATE plant.consumption SET shortage = 0, required = 1",
        "UPDATE plant.consumption SET reversed_by = gen_random_uuid()",
        "INSERT INTO plant.consumption (event_id, work_order_id, location, bom_revision, item_id, unit, required, event_time)"
        " SELECT event_id, work_order_id, location, bom_revision, item_id, unit, 3, event_time FROM plant.consumption LIMIT 1",
    ),
    "backflush_residual": (
        "UPDATE plant.backflush_residual SET residual = '1/7'",
        "DELETE FROM plant.backflush_residual",
    ),
    "run_energy": (
        "UPDATE plant.run_energy SET energy_wh = energy_wh + 1",
        "WITH meters AS (DELETE FROM plant.run_meter_energy) DELETE FROM plant.run_energy",
        "INSERT INTO plant.run_energy SELECT max(run_id), 12, 1, gen_random_uuid() FROM plant.run",
    ),
    "run_meter_energy": ("UPDATE plant.run_meter_energy SET energy_wh = 0",),
    "energy_to_tell": ("DELETE FROM plant.energy_to_tell",),
    "andon_call": (
        "UPDATE plant.andon_call SET state = 'resolved', ended_time = now() WHERE state = 'acknowledged'",
        "UPDATE plant.andon_call SET level = 3, note = 'nothing'",
        "WITH told AS (DELETE FROM plant.andon_told) DELETE FROM plant.andon_call",
        "INSERT INTO plant.andon_call (call_id, path, line, type, note, raised_by, raised_time, heard_time, is_late, state,"
        " level, version) SELECT gen_random_uuid(), 'p/m', 'p', 'lead', '', 'person:1', now(), now(), false, 'open', 0, 1",
    ),
    "andon_told": (
        "UPDATE plant.andon_told SET people = '{}', roles = '{manager}'",
        "DELETE FROM plant.andon_told",
    ),
}


async def test_each_table_is_found_spoilt_and_mended_and_the_mending_is_told(floor: Floor) -> None:
    """Tables are compared one by one, so all of them may be spoilt at once; each in all of its ways."""
    await live_through_a_shift(floor)
    before = await snapshot(floor)
    assert {row["lifted_event"] is None for row in before["lot_hold"]} == {True, False}
    assert {row["kind"] for row in before["lot_move"]} == set(MoveKind)
    assert {row["reversed_by"] is None for row in before["consumption"]} == {True, False}
    assert any(row["residual"] != "0" for row in before["backflush_residual"])
    facts = await floor.one("SELECT count(*) FROM plant.event WHERE facts ? 'shortages_settled'")
    assert facts["count"], "what was short was named"
    assert set(SPOILT) == set(TABLES), "every table is spoilt"
    rounds = [list(filter(None, statements)) for statements in zip_longest(*SPOILT.values())]
    for number in range(len(rounds)):
        tables = {table for table, statements in SPOILT.items() if number < len(statements)}
        for table in tables:
            await spoil(floor, table, SPOILT[table][number])
        spoilt = await snapshot(floor)
        assert {one.table for one in await compare(floor.connection, apply=False)} >= tables
        assert await snapshot(floor) == spoilt, "looking changes nothing"
        found = {one.table for one in await compare(floor.connection, apply=True)}
        assert found >= tables
        assert await snapshot(floor) == before
        told = await floor.one(
            "SELECT actor, facts FROM plant.event WHERE kind = 'audit.rebuild' ORDER BY recorded_time DESC LIMIT 1"
        )
        assert ({one["table"] for one in told["facts"]["mended"]}, told["actor"]) == (found, "lineside audit")
        assert await compare(floor.connection, apply=True) == []
    mendings = await floor.one("SELECT count(*) FROM plant.event WHERE kind = 'audit.rebuild'")
    assert mendings["count"] == len(rounds), "what finds nothing tells nothing"


async def spoil(floor: Floor, table: str, statement: str) -> None:
    """By the owner of the tables, who can also say that a ledger is none."""
    await floor.connection.execute(f"ALTER TABLE plant.{table} DISABLE TRIGGER USER".encode())
    changed = await floor.connection.execute(statement.encode())
    assert changed.rowcount > 0, statement
    await floor.connection.execute(f"ALTER TABLE plant.{table} ENABLE TRIGGER USER".encode())
