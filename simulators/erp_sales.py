"""Customer orders and complaints of the simulated core, told in feeds by cursor. No money: what the floor may know."""

import json
from typing import Any

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from simulators.business_amounts import Amount
from simulators.business_errors import not_found
from simulators.business_store import Store
from simulators.erp_tables import check_customer, item_of

SCHEMA = """
CREATE TABLE IF NOT EXISTS sales_record(
    stream TEXT NOT NULL, number TEXT NOT NULL, body TEXT NOT NULL, PRIMARY KEY(stream, number));
"""
CUSTOMER_ORDERS, COMPLAINTS = "customer-orders", "complaints"


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid")


class OrderedLine(_Strict):
    item: str
    quantity: Amount
    unit: str


class CustomerOrder(_Strict):
    """`requirement` is the customer's need, as CRM names it."""

    number: str
    customer: str
    due: AwareDatetime
    requirement: str | None = None
    state: str = Field(default="confirmed", pattern="^(confirmed|delivered|cancelled)$")
    lines: list[OrderedLine] = Field(min_length=1)


class Complaint(_Strict):
    number: str
    customer: str
    item: str
    text: str
    lot: str = ""
    customer_order: str | None = None
    state: str = Field(default="open", pattern="^(open|closed)$")


def keep(store: Store, stream: str, record: CustomerOrder | Complaint) -> dict[str, Any]:
    """A new record, or the new content of one. The same again changes nothing. Raises Refused: unknown codes."""
    body = record.model_dump(mode="json")
    with store.transaction() as connection:
        check_customer(connection, record.customer)
        items = [line.item for line in record.lines] if isinstance(record, CustomerOrder) else [record.item]
        for item in items:
            item_of(connection, item)
        text = json.dumps(body, ensure_ascii=False)
        row = connection.execute(
            "SELECT body FROM sales_record WHERE stream = ? AND number = ?", (stream, record.number)
        ).fetchone()
        if row is None or row["body"] != text:
            connection.execute(
                "INSERT OR REPLACE INTO sales_record VALUES (?, ?, ?)", (stream, record.number, text)
            )
            store.publish(stream, "new" if row is None else "changed", body)
            store.note("sales_record", stream=stream, record=body)
    return body


def one(store: Store, stream: str, number: str) -> dict[str, Any]:
    """As it is now. Raises Refused (404)."""
    row = store.connection.execute(
        "SELECT body FROM sales_record WHERE stream = ? AND number = ?", (stream, number)
    ).fetchone()
    if row is None:
        raise not_found(stream, number)
    body: dict[str, Any] = json.loads(row["body"])
    return body


def changes(store: Store, stream: str, after: int, limit: int) -> dict[str, Any]:
    """New and changed records behind a cursor, oldest first; each under `record`, as it was then."""
    rows = store.changes(stream, after, limit + 1)
    items = [{"cursor": at, "event": event, "record": body} for at, event, body in rows[:limit]]
    next_cursor = items[-1]["cursor"] if items else after
    return {"items": items, "next_cursor": next_cursor, "more": len(rows) > limit}
