"""People made for a test, and a browser that signs in as one of them."""

from uuid import uuid4

import httpx
from fastapi import FastAPI
from psycopg import AsyncConnection

from plant_server.people.roles import Role

PIN = "482913"


async def add_person(
    app: FastAPI, connection: AsyncConnection, *roles: Role, name: str = "Li", pin: str | None = PIN
) -> int:
    cursor = await connection.execute(
        "INSERT INTO plant.person (name, roles, pin_hash) VALUES (%s, %s, %s) RETURNING person_id",
        (name, [str(role) for role in roles], await app.state.pepper.hash_pin(pin) if pin else None),
    )
    row = await cursor.fetchone()
    assert row is not None
    return int(row[0])


async def sign_in(client: httpx.AsyncClient, person_id: int, pin: str = PIN) -> httpx.Response:
    return await client.post("/api/v1/sign-in", json={"person_id": person_id, "pin": pin})


async def command(client: httpx.AsyncClient, path: str, body: object = None) -> httpx.Response:
    return await client.post(path, json=body, headers={"Idempotency-Key": str(uuid4())})
