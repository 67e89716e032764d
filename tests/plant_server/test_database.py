import psycopg
import pytest

from plant_server.database import connect, load_queries
from plant_server.embedded.postgres import PostgresServer
from plant_server.errors import DatabaseUnavailable
from tests.plant_server.database_fixture import PlantDatabase, database_server, plant_database

__all__ = ["database_server", "plant_database"]


def test_a_session_has_its_deadlines_and_its_name(plant_database: PlantDatabase) -> None:
    with connect(
        plant_database.url, application="test", statement_timeout_s=1.5, lock_timeout_s=0.5
    ) as session:
        row = session.execute(
            "SELECT current_setting('statement_timeout'), current_setting('lock_timeout'),"
            " current_setting('timezone'), current_setting('application_name')"
        ).fetchone()
        assert row == ("1500ms", "500ms", "UTC", "test")


def test_no_server_is_an_expected_failure(database_server: PostgresServer) -> None:
    with pytest.raises(DatabaseUnavailable):
        connect("postgresql://lineside_plant@127.0.0.1:1/lineside", application="test")


def test_a_statement_over_its_deadline_ends(plant_database: PlantDatabase) -> None:
    with (
        connect(plant_database.url, application="test", statement_timeout_s=0.1) as session,
        pytest.raises(psycopg.errors.QueryCanceled),
    ):
        session.execute("SELECT pg_sleep(30)")


def test_the_named_blocks_of_the_ingest_are_found() -> None:
    queries = load_queries("plant_server.ingest")
    assert b"UPDATE plant.edge_cursor" in queries["advance_cursors"]
    assert b"DELETE" not in queries["advance_cursors"], "a block ends where the next begins"
