"""A person who has signed in and works through the API."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

import httpx
from fastapi import FastAPI
from psycopg import AsyncConnection

from plant_server.people.roles import Role
from tests.plant_server.people.staff import add_person, sign_in

PAGE = "http://127.0.0.1:8080"


@dataclass(frozen=True, slots=True)
class Hands:
    client: httpx.AsyncClient
    person_id: int

    async def post(self, path: str, body: Any = None, **headers: str) -> httpx.Response:
        key = {"Idempotency-Key": str(uuid4())}
        return await self.client.post(f"/api/v1{path}", json=body, headers=key | headers)

    async def do(self, path: str, body: Any = None) -> Any:
        answer = await self.post(path, body)
        assert answer.status_code == 200, answer.text
        return answer.json()

    async def refused(self, path: str, body: Any = None) -> tuple[int, str, dict[str, Any]]:
        """Status, code and params of a refusal."""
        answer = await self.post(path, body)
        assert answer.status_code >= 400, answer.text
        told = answer.json()
        return answer.status_code, told["code"], told.get("params", {})

    async def get(self, path: str, /, **query: Any) -> Any:
        answer = await self.client.get(f"/api/v1{path}", params=query)
        assert answer.status_code == 200, answer.text
        return answer.json()


@asynccontextmanager
async def signed_in(
    app: FastAPI, connection: AsyncConnection, *roles: Role, name: str
) -> AsyncIterator[Hands]:
    transport = httpx.ASGITransport(app, client=("127.0.0.1", 4711))  # A surprise fails the test, as itself.
    async with httpx.AsyncClient(transport=transport, base_url=PAGE, headers={"Origin": PAGE}) as client:
        person_id = await add_person(app, connection, *roles, name=name)
        assert (await sign_in(client, person_id)).status_code == 200
        yield Hands(client, person_id)
