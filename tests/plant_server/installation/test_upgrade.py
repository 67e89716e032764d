"""A plant of an earlier schema, stopped in the middle of its work, is brought to this version: nothing is lost, every
balance holds, and what waited goes on. And there is no way back that pretends to be one."""

import asyncio
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from psycopg import sql

from erp_bridge.errors import MigrationError as BridgeMigrationError
from erp_bridge.schema.migrate import migrate as migrate_bridge
from plant_server.async_database import connect_async
from plant_server.embedded.postgres import PostgresServer
from plant_server.events.verify import verify
from plant_server.installation import restore
from plant_server.installation.archive import reading_archive
from plant_server.installation.manifest import Manifest
from plant_server.keeper.run import jobs_of
from plant_server.runs.comparing import compare_and_rebuild
from plant_server.schema.migrate import FOLDER, read_migrations, require_migrated
from plant_server.settings import Settings
from tests.plant_server.database_fixture import PlantDatabase, fresh_database
from tests.plant_server.installation.running import lineside

PLANTS = sorted((Path(__file__).parent / "plants").glob("schema_*.zip"))
MADE_ANEW = {
    "plant.run_told": "0065 keeps what was told by the Event that told it",
    "migration.applied": "says what was applied",
}
"""Tables whose rows a migration makes anew, and why; the sums of the first are compared."""
MORE = {"plant.event", "plant.unsealed"}
"""Tables in which a migration may leave an Event of what it did."""
COLUMNS = """
SELECT column_name FROM information_schema.columns WHERE table_schema = %s AND table_name = %s ORDER BY column_name
"""


class Upgraded:
    """The plant as it was and as it is now, side by side; and what its backup says of it."""

    def __init__(
        self, before: PlantDatabase, now: PlantDatabase, server: PostgresServer, manifest: Manifest
    ) -> None:
        self.before = before
        self.now = now
        self.bridge_url = server.url("lineside_bridge", now.name)
        self.boards_url = server.url("lineside_bi", now.name)
        self.manifest = manifest


@pytest.fixture(scope="module", params=PLANTS, ids=lambda path: path.stem)
def upgraded(request: pytest.FixtureRequest, database_server: PostgresServer) -> Iterator[Upgraded]:
    with (
        fresh_database(database_server, template="template0") as before,
        fresh_database(database_server, template="template0") as now,
        reading_archive(request.param) as archive,
    ):
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(restore, "migrate", lambda url, say: [])
            patch.setattr(restore, "note_restoration", lambda session, manifest: None)
            restore.restore_database(archive, before.owner_url, force=False, progress=lambda *_: None)
        done = restore.restore_database(archive, now.owner_url, force=False, progress=lambda *_: None)
        assert done.migrations == len(read_migrations(FOLDER)) - len(archive.manifest.migrations) > 0
        yield Upgraded(before, now, database_server, archive.manifest)


def rows_of(connection: psycopg.Connection, table: str, columns: list[str]) -> list[str]:
    schema, name = table.split(".")
    picked = sql.SQL(", ").join(map(sql.Identifier, columns))
    query = sql.SQL("SELECT ROW({})::text FROM {} ORDER BY 1").format(picked, sql.Identifier(schema, name))
    return [row for (row,) in connection.execute(query)]


def columns_of(connection: psycopg.Connection, table: str) -> set[str]:
    return {name for (name,) in connection.execute(COLUMNS, table.split("."))}


def test_it_was_in_the_middle_of_its_work(upgraded: Upgraded) -> None:
    rows = {name: content.rows for name, content in upgraded.manifest.tables.items()}
    work = (
        "event",
        "run",
        "booking",
        "production_entry",
        "consumption",
        "outbox",
        "unsealed",
        "not_assigned",
        "dirty",
    )
    assert {name: rows[f"plant.{name}"] > 0 for name in work} == dict.fromkeys(work, True)
    with psycopg.connect(upgraded.now.url) as connection:
        open_runs = connection.execute("SELECT count(*) FROM plant.run WHERE to_time IS NULL").fetchone()
    assert open_runs is not None
    assert open_runs[0] > 0


def test_every_row_is_there_with_every_value_it_had(upgraded: Upgraded) -> None:
    with psycopg.connect(upgraded.before.owner_url) as before, psycopg.connect(upgraded.now.owner_url) as now:
        for table, content in upgraded.manifest.tables.items():
            if table in MADE_ANEW:
                continue
            columns = sorted(columns_of(before, table) & columns_of(now, table))
            assert columns, f"{table} is gone"
            old, new = (Counter(rows_of(connection, table, columns)) for connection in (before, now))
            assert old.total() == content.rows
            assert list((old - new).elements()) == [], f"{table} lost rows"
            assert table in MORE or new.total() == old.total(), f"{table} has more rows"


def test_what_erps_were_told_adds_up_to_the_same(upgraded: Upgraded) -> None:
    told = "SELECT run_id, kind, reason, sum(quantity) FROM plant.run_told GROUP BY 1, 2, 3 HAVING sum(quantity) <> 0 ORDER BY 1, 2, 3"
    with psycopg.connect(upgraded.before.url) as before, psycopg.connect(upgraded.now.url) as now:
        expected = before.execute(told).fetchall()
        assert expected
        assert now.execute(told).fetchall() == expected


def test_balances_are_as_the_events_say(upgraded: Upgraded) -> None:
    found = asyncio.run(compare_and_rebuild(upgraded.now.url, apply=False))
    assert found == []


def test_the_chain_holds_and_ends_where_it_ended(upgraded: Upgraded, tmp_path: Path) -> None:
    assert upgraded.manifest.chain is not None
    position, head = upgraded.manifest.chain
    anchors = tmp_path / "anchors.log"
    anchors.write_text(f"{upgraded.manifest.made.isoformat()} {position} {head}\n")
    verdict = verify(upgraded.now.url, anchors, lambda done, total: None)
    assert verdict.mistake is None
    assert verdict.events == position


def test_the_keeper_goes_on_and_what_was_counted_stays_assigned(upgraded: Upgraded) -> None:
    """Every job, until it has nothing to do: seals what waited, makes rollups, projections and whatever is new."""

    async def work() -> None:
        connection = await connect_async(upgraded.now.url, application="lineside keeper")
        try:
            jobs = jobs_of(Settings(database_url=upgraded.now.url, retention_days=3650))
            for job in [
                *(job for job in jobs if job.name != "anchor"),
                *(job for job in jobs if job.name == "seal"),
            ]:
                async with asyncio.timeout(60):
                    while await job.work(connection):
                        pass
        finally:
            await connection.close()

    asyncio.run(work())
    with psycopg.connect(upgraded.now.url) as connection:
        require_migrated(connection)
        assert connection.execute("SELECT count(*) FROM plant.unsealed").fetchone() == (0,)
        wrong = "SELECT * FROM plant.counted_balance WHERE stored <> booked + not_assigned"
        assert connection.execute(wrong).fetchall() == []
    with psycopg.connect(upgraded.boards_url) as boards:
        views = boards.execute("SELECT viewname FROM pg_views WHERE schemaname = 'bi'").fetchall()
        assert views
        for (view,) in views:
            boards.execute(sql.SQL("SELECT * FROM bi.{}").format(sql.Identifier(view)))
    assert asyncio.run(compare_and_rebuild(upgraded.now.url, apply=False)) == []


def test_the_bridge_keeps_what_waits(upgraded: Upgraded) -> None:
    """Its own migrations run at its start."""
    tables = ("claim", "document", "part", "delivery", "lane", "planned_order", "inbox", "cursor", "api_key")
    with psycopg.connect(upgraded.bridge_url, autocommit=True) as connection:
        kept = {table: columns_of(connection, f"bridge.{table}") for table in tables}
        before = {table: rows_of(connection, f"bridge.{table}", sorted(kept[table])) for table in tables}
        assert before["document"]
        waiting = "SELECT count(*) FROM bridge.document WHERE state IN ('open', 'ready', 'sending')"
        assert connection.execute(waiting).fetchone() != (0,)
        asyncio.run(migrate_bridge(upgraded.bridge_url))
        after = {table: rows_of(connection, f"bridge.{table}", sorted(kept[table])) for table in tables}
    assert after == before


def test_a_bridge_that_is_older_than_its_tables_says_so(upgraded: Upgraded) -> None:
    with psycopg.connect(upgraded.bridge_url, autocommit=True) as connection:
        connection.execute("INSERT INTO bridge.applied (name, sha256) VALUES ('9999_later', 'x')")
        try:
            with pytest.raises(
                BridgeMigrationError, match="has 9999_later, which this version does not know"
            ):
                asyncio.run(migrate_bridge(upgraded.bridge_url))
        finally:
            connection.execute("DELETE FROM bridge.applied WHERE name = '9999_later'")


def test_a_version_that_is_older_than_the_database_says_so(upgraded: Upgraded, tmp_path: Path) -> None:
    with psycopg.connect(upgraded.now.owner_url, autocommit=True) as connection:
        connection.execute("INSERT INTO migration.applied (number, name, sha256) VALUES (9999, 'later', 'x')")
        try:
            refused = lineside(tmp_path / "home", "migrate", owner_url=upgraded.now.owner_url)
            assert refused.returncode == 1
            assert "has migration 9999, which this version does not know" in refused.stderr
        finally:
            connection.execute("DELETE FROM migration.applied WHERE number = 9999")
