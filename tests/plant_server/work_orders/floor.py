"""A small plant in a database: stations with counters that a test steps by hand, and an ERP's client that posts documents."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import httpx
from fastapi import FastAPI
from psycopg import AsyncConnection
from psycopg.rows import dict_row

from plant_server.people.identity import SESSION_COOKIE
from plant_server.people.roles import PEOPLE
from plant_server.people.secrets_of_people import hash_token, new_token
from plant_server.runs.booker import book_open_runs
from tests.plant_server.facts import add_device, add_tag
from tests.plant_server.people.staff import add_person

PATH = "demo/plant1/area1/line1"
LONG_AGO = "2020-01-01T00:00:00Z"
PAGE = "http://127.0.0.1:8080"


@dataclass
class Floor:
    """What the tests of orders and runs do, by HTTP, and a counter that goes on."""

    client: httpx.AsyncClient
    connection: AsyncConnection
    person: str
    revisions: dict[str, int] = field(default_factory=dict)
    totals: dict[int, int] = field(default_factory=dict)

    async def post(
        self, path: str, body: Mapping[str, Any] | None = None, *, key: UUID | None = None, **headers: str
    ) -> httpx.Response:
        return await self.client.post(
            f"/api/v1/{path}",
            json=body,
            headers={"Idempotency-Key": str(key or uuid4()), **headers},
        )

    async def done(self, path: str, body: Mapping[str, Any] | None = None, **kwargs: Any) -> dict[str, Any]:
        """`post`, which must succeed."""
        answer = await self.post(path, body, **kwargs)
        assert answer.status_code == 200, answer.text
        told: dict[str, Any] = answer.json()
        return told

    async def refused(self, path: str, body: Mapping[str, Any] | None = None) -> tuple[int, str]:
        answer = await self.post(path, body)
        return answer.status_code, answer.json().get("code", "")

    async def get(self, path: str) -> Any:
        answer = await self.client.get(f"/api/v1/{path}")
        assert answer.status_code == 200, answer.text
        return answer.json()

    async def receive(self, where: str, external_id: str, **content: Any) -> dict[str, Any]:
        """A document of the ERP, each time with a higher revision."""
        self.revisions[external_id] = self.revisions.get(external_id, 0) + 1
        document = {"external_id": external_id, "external_revision": self.revisions[external_id], **content}
        return await self.done(where, document)

    async def item(self, code: str = "BRACKET", **more: Any) -> None:
        names = {"name_en": code.title(), "name_zh": f"物料 {code}"}
        await self.receive("items", f"item-{code}", code=code, unit="C62", **names, **more)

    async def reason(self, code: str = "burr", kind: str = "scrap", **more: Any) -> None:
        names = {"name_en": code.title(), "name_zh": f"原因 {code}"}
        await self.receive("reasons", f"{kind}-{code}", kind=kind, code=code, **names, **more)

    async def order(self, number: str = "WO-1", item: str = "BRACKET", **more: Any) -> int:
        """A released order; its id."""
        content = {"number": number, "item": item, "quantity": "100", "release": True} | more
        told = await self.receive("work-orders", number, **content)
        return int(told["id"])

    async def operations(self, order_id: int) -> list[int]:
        detail = await self.get(f"work-orders/{order_id}")
        return [one["operation_id"] for one in detail["operations"]]

    async def station(self, name: str = "press1", **counters: str) -> dict[str, int]:
        """A station with a device whose counters are given as name=counts; ids of the tags by name."""
        device_id = await add_device(self.connection, name, f"{PATH}/{name}")
        row = await self.one(
            "INSERT INTO plant.equipment (path, name) VALUES (%s, %s) RETURNING equipment_id",
            f"{PATH}/{name}",
            name,
        )
        await self.connection.execute(
            "INSERT INTO plant.equipment_proposal (device_id, path, state, equipment_id) VALUES (%s, %s, 'accepted', %s)",
            (device_id, f"{PATH}/{name}", row["equipment_id"]),
        )
        tags = {}
        for tag, counts in counters.items():
            tags[tag] = await add_tag(self.connection, device_id, tag, "counter", unit="parts")
            await self.connection.execute(
                "UPDATE plant.tag SET counts = %s WHERE tag_id = %s", (counts, tags[tag])
            )
        return tags

    async def start(self, operation_id: int, station: str = "press1", **more: Any) -> int:
        body = {"operation_id": operation_id, "equipment": f"{PATH}/{station}", **more}
        return int((await self.done("runs", body))["run_id"])

    async def make(self, tag_id: int, steps: int, at: datetime | None = None) -> datetime:
        """The counter goes on by `steps`, read at `at` (now), as ingest writes it. Returns the time of the reading."""
        ts = at or datetime.now(UTC)
        total = self.totals.get(tag_id, 0) + steps
        self.totals[tag_id] = total
        await self.connection.execute(
            "INSERT INTO plant.odometer (tag_id, total, ts, state) VALUES (%s, %s, %s, '{}')"
            " ON CONFLICT (tag_id) DO UPDATE SET total = excluded.total, ts = excluded.ts",
            (tag_id, total, ts),
        )
        await self.connection.execute(
            "INSERT INTO plant.odometer_log (tag_id, ts, total) VALUES (%s, %s, %s)", (tag_id, ts, total)
        )
        return ts

    async def book(self) -> None:
        """The keeper's passes, until nothing is waiting."""
        async with asyncio.timeout(30):
            while await book_open_runs(self.connection):
                pass

    async def rows(self, statement: str, *values: Any) -> list[dict[str, Any]]:
        async with self.connection.cursor(row_factory=dict_row) as cursor:
            await cursor.execute(statement.encode(), values)
            return await cursor.fetchall()

    async def one(self, statement: str, *values: Any) -> dict[str, Any]:
        (row,) = await self.rows(statement, *values)
        return row

    async def documents(self, *kinds: str) -> list[dict[str, Any]]:
        """Bodies of the outbox in the order of their numbers."""
        rows = await self.rows("SELECT kind, body FROM plant.outbox ORDER BY work_order_id, order_seq")
        return [row["body"] | {"kind": row["kind"]} for row in rows if not kinds or row["kind"] in kinds]

    async def balance(self) -> list[tuple[int, int, int]]:
        rows = await self.rows(
            "SELECT stored, booked, not_assigned FROM plant.counted_balance ORDER BY tag_id"
        )
        return [tuple(map(int, row.values())) for row in rows]  # type: ignore[misc]


def seconds_ago(seconds: float) -> datetime:
    return datetime.now(UTC) - timedelta(seconds=seconds)


@asynccontextmanager
async def standing_at(app: FastAPI, connection: AsyncConnection) -> AsyncIterator[Floor]:
    """The floor, used by a person who has every role: who may do what is tested elsewhere."""
    transport = httpx.ASGITransport(app, client=("127.0.0.1", 4711))  # A surprise fails the test, as itself.
    person_id = await add_person(app, connection, *sorted(PEOPLE), name="Wu", pin=None)
    token = new_token()
    await connection.execute(
        "INSERT INTO plant.session (token_hash, person_id) VALUES (%s, %s)", (hash_token(token), person_id)
    )
    async with httpx.AsyncClient(
        transport=transport, base_url=PAGE, headers={"Origin": PAGE}, cookies={SESSION_COOKIE: token}
    ) as client:
        yield Floor(client, connection, f"person:{person_id}")
