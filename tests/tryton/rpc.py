"""What tests say to a Tryton server: JSON-RPC over HTTP, written for the tests alone, so that they are a witness of their own."""

import base64
import itertools
from datetime import date, timedelta
from decimal import Decimal
from typing import Any, Self

import httpx

DEADLINE_S = 120.0


class Refusal(Exception):  # It is what Tryton says, not a failure of ours.
    """An error in Tryton's words: [name, arguments]."""


class Rpc:
    """One signed-in user of one database. Quantities are floats, money is Decimal, as Tryton has them."""

    def __init__(self, url: str, database: str, user: str, password: str) -> None:
        self._client = httpx.Client(base_url=f"{url}/{database}/", timeout=DEADLINE_S, trust_env=False)
        self._ids = itertools.count(1)
        self.context: dict[str, Any] = {"language": "en"}
        answer = self._ask("common.db.login", [user, {"password": password}, "en"])
        session = base64.b64encode(f"{user}:{answer[0]}:{answer[1]}".encode()).decode()
        self._client.headers["Authorization"] = f"Session {session}"
        self.take_preferences()

    def take_preferences(self) -> None:
        """The context of every call: company and employee of the user as they are now."""
        preferences = self._ask("model.res.user.get_preferences", [True, {}])
        self.context = {
            name: preferences[name] for name in ("company", "employee", "language") if preferences.get(name)
        }

    def call(self, method: str, *arguments: Any, **context: Any) -> Any:
        """`model.production.run`, …; raises Refusal."""
        return self._ask(method, [*arguments, self.context | context])

    def create(self, model: str, *values: dict[str, Any]) -> list[int]:
        return list(self.call(f"model.{model}.create", list(values)))

    def write(self, model: str, record: int, **values: Any) -> None:
        self.call(f"model.{model}.write", [record], values)

    def search(self, model: str, *domain: Any) -> list[int]:
        return list(self.call(f"model.{model}.search", list(domain), 0, None, None))

    def rows(self, model: str, fields: list[str], *domain: Any, **context: Any) -> list[dict[str, Any]]:
        """Every record of the domain, oldest first."""
        told = self.call(
            f"model.{model}.search_read", list(domain), 0, None, [["id", "ASC"]], fields, **context
        )
        return list(told)

    def one(self, model: str, *domain: Any) -> int:
        """The id of the only record of the domain."""
        (found,) = self.search(model, *domain)
        return found

    def close(self) -> None:
        self._client.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _ask(self, method: str, params: list[Any]) -> Any:
        body = {"id": next(self._ids), "method": method, "params": [_coded(one) for one in params]}
        answer = self._client.post("rpc/", json=body)
        answer.raise_for_status()
        told = answer.json()
        if told.get("error") is not None:
            raise Refusal(method, told["error"])
        return _decoded(told.get("result"))


def _coded(value: Any) -> Any:
    match value:
        case dict():
            return {name: _coded(one) for name, one in value.items()}
        case list() | tuple():
            return [_coded(one) for one in value]
        case Decimal():
            return {"__class__": "Decimal", "decimal": str(value)}
        case date():
            return {"__class__": "date", "year": value.year, "month": value.month, "day": value.day}
        case timedelta():
            return {"__class__": "timedelta", "seconds": value.total_seconds()}
    return value


def _decoded(value: Any) -> Any:
    match value:
        case {"__class__": "Decimal", "decimal": text}:
            return Decimal(text)
        case {"__class__": "date", "year": year, "month": month, "day": day}:
            return date(year, month, day)
        case {"__class__": "timedelta", "seconds": seconds}:
            return timedelta(seconds=seconds)
        case dict():
            return {name: _decoded(one) for name, one in value.items()}
        case list():
            return [_decoded(one) for one in value]
    return value
