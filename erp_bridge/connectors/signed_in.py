"""HTTP to a system with access tokens (OAuth client credentials), and what its answers mean for us.

Whatever leaves this module is one of our typed errors or a JSON object. A request that may have been done is a
LostAnswer: time-outs, broken connections, 5xx and answers that are no JSON. Only what certainly was not done is NotSent.
"""

import asyncio
import json
from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Any

import httpx

from erp_bridge.config import Connector as ConnectorSettings
from erp_bridge.errors import (
    Busy,
    ClosedPeriod,
    Duplicate,
    LostAnswer,
    NotSent,
    NotSignedIn,
    RefusedByErp,
)

_NOT_SENT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.UnsupportedProtocol)
_RETRY_AFTER_S, _RETRY_AFTER_MAX_S = 5.0, 3600.0
# A server closes idle connections at some time; a request into one that just closed would be a lost answer.
_KEEPALIVE_S = 2.0


class SignedInClient:
    """A client that signs in when it must, and once more when its token is refused."""

    def __init__(self, name: str, settings: ConnectorSettings) -> None:
        self._name = name
        self._settings = settings
        self._client: httpx.AsyncClient | None = None
        self._url = ""
        self._token: str | None = None
        self._signing_in = asyncio.Lock()

    async def get(self, path: str, **query: Any) -> dict[str, Any]:
        """Raises ConnectorError. A lost answer of a GET changed nothing, so it is NotSent."""
        try:
            return await self._ask("GET", path, params=query)
        except LostAnswer as error:
            raise NotSent(str(error)) from error

    async def get_bytes(self, path: str, size_max: int) -> bytes:
        """A file. Raises ConnectorError; RefusedByErp when it is larger than `size_max` bytes."""
        try:
            answer = await self._send_signed("GET", path)
            _raise_for(answer)
        except LostAnswer as error:
            raise NotSent(str(error)) from error
        if len(answer.content) > size_max:
            raise RefusedByErp("too_large", f"{path}: more than {size_max} bytes")
        return answer.content

    async def post(self, path: str, body: Mapping[str, Any]) -> dict[str, Any]:
        """Raises ConnectorError."""
        return await self._ask("POST", path, json=body)

    async def close(self) -> None:
        if self._client is not None:
            await self._client.aclose()

    async def _ask(self, method: str, path: str, **given: Any) -> dict[str, Any]:
        answer = await self._send_signed(method, path, **given)
        _raise_for(answer)
        return _json(answer)

    async def _send_signed(self, method: str, path: str, **given: Any) -> httpx.Response:
        for first in (True, False):
            token = await self._signed_in()
            headers = {"Authorization": f"Bearer {token}"}
            answer = await self._send(method, path, headers=headers, **given)
            if answer.status_code != 401:
                return answer
            if self._token == token:
                self._token = None
            if not first:
                break
        raise NotSignedIn(f"{self._name}: {method} {path} is refused with a fresh token")

    async def _signed_in(self) -> str:
        async with self._signing_in:
            if self._token is not None:
                return self._token
            client_id, secret = self._credentials()
            told = {"grant_type": "client_credentials", "client_id": client_id, "client_secret": secret}
            try:
                answer = await self._send("POST", "/oauth/token", data=told)
            except LostAnswer as error:
                raise NotSent(str(error)) from error
            if answer.status_code == 401:
                raise NotSignedIn(f"{self._name}: client id or secret is wrong")
            if answer.status_code >= 400:
                raise NotSent(f"{self._name}: no token, HTTP {answer.status_code}")
            self._token = str(_json(answer).get("access_token"))
            return self._token

    async def _send(self, method: str, path: str, **given: Any) -> httpx.Response:
        client = await self._opened()
        try:
            async with asyncio.timeout(self._settings.timeout_s):
                return await client.request(method, path, **given)
        except _NOT_SENT as error:
            raise NotSent(f"{self._name}: {type(error).__name__} {error}") from error
        except (httpx.TransportError, TimeoutError) as error:
            raise LostAnswer(f"{self._name}: {method} {path}: {type(error).__name__} {error}") from error

    async def _opened(self) -> httpx.AsyncClient:
        url = self._where()
        if self._client is None or url != self._url:  # What was started again may have another port.
            await self.close()
            self._url = url
            limits = httpx.Limits(max_connections=16, keepalive_expiry=_KEEPALIVE_S)
            self._client = httpx.AsyncClient(
                base_url=url, timeout=self._settings.timeout_s, limits=limits, trust_env=False
            )
        return self._client

    def _where(self) -> str:
        if self._settings.url is not None:
            return str(self._settings.url)
        return str(self._endpoint()["url"])

    def _credentials(self) -> tuple[str, str]:
        if self._settings.secret_file is not None:
            return self._settings.client_id, _read(self._settings.secret_file).strip()
        endpoint = self._endpoint()
        return str(endpoint["client_id"]), str(endpoint["client_secret"])

    def _endpoint(self) -> dict[str, Any]:
        assert self._settings.endpoint_file is not None  # noqa: S101  # The configuration was checked.
        try:
            found: dict[str, Any] = json.loads(_read(self._settings.endpoint_file))
        except ValueError as error:
            raise NotSent(f"{self._settings.endpoint_file}: {error}") from error
        return found


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except OSError as error:
        raise NotSent(f"{path}: {error.strerror}") from error


def _json(answer: httpx.Response) -> dict[str, Any]:
    try:
        body = answer.json()
    except ValueError as error:
        raise LostAnswer(f"HTTP {answer.status_code}, but no JSON") from error
    if not isinstance(body, dict):
        raise LostAnswer(f"HTTP {answer.status_code}, but no JSON object")
    return body


def _raise_for(answer: httpx.Response) -> None:
    """Raise what an answer of 400 or more means."""
    if answer.status_code < 400:
        return
    told = _told(answer)
    code, message = str(told.get("code", f"http_{answer.status_code}")), str(told.get("message", ""))
    details = told.get("details") or {}
    if answer.status_code == 429:
        raise Busy(message or "too many requests", _retry_after(answer))
    if answer.status_code >= 500 or answer.status_code == 408:
        raise LostAnswer(f"HTTP {answer.status_code} {message}")
    if code == "duplicate_external_id":
        raise Duplicate(message)
    if code == "closed_period":
        raise ClosedPeriod(message, _day(details.get("first_open_date")))
    raise RefusedByErp(code, message or f"HTTP {answer.status_code}", details)


def _told(answer: httpx.Response) -> dict[str, Any]:
    try:
        error = answer.json()["error"]
    except (ValueError, KeyError, TypeError):
        return {}
    return error if isinstance(error, dict) else {}


def _retry_after(answer: httpx.Response) -> float:
    try:
        wanted = float(answer.headers.get("Retry-After", _RETRY_AFTER_S))
    except ValueError:  # A date: seldom, and no server we know sends it with 429.
        wanted = _RETRY_AFTER_S
    return min(max(wanted, 0.0), _RETRY_AFTER_MAX_S)


def _day(told: Any) -> date | None:
    try:
        return date.fromisoformat(told)
    except (TypeError, ValueError):
        return None
