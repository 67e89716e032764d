"""JSON-RPC over HTTP to a Tryton server, and what its answers mean for us. Written from Tryton's protocol, nothing imported.

An error is HTTP 200 with `error` in Tryton's words: UserError says no to what was asked, UserWarning asks a question,
ConcurrencyException says that a record was changed since it was read. 503 is a lock it did not get: nothing was done.
A call is one transaction there: done whole, or not at all.
"""

import asyncio
import base64
import itertools
import random
from collections.abc import Mapping, Sequence
from typing import Any

import httpx

from erp_bridge.config import Connector as ConnectorSettings
from erp_bridge.config import Tryton
from erp_bridge.connectors.tryton_codec import decoded, encoded
from erp_bridge.errors import Busy, ConnectorError, LostAnswer, NotSent, NotSignedIn, RefusedByErp

_NOT_SENT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.UnsupportedProtocol)
_KEEPALIVE_S = 2.0
_LOCK_TRIES, _LOCK_WAIT_S = 6, 0.1
_PASSWORD_PAUSE_S = 300.0
"""After too many wrong passwords Tryton refuses the right one, too, for its `session.timeout`."""


class ChangedMeanwhile(ConnectorError):
    """A record was changed since it was read; nothing was done. Never leaves the connector."""


class TrytonClient:
    """One user of one database. Signs in when it must, and once more when its session is refused."""

    def __init__(self, name: str, settings: ConnectorSettings, tryton: Tryton) -> None:
        self._name = name
        self._settings = settings
        self._tryton = tryton
        self._client = httpx.AsyncClient(
            base_url=f"{str(settings.url).rstrip('/')}/{tryton.database}/",
            timeout=settings.timeout_s,
            limits=httpx.Limits(max_connections=16, keepalive_expiry=_KEEPALIVE_S),
            trust_env=False,
        )
        self._ids = itertools.count(1)
        self._session: str | None = None
        self._context: dict[str, Any] = {}
        self._signing_in = asyncio.Lock()

    async def rows(
        self, model: str, fields: Sequence[str], *domain: Any, **context: Any
    ) -> list[dict[str, Any]]:
        """Every record of the domain, by id. Dotted fields join. Raises ConnectorError; a lost answer is NotSent."""
        return await self.page(model, fields, domain, order="id", limit=None, **context)

    async def page(
        self,
        model: str,
        fields: Sequence[str],
        domain: Sequence[Any],
        *,
        order: str,
        limit: int | None,
        **context: Any,
    ) -> list[dict[str, Any]]:
        """The first records of the domain, ascending."""
        told = [list(domain), 0, limit, [[order, "ASC"], ["id", "ASC"]], list(fields)]
        try:
            return list(await self._asked(f"model.{model}.search_read", told, context))
        except LostAnswer as error:
            raise NotSent(str(error)) from error

    async def one(self, model: str, fields: Sequence[str], *domain: Any) -> dict[str, Any] | None:
        """The only record of the domain; None: there is none. Raises RefusedByErp when there are more."""
        found = await self.rows(model, fields, *domain)
        if len(found) > 1:
            raise RefusedByErp("ambiguous_code", f"{len(found)} records of {model} are {_words(domain)}")
        return found[0] if found else None

    async def change(self, method: str, *arguments: Any, **context: Any) -> Any:
        """Call what changes something. Raises ConnectorError, ChangedMeanwhile; LostAnswer: it may have been done."""
        for last in range(_LOCK_TRIES):
            try:
                return await self._asked(f"model.{method}", list(arguments), context)
            except Busy:
                if last == _LOCK_TRIES - 1:
                    raise
                await asyncio.sleep(_LOCK_WAIT_S * 2**last * (0.5 + random.random()))  # noqa: S311  # Not a secret.
        raise AssertionError("unreachable")

    async def company(self) -> int:
        """The id of the user's company. Raises ConnectorError."""
        await self._signed_in()
        company = self._context.get("company")
        if company is None:
            raise NotSignedIn(f"{self._name}: the user has no company")
        return int(company)

    async def close(self) -> None:
        await self._client.aclose()

    async def _asked(self, method: str, arguments: list[Any], context: Mapping[str, Any]) -> Any:
        """Each question of Tryton's that policy accepts is answered, and the call repeated."""
        accepted: set[str] = set()
        while True:
            try:
                return await self._once(method, arguments, context)
            except _Warning as warning:
                if warning.name in accepted or not self._accepts(warning.name):
                    raise RefusedByErp(
                        "erp_asks", warning.message, {"warning": warning.name.partition(".")[2]}
                    ) from warning
                accepted.add(warning.name)
                await self._once("model.res.user.warning.skip", [warning.name, False], {})

    def _accepts(self, warning: str) -> bool:
        """A warning's name ends with its kind: `8574….over_tolerance`."""
        return warning.rpartition(".")[2] in self._tryton.accept_warnings

    async def _once(self, method: str, arguments: list[Any], context: Mapping[str, Any]) -> Any:
        for first in (True, False):
            session = await self._signed_in()
            told = [*arguments, self._context | dict(context)]
            answer = await self._send(method, told, session)
            if answer.status_code != 401:
                return self._result(method, answer)
            if self._session == session:
                self._session = None
            if not first:
                break
        raise NotSignedIn(f"{self._name}: {method} is refused with a fresh session")

    async def _signed_in(self) -> str:
        async with self._signing_in:
            if self._session is None:
                try:
                    await self._sign_in()
                except LostAnswer as error:
                    raise NotSent(str(error)) from error
            assert self._session is not None  # noqa: S101  # Signed in above.
            return self._session

    async def _sign_in(self) -> None:
        user, language = self._settings.client_id, self._tryton.language
        told = [user, {"password": self._password()}, language]
        answer = await self._send("common.db.login", told, None)
        if answer.status_code in (401, 404):
            raise NotSignedIn(f"{self._name}: user, password or database is wrong")
        if answer.status_code == 429:
            raise Busy(f"{self._name}: too many wrong passwords", _PASSWORD_PAUSE_S)
        number, token = self._result("common.db.login", answer)[:2]
        session = base64.b64encode(f"{user}:{number}:{token}".encode()).decode("ascii")
        # Without a company prices are empty and rules refuse; the employee is who ran and finished it.
        preferences = await self._send("model.res.user.get_preferences", [True, {}], session)
        known = self._result("get_preferences", preferences)
        self._context = {name: known[name] for name in ("company", "employee") if known.get(name)}
        self._context["language"] = language
        self._session = session

    def _password(self) -> str:
        assert self._settings.secret_file is not None  # noqa: S101  # The configuration was checked.
        try:
            return self._settings.secret_file.read_text(encoding="utf-8").strip()
        except OSError as error:
            raise NotSent(f"{self._settings.secret_file}: {error.strerror}") from error

    async def _send(self, method: str, params: list[Any], session: str | None) -> httpx.Response:
        headers = {"Authorization": f"Session {session}"} if session else {}
        body = {"id": next(self._ids), "method": method, "params": encoded(params)}
        try:
            async with asyncio.timeout(self._settings.timeout_s):
                return await self._client.post("rpc/", json=body, headers=headers)
        except _NOT_SENT as error:
            raise NotSent(f"{self._name}: {type(error).__name__} {error}") from error
        except (httpx.TransportError, TimeoutError) as error:
            raise LostAnswer(f"{self._name}: {method}: {type(error).__name__} {error}") from error

    def _result(self, method: str, answer: httpx.Response) -> Any:
        if answer.status_code == 503:
            raise Busy(f"{self._name}: {method}: it did not get a lock", 1.0)
        if answer.status_code in (403, 404, 422):
            raise RefusedByErp(f"http_{answer.status_code}", f"{method}: HTTP {answer.status_code}")
        if answer.status_code >= 400:
            raise LostAnswer(f"{self._name}: {method}: HTTP {answer.status_code}")
        try:
            told = answer.json()
        except ValueError as error:
            raise LostAnswer(f"{self._name}: {method}: no JSON") from error
        if not isinstance(told, dict):
            raise LostAnswer(f"{self._name}: {method}: no JSON object")
        if told.get("error") is not None:
            raise _meaning(method, told["error"])
        return decoded(told.get("result"))


class _Warning(ConnectorError):
    def __init__(self, name: str, message: str) -> None:
        super().__init__(message)
        self.name = name
        self.message = message


def _meaning(method: str, error: Any) -> ConnectorError:
    """Of `["UserError", ["text", …]]` and its kin."""
    match error:
        case ["UserWarning", [str(name), str(message), *_]]:
            return _Warning(name, message)
        case ["UserError", [str(message), *more]]:
            details = {"more": str(more[0])} if more and more[0] else {}
            return RefusedByErp("erp_says_no", message, details)
        case ["ConcurrencyException", *_]:
            return ChangedMeanwhile(f"{method}: records were changed meanwhile")
    return RefusedByErp("not_understood_there", f"{method}: {error}")


def _words(domain: Sequence[Any]) -> str:
    return ", ".join(" ".join(map(str, clause)) for clause in domain)
