"""What stands before the routes of a simulated business system: the token, and the lies about a whole request.

`/api/…` needs a bearer token of `POST /oauth/token`. Tokens live in memory: a restarted server knows none.
"""

import asyncio
import json
import secrets
import time
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

from simulators.business_errors import Refused
from simulators.business_lies import AFTERWARDS, INSTEAD, Lie, Lies

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
Application = Callable[[Scope, Receive, Send], Awaitable[None]]
CutsConnection = Callable[[tuple[str, int]], None]


class Tokens:
    """Access tokens with an end, given for the client's id and secret."""

    def __init__(self, client_id: str, client_secret: str, ttl_s: float) -> None:
        self.client_id = client_id
        self.client_secret = client_secret
        self.ttl_s = ttl_s
        self._ends: dict[str, float] = {}

    def grant(self, client_id: str, client_secret: str) -> str:
        """A new token. Raises Refused (401) for a wrong client."""
        right = secrets.compare_digest(client_secret.encode(), self.client_secret.encode())
        if client_id != self.client_id or not right:
            raise Refused(401, "invalid_client", "client_id or client_secret is wrong")
        self._ends = {token: end for token, end in self._ends.items() if end > time.monotonic()}
        token = secrets.token_urlsafe(24)
        self._ends[token] = time.monotonic() + self.ttl_s
        return token

    def knows(self, authorization: str) -> bool:
        scheme, _, token = authorization.partition(" ")
        return scheme.lower() == "bearer" and self._ends.get(token, 0.0) > time.monotonic()

    def expire_all(self) -> None:
        self._ends.clear()


class BusinessGate:
    """ASGI application around the routes."""

    def __init__(self, app: Application, tokens: Tokens, lies: Lies, cut: CutsConnection) -> None:
        self._app = app
        self._tokens = tokens
        self._lies = lies
        self._cut = cut

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or not scope["path"].startswith("/api/"):
            await self._app(scope, receive, send)
            return
        resource, method = resource_of(scope["path"]), scope["method"]
        try:
            headers: list[tuple[str, str]] = self._pass(scope, resource, method)
        except Refused as refused:
            headers = [(str(k), str(v)) for k, v in refused.details.pop("headers", {}).items()]
            await _answer(send, refused.status, refused.body(), headers)
            return
        answer = await _collect(self._app, scope, receive)
        if int(answer[0]["status"]) < 300:
            lie = self._lies.take_alone(AFTERWARDS, resource, method)
            if lie is not None:
                answer = await self._afterwards(lie, answer, scope, receive)
        for message in answer:
            await send(message)

    def _pass(self, scope: Scope, resource: str, method: str) -> list[tuple[str, str]]:
        """Raises Refused for a missing token and for lies that answer by themselves."""
        if not self._tokens.knows(_header(scope, b"authorization")):
            raise Refused(401, "invalid_token", "the token is missing, unknown or expired")
        lie = self._lies.take_alone(INSTEAD, resource, method)
        if lie is None:
            return []
        if lie.kind == "expired_token":
            self._tokens.expire_all()
            raise Refused(401, "invalid_token", "the token is missing, unknown or expired")
        if lie.kind == "http_429":
            wait = {"Retry-After": lie.parameters["retry_after_s"]}
            raise Refused(429, "too_many_requests", "too many requests", headers=wait)
        if lie.kind == "closed_period":
            raise Refused(422, "closed_period", "the period is closed", first_open_date=None)
        raise Refused(503, "unavailable", "the service is not available")

    async def _afterwards(
        self, lie: Lie, answer: list[MutableMapping[str, Any]], scope: Scope, receive: Receive
    ) -> list[MutableMapping[str, Any]]:
        if lie.kind == "timeout_then_success":
            await asyncio.sleep(lie.parameters["delay_s"])
            return answer
        if lie.kind == "duplicate_key":
            stored = json.loads(answer[1]["body"])
            return _messages(409, duplicate(stored["id"], stored["state"], same_content=True).body())
        self._cut(scope["client"])
        while (await receive())["type"] != "http.disconnect":
            pass
        return []


def duplicate(existing_id: str, existing_state: str, *, same_content: bool) -> Refused:
    """The external id was used before; the earlier document is named."""
    return Refused(
        409,
        "duplicate_external_id",
        f"the external id belongs to {existing_id}",
        existing_id=existing_id,
        existing_state=existing_state,
        same_content=same_content,
    )


def resource_of(path: str) -> str:
    """What a lie is matched with: `/api/completions/…` is `completions`, an order's acknowledgement `acknowledgements`."""
    parts = path.strip("/").split("/")
    if parts[-1] == "acknowledgements":
        return "acknowledgements"
    return parts[1] if len(parts) > 1 else ""


async def _collect(app: Application, scope: Scope, receive: Receive) -> list[MutableMapping[str, Any]]:
    """Run the routes and keep the answer: one start message and one whole body."""
    start: MutableMapping[str, Any] = {}
    body = bytearray()

    async def keep(message: MutableMapping[str, Any]) -> None:
        if message["type"] == "http.response.start":
            start.update(message)
        else:
            body.extend(message.get("body", b""))

    await app(scope, receive, keep)
    return [start, {"type": "http.response.body", "body": bytes(body)}]


async def _answer(send: Send, status: int, body: dict[str, Any], headers: list[tuple[str, str]]) -> None:
    for message in _messages(status, body, headers):
        await send(message)


def _messages(
    status: int, body: dict[str, Any], headers: list[tuple[str, str]] | None = None
) -> list[MutableMapping[str, Any]]:
    text = json.dumps(body, ensure_ascii=False).encode()
    all_headers = [("content-type", "application/json"), ("content-length", str(len(text))), *(headers or [])]
    raw = [(name.lower().encode(), value.encode()) for name, value in all_headers]
    return [
        {"type": "http.response.start", "status": status, "headers": raw},
        {"type": "http.response.body", "body": text},
    ]


def _header(scope: Scope, name: bytes) -> str:
    return next((value.decode("latin-1") for key, value in scope["headers"] if key == name), "")
