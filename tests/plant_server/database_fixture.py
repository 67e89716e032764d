"""A real PostgreSQL per test session, migrated once, and a fresh copy of that database for each test.

Use: `from tests.plant_server.database_fixture import ...`, or list it in `pytest_plugins` of the top conftest.
"""

import itertools
from collections.abc import Iterator
from dataclasses import dataclass

import psycopg
import pytest
from psycopg import sql

from plant_server.embedded.postgres import PostgresServer, running_postgres
from plant_server.schema.migrate import ensure_roles, migrate

_numbers = itertools.count(1)


@dataclass(frozen=True, slots=True)
class PlantDatabase:
    """URLs of one database: of the role that ingest and API use, of its owner, and of the superuser."""

    name: str
    url: str
    owner_url: str
    superuser_url: str


@pytest.fixture(scope="session")
def database_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PostgresServer]:
    """A throw-away server: what it holds need not survive a power cut, so it does not wait for the disk."""
    tuning = {"fsync": "off", "shared_buffers": "32MB", "max_connections": "60"}
    with running_postgres(tmp_path_factory.mktemp("pg"), prefer="installed", tuning=tuning) as server:
        with psycopg.connect(server.url("postgres", "postgres"), autocommit=True) as superuser:
            ensure_roles(superuser, member="lineside")
        migrate(server.url(), say=lambda _: None)
        yield server


@pytest.fixture
def plant_database(database_server: PostgresServer) -> Iterator[PlantDatabase]:
    """A migrated database without rows, dropped after the test."""
    with fresh_database(database_server, template="lineside") as database:
        yield database


@pytest.fixture
def empty_database(database_server: PostgresServer) -> Iterator[PlantDatabase]:
    """A database without anything, dropped after the test."""
    with fresh_database(database_server, template="template0") as database:
        yield database


class fresh_database:
    """`CREATE DATABASE … TEMPLATE` on entry, `DROP … WITH (FORCE)` on exit."""

    def __init__(self, server: PostgresServer, *, template: str) -> None:
        self._server = server
        self._template = template
        self._name = f"plant_{next(_numbers)}"

    def __enter__(self) -> PlantDatabase:
        # Files are copied as they lie: without fsync the checkpoint that takes costs less than writing every page to the log.
        self._as_superuser(
            "CREATE DATABASE {} TEMPLATE {} OWNER lineside STRATEGY file_copy", self._name, self._template
        )
        url = self._server.url
        return PlantDatabase(
            self._name,
            url("lineside_plant", self._name),
            url("lineside", self._name),
            url("postgres", self._name),
        )

    def __exit__(self, *_: object) -> None:
        self._as_superuser("DROP DATABASE {} WITH (FORCE)", self._name)

    def _as_superuser(self, statement: str, *names: str) -> None:
        with psycopg.connect(self._server.url("postgres", "postgres"), autocommit=True) as connection:
            connection.execute(sql.SQL(statement).format(*map(sql.Identifier, names)))  # type: ignore[arg-type]
