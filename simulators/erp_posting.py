"""What a document does to stock and journal: pure arithmetic over what the master data says.

Double entry at standard cost, exact and not rounded: what goes into an order is debited to WIP, what comes out of it is
credited. An order's WIP is therefore what it cost so far less what it delivered at standard.
"""

import sqlite3
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from simulators.business_amounts import EXACT
from simulators.business_errors import Refused
from simulators.erp_documents import OPENINGS, Document
from simulators.erp_tables import (
    BASE_UNITS,
    check_customer,
    check_location,
    check_reason,
    in_base_unit,
    item_of,
    rate_of,
    warehouse_of,
)

WIP = "5001"
SCRAP_LOSS = "6602"
OPENING = "3104"
ACCOUNTS = {
    "1403": ("原材料", "Raw materials"),
    "1405": ("库存商品", "Finished goods"),
    WIP: ("生产成本", "Work in progress"),
    "5101": ("制造费用", "Machine overhead absorbed"),
    "2211": ("应付职工薪酬", "Labor accrued"),
    "2202": ("应付账款", "Energy accrued"),
    SCRAP_LOSS: ("废品损失", "Scrap loss"),
    OPENING: ("期初", "Opening balance"),
}
_ABSORBED = {"labor": "2211", "machine": "5101", "energy": "2202"}
_TIME_KINDS = {"labor-times": "labor", "machine-times": "machine", "energy-costs": "energy"}


@dataclass(frozen=True, slots=True)
class Movement:
    """A change of stock, in the item's base unit."""

    item: str
    warehouse: str
    location: str
    lot: str
    quantity: Decimal


@dataclass(frozen=True, slots=True)
class Entry:
    """One side of a journal line."""

    account: str
    debit: Decimal
    credit: Decimal


@dataclass(slots=True)
class Effects:
    """What a document does. `totals`: (code, unit, quantity) per line, in base units."""

    movements: list[Movement] = field(default_factory=list)
    entries: list[Entry] = field(default_factory=list)
    totals: list[tuple[str, str, Decimal]] = field(default_factory=list)

    def transfer(self, debit: str, credit: str, amount: Decimal) -> None:
        """A balanced pair. Nothing is written for an amount of 0."""
        if amount:
            self.entries.append(Entry(debit, amount, Decimal(0)))
            self.entries.append(Entry(credit, Decimal(0), amount))

    def reversed(self) -> "Effects":
        """The same with opposite signs: red entries on the same side, so sums per account and side go back."""
        return Effects(
            [
                Movement(m.item, m.warehouse, m.location, m.lot, m.quantity.copy_negate())
                for m in self.movements
            ],
            [Entry(e.account, e.debit.copy_negate(), e.credit.copy_negate()) for e in self.entries],
            [(code, unit, quantity.copy_negate()) for code, unit, quantity in self.totals],
        )


def effects_of(connection: sqlite3.Connection, kind: str, document: Document, order: Any) -> Effects:
    """`order` is the body of the document's work order, or None. Raises Refused: unknown codes, units, wrong item."""
    effects = Effects()
    for line in document.lines:
        if Decimal(line.quantity) == 0:
            raise Refused(422, "quantity_not_positive", "a quantity must be greater than 0")
        if kind in _TIME_KINDS:
            _absorb(connection, effects, _TIME_KINDS[kind], line)
        elif kind == "order-progress":
            base = item_of(connection, order["item"])["unit"]
            in_base_unit(connection, order["item"], Decimal(line.quantity), line.unit, base)
        else:
            _material(connection, effects, kind, line, order)
    return effects


def _material(connection: sqlite3.Connection, effects: Effects, kind: str, line: Any, order: Any) -> None:
    item = item_of(connection, line.item)
    quantity = _quantity(connection, effects, line.item, line, item["unit"])
    less = quantity.copy_negate()  # -quantity would round to 28 digits.
    amount = EXACT.multiply(quantity, Decimal(item["standard_cost"]))
    if kind == "completions":
        if line.item != order["item"]:
            message = f"the order makes {order['item']}, not {line.item}"
            raise Refused(422, "wrong_item", message, ordered=order["item"], item=line.item)
        account = _move(connection, effects, item, line.warehouse, line.location, line.lot, quantity)
        effects.transfer(account, WIP, amount)
    elif kind == OPENINGS:
        account = _move(connection, effects, item, line.warehouse, line.location, line.lot, quantity)
        effects.transfer(account, OPENING, amount)
    elif kind == "consumptions":
        account = _move(connection, effects, item, line.warehouse, line.location, line.lot, less)
        effects.transfer(WIP, account, amount)
    elif kind == "scrap":
        check_reason(connection, line.reason)
        account = WIP
        if line.warehouse is not None:
            account = _move(connection, effects, item, line.warehouse, line.location, line.lot, less)
        effects.transfer(SCRAP_LOSS, account, amount)
    elif kind == "stock-moves":
        source = _move(connection, effects, item, line.from_warehouse, line.from_location, line.lot, less)
        target = _move(connection, effects, item, line.to_warehouse, line.to_location, line.lot, quantity)
        effects.transfer(target, source, amount)
    elif kind == "replenishments":
        warehouse_of(connection, line.warehouse)
    elif kind == "quality-feedback":
        check_reason(connection, line.reason)
        if line.customer is not None:
            check_customer(connection, line.customer)


def _absorb(connection: sqlite3.Connection, effects: Effects, kind: str, line: Any) -> None:
    """Time or energy at the core's own rate. The code of an energy line is its machine; its price is the tariff's."""
    code = line.labor if kind == "labor" else line.machine
    if kind != "labor":
        rate_of(connection, "machine", code)
    rate = rate_of(connection, kind, line.tariff if kind == "energy" else code)
    quantity = _quantity(connection, effects, code, line, BASE_UNITS[kind])
    effects.transfer(WIP, _ABSORBED[kind], EXACT.multiply(quantity, Decimal(rate["amount"])))


def _quantity(connection: sqlite3.Connection, effects: Effects, code: str, line: Any, base: str) -> Decimal:
    quantity = in_base_unit(connection, code, Decimal(line.quantity), line.unit, base)
    effects.totals.append((code, base, quantity))
    return quantity


def _move(
    connection: sqlite3.Connection,
    effects: Effects,
    item: sqlite3.Row,
    warehouse: str,
    location: str,
    lot: str,
    quantity: Decimal,
) -> str:
    """Note the change and return the account of the warehouse."""
    account = str(warehouse_of(connection, warehouse)["account"])
    check_location(connection, warehouse, location)
    if item["lot_tracked"] and not lot:
        raise Refused(422, "lot_required", f"{item['code']} is kept by lot", item=item["code"])
    known = connection.execute(
        "SELECT 1 FROM lot WHERE item = ? AND code = ?", (item["code"], lot)
    ).fetchone()
    if lot and known is None and quantity < 0:
        raise Refused(422, "unknown_code", f"{item['code']} has no lot {lot}", kind="lot", code=lot)
    effects.movements.append(Movement(item["code"], warehouse, location, lot, quantity))
    return account
