"""W2: 50 terminals report on one order over HTTP, as uvicorn serves it: every answer is a success, every sum exact; with
100 it is slower, no more."""

import asyncio
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from uuid import uuid4

import httpx
import pytest
from psycopg import AsyncConnection

from plant_server.api import create_app
from plant_server.people.identity import SESSION_COOKIE
from plant_server.people.secrets_of_people import hash_token, new_token
from plant_server.settings import Settings
from tests.browser.conftest import serving
from tests.plant_server.api_fixture import TOKEN
from tests.plant_server.database_fixture import PlantDatabase
from tests.plant_server.work_orders.floor import Floor

REPORTS_EACH = 4
PATIENCE_S = 60
SUMS = """
SELECT (SELECT count(*) FROM plant.event WHERE kind = 'run.report') AS events,
       (SELECT count(*) FROM plant.production_entry) AS entries,
       (SELECT sum((answer ->> 'good')::numeric) FROM plant.event WHERE kind = 'run.report') AS in_events,
       (SELECT sum(quantity) FROM plant.production_entry) AS in_ledger,
       (SELECT entered_good FROM plant.run) AS of_run, (SELECT good FROM plant.operation) AS of_operation,
       (SELECT good FROM plant.work_order) AS of_order,
       (SELECT sum((body ->> 'quantity')::numeric) FROM plant.outbox WHERE kind = 'completion') AS in_outbox
"""


@pytest.fixture
async def run(floor: Floor) -> int:
    await floor.station()
    await floor.item()
    (operation,) = await floor.operations(await floor.order())
    return await floor.start(operation)


@pytest.fixture
def url(plant_database: PlantDatabase, run: int, tmp_path: Path) -> Iterator[str]:
    """An application of its own on the same database: sessions of the floor's belong to the loop of the test."""
    app = create_app(Settings(database_url=plant_database.url), api_token=TOKEN, secrets=tmp_path)
    with serving(app) as address:
        yield address


async def sign_in_operator(connection: AsyncConnection) -> str:
    token = new_token()
    await connection.execute(
        "WITH person AS (INSERT INTO plant.person (name, roles) VALUES ('Li', '{operator}') RETURNING person_id)"
        " INSERT INTO plant.session (token_hash, person_id) SELECT %s, person_id FROM person",
        (hash_token(token),),
    )
    return token


async def report(url: str, run: int, token: str, good: int) -> list[int]:
    """Statuses of the answers of one terminal, on one connection."""
    async with httpx.AsyncClient(
        base_url=url, headers={"Origin": url}, cookies={SESSION_COOKIE: token}, timeout=PATIENCE_S
    ) as client:
        answers = [
            await client.post(
                f"/api/v1/runs/{run}/reports",
                json={"good": good},
                headers={"Idempotency-Key": str(uuid4())},
            )
            for _ in range(REPORTS_EACH)
        ]
    return [answer.status_code for answer in answers]


@pytest.mark.parametrize("clients", [50, 100])
async def test_many_terminals_on_one_order_have_no_errors_and_exact_sums(
    floor: Floor, url: str, run: int, clients: int
) -> None:
    tokens = [await sign_in_operator(floor.connection) for _ in range(clients)]
    async with asyncio.timeout(PATIENCE_S):
        told = await asyncio.gather(
            *(report(url, run, token, number) for number, token in enumerate(tokens, 1))
        )
    assert [status for one in told for status in one] == [200] * (clients * REPORTS_EACH)
    sums = await floor.one(SUMS)
    assert (sums.pop("events"), sums.pop("entries")) == (clients * REPORTS_EACH,) * 2
    assert set(sums.values()) == {Decimal(REPORTS_EACH * sum(range(1, clients + 1)))}, sums
