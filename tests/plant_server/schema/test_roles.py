"""One role per schema: each reaches its own tables and no other's."""

from collections.abc import Callable

import psycopg
import pytest

from plant_server.embedded.postgres import PostgresServer
from tests.plant_server.database_fixture import PlantDatabase

ALLOWED = {
    "lineside_plant": [
        "SELECT * FROM plant.sample",
        "SELECT * FROM bi.tag_minute",
        "DELETE FROM plant.dirty",
    ],
    "lineside_bi": ["SELECT * FROM bi.tag_minute"],
    "lineside_bridge": [
        "SELECT * FROM plant.outbox",
        "DELETE FROM plant.outbox",
        "CREATE TABLE bridge.one (x integer)",
    ],
}
REFUSED = {
    "lineside_plant": ["CREATE TABLE bridge.one (x integer)", "CREATE TABLE public.one (x integer)"],
    "lineside_bi": [
        "SELECT * FROM plant.sample",
        "SELECT * FROM plant.person",
        "DELETE FROM plant.rollup_1m",
        "CREATE TABLE bi.one (x integer)",
    ],
    "lineside_bridge": [
        "SELECT * FROM plant.event",
        "SELECT * FROM plant.sample",
        "UPDATE plant.outbox SET kind = 'x'",
        "INSERT INTO plant.outbox (event_id, kind, body, not_before) VALUES (gen_random_uuid(), 'x', '{}', now())",
    ],
}


@pytest.fixture
def run_as(database_server: PostgresServer, plant_database: PlantDatabase) -> Callable[[str, str], None]:
    def run(role: str, statement: str) -> None:
        # Boards begin read only (schema/migrations/0072_bi_views.sql); what counts is what they cannot switch off.
        url, writes = database_server.url(role, plant_database.name), "-c default_transaction_read_only=off"
        with psycopg.connect(url, options=writes) as connection:
            connection.execute(statement.encode())
            connection.rollback()

    return run


@pytest.mark.parametrize(
    ("role", "statement"), [(role, each) for role, rows in ALLOWED.items() for each in rows]
)
def test_a_role_reaches_what_is_its_own(
    run_as: Callable[[str, str], None], role: str, statement: str
) -> None:
    run_as(role, statement)


@pytest.mark.parametrize(
    ("role", "statement"), [(role, each) for role, rows in REFUSED.items() for each in rows]
)
def test_a_role_is_refused_what_is_another_s(
    run_as: Callable[[str, str], None], role: str, statement: str
) -> None:
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        run_as(role, statement)
