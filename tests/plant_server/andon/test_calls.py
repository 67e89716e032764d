"""Calls over the API: raised once however often, answered, ended, and listed with how soon they were answered."""

import asyncio
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import uuid4

import httpx
import pytest
from fastapi import FastAPI

from plant_server.api import create_app
from plant_server.people.identity import SESSION_COOKIE
from plant_server.people.secrets_of_people import hash_token, new_token
from plant_server.settings import Settings
from tests.browser.conftest import serving
from tests.plant_server.andon.line import LINE, OVEN, PRESS, Line
from tests.plant_server.api_fixture import TOKEN
from tests.plant_server.database_fixture import PlantDatabase
from tests.plant_server.materials.hands import Hands
from tests.plant_server.people.staff import sign_in

HELP = {"path": PRESS, "type": "maintenance"}
CLIENTS = 20
PATIENCE_S = 60


def clock(age: timedelta) -> dict[str, str]:
    """As a terminal tells it that sends now what happened `age` ago."""
    now = datetime.now(UTC)
    return {"X-Client-Time": (now - age).isoformat(), "X-Client-Sent": now.isoformat()}


async def test_a_call_is_raised_acknowledged_with_a_time_and_resolved(
    line: Line, operator: Hands, mechanic: Hands
) -> None:
    told = await operator.do("/andon-calls", HELP | {"note": "oil on the floor"})
    call = told["call"]
    assert (call["state"], call["raised_by_name"], call["line"]) == ("open", "Olga", LINE)
    assert (call["note"], call["level"], told["joined"]) == ("oil on the floor", 0, False)
    address = f"/andon-calls/{call['call_id']}"
    answered = (await mechanic.do(f"{address}/acknowledge", {"eta_min": 5}))["call"]
    assert (answered["state"], answered["acknowledged_by_name"]) == ("acknowledged", "Max")
    comes = datetime.fromisoformat(answered["eta_time"]) - datetime.fromisoformat(
        answered["acknowledged_time"]
    )
    assert comes == timedelta(minutes=5)
    ended = (await mechanic.do(f"{address}/resolve"))["call"]
    assert (ended["state"], ended["ended_by"]) == ("resolved", f"person:{mechanic.person_id}")
    assert (await operator.refused(f"{address}/withdraw"))[:2] == (409, "call-has-ended")
    assert (await operator.get("/andon-calls", open_only=True))["items"] == []


async def test_the_same_call_from_another_terminal_is_the_open_one(
    line: Line, operator: Hands, lead: Hands
) -> None:
    first = await operator.do("/andon-calls", HELP)
    again = await lead.do("/andon-calls", HELP | {"note": "still"})
    assert (again["joined"], again["call"]["call_id"]) == (True, first["call"]["call_id"])
    assert again["call"]["raised_by_name"] == "Olga"
    other = await operator.do("/andon-calls", HELP | {"type": "quality"})
    elsewhere = await operator.do("/andon-calls", HELP | {"path": OVEN})
    whole_line = await operator.do("/andon-calls", HELP | {"path": LINE})
    assert [one["joined"] for one in (other, elsewhere, whole_line)] == [False] * 3
    assert whole_line["call"]["line"] == LINE
    await operator.do(f"/andon-calls/{first['call']['call_id']}/resolve")
    assert (await lead.do("/andon-calls", HELP))["joined"] is False


async def test_the_same_key_is_one_call_and_the_same_answer(line: Line, operator: Hands) -> None:
    key = {"Idempotency-Key": str(uuid4())}
    first = await operator.client.post("/api/v1/andon-calls", json=HELP, headers=key)
    await operator.do(f"/andon-calls/{first.json()['call']['call_id']}/resolve")
    again = await operator.client.post("/api/v1/andon-calls", json=HELP, headers=key)
    assert (again.headers["idempotent-replayed"], again.json()) == ("true", first.json())
    assert len(await line.calls()) == 1


@pytest.fixture
def url(plant_database: PlantDatabase, tmp_path: Path) -> Iterator[str]:
    """An application of its own on the same database, over sockets."""
    app = create_app(Settings(database_url=plant_database.url), api_token=TOKEN, secrets=tmp_path)
    with serving(app) as address:
        yield address


async def test_20_who_call_at_once_are_one_call_and_20_events(line: Line, url: str) -> None:
    tokens = [new_token() for _ in range(CLIENTS)]
    for token in tokens:
        await line.connection.execute(
            "WITH person AS (INSERT INTO plant.person (name, roles) VALUES ('Li', '{operator}') RETURNING person_id)"
            " INSERT INTO plant.session (token_hash, person_id) SELECT %s, person_id FROM person",
            (hash_token(token),),
        )

    async def call(token: str) -> tuple[int, bool, str]:
        cookies = {SESSION_COOKIE: token}
        async with httpx.AsyncClient(
            base_url=url, headers={"Origin": url}, cookies=cookies, timeout=PATIENCE_S
        ) as client:
            answer = await client.post(
                "/api/v1/andon-calls", json=HELP, headers={"Idempotency-Key": str(uuid4())}
            )
        told = answer.json()
        return answer.status_code, told["joined"], told["call"]["call_id"]

    async with asyncio.timeout(PATIENCE_S):
        told = await asyncio.gather(*map(call, tokens))
    assert [status for status, _, _ in told] == [200] * CLIENTS
    assert sorted(joined for _, joined, _ in told) == [False] + [True] * (CLIENTS - 1)
    assert {call_id for _, _, call_id in told} == {str(one["call_id"]) for one in await line.calls()}
    assert len(await line.calls()) == 1
    events = await line.rows("SELECT facts FROM plant.event WHERE kind = 'andon.raise'")
    assert len(events) == CLIENTS


async def test_a_terminal_calls_while_nobody_has_signed_in_and_takes_back_its_own_call(
    line: Line, kiosk: Hands, operator: Hands
) -> None:
    call = (await kiosk.do("/andon-calls", HELP))["call"]
    assert (call["raised_by"], call["raised_by_name"]) == ("station:1", None)
    address = f"/andon-calls/{call['call_id']}"
    assert (await kiosk.refused(f"{address}/acknowledge", {"eta_min": 1}))[:2] == (401, "sign-in-required")
    assert (await operator.refused(f"{address}/withdraw"))[:2] == (409, "not-the-caller")
    assert (await kiosk.do(f"{address}/withdraw"))["call"]["state"] == "withdrawn"


async def test_a_locked_session_keeps_nobody_from_calling(line: Line, kiosk: Hands, operator: Hands) -> None:
    assert (await sign_in(kiosk.client, operator.person_id)).status_code == 200
    await line.connection.execute("UPDATE plant.session SET last_used_time = now() - interval '11 min'")
    assert (await kiosk.do("/andon-calls", HELP))["call"]["raised_by"] == "station:1"


async def test_a_stranger_in_the_network_calls_nobody(line: Line, app: FastAPI) -> None:
    transport = httpx.ASGITransport(app, client=("192.0.2.8", 4711))
    async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1:8080") as stranger:
        headers = {"Idempotency-Key": str(uuid4())}
        answer = await stranger.post("/api/v1/andon-calls", json=HELP, headers=headers)
    assert answer.json()["code"] == "sign-in-required"


async def test_what_a_queue_sends_within_5_minutes_is_a_call_and_later_is_only_listed(
    line: Line, kiosk: Hands, lead: Hands
) -> None:
    queued = {"X-Operator-Session": "unknown"}
    fresh = await kiosk.post("/andon-calls", HELP, **queued, **clock(timedelta(minutes=4, seconds=50)))
    assert (fresh.json()["call"]["is_late"], fresh.json()["call"]["state"]) == (False, "open")
    late = await kiosk.post("/andon-calls", HELP | {"path": OVEN}, **queued, **clock(timedelta(hours=2)))
    call = late.json()["call"]
    assert call["is_late"]
    heard, raised = (datetime.fromisoformat(call[name]) for name in ("heard_time", "raised_time"))
    assert abs(heard - raised - timedelta(hours=2)) < timedelta(seconds=5)
    now = (await lead.do("/andon-calls", HELP | {"path": OVEN}))["call"]
    assert now["call_id"] != call["call_id"], "what is only listed answers nobody who calls now"
    assert (await lead.do(f"/andon-calls/{call['call_id']}/resolve"))["call"]["state"] == "resolved"
    assert (await lead.get("/andon-calls/response"))["calls"] == 2, "late calls have no response"
    assert await line.rows("SELECT FROM plant.alarm WHERE kind = 'unsigned_fact'") == [], "nobody has to sign"
    (kept,) = await line.rows(
        "SELECT facts -> 'vouched' AS how FROM plant.event WHERE event_id = %s", call["call_id"]
    )
    assert kept["how"]["known_by"] == "nothing", "and the Event says so"


async def test_a_late_call_that_another_terminal_made_in_time_is_that_call(
    line: Line, kiosk: Hands, lead: Hands
) -> None:
    call = (await lead.do("/andon-calls", HELP))["call"]
    await line.connection.execute(
        "UPDATE plant.andon_call SET raised_time = now() - interval '40 min', heard_time = now() - interval '40 min'"
    )
    await lead.do(f"/andon-calls/{call['call_id']}/resolve")
    queued = {"X-Operator-Session": "unknown"}
    late = (await kiosk.post("/andon-calls", HELP, **queued, **clock(timedelta(minutes=42)))).json()
    assert (late["joined"], late["call"]["call_id"]) == (True, call["call_id"])


async def test_somebody_else_takes_over_only_when_the_time_said_has_passed(
    line: Line, operator: Hands, mechanic: Hands, lead: Hands
) -> None:
    call_id = (await operator.do("/andon-calls", HELP))["call"]["call_id"]
    address = f"/andon-calls/{call_id}/acknowledge"
    first = await mechanic.do(address, {"eta_min": 10})
    refused = await lead.refused(address, {"eta_min": 1})
    assert refused == (409, "call-is-acknowledged", {"by": f"person:{mechanic.person_id}"})
    await line.connection.execute("UPDATE plant.andon_call SET eta_time = now()")
    taken = (await lead.do(address, {"eta_min": 1}))["call"]
    assert taken["acknowledged_by_name"] == "Lena"
    assert taken["acknowledged_time"] == first["call"]["acknowledged_time"]


@pytest.mark.parametrize(
    ("path", "body", "told"),
    [
        ("", {"path": "demo/nowhere", "type": "lead"}, (404, "unknown-call-place")),
        ("", {"path": PRESS, "type": "coffee"}, (422, "invalid-request")),
        ("/00000000-0000-0000-0000-000000000000/acknowledge", {"eta_min": 3}, (404, "unknown-call")),
        ("/00000000-0000-0000-0000-000000000000/acknowledge", {"eta_min": 481}, (422, "invalid-request")),
    ],
)
async def test_nonsense_is_refused(
    line: Line, lead: Hands, path: str, body: dict[str, object], told: tuple[int, str]
) -> None:
    assert (await lead.refused(f"/andon-calls{path}", body))[:2] == told


async def test_the_response_is_median_and_95th_percentile_of_those_answered(line: Line, lead: Hands) -> None:
    """Answered after 10, 20 … 100 s; one nobody answered, one late."""
    await line.connection.execute(
        "INSERT INTO plant.andon_call (call_id, path, line, type, note, raised_by, raised_time, heard_time, is_late, state,"
        " acknowledged_by, acknowledged_time, eta_time, level, version)"
        " SELECT gen_random_uuid(), 'p/m' || n, 'p', 'quality', '', 'person:1', raised, raised, n = 12,"
        " CASE WHEN n > 10 THEN 'open' ELSE 'acknowledged' END, CASE WHEN n <= 10 THEN 'person:2' END,"
        " CASE WHEN n <> 11 THEN raised + n * interval '10 s' END, NULL, CASE WHEN n = 11 THEN 2 ELSE 0 END, 1"
        " FROM generate_series(1, 12) AS n, (SELECT now() - interval '1 h' AS raised) AS hour"
    )
    told = await lead.get("/andon-calls/response", path="p")
    assert {name: told[name] for name in ("calls", "acknowledged", "unanswered", "escalated")} == {
        "calls": 11,
        "acknowledged": 10,
        "unanswered": 1,
        "escalated": 1,
    }
    assert (told["median_s"], told["p95_s"]) == pytest.approx((55, 95.5))
    nothing = await lead.get("/andon-calls/response", path="elsewhere")
    assert (nothing["calls"], nothing["median_s"]) == (0, None)
    pages, cursor = [], None
    for _ in range(4):
        page = await lead.get("/andon-calls", path="p", limit=5, **({"cursor": cursor} if cursor else {}))
        pages.append([one["path"] for one in page["items"]])
        cursor = page["next_cursor"]
        if cursor is None:
            break
    assert [len(one) for one in pages] == [5, 5, 2]
    assert len({path for one in pages for path in one}) == 12


async def test_a_site_sets_who_is_told_after_how_long(line: Line, lead: Hands, operator: Hands) -> None:
    told = await operator.get("/andon-settings")
    assert [(one["after_s"], one["roles"]) for one in told["levels"]] == [
        (180, []),
        (300, ["lead"]),
        (900, ["lead", "maintenance", "quality"]),
        (1800, ["manager"]),
    ]
    wanted = {"levels": [{"after_s": 60, "roles": ["lead", "planner"]}], "fault_after_s": None}
    assert await lead.do("/andon-settings", wanted) == wanted
    assert await operator.get("/andon-settings") == wanted
    assert (await operator.refused("/andon-settings", wanted))[:2] == (403, "role-missing")
    for wrong in (
        {"levels": [{"after_s": 60}, {"after_s": 60}], "fault_after_s": 0},
        {"levels": [{"after_s": 60, "roles": ["anyone"]}], "fault_after_s": 0},
    ):
        assert (await lead.refused("/andon-settings", wrong))[0] == 422
