"""Write what a document does: stock, journal, sums per order. Refuses what stock or the order's quantity do not allow."""

import sqlite3
from decimal import Decimal
from typing import Any

from simulators.business_amounts import EXACT, text, total
from simulators.business_errors import Refused
from simulators.erp_documents import Document
from simulators.erp_posting import Effects


def write(
    connection: sqlite3.Connection, kind: str, document_id: str, document: Document, effects: Effects
) -> dict[str, Any]:
    """Write all of it, and return what the ledger line says of it. Raises Refused."""
    move_stock(connection, document_id, effects)
    day = document.posting_date.isoformat()
    connection.executemany(
        "INSERT INTO journal VALUES (?, ?, ?, ?, ?, ?)",
        [
            (document_id, document.work_order, e.account, text(e.debit), text(e.credit), day)
            for e in effects.entries
        ],
    )
    for code, unit, quantity in effects.totals:
        add_total(connection, document.work_order or "", kind, code, unit, quantity)
    return {
        "totals": [{"item": c, "unit": u, "quantity": text(q)} for c, u, q in effects.totals],
        "stock": [
            {"item": m.item, "warehouse": m.warehouse, "location": m.location, "lot": m.lot}
            | {"quantity": text(m.quantity)}
            for m in effects.movements
        ],
        "journal": [
            {"account": e.account, "debit": text(e.debit), "credit": text(e.credit)} for e in effects.entries
        ],
    }


def move_stock(connection: sqlite3.Connection, document_id: str, effects: Effects) -> None:
    """Raises Refused where a balance would be below 0."""
    for m in effects.movements:
        key = (m.item, m.warehouse, m.location, m.lot)
        row = connection.execute(
            "SELECT quantity FROM stock WHERE item = ? AND warehouse = ? AND location = ? AND lot = ?", key
        ).fetchone()
        before = Decimal(row["quantity"]) if row else Decimal(0)
        after = EXACT.add(before, m.quantity)
        if after < 0:
            raise Refused(
                422,
                "negative_stock",
                f"{m.item} in {m.warehouse}: {text(before)} there, {text(m.quantity.copy_negate())} wanted",
                **dict(zip(("item", "warehouse", "location", "lot"), key, strict=True)),
                available=text(before),
                wanted=text(m.quantity.copy_negate()),
            )
        connection.execute("INSERT OR REPLACE INTO stock VALUES (?, ?, ?, ?, ?)", (*key, text(after)))
        connection.execute(
            "INSERT INTO movement VALUES (?, ?, ?, ?, ?, ?)", (document_id, *key, text(m.quantity))
        )
        if m.lot:
            connection.execute("INSERT OR IGNORE INTO lot(item, code) VALUES (?, ?)", (m.item, m.lot))


def add_total(
    connection: sqlite3.Connection, work_order: str, kind: str, code: str, unit: str, quantity: Decimal
) -> None:
    row = connection.execute(
        "SELECT quantity FROM total WHERE work_order = ? AND kind = ? AND item = ?", (work_order, kind, code)
    ).fetchone()
    after = EXACT.add(Decimal(row["quantity"]) if row else Decimal(0), quantity)
    connection.execute(
        "INSERT OR REPLACE INTO total VALUES (?, ?, ?, ?, ?)", (work_order, kind, code, unit, text(after))
    )


def refuse_over_receipt(connection: sqlite3.Connection, order: Any, effects: Effects) -> None:
    row = connection.execute(
        "SELECT quantity FROM total WHERE work_order = ? AND kind = 'completions' AND item = ?",
        (order["number"], order["item"]),
    ).fetchone()
    received = Decimal(row["quantity"]) if row else Decimal(0)
    more = total([quantity for _, _, quantity in effects.totals])
    share = EXACT.add(Decimal(1), Decimal(order["over_receipt_tolerance"]))
    most = EXACT.multiply(Decimal(order["quantity_in_base_unit"]), share)
    if EXACT.add(received, more) > most:
        raise Refused(
            422,
            "over_receipt",
            f"{order['number']}: {text(received)} received, {text(more)} more, at most {text(most)}",
            received=text(received),
            wanted=text(more),
            at_most=text(most),
            remaining=text(EXACT.subtract(most, received)),
        )
