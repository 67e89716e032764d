"""A month of a plant, written once a run; small shops of one machine are each test's own."""

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass

import psycopg
import pytest

from plant_server.embedded.postgres import PostgresServer
from tests.dashboards.month import Month, month_until_now, write_month
from tests.plant_server.database_fixture import database_server, fresh_database, plant_database

__all__ = ["database_server", "plant_database"]


@dataclass(frozen=True, slots=True)
class WrittenMonth:
    """What was written, and how boards (`bi_url`) and the plant (`url`) reach it."""

    month: Month
    bi_url: str
    url: str


@pytest.fixture(scope="session")
def month(database_server: PostgresServer) -> Iterator[WrittenMonth]:
    written = month_until_now(machines=8)
    with fresh_database(database_server, template="lineside") as database:
        bridge_url = database_server.url("lineside_bridge", database.name)
        asyncio.run(write_month(database.url, bridge_url, written))
        yield WrittenMonth(written, database_server.url("lineside_bi", database.name), database.url)


@pytest.fixture
def board_session(month: WrittenMonth) -> Iterator[psycopg.Connection]:
    """The month, as the role that boards read with."""
    with psycopg.connect(month.bi_url, autocommit=True) as connection:
        yield connection
