"""Fixtures: a living Tryton for one test, on a copy of the small factory's database.

Use: `from tests.tryton.living import erp, erp_template`, beside the fixture `database_server`.
"""

import itertools
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import psycopg
import pytest

from plant_server.embedded.postgres import PostgresServer
from tests.tryton.installed import programs, restore
from tests.tryton.rpc import Rpc
from tests.tryton.server import TrytonServer
from tests.tryton.set_up import ADMIN, PASSWORD

_numbers = itertools.count(1)


@dataclass(frozen=True, slots=True)
class LivingTryton:
    """A server and its database; `rpc` is its administrator's."""

    server: TrytonServer
    database: str
    rpc: Rpc

    def signed_in(self) -> Rpc:
        """The administrator anew."""
        return Rpc(self.server.url, self.database, ADMIN, PASSWORD)


@pytest.fixture(scope="session")
def erp_template(database_server: PostgresServer) -> str:
    """The small factory as a database to be copied. Modules that import this fixture have one each."""
    name = f"tryton_template_{next(_numbers)}"
    restore(database_server.url("postgres", "postgres"), name)
    return name


@pytest.fixture
def erp(database_server: PostgresServer, erp_template: str, tmp_path: Path) -> Iterator[LivingTryton]:
    name = f"tryton_{next(_numbers)}"
    url = database_server.url("postgres", "postgres")
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name} TEMPLATE {erp_template}".encode())
        server = TrytonServer(programs(), url, tmp_path)
        try:
            server.start(name)
            with Rpc(server.url, name, ADMIN, PASSWORD) as rpc:
                yield LivingTryton(server, name, rpc)
        finally:
            server.stop()
            connection.execute(f"DROP DATABASE {name} WITH (FORCE)".encode())
