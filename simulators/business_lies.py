"""Lies on command: what real business systems do to those who integrate with them.

A lie waits in the state file until requests that match it used it up; each use leaves a line in the ledger.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from simulators.business_errors import Refused
from simulators.business_store import Store

SCHEMA = """
CREATE TABLE IF NOT EXISTS lie(
    id INTEGER PRIMARY KEY AUTOINCREMENT, kind TEXT NOT NULL, match TEXT NOT NULL, method TEXT NOT NULL,
    remaining INTEGER NOT NULL, parameters TEXT NOT NULL);
"""
INSTEAD = ("http_429", "http_503", "expired_token", "closed_period")
"""Answered instead of doing anything."""
WITHIN = ("ok_and_dropped_field", "wizard_instead_of_done")
"""Change what is stored or published; the answer looks well."""
AFTERWARDS = ("commit_and_lost_reply", "timeout_then_success", "duplicate_key")
"""Done and on disk; only the answer is late, another one, or never comes."""
KINDS = INSTEAD + WITHIN + AFTERWARDS


class LieOrder(BaseModel):
    """`match` is a resource (`completions`, `work-orders`, `acknowledgements`, `releases` …) or `*`."""

    model_config = ConfigDict(extra="forbid")
    kind: str
    times: int = Field(default=1, ge=0, le=100_000)
    match: str = "*"
    method: str | None = Field(
        default=None, description="POST, GET, or * for both; the server's default if none."
    )
    field: str | None = Field(
        default=None, description="ok_and_dropped_field: which one; lines[-1] is the last line."
    )
    delay_s: float = Field(default=5.0, ge=0, le=600, description="timeout_then_success: how late.")
    retry_after_s: int = Field(default=1, ge=0, le=3600, description="http_429.")


@dataclass(frozen=True, slots=True)
class Lie:
    """One use of a lie."""

    kind: str
    parameters: dict[str, Any]


def _always(lie: Lie) -> bool:
    return True


class Lies:
    """The lies of one server."""

    def __init__(
        self, store: Store, default_method: str, kinds: tuple[str, ...], droppable: tuple[str, ...]
    ) -> None:
        self._store = store
        self._droppable = droppable
        self._default_method = default_method
        self._kinds = kinds

    def order(self, order: LieOrder) -> dict[str, Any]:
        """Keep a lie for later. `times: 0` takes back all of its kind and match."""
        if order.kind not in self._kinds:
            raise Refused(422, "unknown_lie", f"no lie {order.kind!r}; there are {', '.join(self._kinds)}")
        if order.kind == "ok_and_dropped_field" and order.field not in self._droppable:
            raise Refused(422, "malformed", f"field is one of {', '.join(self._droppable)}")
        method = order.method or self._default_method
        with self._store.transaction() as connection:
            connection.execute("DELETE FROM lie WHERE kind = ? AND match = ?", (order.kind, order.match))
            if order.times:
                connection.execute(
                    "INSERT INTO lie(kind, match, method, remaining, parameters) VALUES (?, ?, ?, ?, ?)",
                    (order.kind, order.match, method, order.times, order.model_dump_json()),
                )
            self._store.note("lie_ordered", **order.model_dump(exclude={"method"}), method=method)
        return {"kind": order.kind, "match": order.match, "method": method, "remaining": order.times}

    def waiting(self) -> list[dict[str, Any]]:
        rows = self._store.connection.execute("SELECT kind, match, method, remaining FROM lie ORDER BY id")
        return [dict(row) for row in rows]

    def take_alone(self, kinds: tuple[str, ...], resource: str, method: str) -> Lie | None:
        """Use up one lie in a transaction of its own."""
        if self._oldest(kinds, resource, method, _always) is None:
            return None
        with self._store.transaction():
            return self.take(kinds, resource, method)

    def take(
        self,
        kinds: tuple[str, ...],
        resource: str,
        method: str,
        applies: Callable[[Lie], bool] = _always,
        **facts: Any,
    ) -> Lie | None:
        """Use up the oldest lie that applies, with the transaction that is open; `facts` go to its ledger line."""
        found = self._oldest(kinds, resource, method, applies)
        if found is None:
            return None
        row_id, lie = found
        self._store.connection.execute("UPDATE lie SET remaining = remaining - 1 WHERE id = ?", (row_id,))
        self._store.connection.execute("DELETE FROM lie WHERE remaining <= 0")
        self._store.note("lie", kind=lie.kind, resource=resource, method=method, **facts)
        return lie

    def _oldest(
        self, kinds: tuple[str, ...], resource: str, method: str, applies: Callable[[Lie], bool]
    ) -> tuple[int, Lie] | None:
        rows = self._store.connection.execute(
            "SELECT id, kind, parameters FROM lie WHERE match IN ('*', ?) AND method IN ('*', ?) ORDER BY id",
            (resource, method),
        )
        for row in rows:
            lie = Lie(row["kind"], json.loads(row["parameters"]))
            if lie.kind in kinds and applies(lie):
                return int(row["id"]), lie
        return None
