"""A migrated database, the simulated core as a process of its own, and a bridge in this process or as processes."""

from collections.abc import Generator, Iterator

import httpx
import pytest

from erp_bridge.schema.migrate import migrate
from plant_server.embedded.postgres import PostgresServer
from tests.erp_bridge.bridge_here import BridgeHere
from tests.erp_bridge.floor import Floor
from tests.plant_server.database_fixture import PlantDatabase, database_server, plant_database
from tests.simulators.business_process import BusinessProcess, running

__all__ = ["database_server", "plant_database"]


class _SignsInAgain(httpx.Auth):
    """A lie may have expired every token."""

    requires_response_body = True

    def __init__(self, process: BusinessProcess) -> None:
        self._process = process

    def auth_flow(self, request: httpx.Request) -> Generator[httpx.Request, httpx.Response, None]:
        answer = yield request
        if answer.status_code == 401:
            with self._process.http() as fresh:
                request.headers["Authorization"] = fresh.headers["Authorization"]
            yield request


@pytest.fixture(scope="session")
def core_process(tmp_path_factory: pytest.TempPathFactory) -> Iterator[BusinessProcess]:
    """One core for all tests of a worker; each test has orders of its own."""
    with running("core", tmp_path_factory.mktemp("core"), "--seed-data") as process:
        yield process


@pytest.fixture
def core(core_process: BusinessProcess) -> Iterator[httpx.Client]:
    """A client of the core; no lie is left over from another test."""
    with core_process.http() as client:
        client.auth = _SignsInAgain(core_process)
        for lie in client.get("/control/lies").json()["items"]:
            client.post("/control/lie", json={"kind": lie["kind"], "match": lie["match"], "times": 0})
        yield client


@pytest.fixture
async def bridge_url(database_server: PostgresServer, plant_database: PlantDatabase) -> str:
    """The bridge's role on a fresh database that has both schemas."""
    url = database_server.url("lineside_bridge", plant_database.name)
    await migrate(url)
    return url


@pytest.fixture
def floor(plant_database: PlantDatabase) -> Floor:
    return Floor(plant_database.url)


@pytest.fixture
async def bridge(bridge_url: str, core_process: BusinessProcess) -> BridgeHere:
    """A bridge in this process whose steps a test makes itself."""
    return BridgeHere(bridge_url, core_process.endpoint)
