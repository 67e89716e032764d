"""Plants of earlier schemas, as rows in plain text, are brought to this version: no fact is lost, what is reckoned from
facts is the same, work goes on, and boards are answered."""

import asyncio
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import psycopg
import pytest
from psycopg import sql

from plant_server.async_database import connect_async
from plant_server.embedded.postgres import PostgresServer
from plant_server.events.verify import verify
from plant_server.keeper.run import jobs_of
from plant_server.runs.comparing import compare_and_rebuild
from plant_server.schema.migrate import FOLDER, Migration, migrate, read_migrations, require_migrated
from plant_server.settings import Settings
from tests.plant_server.database_fixture import PlantDatabase, fresh_database
from tests.plant_server.schema.earlier_plant import (
    PLANTS,
    columns_by_table,
    make_earlier_plant,
    number_of,
    rows_by_table,
)

MORE = {"event", "unsealed", "hour_dirty"}
"""A migration may leave an Event of what it did, and have hours made again."""
MADE_ANEW = {"run_told": 65}
"""By which migration: what was told is kept by the Event that told it; its sums are compared."""
TOLD = "SELECT run_id, kind, reason, sum(quantity) FROM plant.run_told GROUP BY 1, 2, 3 ORDER BY 1, 2, 3"
WORK = {"event", "unsealed", "outbox", "run", "booking", "not_assigned", "production_entry", "consumption", "lot_move",
        "stop", "run_energy", "machine_state_interval", "sample", "hand_over"}  # fmt: skip
SHOWN = {"machine", "machine_state", "machine_hour", "oee_shift", "output_hour", "run", "scrap", "stop", "work_order", "shift",
         "not_assigned", "tag_minute", "edge", "gap", "quarantine", "alarm", "outbox", "energy_run", "energy_balance",
         "ingest_minute"}  # fmt: skip
"""Views with rows, since their facts are there. All views are asked."""


@dataclass(frozen=True, slots=True)
class Upgraded:
    """A plant, what it held before and what it was brought forward by."""

    database: PlantDatabase
    boards_url: str
    number: int
    columns: dict[str, list[str]]
    before: dict[str, list[str]]
    told: list[tuple[object, ...]]
    applied: list[Migration]


@pytest.fixture(scope="module", params=PLANTS, ids=lambda path: path.stem)
def upgraded(
    request: pytest.FixtureRequest, database_server: PostgresServer, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Upgraded]:
    path: Path = request.param
    with fresh_database(database_server, template="template0") as database:
        make_earlier_plant(database, path, tmp_path_factory.mktemp("earlier") / "migrations")
        with psycopg.connect(database.owner_url) as connection:
            columns = columns_by_table(connection)
            before = rows_by_table(connection, columns)
            told = connection.execute(TOLD).fetchall()
        applied = migrate(database.owner_url, say=lambda _: None)
        boards_url = database_server.url("lineside_bi", database.name)
        yield Upgraded(database, boards_url, number_of(path), columns, before, told, applied)


def test_it_was_at_work_and_behind_this_version(upgraded: Upgraded) -> None:
    assert {table for table in WORK if not upgraded.before[table]} == set()
    later = [migration for migration in read_migrations(FOLDER) if migration.number > upgraded.number]
    assert upgraded.applied == later != []
    with psycopg.connect(upgraded.database.url) as connection:
        require_migrated(connection)
        assert connection.execute("SELECT count(*) FROM plant.run WHERE to_time IS NULL").fetchone() == (1,)


def test_every_row_of_every_table_has_every_value_it_had(upgraded: Upgraded) -> None:
    """As long as the column is there. First of the module: afterwards the plant works on."""
    with psycopg.connect(upgraded.database.owner_url) as connection:
        now = columns_by_table(connection)
        assert upgraded.columns.keys() - now.keys() == set(), "tables are gone"
        assert {table: set(names) - set(now[table]) for table, names in upgraded.columns.items()} == {
            table: set() for table in upgraded.columns
        }, "columns are gone"
        after = rows_by_table(connection, upgraded.columns)
    for table, rows in upgraded.before.items():
        if upgraded.number < MADE_ANEW.get(table, 0):
            continue
        lost, more = Counter(rows) - Counter(after[table]), Counter(after[table]) - Counter(rows)
        assert list(lost.elements()) == [], f"{table} lost rows"
        assert table in MORE or list(more.elements()) == [], f"{table} has more rows"


def test_projections_made_again_from_events_are_the_same(upgraded: Upgraded) -> None:
    assert asyncio.run(compare_and_rebuild(upgraded.database.url, apply=False)) == []


def test_what_erps_were_told_adds_up_to_the_same(upgraded: Upgraded) -> None:
    total = "SELECT run_id, kind, reason, quantity FROM plant.run_told_total ORDER BY 1, 2, 3"
    with psycopg.connect(upgraded.database.url) as connection:
        assert upgraded.told
        assert connection.execute(TOLD).fetchall() == upgraded.told
        assert connection.execute(total).fetchall() == upgraded.told


def test_the_chain_of_events_is_whole(upgraded: Upgraded, tmp_path: Path) -> None:
    verdict = verify(upgraded.database.url, tmp_path / "no.anchors", lambda done, total: None)
    assert verdict.mistake is None
    assert verdict.events == len(upgraded.before["event_chain"])


async def work(url: str) -> None:
    """Every job of the keeper until it has nothing to do, but for the file of anchors; what they seal at the end."""
    connection = await connect_async(url, application="lineside keeper")
    async with connection:
        jobs = [
            job for job in jobs_of(Settings(database_url=url, retention_days=3650)) if job.name != "anchor"
        ]
        for job in [*jobs, *(job for job in jobs if job.name == "seal")]:
            async with asyncio.timeout(60):
                while await job.work(connection):
                    pass


def test_it_works_on_and_boards_show_what_it_was(upgraded: Upgraded) -> None:
    asyncio.run(work(upgraded.database.url))
    with psycopg.connect(upgraded.database.url) as connection:
        assert connection.execute("SELECT count(*) FROM plant.unsealed").fetchone() == (0,)
        wrong = "SELECT * FROM plant.counted_balance WHERE stored <> booked + not_assigned"
        assert connection.execute(wrong).fetchall() == []
    assert asyncio.run(compare_and_rebuild(upgraded.database.url, apply=False)) == []
    with psycopg.connect(upgraded.boards_url) as boards:
        views = [name for (name,) in boards.execute("SELECT viewname FROM pg_views WHERE schemaname = 'bi'")]
        counts = {}
        for view in views:
            query = sql.SQL("SELECT count(*) FROM (SELECT * FROM bi.{}) AS told").format(sql.Identifier(view))
            (counts[view],) = boards.execute(query).fetchone() or (0,)
    assert {view for view in SHOWN if not counts[view]} == set()
