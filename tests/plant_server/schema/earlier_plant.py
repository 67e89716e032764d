"""A plant of an earlier schema: the committed migrations up to its number, and its rows as text."""

import shutil
from pathlib import Path

import psycopg
from psycopg import sql

from plant_server.schema.migrate import FOLDER, migrate, read_migrations
from tests.plant_server.database_fixture import PlantDatabase

PLANTS = sorted((Path(__file__).parent / "plants").glob("schema_*.sql"))
TABLES = """
SELECT c.relname FROM pg_class AS c
WHERE relnamespace = 'plant'::regnamespace AND relkind IN ('r', 'p') AND NOT relispartition ORDER BY 1
"""
COLUMNS = """
SELECT attname FROM pg_attribute WHERE attrelid = %s::regclass AND attnum > 0 AND NOT attisdropped ORDER BY 1
"""


def number_of(path: Path) -> int:
    return int(path.stem.removeprefix("schema_"))


def make_earlier_plant(database: PlantDatabase, path: Path, folder: Path) -> None:
    """Into an empty database. What its migrations put into tables is among its rows already, as it was then."""
    folder.mkdir()
    for migration in read_migrations(FOLDER):
        if migration.number <= number_of(path):
            shutil.copy(FOLDER / f"{migration}.sql", folder)
    migrate(database.owner_url, folder=folder, say=lambda _: None)
    with psycopg.connect(database.superuser_url) as connection:
        tables = [name for (name,) in connection.execute(TABLES)]
        # No trigger marks, refuses or projects anything: each row is written as it was read.
        connection.execute("SET LOCAL session_replication_role = replica")
        names = sql.SQL(", ").join(sql.Identifier("plant", name) for name in tables)
        connection.execute(sql.SQL("TRUNCATE {}").format(names))
        connection.execute(path.read_bytes())


def columns_by_table(connection: psycopg.Connection) -> dict[str, list[str]]:
    tables = [name for (name,) in connection.execute(TABLES)]
    return {table: [name for (name,) in connection.execute(COLUMNS, (f"plant.{table}",))] for table in tables}


def rows_by_table(connection: psycopg.Connection, columns: dict[str, list[str]]) -> dict[str, list[str]]:
    """Each row as text, of the given columns."""
    found = {}
    for table, names in columns.items():
        picked = sql.SQL(", ").join(map(sql.Identifier, names))
        query = sql.SQL("SELECT ROW({})::text FROM {} ORDER BY 1").format(
            picked, sql.Identifier("plant", table)
        )
        found[table] = [row for (row,) in connection.execute(query)]
    return found
