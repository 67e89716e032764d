"""A person at another screen of the plant, or a terminal's commands that need no page: the API, signed in by PIN."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any
from uuid import uuid4

import httpx

ANSWER_WITHIN_S = 15.0
REUSED_WITHIN_S = 2.0
"""The server hangs up on what was silent for 5 s: what is nearly that old may be cut off under the next question."""


class Desk:
    def __init__(self, client: httpx.AsyncClient) -> None:
        self.client = client

    async def get(self, path: str, **params: Any) -> Any:
        answer = await self.client.get(f"/api/v1/{path}", params=params)
        assert answer.status_code == 200, f"GET {path}: {answer.text}"
        return answer.json()

    async def post(self, path: str, body: object = None, method: str = "POST") -> httpx.Response:
        headers = {"Idempotency-Key": str(uuid4())}
        return await self.client.request(method, f"/api/v1/{path}", json=body, headers=headers)

    async def do(self, path: str, body: object = None, method: str = "POST") -> Any:
        answer = await self.post(path, body, method)
        assert answer.status_code < 300, f"{path}: {answer.status_code} {answer.text}"
        return answer.json()

    async def refused(self, path: str, body: object = None) -> tuple[int, str, Any]:
        """Status, code, and the change order behind it."""
        answer = await self.post(path, body)
        told = answer.json()
        return answer.status_code, told.get("code"), (told.get("params") or {}).get("change")


@asynccontextmanager
async def desk_of(url: str, person_id: int, pin: str) -> AsyncIterator[Desk]:
    limits = httpx.Limits(keepalive_expiry=REUSED_WITHIN_S)
    async with httpx.AsyncClient(
        base_url=url, headers={"Origin": url}, timeout=ANSWER_WITHIN_S, trust_env=False, limits=limits
    ) as client:
        answer = await client.post("/api/v1/sign-in", json={"person_id": person_id, "pin": pin})
        assert answer.status_code < 300, answer.text
        yield Desk(client)
