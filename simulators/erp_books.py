"""The books of the simulated core: documents become stock and journal, each in one transaction, once per external id."""

import json
import sqlite3
import time
from datetime import UTC, datetime
from typing import Any

from simulators import erp_entries
from simulators.business_errors import Refused, not_found
from simulators.business_gate import duplicate
from simulators.business_lies import Lie, Lies
from simulators.business_store import Store
from simulators.erp_documents import KINDS, Acknowledgement, Document, Reversal, checked, parse
from simulators.erp_posting import Effects, effects_of
from simulators.erp_tables import check_period

POSTED, TO_CONFIRM = "posted", "needs_confirmation"
_OPEN_STATES = ("released", "accepted")
_LAST_LINE = "lines[-1]"
DROPPABLE = (
    *("event_time", "posting_date", "reference", "actor", _LAST_LINE),
    *("lot", "location", "station", "person", "operation", "tariff", "needed_at", "disposition", "customer"),
)
"""What a lie can make the core forget without refusing. Lots are droppable where the item is not kept by lot."""


class Books:
    """Documents of one core. Every method that writes is one transaction."""

    def __init__(self, store: Store, lies: Lies) -> None:
        self._store = store
        self._lies = lies

    def post(self, kind: str, body: object) -> dict[str, Any]:
        """Post a document. Returns what the answer says. Raises Refused; nothing is stored then."""
        document = parse(kind, body)
        with self._store.transaction() as connection:
            self._refuse_duplicate(connection, kind, document.external_id, document.model_dump_json())
            new_id = self._next_id(connection, kind)
            request = document.model_dump_json()
            dropping = self._lies.take(
                ("ok_and_dropped_field",), kind, "POST", lambda lie: tells(document, lie), document=new_id
            )
            if dropping is not None:
                document = without(kind, document, dropping)
            wizard = self._lies.take(("wizard_instead_of_done",), kind, "POST", document=new_id)
            state = POSTED if wizard is None else TO_CONFIRM
            effects = self._checked_effects(connection, kind, document)
            self._insert(connection, kind, new_id, document, request, state)
            if state == POSTED:
                self._apply(connection, kind, new_id, document, effects)
        return self._brief(new_id, kind, document.external_id, state)

    def confirm(self, kind: str, document_id: str) -> dict[str, Any]:
        """The second call the wizard waits for. Confirming twice changes nothing."""
        with self._store.transaction() as connection:
            row = self._row(connection, kind, document_id)
            if row["state"] == TO_CONFIRM:
                document = parse(kind, json.loads(row["body"]))
                effects = self._checked_effects(connection, kind, document)
                connection.execute("UPDATE document SET state = ? WHERE id = ?", (POSTED, document_id))
                self._apply(connection, kind, document_id, document, effects)
        return self._brief(document_id, kind, row["external_id"], POSTED)

    def reverse(self, kind: str, document_id: str, body: object) -> dict[str, Any]:
        """Take a posted document back, whole, with a document of its own."""
        reversal = checked(Reversal, body)
        with self._store.transaction() as connection:
            self._refuse_duplicate(connection, kind, reversal.external_id, reversal.model_dump_json())
            row = self._row(connection, kind, document_id)
            self._refuse_reversal(connection, row)
            original = parse(kind, json.loads(row["body"]))
            check_period(connection, reversal.posting_date.isoformat())
            order = self._order(connection, original.work_order)
            effects = effects_of(connection, kind, original, order).reversed()
            new_id = self._next_id(connection, kind)
            head = reversal.model_dump() | {"work_order": original.work_order, "reference": document_id}
            document = original.model_copy(update=head)
            self._insert(
                connection, kind, new_id, document, reversal.model_dump_json(), POSTED, reverses=document_id
            )
            self._apply(connection, kind, new_id, document, effects, reverses=document_id)
        return self._brief(new_id, kind, reversal.external_id, POSTED)

    def acknowledge(self, number: str, body: object) -> dict[str, Any]:
        """The floor accepts or rejects one revision of an order; of an older one: refused."""
        said = checked(Acknowledgement, body)
        kind = "acknowledgements"
        with self._store.transaction() as connection:
            self._refuse_duplicate(connection, kind, said.external_id, f"{number} {said.model_dump_json()}")
            order = connection.execute("SELECT * FROM work_order WHERE number = ?", (number,)).fetchone()
            if order is None:
                raise not_found("work order", number)
            if said.revision != order["revision"]:
                message = f"{number} is at revision {order['revision']}"
                raise Refused(409, "superseded_revision", message, current_revision=order["revision"])
            if order["state"] not in (*_OPEN_STATES, "rejected"):
                raise Refused(422, "order_not_open", f"{number} is {order['state']}", state=order["state"])
            new_id = self._next_id(connection, kind)
            now = datetime.now(UTC)
            event_time = (said.event_time or now).isoformat()
            connection.execute(
                "INSERT INTO document(id, kind, external_id, state, work_order, posting_date, event_time, body,"
                " request, created_ms) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                (
                    *(new_id, kind, said.external_id, POSTED, number, now.date().isoformat(), event_time),
                    *(said.model_dump_json(), f"{number} {said.model_dump_json()}", _now_ms()),
                ),
            )
            connection.execute(
                "UPDATE work_order SET state = ?, reject_reason = ? WHERE number = ?",
                (said.status, said.reason, number),
            )
            self._store.note("acknowledged", id=new_id, work_order=number, **said.model_dump(mode="json"))
        return self._brief(new_id, kind, said.external_id, POSTED)

    def document(self, kind: str, document_id: str) -> dict[str, Any]:
        """One document as it is stored. Raises Refused (404)."""
        return _shown(self._row(self._store.connection, kind, document_id))

    def documents(
        self, kind: str, external_id: str | None, work_order: str | None, after: int, limit: int
    ) -> dict[str, Any]:
        """Documents of a kind, oldest first; by external id there is one or none."""
        rows = self._store.connection.execute(
            "SELECT * FROM document WHERE kind = ? AND (? IS NULL OR external_id = ?)"
            " AND (? IS NULL OR work_order = ?) AND sequence > ? ORDER BY sequence LIMIT ?",
            (kind, external_id, external_id, work_order, work_order, after, limit + 1),
        ).fetchall()
        page = rows[:limit]
        next_cursor = page[-1]["sequence"] if page else after
        return {"items": [_shown(row) for row in page], "next_cursor": next_cursor, "more": len(rows) > limit}

    def _checked_effects(self, connection: sqlite3.Connection, kind: str, document: Document) -> Effects:
        check_period(connection, document.posting_date.isoformat())
        order = self._order(connection, document.work_order)
        effects = effects_of(connection, kind, document, order)
        if kind == "completions":
            erp_entries.refuse_over_receipt(connection, order, effects)
        return effects

    def _order(self, connection: sqlite3.Connection, number: str | None) -> dict[str, Any] | None:
        if number is None:
            return None
        row = connection.execute("SELECT state, body FROM work_order WHERE number = ?", (number,)).fetchone()
        if row is None:
            raise Refused(422, "unknown_code", f"no work order {number}", kind="work_order", code=number)
        if row["state"] not in _OPEN_STATES:
            raise Refused(422, "order_not_open", f"{number} is {row['state']}", state=row["state"])
        body: dict[str, Any] = json.loads(row["body"])
        return body

    def _insert(
        self,
        connection: sqlite3.Connection,
        kind: str,
        new_id: str,
        document: Document,
        request: str,
        state: str,
        reverses: str | None = None,
    ) -> None:
        body = document.model_dump_json()
        stored = document.model_dump(mode="json")
        connection.execute(
            "INSERT INTO document(id, kind, external_id, state, work_order, posting_date, event_time, body,"
            " request, created_ms, reverses) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (
                *(new_id, kind, document.external_id, state, document.work_order, stored["posting_date"]),
                *(stored["event_time"], body, request, _now_ms(), reverses),
            ),
        )
        if state == TO_CONFIRM:
            self._store.note("document_waits", kind=kind, id=new_id, external_id=document.external_id)

    def _apply(
        self,
        connection: sqlite3.Connection,
        kind: str,
        document_id: str,
        document: Document,
        effects: Effects,
        reverses: str | None = None,
    ) -> None:
        """Write its entries, and the ledger line that tells all of it."""
        written = erp_entries.write(connection, kind, document_id, document, effects)
        self._store.note(
            "document",
            kind=kind,
            id=document_id,
            external_id=document.external_id,
            reverses=reverses,
            work_order=document.work_order,
            document=document.model_dump(mode="json"),
            **written,
        )

    @staticmethod
    def _refuse_duplicate(connection: sqlite3.Connection, kind: str, external_id: str, request: str) -> None:
        row = connection.execute(
            "SELECT id, state, request FROM document WHERE kind = ? AND external_id = ?", (kind, external_id)
        ).fetchone()
        if row is not None:
            raise duplicate(row["id"], row["state"], same_content=row["request"] == request)

    @staticmethod
    def _refuse_reversal(connection: sqlite3.Connection, row: sqlite3.Row) -> None:
        if row["state"] != POSTED or row["reverses"] is not None:
            raise Refused(422, "not_reversible", f"{row['id']} is no posted document", id=row["id"])
        earlier = connection.execute("SELECT id FROM document WHERE reverses = ?", (row["id"],)).fetchone()
        if earlier is not None:
            message = f"{row['id']} was reversed by {earlier['id']}"
            raise Refused(409, "already_reversed", message, reversed_by=earlier["id"])

    @staticmethod
    def _next_id(connection: sqlite3.Connection, kind: str) -> str:
        prefix = KINDS[kind][0] if kind in KINDS else "ACK"
        count = connection.execute("SELECT count(*) FROM document WHERE kind = ?", (kind,)).fetchone()[0]
        return f"{prefix}-{count + 1:06}"

    @staticmethod
    def _row(connection: sqlite3.Connection, kind: str, document_id: str) -> sqlite3.Row:
        row: sqlite3.Row | None = connection.execute(
            "SELECT * FROM document WHERE kind = ? AND id = ?", (kind, document_id)
        ).fetchone()
        if row is None:
            raise not_found(kind, document_id)
        return row

    @staticmethod
    def _brief(document_id: str, kind: str, external_id: str, state: str) -> dict[str, Any]:
        """What a post answers: little, as real systems do. Read back to see what was stored."""
        answer: dict[str, Any] = {"id": document_id, "external_id": external_id, "state": state}
        if state == TO_CONFIRM:
            answer["confirm"] = {"method": "POST", "path": f"/api/{kind}/{document_id}/confirm"}
        return answer


def tells(document: Document, lie: Lie) -> bool:
    """Whether there is anything to drop. The last line is dropped only if it is not the only one."""
    name = lie.parameters["field"]
    if name == _LAST_LINE:
        return len(document.lines) > 1
    return any(getattr(part, name, None) not in (None, "") for part in (document, *document.lines))


def without(kind: str, document: Document, lie: Lie) -> Document:
    """The document as if a field had not been told: in the head, in every line, or the last line itself."""
    name = lie.parameters["field"]
    body = document.model_dump(mode="json")
    if name == _LAST_LINE:
        body["lines"] = body["lines"][:-1]
    elif name in body:
        body.pop(name)
    else:
        body["lines"] = [{k: v for k, v in line.items() if k != name} for line in body["lines"]]
    today = datetime.now(UTC)
    defaults = {"event_time": today.isoformat(), "posting_date": today.date().isoformat()}
    return parse(kind, defaults | body)


def _shown(row: sqlite3.Row) -> dict[str, Any]:
    body: dict[str, Any] = json.loads(row["body"])
    head = {"id": row["id"], "kind": row["kind"], "state": row["state"], "reverses": row["reverses"]}
    return head | body | {"work_order": row["work_order"], "created_ms": row["created_ms"]}


def _now_ms() -> int:
    return time.time_ns() // 1_000_000
