"""Signing in by PIN and badge, sessions that lock and end, terminals, and tries that have to wait."""

import asyncio
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest
from fastapi import FastAPI
from psycopg import AsyncConnection

from plant_server.people.identity import DEVICE_COOKIE, SESSION_COOKIE
from plant_server.people.roles import Role
from plant_server.policy_table import POLICY
from tests.plant_server.api_fixture import asking
from tests.plant_server.people.staff import PIN, add_person, command, sign_in


@pytest.fixture
async def operator(app: FastAPI, connection: AsyncConnection) -> int:
    return await add_person(app, connection, Role.OPERATOR)


@pytest.fixture
async def admin(app: FastAPI, connection: AsyncConnection) -> int:
    return await add_person(app, connection, Role.ADMIN, name="Ada")


async def me(client: httpx.AsyncClient) -> dict[str, object]:
    answer: dict[str, object] = (await client.get("/api/v1/me")).json()
    return answer


async def enrol(client: httpx.AsyncClient, admin: int) -> int:
    """Make the client's browser a terminal, by an administrator who then leaves."""
    await sign_in(client, admin)
    station: int = (await command(client, "/api/v1/stations", {"name": "press 1"})).json()["station_id"]
    assert (await client.post(f"/api/v1/stations/{station}/enrol")).status_code == 200
    await client.post("/api/v1/sign-out")
    return station


async def test_a_person_with_the_right_pin_is_in(client: httpx.AsyncClient, operator: int) -> None:
    answer = await sign_in(client, operator)
    assert answer.status_code == 200
    cookie = answer.headers["set-cookie"].lower()
    assert "httponly" in cookie
    assert "samesite=strict" in cookie
    assert (await me(client))["roles"] == ["anyone on loopback", "operator"]


async def test_a_badge_alone_signs_in(
    app: FastAPI, client: httpx.AsyncClient, operator: int, admin: int
) -> None:
    async with asking(app) as office:
        office.headers["Origin"] = "http://127.0.0.1:8080"
        await sign_in(office, admin)
        answer = await office.put(f"/api/v1/people/{operator}/badge", json={"code": "0451-77"})
    assert answer.json()["has_badge"] is True
    assert (await client.post("/api/v1/sign-in", json={"badge": "0451-77"})).status_code == 200
    assert (await me(client))["person_id"] == operator


@pytest.mark.parametrize(
    "body",
    [
        {"person_id": 1, "pin": "482914"},
        {"person_id": 999, "pin": PIN},
        {"badge": "nobody's"},
        {"person_id": 1, "pin": "letters"},
    ],
)
async def test_whatever_is_wrong_the_answer_is_the_same(
    client: httpx.AsyncClient, operator: int, body: dict[str, object]
) -> None:
    answer = await client.post("/api/v1/sign-in", json=body)
    assert (answer.status_code, answer.json()["code"]) == (401, "sign-in-refused")
    assert SESSION_COOKIE not in client.cookies


async def test_neither_pin_nor_badge_is_a_mistake_of_the_client(client: httpx.AsyncClient) -> None:
    for body in ({}, {"person_id": 1}, {"pin": PIN}, {"badge": "0451-77", "person_id": 1, "pin": PIN}):
        answer = await client.post("/api/v1/sign-in", json=body)
        assert (answer.status_code, answer.json()["code"]) == (422, "invalid-request")
        assert PIN not in answer.text


async def test_a_person_who_is_not_active_is_not_let_in(
    client: httpx.AsyncClient, connection: AsyncConnection, operator: int
) -> None:
    await sign_in(client, operator)
    await connection.execute("UPDATE plant.person SET active = false")
    assert (await me(client))["person_id"] is None
    assert (await sign_in(client, operator)).json()["code"] == "sign-in-refused"


async def test_after_five_tries_the_sixth_waits_and_the_right_pin_too(
    client: httpx.AsyncClient, connection: AsyncConnection, operator: int
) -> None:
    codes = [(await sign_in(client, operator, "000000")).json()["code"] for _ in range(5)]
    assert codes == ["sign-in-refused"] * 5
    answer = await sign_in(client, operator)
    assert (answer.status_code, answer.json()["code"]) == (429, "too-many-tries")
    assert 25 <= int(answer.headers["retry-after"]) <= 30
    await let_the_wait_pass(connection)
    assert (await sign_in(client, operator)).status_code == 200
    assert (await sign_in(client, operator, "000000")).json()["code"] == "sign-in-refused"


async def test_the_wait_doubles_up_to_a_quarter_of_an_hour(
    client: httpx.AsyncClient, connection: AsyncConnection, operator: int
) -> None:
    waits = []
    for _ in range(12):
        await sign_in(client, operator, "000000")
        cursor = await connection.execute(
            "SELECT round(extract(epoch FROM free_time - last_time))::int FROM plant.sign_in_try"
            " WHERE subject LIKE 'person:%'"
        )
        row = await cursor.fetchone()
        assert row is not None
        waits.append(row[0])
        await let_the_wait_pass(connection)
    assert waits == [0, 0, 0, 0, 30, 60, 120, 240, 480, 900, 900, 900]


async def let_the_wait_pass(connection: AsyncConnection) -> None:
    await connection.execute("UPDATE plant.sign_in_try SET free_time = now()")


async def test_tries_at_the_same_time_count_each(
    client: httpx.AsyncClient, connection: AsyncConnection, operator: int
) -> None:
    answers = await asyncio.gather(*(sign_in(client, operator, f"{n:06}") for n in range(20)))
    assert sorted(answer.status_code for answer in answers) == [401] * 5 + [429] * 15


async def test_tries_of_one_person_are_counted_whatever_the_device_and_of_a_device_whoever_tries(
    app: FastAPI, connection: AsyncConnection, operator: int
) -> None:
    other = await add_person(app, connection, Role.OPERATOR, name="Wu")
    async with asking(app, client_host="192.0.2.1") as one, asking(app, client_host="192.0.2.2") as two:
        for _ in range(5):
            await sign_in(one, operator, "000000")
        assert (await sign_in(two, operator)).status_code == 429
        assert (await sign_in(one, other)).status_code == 429
        assert (await sign_in(two, other)).status_code == 200


async def test_an_idle_session_is_locked_and_opened_by_signing_in_again(
    client: httpx.AsyncClient, connection: AsyncConnection, operator: int
) -> None:
    await sign_in(client, operator)
    first = client.cookies[SESSION_COOKIE]
    await connection.execute("UPDATE plant.session SET last_used_time = now() - interval '10 min 1 s'")
    assert (await me(client))["locked"] is True
    refused = await client.get("/api/v1/people", headers={"Accept-Language": "zh"})
    assert (refused.status_code, refused.json()["code"]) == (401, "session-locked")
    await sign_in(client, operator)
    assert client.cookies[SESSION_COOKIE] != first
    assert (await client.get("/api/v1/people")).status_code == 200


async def test_use_keeps_a_session_open_and_a_page_that_refreshes_itself_does_not(
    client: httpx.AsyncClient, connection: AsyncConnection, operator: int
) -> None:
    await sign_in(client, operator)
    used = {}
    for headers in ({"X-Background": "1"}, {"Accept": "text/event-stream"}, {}):
        await connection.execute("UPDATE plant.session SET last_used_time = now() - interval '9 min'")
        await client.get("/api/v1/people", headers=headers)
        cursor = await connection.execute(
            "SELECT last_used_time > now() - interval '1 min' FROM plant.session"
        )
        used[str(headers)] = await cursor.fetchone()
    assert list(used.values()) == [(False,), (False,), (True,)]


async def test_a_session_is_over_after_twelve_hours(
    client: httpx.AsyncClient, connection: AsyncConnection, operator: int
) -> None:
    await sign_in(client, operator)
    await connection.execute("UPDATE plant.session SET created_time = now() - interval '12 h 1 s'")
    assert (await client.get("/api/v1/people")).json()["code"] == "sign-in-required"


async def test_who_signed_out_is_out_and_so_is_a_copy_of_the_cookie(
    client: httpx.AsyncClient, operator: int
) -> None:
    await sign_in(client, operator)
    copy = client.cookies[SESSION_COOKIE]
    await client.post("/api/v1/sign-out")
    assert SESSION_COOKIE not in client.cookies
    client.cookies.set(SESSION_COOKIE, copy)
    assert (await me(client))["person_id"] is None


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Origin": "http://127.0.0.1:8080"}, 200),
        ({"Origin": "http://evil.example"}, 403),
        ({"Origin": "http://127.0.0.1:8081"}, 403),
        ({"Origin": "null"}, 403),
        ({}, 403),
        ({"Sec-Fetch-Site": "same-origin"}, 200),
        ({"Sec-Fetch-Site": "cross-site"}, 403),
    ],
)
async def test_a_cookie_counts_only_from_our_own_pages(
    client: httpx.AsyncClient, admin: int, headers: dict[str, str], status: int
) -> None:
    await sign_in(client, admin)
    del client.headers["Origin"]
    body = {"name": "Wu", "roles": ["lead"]}
    key = {"Idempotency-Key": "0198c0de-7c1e-7cc1-8f5a-6d1f2b3c4d5e"}
    answer = await client.post("/api/v1/people", json=body, headers=headers | key)
    assert answer.status_code == status
    if status == 403:
        assert answer.json()["code"] == "origin-refused"


async def test_an_enrolled_browser_is_the_terminal_before_anybody_signs_in(
    client: httpx.AsyncClient, admin: int
) -> None:
    station = await enrol(client, admin)
    terminal = {"station_id": station, "name": "press 1", "equipment_id": None}
    assert (await me(client))["terminal"] == terminal
    assert (await client.get("/api/v1/people")).status_code == 200


async def test_a_session_is_good_only_at_the_terminal_where_it_was_opened(
    app: FastAPI, client: httpx.AsyncClient, admin: int, operator: int
) -> None:
    await enrol(client, admin)
    await sign_in(client, operator)
    stolen = client.cookies[SESSION_COOKIE]
    async with asking(app) as elsewhere:
        elsewhere.cookies.set(SESSION_COOKIE, stolen)
        assert (await me(elsewhere))["person_id"] is None
    assert (await me(client))["person_id"] == operator


async def test_a_terminal_enrolled_again_or_revoked_is_one_no_longer(
    app: FastAPI, client: httpx.AsyncClient, admin: int, operator: int
) -> None:
    station = await enrol(client, admin)
    await sign_in(client, operator)
    async with asking(app) as office:
        office.headers["Origin"] = "http://127.0.0.1:8080"
        await sign_in(office, admin)
        await command(office, f"/api/v1/stations/{station}/revoke")
        listed = (await office.get("/api/v1/stations")).json()["items"]
    assert listed[0]["enrolled_time"] is None
    told = await me(client)
    assert (told["terminal"], told["person_id"]) == (None, None)


async def test_a_new_pin_ends_the_sessions_and_the_old_pin(
    app: FastAPI, client: httpx.AsyncClient, admin: int, operator: int
) -> None:
    await sign_in(client, operator)
    async with asking(app) as office:
        office.headers["Origin"] = "http://127.0.0.1:8080"
        await sign_in(office, admin)
        await office.put(f"/api/v1/people/{operator}/pin", json={"pin": "739105"})
    assert (await me(client))["person_id"] is None
    assert (await sign_in(client, operator)).status_code == 401
    assert (await sign_in(client, operator, "739105")).status_code == 200


async def test_no_pin_and_no_token_is_in_the_database(
    app: FastAPI, client: httpx.AsyncClient, connection: AsyncConnection, admin: int
) -> None:
    station = await enrol(client, admin)
    await sign_in(client, admin)
    await client.put(f"/api/v1/people/{admin}/pin", json={"pin": "739105"})
    await sign_in(client, admin, "739105")
    await client.put(f"/api/v1/people/{admin}/badge", json={"code": "badge-0451"})
    await client.post("/api/v1/sign-in", json={"badge": "badge-0451"})
    secrets = [client.cookies[SESSION_COOKIE], client.cookies[DEVICE_COOKIE], "739105", "badge-0451"]
    for table in ("event", "person", "session", "station", "sign_in_try"):
        cursor = await connection.execute(f"SELECT to_jsonb(t)::text FROM plant.{table} t".encode())  # noqa: S608
        text = "".join(str(row) for row in await cursor.fetchall())
        assert not [secret for secret in secrets if secret in text], (table, station)


async def test_what_was_written_down_without_contact_is_sent_for_the_person_who_did_it(
    app: FastAPI, client: httpx.AsyncClient, admin: int, operator: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    row = ("GET", "/api/v1/stations")
    monkeypatch.setattr("plant_server.policy.QUEUED", {row})
    monkeypatch.setitem(POLICY, row, frozenset({Role.OPERATOR}))
    await enrol(client, admin)
    await sign_in(client, operator)
    session = str((await me(client))["session_id"])
    await client.post("/api/v1/sign-out")

    async def asked(at: datetime, using: httpx.AsyncClient = client) -> int:
        headers = {"X-Operator-Session": session, "X-Client-Time": at.isoformat()}
        return (await using.get("/api/v1/stations", headers=headers)).status_code

    now = datetime.now(UTC)
    assert await asked(now) == 200
    assert await asked(now - timedelta(hours=1)) == 200, "before the session: the terminal's own"
    assert await asked(now + timedelta(hours=1)) == 422, "in the future"
    async with asking(app) as without_credential:
        assert await asked(now, without_credential) == 401


async def test_the_first_administrator_is_whoever_reads_the_log(
    client: httpx.AsyncClient, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert (await client.get("/api/v1/setup")).json() == {"administrator_missing": True}
    code = (tmp_path / "first-administrator-code").read_text()
    assert code in capsys.readouterr().out
    wish = {"name": "Ada", "pin": "739105", "code": "guess"}
    refused = await client.post("/api/v1/setup/administrator", json=wish)
    assert (refused.status_code, refused.json()["code"]) == (403, "code-refused")
    made = await client.post("/api/v1/setup/administrator", json=wish | {"code": code})
    assert made.status_code == 204
    assert (await sign_in(client, 1, "739105")).status_code == 200
    assert (await client.get("/api/v1/setup")).json() == {"administrator_missing": False}
    again = await client.post("/api/v1/setup/administrator", json=wish | {"code": code})
    assert again.json()["code"] == "code-refused", "a code is used once"


async def test_a_code_is_not_to_be_guessed(client: httpx.AsyncClient) -> None:
    wish = {"name": "Ada", "pin": "739105", "code": "guess"}
    answers = [await client.post("/api/v1/setup/administrator", json=wish) for _ in range(6)]
    assert [answer.status_code for answer in answers] == [403] * 5 + [429]


async def test_there_is_one_first_administrator_only(
    app: FastAPI, client: httpx.AsyncClient, admin: int, tmp_path: Path
) -> None:
    app.state.one_time_code.announce()
    code = (tmp_path / "first-administrator-code").read_text()
    wish = {"name": "Eve", "pin": "739105", "code": code}
    answer = await client.post("/api/v1/setup/administrator", json=wish)
    assert (answer.status_code, answer.json()["code"]) == (409, "already-set-up")
    assert json.dumps((await me(client))["roles"]) == '["anyone on loopback"]'
