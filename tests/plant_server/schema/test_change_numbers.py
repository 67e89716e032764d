"""A plant that kept one number per item of a change is upgraded to one number per change."""

import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import psycopg

from plant_server.schema.migrate import FOLDER, migrate, read_migrations
from tests.plant_server.database_fixture import PlantDatabase

NUMBER = 64
ITEM = """INSERT INTO plant.item (code, name_en, name_zh, unit) VALUES (%(code)s, %(code)s, %(code)s, 'C62')
          RETURNING item_id"""
REVISION = "INSERT INTO plant.item_revision (item_id, revision) VALUES (%(item)s, 'A'), (%(item)s, 'B')"
CHANGE = """INSERT INTO plant.change_order (number, item_id, old_revision, new_revision, effectivity, disposition)
            VALUES (%(number)s, %(item)s, 'A', 'B', 'used_up', 'use_up') RETURNING change_order_id"""
DOCUMENT = """INSERT INTO plant.external_document (kind, system, external_id, revision, content_hash, row_id)
              VALUES ('change_order', 'plm', %(external_id)s, 1, sha256(''), %(change)s)"""
ORDER = """INSERT INTO plant.work_order (number, source, item_id, quantity, unit, ordered_quantity, ordered_unit)
           VALUES ('WO-1', 'erp', %(item)s, 1, 'C62', 1, 'C62') RETURNING work_order_id"""
HOLD = """INSERT INTO plant.work_order_hold (work_order_id, reason, reference, set_by)
          VALUES (%(order)s, %(reason)s, %(reference)s, 'plm')"""
WAIVER = """INSERT INTO plant.waiver (work_order_id, item_id, reasons, changes, holds, note, requested_by)
            VALUES (%(order)s, %(item)s, '{superseded_revision}', %(changes)s, '{}', 'measured', %(person)s)"""
PERSON = "INSERT INTO plant.person (name, roles) VALUES ('Li Na', '{operator}') RETURNING person_id"


def test_numbers_lose_the_item_we_put_behind_them_and_no_other_ending(
    empty_database: PlantDatabase, tmp_path: Path
) -> None:
    _migrate_up_to(empty_database, tmp_path, NUMBER - 1)
    with psycopg.connect(empty_database.url, autocommit=True) as connection:
        _a_plant_with_changes(connection)

    migrate(empty_database.owner_url, say=lambda _: None)

    with psycopg.connect(empty_database.url, autocommit=True) as connection:
        changes = connection.execute(
            "SELECT number, code FROM plant.change_order JOIN plant.item USING (item_id) ORDER BY 1, 2"
        ).fetchall()
        holds = connection.execute(
            "SELECT reason, reference FROM plant.work_order_hold ORDER BY 1, 2"
        ).fetchall()
        waivers = connection.execute("SELECT changes FROM plant.waiver").fetchall()
    assert changes == [
        ("2026/SEAL", "SEAL"),
        ("ECO-1001", "BODY"),
        ("ECO-1001", "STEM"),
        ("ECO-7", "BODY"),
    ]
    assert holds == [("change", "ECO-1001"), ("change", "ECO-7"), ("quality", "ECO-1001/BODY")]
    assert waivers == [(["ECO-1001", "ECO-7"],)]


def _migrate_up_to(database: PlantDatabase, folder: Path, last: int) -> None:
    for migration in read_migrations(FOLDER):
        if migration.number <= last:
            shutil.copy(FOLDER / f"{migration}.sql", folder)
    migrate(database.owner_url, folder=folder, say=lambda _: None)


def _a_plant_with_changes(connection: psycopg.Connection) -> None:
    """ECO-1001 of two items; ECO-7 of one; 2026/SEAL, which the PLM itself calls so, of one."""
    items = {}
    for code in ("BODY", "STEM", "SEAL"):
        items[code] = _id(connection, ITEM, code=code)
        connection.execute(REVISION, {"item": items[code]})
    for number, external_id, code in (
        ("ECO-1001/BODY", "17/BODY", "BODY"),
        ("ECO-1001/STEM", "17/STEM", "STEM"),
        ("ECO-7", "18/BODY", "BODY"),
        ("2026/SEAL", "19/SEAL", "SEAL"),
    ):
        change = _id(connection, CHANGE, number=number, item=items[code])
        connection.execute(DOCUMENT, {"external_id": external_id, "change": change})
    order = _id(connection, ORDER, item=items["BODY"])
    for reason, reference in (
        ("change", "ECO-1001/BODY"),
        ("change", "ECO-1001/STEM"),
        ("change", "ECO-7"),
        ("quality", "ECO-1001/BODY"),
    ):
        connection.execute(HOLD, {"order": order, "reason": reason, "reference": reference})
    waived = ["ECO-1001/BODY", "ECO-1001/STEM", "ECO-7"]
    values: Mapping[str, Any] = {"order": order, "item": items["BODY"], "changes": waived}
    connection.execute(WAIVER, values | {"person": _id(connection, PERSON)})


def _id(connection: psycopg.Connection, statement: str, **values: Any) -> int:
    row = connection.execute(statement.encode(), values).fetchone()
    assert row is not None
    return int(row[0])
