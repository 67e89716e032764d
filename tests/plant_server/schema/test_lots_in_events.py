"""A plant whose Events did not keep all of what became of lots is upgraded: an Event keeps what stands."""

import shutil
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import psycopg
from psycopg import AsyncConnection

from plant_server.events.canonical import canonical
from plant_server.runs.comparing import compare
from plant_server.schema.migrate import FOLDER, migrate, read_migrations
from tests.plant_server.database_fixture import PlantDatabase

NUMBER = 66
EVENT = """INSERT INTO plant.event (event_id, kind, actor, request_hash, body, facts, status, answer, event_time)
           VALUES (%s, 'lot.receive', 'person:1', sha256(''), '{}', %s, 200, '{}', now())"""
STOCK = """WITH item AS (INSERT INTO plant.item (code, name_en, name_zh, unit, scale) VALUES ('OIL', 'Oil', '油', 'KGM', 3)
                         RETURNING item_id),
           an_order AS (INSERT INTO plant.work_order (number, source, item_id, quantity, unit, ordered_quantity, ordered_unit)
                        SELECT 'WO-1', 'erp', item_id, 1, 'KGM', 1, 'KGM' FROM item RETURNING work_order_id, item_id),
           lot AS (INSERT INTO plant.material_lot (item_id, lot, unit, received_time, reserved_for)
                   SELECT item_id, 'L-1', 'KGM', now(), work_order_id FROM an_order RETURNING lot_id),
           stock AS (INSERT INTO plant.lot_stock SELECT lot_id, 'store', 7.250 FROM lot),
           taken AS (INSERT INTO plant.consumption (event_id, work_order_id, location, bom_revision, position, item_id, unit,
                                                    required, shortage, residual_step, event_time)
                     SELECT %(event)s, work_order_id, 'store', 'A', '10', item_id, 'KGM', 3, 1.000, '1/3', now()
                     FROM an_order RETURNING consumption_id),
           owed AS (INSERT INTO plant.backflush_residual
                    SELECT work_order_id, 'A', position, residual FROM an_order,
                           (VALUES ('10', '1/3'), ('20', '0')) AS one (position, residual)),
           moves AS (INSERT INTO plant.lot_move (event_id, lot_id, kind, from_location, to_location, quantity, event_time)
                     SELECT %(event)s, lot_id, kind, source, target, quantity, now() FROM lot, (VALUES
                         ('receive', NULL, 'store', 9.250), ('consume', 'store', NULL, 2.000)
                     ) AS one (kind, source, target, quantity))
           INSERT INTO plant.lot_hold (lot_id, reference, placed_event, lifted_event, lifted_time)
           SELECT lot_id, reference, %(event)s, lifted, CASE WHEN lifted IS NOT NULL THEN now() END
           FROM lot, (VALUES ('NC-1', %(event)s::uuid), ('NC-2', NULL)) AS one (reference, lifted)"""


async def test_what_stood_before_is_explained_by_one_event_and_what_is_spoilt_afterwards_is_mended(
    empty_database: PlantDatabase, tmp_path: Path
) -> None:
    _migrate_up_to(empty_database, tmp_path, NUMBER - 1)
    _a_plant_with_lots(empty_database, uuid4())

    migrate(empty_database.owner_url, say=lambda _: None)

    connection = await AsyncConnection.connect(empty_database.url, autocommit=True)
    async with connection:
        assert await compare(connection, apply=False) == []
        assert await _one(connection, "SELECT count(*) FROM plant.unsealed") == 1
        await connection.execute("UPDATE plant.lot_stock SET quantity = 1")
        await connection.execute("DELETE FROM plant.lot_hold")
        (found, *_) = await compare(connection, apply=True)
        assert found.table == "lot_stock"
        assert str(await _one(connection, "SELECT quantity FROM plant.lot_stock")) == "7.250"
        assert await _one(connection, "SELECT count(*) FROM plant.lot_hold") == 2


def test_a_plant_without_lots_gets_no_event(empty_database: PlantDatabase) -> None:
    migrate(empty_database.owner_url, say=lambda _: None)
    with psycopg.connect(empty_database.url) as connection:
        assert connection.execute("SELECT count(*) FROM plant.event").fetchone() == (0,)


def _a_plant_with_lots(database: PlantDatabase, event: UUID) -> None:
    with psycopg.connect(database.url, autocommit=True) as connection:
        move = {"kind": "receive", "lot_id": 1, "from": None, "to": "store", "quantity": "9.250"}
        connection.execute(EVENT, (event, canonical({"lot_moves": [move]})))
        connection.execute(STOCK, {"event": event})


async def _one(connection: AsyncConnection, statement: str) -> Any:
    row = await (await connection.execute(statement.encode())).fetchone()
    assert row is not None
    return row[0]


def _migrate_up_to(database: PlantDatabase, folder: Path, last: int) -> None:
    for migration in read_migrations(FOLDER):
        if migration.number <= last:
            shutil.copy(FOLDER / f"{migration}.sql", folder)
    migrate(database.owner_url, folder=folder, say=lambda _: None)
