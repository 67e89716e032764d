"""Commands over HTTP, by a real server: keys, replays, problems, kills in the middle."""

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import uuid4

import httpx
import pytest
from fastapi import FastAPI
from psycopg import AsyncConnection

from plant_server.api import create_app
from plant_server.embedded.free_port import free_port
from plant_server.keeper.sealer import seal
from plant_server.people.roles import Role
from plant_server.policy_table import POLICY
from plant_server.security.secrets import secret
from plant_server.settings import Settings
from tests.plant_server.api_fixture import TOKEN, asking
from tests.plant_server.database_fixture import PlantDatabase
from tests.plant_server.events.commands_of_tests import count

DEADLINE_S = 60.0
PEOPLE = "/api/v1/people"
LI = {"name": "Li", "roles": ["operator"]}
PROGRAM = """
import sys
from plant_server.api import run
from plant_server.policy_table import POLICY
from plant_server.people.roles import Role
from plant_server.settings import load_settings
POLICY[("POST", "/api/v1/people")] = frozenset({Role.INTEGRATOR})
run(load_settings(), int(sys.argv[1]))
"""


@pytest.fixture
async def app(
    plant_database: PlantDatabase, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[FastAPI]:
    for path in (PEOPLE, "/api/v1/people/{person_id}/change"):
        monkeypatch.setitem(POLICY, ("POST", path), frozenset({Role.INTEGRATOR}))
    app = create_app(Settings(database_url=plant_database.url), api_token=TOKEN, secrets=tmp_path)
    async with app.router.lifespan_context(app):
        yield app


@pytest.fixture
async def client(app: FastAPI) -> AsyncIterator[httpx.AsyncClient]:
    async with asking(app) as client:
        client.headers["Authorization"] = f"Bearer {TOKEN}"
        yield client


async def test_a_command_without_a_key_is_not_done(
    client: httpx.AsyncClient, connection: AsyncConnection
) -> None:
    for headers, code in (({}, "key-missing"), ({"Idempotency-Key": "7"}, "key-invalid")):
        answer = await client.post(PEOPLE, json=LI, headers=headers)
        assert (answer.status_code, answer.json()["code"]) == (400, code)
    assert await count(connection, "person") == 0


async def test_a_replay_has_the_same_bytes_and_says_so(client: httpx.AsyncClient) -> None:
    headers = {"Idempotency-Key": str(uuid4())}
    first, again = [await client.post(PEOPLE, json=LI, headers=headers) for _ in range(2)]
    assert (first.status_code, first.content) == (again.status_code, again.content)
    assert "idempotent-replayed" not in first.headers
    assert again.headers["idempotent-replayed"] == "true"


async def test_a_key_for_another_body_is_a_422(client: httpx.AsyncClient) -> None:
    headers = {"Idempotency-Key": str(uuid4())}
    await client.post(PEOPLE, json=LI, headers=headers)
    answer = await client.post(PEOPLE, json=LI | {"name": "Wu"}, headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (422, "key-reused")


async def test_a_key_that_is_held_for_too_long_is_a_503_to_retry(
    client: httpx.AsyncClient, connection: AsyncConnection
) -> None:
    key = uuid4()
    async with connection.transaction():
        await connection.execute(
            "INSERT INTO plant.event (event_id, kind, actor, request_hash, body, event_time)"
            " VALUES (%s, 'k', 'a', sha256(''), '{}', now())",
            (key,),
        )
        answer = await client.post(PEOPLE, json=LI, headers={"Idempotency-Key": str(key)})
    assert (answer.status_code, answer.json()["code"]) == (503, "busy")
    assert answer.headers["retry-after"] == "1"


async def test_a_refusal_is_a_problem_in_the_language_of_each_request(client: httpx.AsyncClient) -> None:
    await client.post(
        PEOPLE, json={"name": "Ada", "roles": ["admin"]}, headers={"Idempotency-Key": str(uuid4())}
    )
    key = str(uuid4())
    told = []
    for language in ("en", "zh"):
        headers = {"Idempotency-Key": key, "Accept-Language": language}
        told.append(await client.post(f"{PEOPLE}/1/change", json={"active": False}, headers=headers))
    assert [answer.status_code for answer in told] == [409, 409]
    assert [answer.json()["title"] for answer in told] == [
        "One administrator must remain",
        "必须保留一名管理员",
    ]
    assert told[1].headers["idempotent-replayed"] == "true"
    assert told[1].headers["content-type"] == "application/problem+json"


async def test_the_clients_time_is_kept_beside_ours(
    client: httpx.AsyncClient, connection: AsyncConnection
) -> None:
    headers = {"Idempotency-Key": str(uuid4()), "X-Client-Time": "2026-01-31T20:00:00+08:00"}
    await client.post(PEOPLE, json=LI, headers=headers)
    cursor = await connection.execute(
        "SELECT event_time = '2026-01-31 12:00Z', recorded_time > now() - interval '1 min' FROM plant.event"
    )
    assert await cursor.fetchone() == (True, True)
    naive = await client.post(PEOPLE, json=LI, headers=headers | {"X-Client-Time": "2026-01-31T20:00:00"})
    assert (naive.status_code, naive.json()["code"]) == (422, "invalid-request")


async def test_a_clients_clock_that_is_off_is_corrected_and_noted_also_with_a_refusal(
    client: httpx.AsyncClient, connection: AsyncConnection
) -> None:
    slow = datetime.now(UTC) - timedelta(hours=14)
    clock = {"X-Client-Time": (slow - timedelta(hours=2)).isoformat(), "X-Client-Sent": slow.isoformat()}
    right = {"X-Client-Sent": datetime.now(UTC).isoformat()}
    ada = {"name": "Ada", "roles": ["admin"]}
    await client.post(PEOPLE, json=ada, headers={"Idempotency-Key": str(uuid4())} | right)
    headers = {"Idempotency-Key": str(uuid4())} | clock
    refused = await client.post(f"{PEOPLE}/1/change", json={"active": False}, headers=headers)
    assert refused.status_code == 409
    cursor = await connection.execute(
        "SELECT facts ? 'clock', round((facts #>> '{clock,client_skew_s}')::numeric / 3600),"
        " round(extract(epoch FROM recorded_time - event_time) / 3600) FROM plant.event ORDER BY recorded_time"
    )
    assert await cursor.fetchall() == [(False, None, 0), (True, -14, 2)]


async def test_sealed_events_are_read_by_position(
    client: httpx.AsyncClient, connection: AsyncConnection
) -> None:
    for name in ("Li", "Wu", "An"):
        await client.post(PEOPLE, json=LI | {"name": name}, headers={"Idempotency-Key": str(uuid4())})
    assert (await client.get("/api/v1/events")).json() == {"items": [], "position": 0, "more": False}
    await seal(connection)
    first = (await client.get("/api/v1/events", params={"limit": 2})).json()
    rest = (await client.get("/api/v1/events", params={"after": first["position"]})).json()
    assert [event["body"]["name"] for event in first["items"] + rest["items"]] == ["Li", "Wu", "An"]
    assert (first["more"], rest["more"], rest["position"]) == (True, False, 3)
    assert first["items"][0]["actor"] == "integrator token"


@asynccontextmanager
async def api(
    url: str, home: Path, failpoint: str = ""
) -> AsyncIterator[tuple[asyncio.subprocess.Process, httpx.AsyncClient]]:
    """A process that answers, and a client with its token."""
    environment = os.environ | {
        "LINESIDE_DATABASE_URL": url,
        "LINESIDE_HOME": str(home),
        "LINESIDE_FAILPOINT": failpoint,
    }
    port = free_port(0)
    process = await asyncio.create_subprocess_exec(sys.executable, "-c", PROGRAM, str(port), env=environment)
    headers = {"Authorization": f"Bearer {secret(home / 'secrets', 'api-token')}"}
    try:
        async with httpx.AsyncClient(
            base_url=f"http://127.0.0.1:{port}", headers=headers, timeout=DEADLINE_S
        ) as client:
            await until_it_answers(client)
            yield process, client
    finally:
        if process.returncode is None:
            process.kill()
        await asyncio.wait_for(process.wait(), DEADLINE_S)


async def until_it_answers(client: httpx.AsyncClient) -> None:
    async with asyncio.timeout(DEADLINE_S):
        while True:
            try:
                (await client.get("/healthz")).raise_for_status()
            except httpx.TransportError:
                await asyncio.sleep(0.05)
            else:
                return


@pytest.mark.parametrize(
    ("failpoint", "done_before"), [("api.before_commit", False), ("api.after_commit", True)]
)
async def test_killed_around_the_commit_and_sent_again_a_command_is_done_once(
    plant_database: PlantDatabase,
    connection: AsyncConnection,
    tmp_path: Path,
    failpoint: str,
    done_before: bool,
) -> None:
    headers = {"Idempotency-Key": str(uuid4())}
    async with api(plant_database.url, tmp_path, f"{failpoint}:3") as (process, client):
        for _ in range(2):
            await client.post(PEOPLE, json=LI, headers={"Idempotency-Key": str(uuid4())})
        with pytest.raises(httpx.TransportError):
            await client.post(PEOPLE, json=LI, headers=headers)
        assert await asyncio.wait_for(process.wait(), DEADLINE_S) == -signal.SIGKILL
    assert await count(connection, "person") == 2 + done_before
    async with api(plant_database.url, tmp_path) as (_, client):
        answer = await client.post(PEOPLE, json=LI, headers=headers)
    assert answer.status_code == 200
    assert (answer.headers.get("idempotent-replayed") == "true") is done_before
    assert (await count(connection, "person"), await count(connection, "event")) == (3, 3)


async def test_a_hundred_pairs_at_once_over_http_are_a_hundred_people(
    plant_database: PlantDatabase, connection: AsyncConnection, tmp_path: Path
) -> None:
    keys = [str(uuid4()) for _ in range(100)]
    async with api(plant_database.url, tmp_path) as (_, client):
        answers = await asyncio.gather(
            *(client.post(PEOPLE, json=LI, headers={"Idempotency-Key": key}) for key in keys for _ in "ab")
        )
    assert {answer.status_code for answer in answers} == {200}
    pairs = list(zip(answers[::2], answers[1::2], strict=True))
    assert all(one.content == other.content for one, other in pairs)
    replays = [[answer.headers.get("idempotent-replayed") for answer in pair] for pair in pairs]
    assert all(sorted(map(str, pair)) == ["None", "true"] for pair in replays)
    assert (await count(connection, "person"), await count(connection, "event")) == (100, 100)


async def test_a_stream_that_breaks_goes_on_after_the_last_position(
    plant_database: PlantDatabase, connection: AsyncConnection, tmp_path: Path
) -> None:
    async with api(plant_database.url, tmp_path) as (_, client):

        async def add(name: str) -> None:
            headers = {"Idempotency-Key": str(uuid4())}
            (await client.post(PEOPLE, json=LI | {"name": name}, headers=headers)).raise_for_status()
            await seal(connection)

        async def follow(number: int, headers: dict[str, str], after: str = "") -> list[str]:
            ids: list[str] = []
            async with (
                asyncio.timeout(DEADLINE_S),
                client.stream("GET", f"/api/v1/events/stream{after}", headers=headers) as response,
            ):
                async for line in response.aiter_lines():
                    if line.startswith("id: "):
                        ids.append(line.removeprefix("id: "))
                        if len(ids) == number:
                            break
            return ids

        await add("Li")
        await add("Wu")
        assert await follow(2, {}, "?after=0") == ["1", "2"]
        await add("An")
        assert await follow(2, {"Last-Event-ID": "1"}) == ["2", "3"]
