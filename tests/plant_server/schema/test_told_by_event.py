"""What a plant told an ERP before is kept, after the upgrade, by the Event that told it; nothing is told twice."""

import json
import shutil
from pathlib import Path
from typing import Any
from uuid import UUID

import psycopg

from plant_server.schema.migrate import FOLDER, migrate, read_migrations
from tests.plant_server.database_fixture import PlantDatabase

NUMBER = 65
REPORT, REVERSAL, ENDED = (UUID(int=number) for number in (1, 2, 3))
RUN = """WITH item AS (
             INSERT INTO plant.item (code, name_en, name_zh, unit) VALUES ('P', 'P', 'P', 'C62') RETURNING item_id),
         station AS (INSERT INTO plant.equipment (path, name) VALUES ('a/b', 'b') RETURNING equipment_id),
         ordered AS (
             INSERT INTO plant.work_order (number, source, item_id, quantity, unit, ordered_quantity, ordered_unit)
             SELECT 'WO-1', 'erp', item_id, 1, 'C62', 1, 'C62' FROM item RETURNING work_order_id),
         operation AS (
             INSERT INTO plant.operation (work_order_id, position, name_en, name_zh)
             SELECT work_order_id, 10, 'o', 'o' FROM ordered RETURNING operation_id, work_order_id)
         INSERT INTO plant.run (operation_id, work_order_id, equipment_id, from_time, count_source, setup_parts)
         SELECT operation_id, work_order_id, equipment_id, now(), 'operator', 'scrap' FROM operation, station
         RETURNING run_id"""
EVENT = """INSERT INTO plant.event (event_id, kind, actor, request_hash, body, event_time, facts)
           VALUES (%s, 'run.report', 'person:1', sha256(''), '{}', now(), %s::jsonb)"""
TOLD = "INSERT INTO plant.run_told (run_id, kind, reason, quantity) VALUES (%s, %s, %s, %s)"


def test_sums_become_what_each_event_told_less_what_was_taken_back(
    empty_database: PlantDatabase, tmp_path: Path
) -> None:
    for migration in read_migrations(FOLDER):
        if migration.number < NUMBER:
            shutil.copy(FOLDER / f"{migration}.sql", tmp_path)
    migrate(empty_database.owner_url, folder=tmp_path, say=lambda _: None)
    with psycopg.connect(empty_database.url, autocommit=True) as connection:
        _tell(connection)

    migrate(empty_database.owner_url, say=lambda _: None)

    with psycopg.connect(empty_database.url, autocommit=True) as connection:
        rows = connection.execute(
            "SELECT kind, reason, event_id, quantity::int FROM plant.run_told ORDER BY 1, 2, 3"
        ).fetchall()
    assert rows == [
        ("completion", "", REPORT, 0),
        ("completion", "", REVERSAL, 7),
        ("completion", "", ENDED, 4),
        ("scrap", "burr", REPORT, 0),
    ]


def _tell(connection: psycopg.Connection) -> None:
    """10 good and 2 scrap, reversed and reported anew as 7 good; 4 more at the end of the run."""
    row = connection.execute(RUN).fetchone()
    assert row is not None
    run_id = int(row[0])

    def fact(kind: str, reason: str, quantity: int) -> dict[str, Any]:
        return {"run_id": run_id, "kind": kind, "reason": reason, "quantity": str(quantity)}

    reversed_lines = [{"reverses": str(REPORT)}, {"reverses": None}]
    taken_back = [fact("completion", "", -10), fact("scrap", "burr", -2), fact("completion", "", 7)]
    for event_id, facts in (
        (REPORT, {"told": [fact("completion", "", 10), fact("scrap", "burr", 2)]}),
        (REVERSAL, {"told": taken_back, "entries": reversed_lines}),
        (ENDED, {"told": [fact("completion", "", 4)]}),
    ):
        connection.execute(EVENT, [event_id, json.dumps(facts)])
    connection.execute(TOLD, [run_id, "completion", "", 11])
    connection.execute(TOLD, [run_id, "scrap", "burr", 0])
