"""A small client of the simulated business systems, for commands and for the judge. Standard library alone."""

import http.client
import json
from pathlib import Path
from types import TracebackType
from typing import Any
from urllib.parse import urlsplit

DEADLINE_S = 30.0


class BusinessRefused(RuntimeError):
    """The answer was no success: `status`, and `body` as it came."""

    def __init__(self, status: int, body: Any) -> None:
        super().__init__(f"{status}: {json.dumps(body, ensure_ascii=False)}")
        self.status = status
        self.body = body


class BusinessClient:
    """One connection to a running system. Raises OSError when it is not there, BusinessRefused when it refuses."""

    def __init__(self, url: str, client_id: str, client_secret: str, deadline_s: float = DEADLINE_S) -> None:
        where = urlsplit(url)
        self._connection = http.client.HTTPConnection(where.hostname or "", where.port, timeout=deadline_s)
        self._client = {"client_id": client_id, "client_secret": client_secret}
        self._token: str | None = None

    @classmethod
    def of(cls, state_dir: Path, system: str) -> "BusinessClient":
        """The system (`core` or `plm`) whose endpoint lies below `state_dir`."""
        facts = json.loads((state_dir / system / "endpoint.json").read_text(encoding="utf-8"))
        return cls(facts["url"], facts["client_id"], facts["client_secret"])

    def __enter__(self) -> "BusinessClient":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._connection.close()

    def get(self, path: str) -> Any:
        return self._ask("GET", path, None)

    def post(self, path: str, body: object) -> Any:
        return self._ask("POST", path, body)

    def _ask(self, method: str, path: str, body: object) -> Any:
        if path.startswith("/api/") and self._token is None:
            self._token = self._once("POST", "/oauth/token", self._client)["access_token"]
        try:
            return self._once(method, path, body)
        except BusinessRefused as refused:
            if refused.status != 401 or not path.startswith("/api/"):
                raise
        self._token = self._once("POST", "/oauth/token", self._client)["access_token"]
        return self._once(method, path, body)

    def _once(self, method: str, path: str, body: object) -> Any:
        headers = {"Content-Type": "application/json"}
        if self._token is not None:
            headers["Authorization"] = f"Bearer {self._token}"
        text = None if body is None else json.dumps(body)
        try:
            self._connection.request(method, path, text, headers)
            response = self._connection.getresponse()
            raw = response.read()
        except http.client.HTTPException as broken:
            raise ConnectionError(f"{method} {path}: {broken!r}") from broken
        answer = json.loads(raw) if "json" in response.headers.get("Content-Type", "") else raw
        if response.status >= 300:
            raise BusinessRefused(response.status, answer)
        return answer
