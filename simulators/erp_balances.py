"""What the simulated core's books say: stock, orders, journal. Read-only."""

import sqlite3
from decimal import Decimal
from typing import Any

from simulators.business_amounts import EXACT, text, total
from simulators.erp_posting import ACCOUNTS, WIP


def stock(
    connection: sqlite3.Connection, item: str | None, warehouse: str | None, lot: str | None
) -> list[dict[str, Any]]:
    """Balances above 0 by item, warehouse, location and lot, in the item's base unit."""
    rows = connection.execute(
        "SELECT stock.*, item.unit FROM stock JOIN item ON item.code = stock.item"
        " WHERE (? IS NULL OR item = ?) AND (? IS NULL OR warehouse = ?) AND (? IS NULL OR lot = ?)"
        " ORDER BY item, warehouse, location, lot",
        (item, item, warehouse, warehouse, lot, lot),
    )
    return [dict(row) for row in rows if Decimal(row["quantity"]) != 0]


def totals(connection: sqlite3.Connection) -> list[dict[str, Any]]:
    """Sums by order, kind and code in base units; documents without an order under ""."""
    rows = connection.execute("SELECT * FROM total ORDER BY work_order, kind, item")
    return [dict(row) for row in rows]


def of_order(connection: sqlite3.Connection, number: str) -> dict[str, Any]:
    """Sums of one order by kind and code in base units, its journal sums, and its WIP."""
    rows = connection.execute(
        "SELECT kind, item, unit, quantity FROM total WHERE work_order = ? ORDER BY kind, item", (number,)
    )
    accounts = _by_account(
        connection.execute("SELECT account, debit, credit FROM journal WHERE work_order = ?", (number,))
    )
    debit, credit = accounts.get(WIP, (Decimal(0), Decimal(0)))
    return {
        "work_order": number,
        "totals": [dict(row) for row in rows],
        "wip": text(EXACT.subtract(debit, credit)),
        "journal": _listed(accounts),
    }


def journal(connection: sqlite3.Connection, document: str | None = None) -> dict[str, Any]:
    """Sums per account, of all documents or of one. `balanced`: debit equals credit."""
    accounts = _by_account(
        connection.execute(
            "SELECT account, debit, credit FROM journal WHERE ? IS NULL OR document = ?", (document, document)
        )
    )
    debit = total([one for one, _ in accounts.values()])
    credit = total([one for _, one in accounts.values()])
    return {
        "accounts": _listed(accounts),
        "debit": text(debit),
        "credit": text(credit),
        "balanced": debit == credit,
    }


def _by_account(rows: sqlite3.Cursor) -> dict[str, tuple[Decimal, Decimal]]:
    sums: dict[str, tuple[Decimal, Decimal]] = {}
    for account, debit, credit in rows:
        before = sums.get(account, (Decimal(0), Decimal(0)))
        sums[account] = (EXACT.add(before[0], Decimal(debit)), EXACT.add(before[1], Decimal(credit)))
    return sums


def _listed(accounts: dict[str, tuple[Decimal, Decimal]]) -> list[dict[str, str]]:
    return [
        {"account": account, "name_zh": ACCOUNTS[account][0], "name_en": ACCOUNTS[account][1]}
        | {"debit": text(debit), "credit": text(credit)}
        for account, (debit, credit) in sorted(accounts.items())
    ]
