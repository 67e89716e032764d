"""Tables of the simulated core, and what its master data knows: codes, units, periods.

Amounts are decimal strings; SQLite's numbers would be floats. Quantities are kept in the item's base unit.
"""

import decimal
import sqlite3
from decimal import Decimal

from simulators.business_amounts import EXACT
from simulators.business_errors import Refused, unknown_code

SCHEMA = """
CREATE TABLE IF NOT EXISTS item(
    code TEXT PRIMARY KEY, name_zh TEXT NOT NULL, name_en TEXT NOT NULL, unit TEXT NOT NULL, kind TEXT NOT NULL,
    lot_tracked INTEGER NOT NULL, standard_cost TEXT NOT NULL, revision TEXT);
CREATE TABLE IF NOT EXISTS unit(code TEXT PRIMARY KEY, name_zh TEXT NOT NULL, name_en TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS conversion(
    item TEXT NOT NULL, from_unit TEXT NOT NULL, to_unit TEXT NOT NULL,
    numerator TEXT NOT NULL, denominator TEXT NOT NULL, PRIMARY KEY(item, from_unit, to_unit));
CREATE TABLE IF NOT EXISTS warehouse(code TEXT PRIMARY KEY, name_zh TEXT NOT NULL, name_en TEXT NOT NULL,
    account TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS location(warehouse TEXT NOT NULL, code TEXT NOT NULL, PRIMARY KEY(warehouse, code));
CREATE TABLE IF NOT EXISTS rate(
    kind TEXT NOT NULL, code TEXT NOT NULL, unit TEXT NOT NULL, amount TEXT NOT NULL,
    name_zh TEXT NOT NULL, name_en TEXT NOT NULL, PRIMARY KEY(kind, code));
CREATE TABLE IF NOT EXISTS reason(code TEXT PRIMARY KEY, name_zh TEXT NOT NULL, name_en TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS customer(code TEXT PRIMARY KEY, name_zh TEXT NOT NULL, name_en TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS closed_period(month TEXT PRIMARY KEY);
CREATE TABLE IF NOT EXISTS lot(item TEXT NOT NULL, code TEXT NOT NULL, revision TEXT, PRIMARY KEY(item, code));
CREATE TABLE IF NOT EXISTS work_order(
    number TEXT PRIMARY KEY, revision INTEGER NOT NULL, state TEXT NOT NULL, reject_reason TEXT, body TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS document(
    sequence INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL UNIQUE, kind TEXT NOT NULL, external_id TEXT NOT NULL,
    state TEXT NOT NULL, work_order TEXT, posting_date TEXT NOT NULL, event_time TEXT NOT NULL, body TEXT NOT NULL,
    request TEXT NOT NULL, created_ms INTEGER NOT NULL, reverses TEXT UNIQUE, UNIQUE(kind, external_id));
CREATE INDEX IF NOT EXISTS document_order ON document(work_order);
CREATE TABLE IF NOT EXISTS movement(
    document TEXT NOT NULL REFERENCES document(id), item TEXT NOT NULL, warehouse TEXT NOT NULL,
    location TEXT NOT NULL, lot TEXT NOT NULL, quantity TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS stock(
    item TEXT NOT NULL, warehouse TEXT NOT NULL, location TEXT NOT NULL, lot TEXT NOT NULL, quantity TEXT NOT NULL,
    PRIMARY KEY(item, warehouse, location, lot));
CREATE TABLE IF NOT EXISTS journal(
    document TEXT NOT NULL REFERENCES document(id), work_order TEXT, account TEXT NOT NULL,
    debit TEXT NOT NULL, credit TEXT NOT NULL, posting_date TEXT NOT NULL);
CREATE INDEX IF NOT EXISTS journal_order ON journal(work_order);
CREATE TABLE IF NOT EXISTS total(
    work_order TEXT NOT NULL, kind TEXT NOT NULL, item TEXT NOT NULL, unit TEXT NOT NULL, quantity TEXT NOT NULL,
    PRIMARY KEY(work_order, kind, item));
"""
BASE_UNITS = {"labor": "s", "machine": "s", "energy": "kWh"}


def item_of(connection: sqlite3.Connection, code: str) -> sqlite3.Row:
    """Raises Refused for an unknown code, as all of these do."""
    return _known(connection, "item", code, "SELECT * FROM item WHERE code = ?")


def warehouse_of(connection: sqlite3.Connection, code: str) -> sqlite3.Row:
    return _known(connection, "warehouse", code, "SELECT * FROM warehouse WHERE code = ?")


def check_reason(connection: sqlite3.Connection, code: str) -> None:
    _known(connection, "reason", code, "SELECT * FROM reason WHERE code = ?")


def check_customer(connection: sqlite3.Connection, code: str) -> None:
    _known(connection, "customer", code, "SELECT * FROM customer WHERE code = ?")


def check_location(connection: sqlite3.Connection, warehouse: str, code: str) -> None:
    if code == "":
        return
    row = connection.execute("SELECT 1 FROM location WHERE warehouse = ? AND code = ?", (warehouse, code))
    if row.fetchone() is None:
        raise unknown_code("location", f"{warehouse}/{code}")


def rate_of(connection: sqlite3.Connection, kind: str, code: str) -> sqlite3.Row:
    """Price per base unit of a labor class, a machine or an energy tariff."""
    row: sqlite3.Row | None = connection.execute(
        "SELECT * FROM rate WHERE kind = ? AND code = ?", (kind, code)
    ).fetchone()
    if row is None:
        raise unknown_code(kind, code)
    return row


def in_base_unit(
    connection: sqlite3.Connection, item: str, quantity: Decimal, unit: str, base: str
) -> Decimal:
    """Convert exactly. Raises Refused: unknown unit, no conversion, or one that would lose digits."""
    if unit == base:
        return quantity
    _known(connection, "unit", unit, "SELECT * FROM unit WHERE code = ?")
    row = connection.execute(
        "SELECT numerator, denominator FROM conversion WHERE item IN (?, '') AND from_unit = ? AND to_unit = ?"
        " ORDER BY item DESC LIMIT 1",
        (item, unit, base),
    ).fetchone()
    if row is None:
        raise Refused(
            422, "no_conversion", f"{item}: {unit} cannot be converted to {base}", unit=unit, base=base
        )
    try:
        return EXACT.divide(EXACT.multiply(quantity, Decimal(row["numerator"])), Decimal(row["denominator"]))
    except decimal.Inexact as lossy:
        message = f"{quantity} {unit} of {item} is no exact quantity in {base}"
        raise Refused(422, "inexact_conversion", message, unit=unit, base=base) from lossy


def check_period(connection: sqlite3.Connection, posting_date: str) -> None:
    """Raises Refused for a day in a closed month; the answer names the first day of the next open one."""
    closed = {row["month"] for row in connection.execute("SELECT month FROM closed_period")}
    month = posting_date[:7]
    if month not in closed:
        return
    while month in closed:
        year, number = int(month[:4]), int(month[5:])
        month = f"{year + number // 12:04}-{number % 12 + 1:02}"
    message = f"the period {posting_date[:7]} is closed"
    raise Refused(422, "closed_period", message, posting_date=posting_date, first_open_date=f"{month}-01")


def _known(connection: sqlite3.Connection, kind: str, code: str, query: str) -> sqlite3.Row:
    row: sqlite3.Row | None = connection.execute(query, (code,)).fetchone()
    if row is None:
        raise unknown_code(kind, code)
    return row
