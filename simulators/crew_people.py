"""A person of the crew at one place: signs in by PIN as at a terminal, reads what the plant shows, gives commands.

A command is written into the ledger, then sent until it is answered: after a timeout, a lost connection or a 5xx the
same bytes go out again with the same Idempotency-Key, so it is done once however often it is sent.
"""

import asyncio
import html
import re
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import yaml

from simulators.crew_ledger import CrewLedger, uuid7

ANSWER_WITHIN_S = 10.0
_FIRST_PAUSE_S, _LONGEST_PAUSE_S = 0.2, 3.0
_SIGN_INS = 3  # More would only use up the tries that the plant allows.
_PAGES_MOST = 50
_NAME = re.compile(r'data-person-id="(\d+)"[^>]*>\s*<b>(.*?)</b>', re.DOTALL)


class CrewFailed(RuntimeError):
    """The crew cannot work: no plant, no file, a PIN that is not right. The text is one line for a person."""


@dataclass(frozen=True, slots=True)
class Member:
    """Somebody of the people file."""

    role: str
    name: str
    pin: str


@dataclass(frozen=True, slots=True)
class Answer:
    """What the plant said to a command; a refusal is an answer too."""

    status: int
    body: dict[str, Any]

    @property
    def is_done(self) -> bool:
        return self.status < 300

    @property
    def code(self) -> str:
        """Why it was refused."""
        return str(self.body.get("code", ""))

    @property
    def params(self) -> dict[str, Any]:
        return dict(self.body.get("params") or {})


@dataclass(frozen=True, slots=True)
class Plant:
    """Where the plant is, how long the crew waits for it, and the ledger."""

    url: str
    patience_s: float
    ledger: CrewLedger
    at_the_door: asyncio.Lock = field(default_factory=asyncio.Lock)
    """One signs in after the other: the plant counts tries per address before it looks at the PIN."""


def people_of(file: Path) -> list[Member]:
    """Rows of `role name pin`, as the demo writes them. Raises CrewFailed."""
    try:
        rows = yaml.safe_load(file.read_text(encoding="utf-8"))
        return [Member(str(row["role"]), str(row["name"]), str(row["pin"])) for row in rows]
    except OSError as missing:
        raise CrewFailed(f"people file {file}: {missing.strerror}") from missing
    except (yaml.YAMLError, KeyError, TypeError) as wrong:
        raise CrewFailed(f"people file {file}: a list of role, name and pin is wanted") from wrong


class Person:
    """One session at one place. Sessions that ended or were locked are opened anew."""

    def __init__(self, plant: Plant, client: httpx.AsyncClient, member: Member, station: str) -> None:
        self._plant = plant
        self._client = client
        self._member = member
        self._station = station
        self._person_id: int | None = None

    async def sign_in(self) -> None:
        """Touch the name, type the PIN. Raises CrewFailed when the plant does not take them."""
        async with self._plant.at_the_door:
            if self._person_id is None:
                self._person_id = await self._number()
            wish = {"person_id": self._person_id, "pin": self._member.pin}
            response = await self._until_answered("POST", "/api/v1/sign-in", json=wish)
        answer = {"status": response.status_code, "body": None}
        self._note("sign-in", "/api/v1/sign-in", None, {"person_id": self._person_id}, answer)
        if response.status_code >= 300:
            raise CrewFailed(f"{self._member.name} cannot sign in at {self._plant.url}: {response.text}")

    async def read(self, path: str, /, **params: Any) -> Any:
        """What the plant shows there. Raises CrewFailed when it shows nothing."""
        response = await self._signed_in("GET", f"/api/v1/{path}", params=params)
        if response.status_code >= 300:
            raise CrewFailed(f"GET {path}: {response.text}")
        return response.json()

    async def read_all(self, path: str, /, **params: Any) -> list[dict[str, Any]]:
        """All rows of a list with pages."""
        rows: list[dict[str, Any]] = []
        for _ in range(_PAGES_MOST):
            page = await self.read(path, **params)
            rows += page["items"]
            if page["next_cursor"] is None:
                return rows
            params["cursor"] = page["next_cursor"]
        raise CrewFailed(f"GET {path}: more than {_PAGES_MOST} pages")

    async def do(self, what: str, path: str, body: dict[str, Any] | None = None) -> Answer:
        """Give a command; returns its answer. Raises CrewFailed when the plant gives none for too long."""
        key, url = uuid7(), f"/api/v1/{path}"
        self._note(what, url, key, body, None)
        headers = {"Idempotency-Key": key, "X-Client-Time": datetime.now(UTC).isoformat()}
        response = await self._signed_in("POST", url, json=body, headers=headers)
        answer = Answer(response.status_code, response.json())
        self._note(what, url, key, body, {"status": answer.status, "body": answer.body})
        return answer

    async def _signed_in(self, method: str, url: str, **request: Any) -> httpx.Response:
        for _ in range(_SIGN_INS):
            response = await self._until_answered(method, url, **request)
            if response.status_code != 401:
                return response
            await self.sign_in()
        raise CrewFailed(f"{self._member.name} signed in and may still not {method} {url}")

    async def _until_answered(self, method: str, url: str, **request: Any) -> httpx.Response:
        ends, pause_s = time.monotonic() + self._plant.patience_s, _FIRST_PAUSE_S
        while True:
            try:
                response = await self._client.request(method, url, **request)
            except httpx.TransportError as broken:
                trouble = f"{type(broken).__name__} {broken}".strip()
            else:
                if response.status_code < 500 and response.status_code != 429:
                    return response
                trouble = f"HTTP {response.status_code}"
            if time.monotonic() + pause_s > ends:
                raise CrewFailed(f"no answer from {self._plant.url}{url}: {trouble}")
            await asyncio.sleep(pause_s)
            pause_s = min(2 * pause_s, _LONGEST_PAUSE_S)

    async def _number(self) -> int:
        """From the names that the sign-in page shows to whoever stands at this machine."""
        page = await self._until_answered("GET", "/")
        for number, name in _NAME.findall(page.text):
            if html.unescape(name) == self._member.name:
                return int(number)
        raise CrewFailed(f"the sign-in page of {self._plant.url} does not show {self._member.name}")

    def _note(
        self,
        what: str,
        path: str,
        key: str | None,
        body: dict[str, Any] | None,
        answer: dict[str, Any] | None,
    ) -> None:
        self._plant.ledger.write(
            person=self._member.name,
            station=self._station,
            what=what,
            path=path,
            key=key,
            body=body,
            answer=answer,
        )


@asynccontextmanager
async def person_at(plant: Plant, member: Member, station: str) -> AsyncIterator[Person]:
    """The person with a cookie jar of their own, as in the browser of that terminal."""
    headers = {"Origin": plant.url, "Accept-Language": "en"}
    async with httpx.AsyncClient(
        base_url=plant.url, headers=headers, timeout=ANSWER_WITHIN_S, trust_env=False
    ) as client:
        yield Person(plant, client, member, station)
