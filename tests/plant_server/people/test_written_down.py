"""What a terminal wrote down without contact is sent later: counted once, for the right person or for none, and never
refused for ever."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import httpx
import pytest
from fastapi import FastAPI
from psycopg import AsyncConnection

from plant_server.people.roles import Role
from tests.plant_server.api_fixture import asking
from tests.plant_server.people.staff import add_person, command, sign_in
from tests.plant_server.terminal.shop import NAME, Shop, furnish


@dataclass(slots=True)
class Kiosk:
    """The enrolled terminal at the press. Li has signed in there, and is gone."""

    browser: httpx.AsyncClient
    connection: AsyncConnection
    shop: Shop
    operator: int
    session: str
    station: int

    async def sends(self, age: timedelta, headers: dict[str, str] | None = None) -> httpx.Response:
        """Two good parts, reported `age` ago."""
        sent = datetime.now(UTC)
        clock = {"X-Client-Time": (sent - age).isoformat(), "X-Client-Sent": sent.isoformat()}
        key = {"Idempotency-Key": str(uuid4()), "X-Operator-Session": self.session}
        path = f"/api/v1/runs/{self.shop.run_id}/reports"
        return await self.browser.post(path, json={"good": "2"}, headers=key | clock | (headers or {}))

    async def session_was(self, from_h: float, to_h: float | None) -> None:
        """Opened and ended so many hours ago."""
        await self.connection.execute(
            "UPDATE plant.session SET created_time = now() - %s * interval '1 h', ended_time = now() - %s * interval '1 h'"
            " WHERE session_id = %s",
            (from_h, to_h, self.session),
        )

    async def actors(self) -> list[str]:
        rows = await self.connection.execute(
            "SELECT actor FROM plant.production_entry ORDER BY recorded_time"
        )
        return [row[0] for row in await rows.fetchall()]


@pytest.fixture
async def kiosk(app: FastAPI, client: httpx.AsyncClient, connection: AsyncConnection) -> Kiosk:
    shop = await furnish(connection)
    await connection.execute("UPDATE plant.run SET count_source = 'operator'")
    admin = await add_person(app, connection, Role.ADMIN, name="Ada")
    operator = await add_person(app, connection, Role.OPERATOR, name="Li")
    await sign_in(client, admin)
    added = await command(client, "/api/v1/stations", {"name": NAME, "equipment_id": shop.equipment_id})
    station = int(added.json()["station_id"])
    await client.post(f"/api/v1/stations/{station}/enrol")
    await sign_in(client, operator)
    session = str((await client.get("/api/v1/me")).json()["session_id"])
    await client.post("/api/v1/sign-out")
    return Kiosk(client, connection, shop, operator, session, station)


@pytest.fixture
async def lead(kiosk: Kiosk, app: FastAPI) -> AsyncIterator[httpx.AsyncClient]:
    """Has signed in elsewhere."""
    async with asking(app) as lead:
        lead.headers["Origin"] = "http://127.0.0.1:8080"
        await sign_in(lead, await add_person(app, kiosk.connection, Role.LEAD, name="Ma"))
        yield lead


async def unsigned(lead: httpx.AsyncClient) -> list[dict[str, Any]]:
    listed: list[dict[str, Any]] = (await lead.get("/api/v1/unsigned-facts")).json()["items"]
    return listed


async def test_within_its_session_it_is_the_persons_also_after_the_session_has_ended(
    kiosk: Kiosk, lead: httpx.AsyncClient
) -> None:
    await kiosk.session_was(14, 13)
    told = await kiosk.sends(timedelta(hours=13, minutes=30))
    assert told.status_code == 200
    assert await kiosk.actors() == [f"person:{kiosk.operator}"]
    assert await unsigned(lead) == []


@pytest.mark.parametrize(
    ("from_h", "to_h", "age_h"),
    [(14, None, 1), (14, 13, 3), (0.1, 0, 3)],
    ids=["after its longest life", "after it has ended", "before it"],
)
async def test_outside_of_its_session_it_is_the_terminals_and_listed_for_a_lead(
    kiosk: Kiosk, lead: httpx.AsyncClient, from_h: float, to_h: float | None, age_h: float
) -> None:
    await kiosk.session_was(from_h, to_h)
    told = await kiosk.sends(timedelta(hours=age_h))
    assert told.status_code == 200, told.text
    assert await kiosk.actors() == [f"station:{kiosk.station}"]
    listed = await unsigned(lead)
    assert [(one["known_by"], one["person_id"], one["station"], one["body"]) for one in listed] == [
        ("nothing", kiosk.operator, NAME, {"good": "2"})
    ]
    settled = await command(
        lead, f"/api/v1/unsigned-facts/{listed[0]['event_id']}/settle", {"person_id": kiosk.operator}
    )
    assert settled.status_code == 200, settled.text
    assert await unsigned(lead) == []
    again = await command(lead, f"/api/v1/unsigned-facts/{listed[0]['event_id']}/settle", {})
    assert (again.status_code, again.json()["code"]) == (404, "unknown-fact")
    facts = await kiosk.connection.execute(
        "SELECT facts FROM plant.event WHERE kind = 'unsigned_fact.settle'"
    )
    row = await facts.fetchone()
    assert row is not None
    assert row[0]["unsigned_fact"]["person_id"] == kiosk.operator


async def test_of_somebody_else_it_names_nobody(kiosk: Kiosk, lead: httpx.AsyncClient) -> None:
    assert (await kiosk.sends(timedelta(), {"X-Operator-Session": "unknown"})).status_code == 200
    assert await kiosk.actors() == [f"station:{kiosk.station}"]
    listed = await unsigned(lead)
    assert [(one["known_by"], one["person_id"]) for one in listed] == [("nothing", None)]


async def test_by_word_it_is_the_persons_and_listed(kiosk: Kiosk, lead: httpx.AsyncClient) -> None:
    assert (await kiosk.sends(timedelta(), {"X-Operator-Confirmed": "yes"})).status_code == 200
    assert await kiosk.actors() == [f"person:{kiosk.operator}"]
    listed = await unsigned(lead)
    assert [(one["known_by"], one["person_id"]) for one in listed] == [("word", kiosk.operator)]


async def test_a_refused_one_is_not_listed_for_it_stays_at_the_terminal(
    kiosk: Kiosk, lead: httpx.AsyncClient
) -> None:
    await kiosk.connection.execute("UPDATE plant.work_order SET state = 'closed'")
    told = await kiosk.sends(timedelta(), {"X-Operator-Session": "unknown"})
    assert told.status_code == 409, told.text
    assert await unsigned(lead) == []


async def test_the_future_is_refused_and_not_asked_for_again(kiosk: Kiosk) -> None:
    ahead = (datetime.now(UTC) + timedelta(hours=1)).isoformat()
    headers = {"Idempotency-Key": str(uuid4()), "X-Operator-Session": kiosk.session, "X-Client-Time": ahead}
    path = f"/api/v1/runs/{kiosk.shop.run_id}/reports"
    told = await kiosk.browser.post(path, json={"good": "2"}, headers=headers)
    assert (told.status_code, told.json()["code"]) == (422, "time-ahead")


async def test_without_a_terminals_credential_nothing_is_vouched_for(kiosk: Kiosk, app: FastAPI) -> None:
    async with asking(app) as other:
        other.headers["Origin"] = "http://127.0.0.1:8080"
        kiosk.browser = other
        for headers in ({}, {"X-Operator-Session": "unknown"}, {"X-Operator-Confirmed": "yes"}):
            assert (await kiosk.sends(timedelta(), headers)).status_code == 401
    assert await kiosk.actors() == []


async def test_a_terminal_stands_in_for_nobody_who_starts_a_run(kiosk: Kiosk) -> None:
    headers = {"Idempotency-Key": str(uuid4()), "X-Operator-Session": kiosk.session}
    path = f"/api/v1/runs/{kiosk.shop.run_id}/pause"
    assert (await kiosk.browser.post(path, headers=headers)).status_code == 401
