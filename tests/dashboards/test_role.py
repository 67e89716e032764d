"""What boards may do in the database: read the views of schema bi, briefly, a few at a time."""

from contextlib import ExitStack

import psycopg
import pytest

from plant_server.embedded.postgres import PostgresServer
from tests.plant_server.database_fixture import PlantDatabase


@pytest.fixture
def bi_url(database_server: PostgresServer, plant_database: PlantDatabase) -> str:
    return database_server.url("lineside_bi", plant_database.name)


@pytest.mark.parametrize(
    "statement",
    [
        "INSERT INTO bi.shift (shift) VALUES ('x')",
        "UPDATE bi.work_order SET good = 1",
        "DELETE FROM bi.alarm",
        "CREATE TABLE bi.mine (x integer)",
        "DROP VIEW bi.machine",
        "SELECT * FROM plant.person",
        "SELECT * FROM bridge.document",
    ],
)
def test_a_write_and_a_look_beside_the_views_are_refused(bi_url: str, statement: str) -> None:
    """Also when the session takes back that it reads only."""
    with psycopg.connect(bi_url, autocommit=True) as session:
        session.execute("SET default_transaction_read_only = off")
        with pytest.raises(
            (psycopg.errors.InsufficientPrivilege, psycopg.errors.ObjectNotInPrerequisiteState)
        ):
            session.execute(statement.encode())


def test_a_session_begins_read_only_and_in_utc(bi_url: str) -> None:
    with psycopg.connect(bi_url, autocommit=True) as session:
        with pytest.raises(psycopg.errors.ReadOnlySqlTransaction):
            session.execute("CREATE TEMP TABLE mine (x integer)")
        assert session.execute("SHOW timezone").fetchone() == ("UTC",)


@pytest.mark.system
def test_a_query_that_takes_too_long_is_ended(bi_url: str) -> None:
    with psycopg.connect(bi_url, autocommit=True) as session:
        assert session.execute("SHOW statement_timeout").fetchone() == ("15s",)
        with pytest.raises(psycopg.errors.QueryCanceled, match="statement timeout"):
            session.execute("SELECT pg_sleep(60)")
        assert session.execute("SELECT 1").fetchone() == (1,)


def test_boards_never_take_more_than_ten_connections(bi_url: str) -> None:
    with ExitStack() as open_sessions:
        for _ in range(10):
            open_sessions.enter_context(psycopg.connect(bi_url))
        with pytest.raises(psycopg.OperationalError, match="too many connections for role"):
            psycopg.connect(bi_url)


def test_without_a_bridge_its_views_are_there_and_empty(bi_url: str) -> None:
    with psycopg.connect(bi_url) as session:
        assert session.execute("SELECT count(*) FROM bi.erp_document").fetchone() == (0,)
        assert session.execute("SELECT count(*) FROM bi.erp_inbox").fetchone() == (0,)
