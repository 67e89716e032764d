"""Work orders of the simulated core: released, changed, cancelled, closed, and told in a feed by cursor."""

import json
import sqlite3
from datetime import date
from decimal import Decimal
from typing import Any

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from simulators.business_amounts import Amount, text
from simulators.business_errors import Refused, not_found
from simulators.business_store import Store
from simulators.erp_tables import check_customer, in_base_unit, item_of, rate_of

STREAM = "work-orders"


class WorkOrder(BaseModel):
    """What a planner releases. The revision is counted by the core: 1, and one more with each change."""

    model_config = ConfigDict(extra="forbid")
    number: str = Field(min_length=1, max_length=40)
    item: str
    quantity: Amount
    unit: str = "pcs"
    due: AwareDatetime
    priority: int = Field(default=50, ge=1, le=99, description="1 is first.")
    bom_revision: str = "A"
    work_center: str | None = Field(default=None, description="A machine; the planner's wish.")
    customer: str | None = None
    customer_order: str | None = None
    requirement: str | None = Field(default=None, description="The customer's need it answers, from CRM.")
    planned_start: date | None = None
    over_receipt_tolerance: Amount = "0.05"


def release(store: Store, wanted: WorkOrder) -> dict[str, Any]:
    """Release an order, or change a released one. The same again changes nothing. Raises Refused."""
    with store.transaction() as connection:
        base = _check(connection, wanted)
        before = connection.execute("SELECT * FROM work_order WHERE number = ?", (wanted.number,)).fetchone()
        told = wanted.model_dump(mode="json") | {"quantity_in_base_unit": text(base)}
        if before is not None:
            earlier = json.loads(before["body"])
            if {k: v for k, v in earlier.items() if k != "revision"} == told:
                return _shown(before)
            if before["state"] in ("closed", "cancelled"):
                raise Refused(
                    422, "order_not_open", f"{wanted.number} is {before['state']}", state=before["state"]
                )
        body = told | {"revision": before["revision"] + 1 if before else 1}
        connection.execute(
            "INSERT OR REPLACE INTO work_order VALUES (?, ?, 'released', NULL, ?)",
            (wanted.number, body["revision"], json.dumps(body, ensure_ascii=False)),
        )
        event = "changed" if before else "released"
        store.publish(STREAM, event, body)
        store.note("work_order", change=event, work_order=body)
    return work_order(store, wanted.number)


def end(store: Store, number: str, state: str) -> dict[str, Any]:
    """Close or cancel an order: nothing can be posted to it any more. Raises Refused."""
    with store.transaction() as connection:
        row = connection.execute("SELECT * FROM work_order WHERE number = ?", (number,)).fetchone()
        if row is None:
            raise not_found("work order", number)
        if row["state"] != state:
            connection.execute("UPDATE work_order SET state = ? WHERE number = ?", (state, number))
            store.publish(STREAM, state, json.loads(row["body"]))
            store.note("work_order", change=state, work_order={"number": number})
    return work_order(store, number)


def work_order(store: Store, number: str) -> dict[str, Any]:
    """As it is now, with its state. Raises Refused (404)."""
    row = store.connection.execute("SELECT * FROM work_order WHERE number = ?", (number,)).fetchone()
    if row is None:
        raise not_found("work order", number)
    return _shown(row)


def changes(store: Store, after: int, limit: int) -> dict[str, Any]:
    """Release events behind a cursor, oldest first, each with the order as it was then."""
    rows = store.changes(STREAM, after, limit + 1)
    items = [{"cursor": at, "event": event, "work_order": body} for at, event, body in rows[:limit]]
    next_cursor = items[-1]["cursor"] if items else after
    return {"items": items, "next_cursor": next_cursor, "more": len(rows) > limit}


def _check(connection: sqlite3.Connection, wanted: WorkOrder) -> Decimal:
    item = item_of(connection, wanted.item)
    if wanted.customer is not None:
        check_customer(connection, wanted.customer)
    if wanted.work_center is not None:
        rate_of(connection, "machine", wanted.work_center)
    return in_base_unit(connection, wanted.item, Decimal(wanted.quantity), wanted.unit, item["unit"])


def _shown(row: sqlite3.Row) -> dict[str, Any]:
    body: dict[str, Any] = json.loads(row["body"])
    return body | {"state": row["state"], "reject_reason": row["reject_reason"]}
