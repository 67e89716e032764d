"""The plant's commands: what comes in is told to the plant as anyone else would, over HTTP and once per key."""

import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import httpx

from erp_bridge.config import Plant
from erp_bridge.errors import LinesideBridgeError

_SAYS_NOTHING = frozenset({401, 403, 405, 408, 429})
"""Answers about us and the way, not about the document: asked again, and nothing is decided."""
_NO_SUCH_ADDRESS = "not-found"
"""`code` of a 404 that speaks of the address; others speak of what the document names."""


class PlantUnavailable(LinesideBridgeError):
    """The plant gave no answer that decides anything. Asked again with the same key."""


@dataclass(frozen=True, slots=True)
class PlantAnswer:
    """`accepted`, or refused by a rule of the plant: `body` then holds code, title and detail."""

    accepted: bool
    body: Mapping[str, Any]


class PlantApi:
    """One plant. Opened by the first request."""

    def __init__(self, settings: Plant) -> None:
        self._settings = settings
        trusted = ssl.create_default_context(cafile=settings.ca_file) if settings.ca_file else True
        self._client = httpx.AsyncClient(
            base_url=str(settings.url), timeout=settings.timeout_s, trust_env=False, verify=trusted
        )

    async def tell(self, path: str, body: Mapping[str, Any], key: UUID) -> PlantAnswer:
        """Send one command under its key. Raises PlantUnavailable."""
        try:
            token = self._settings.token_file.read_text(encoding="utf-8").strip()
            answer = await self._client.post(
                path,
                json=body,
                headers={"Authorization": f"Bearer {token}", "Idempotency-Key": str(key)},
            )
            told = answer.json()
        except (httpx.TransportError, OSError, ValueError) as error:
            raise PlantUnavailable(f"{path}: {type(error).__name__} {error}") from error
        status = answer.status_code
        if not isinstance(told, dict) or _decides_nothing(status, told.get("code", _NO_SUCH_ADDRESS)):
            raise PlantUnavailable(f"{path}: HTTP {status}")
        return PlantAnswer(status < 400, told)

    async def ask(self, path: str, params: Mapping[str, Any]) -> Mapping[str, Any]:
        """What the plant says. Raises PlantUnavailable: also for what it refuses, since a question changes nothing."""
        try:
            token = self._settings.token_file.read_text(encoding="utf-8").strip()
            answer = await self._client.get(path, params=params, headers={"Authorization": f"Bearer {token}"})
            told = answer.json()
        except (httpx.TransportError, OSError, ValueError) as error:
            raise PlantUnavailable(f"{path}: {type(error).__name__} {error}") from error
        if answer.status_code != 200 or not isinstance(told, dict):
            raise PlantUnavailable(f"{path}: HTTP {answer.status_code}")
        return told

    async def close(self) -> None:
        await self._client.aclose()


def _decides_nothing(status: int, code: str) -> bool:
    return status >= 500 or status in _SAYS_NOTHING or (status == 404 and code == _NO_SUCH_ADDRESS)
