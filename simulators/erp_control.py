"""Commands to the simulated core, `/control/…`: planners, accountants and purchasing, without a token on loopback."""

from datetime import UTC, datetime, timedelta
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from simulators import business_seed as seed
from simulators import erp_orders, erp_sales
from simulators.business_amounts import Amount
from simulators.business_errors import Refused
from simulators.business_seed import SeedOrder
from simulators.business_server import System
from simulators.erp_books import Books
from simulators.erp_documents import OPENINGS
from simulators.erp_orders import WorkOrder
from simulators.erp_sales import Complaint, CustomerOrder

_FIRST_ORDER = 1001
_DUE_AFTER = timedelta(days=2)


class Item(BaseModel):
    """New master data, or another name for an item there is."""

    model_config = ConfigDict(extra="forbid")
    code: str
    name_zh: str
    name_en: str
    unit: str = "pcs"
    kind: str = "component"
    lot_tracked: bool = False
    standard_cost: Amount = "1"
    revision: str | None = None


class Conversion(BaseModel):
    """1 `from_unit` is numerator/denominator `to_unit`; of one item, or of all ("")."""

    model_config = ConfigDict(extra="forbid")
    item: str = ""
    from_unit: str
    to_unit: str
    numerator: Amount
    denominator: Amount = "1"


class Machine(BaseModel):
    """A machine whose time costs money; per second."""

    model_config = ConfigDict(extra="forbid")
    code: str
    name_zh: str = ""
    name_en: str = ""
    rate_per_s: Amount = seed.MACHINE_RATE


class Period(BaseModel):
    """A month of the books."""

    model_config = ConfigDict(extra="forbid")
    month: str = Field(pattern=r"^\d{4}-(0[1-9]|1[0-2])$")
    closed: bool = True


def add_routes(system: System, books: Books) -> None:
    """Everything a person at a desk would do."""
    routes = system.routes

    @routes.post("/control/seed")
    async def plant_seed(order: SeedOrder) -> dict[str, Any]:
        return sow(system, books, order)

    @routes.post("/control/work-orders")
    async def release(order: WorkOrder) -> dict[str, Any]:
        return erp_orders.release(system.store, order)

    @routes.post("/control/work-orders/{number}/{ending}")
    async def end(number: str, ending: str) -> dict[str, Any]:
        states = {"close": "closed", "cancel": "cancelled"}
        if ending not in states:
            raise Refused(404, "not_found", "close or cancel")
        return erp_orders.end(system.store, number, states[ending])

    @routes.post("/control/customer-orders")
    async def customer_order(order: CustomerOrder) -> dict[str, Any]:
        return erp_sales.keep(system.store, erp_sales.CUSTOMER_ORDERS, order)

    @routes.post("/control/complaints")
    async def complaint(complaint: Complaint) -> dict[str, Any]:
        return erp_sales.keep(system.store, erp_sales.COMPLAINTS, complaint)

    @routes.post("/control/period")
    async def period(change: Period) -> dict[str, Any]:
        return _close_period(system, change)

    @routes.post("/control/items")
    async def item(change: Item) -> dict[str, Any]:
        return _keep_item(system, change)

    @routes.post("/control/conversions")
    async def conversion(change: Conversion) -> dict[str, Any]:
        return _keep_conversion(system, change)

    @routes.post("/control/machines")
    async def machine(change: Machine) -> dict[str, Any]:
        return _keep_machine(system, change)

    @routes.post("/control/openings")
    async def opening(document: dict[str, Any]) -> dict[str, Any]:
        return books.post(OPENINGS, document)


def sow(system: System, books: Books, order: SeedOrder) -> dict[str, Any]:
    """Master data, stock and released orders. What is there already stays as it is."""
    with system.store.transaction() as connection:
        put = connection.executemany
        changes = connection.total_changes
        put(
            "INSERT OR IGNORE INTO item VALUES (?, ?, ?, ?, ?, ?, ?, NULL)",
            [(c, zh, en, u, k, int(lot), cost) for c, zh, en, u, k, lot, cost in seed.ITEMS],
        )
        put("INSERT OR IGNORE INTO unit VALUES (?, ?, ?)", seed.UNITS)
        put("INSERT OR IGNORE INTO conversion VALUES (?, ?, ?, ?, ?)", seed.CONVERSIONS)
        put("INSERT OR IGNORE INTO warehouse VALUES (?, ?, ?, ?)", seed.WAREHOUSES)
        put("INSERT OR IGNORE INTO location VALUES (?, ?)", seed.LOCATIONS)
        put("INSERT OR IGNORE INTO rate VALUES (?, ?, ?, ?, ?, ?)", seed.RATES)
        put("INSERT OR IGNORE INTO reason VALUES (?, ?, ?)", seed.REASONS)
        put("INSERT OR IGNORE INTO customer VALUES (?, ?, ?)", seed.CUSTOMERS)
        put("INSERT OR IGNORE INTO lot VALUES (?, ?, ?)", [(i, c, r) for i, c, r, _ in seed.LOTS if c])
        if connection.total_changes > changes:
            system.store.note("seed", **order.model_dump(mode="json"))
    for code in order.machines:
        _keep_machine(system, Machine(code=code, name_zh=code, name_en=code))
    _open_stock(books, order)
    numbers = [_seed_order(system, order, index) for index in range(order.orders)]
    return {"items": [row[0] for row in seed.ITEMS], "work_orders": numbers}


def _open_stock(books: Books, order: SeedOrder) -> None:
    now = datetime.now(UTC)
    for item, lot, _, warehouse in seed.LOTS:
        unit = next(row[3] for row in seed.ITEMS if row[0] == item)
        line = {"item": item, "quantity": order.stock_quantity, "unit": unit}
        key = f"seed-{item}-{lot}"
        if books.documents(OPENINGS, key, None, 0, 1)["items"]:
            continue
        document = {"external_id": key, "event_time": now.isoformat(), "posting_date": now.date().isoformat()}
        books.post(OPENINGS, document | {"lines": [line | {"warehouse": warehouse, "lot": lot}]})


def _seed_order(system: System, order: SeedOrder, index: int) -> str:
    number = f"WO-{_FIRST_ORDER + index}"
    there = system.store.connection.execute("SELECT 1 FROM work_order WHERE number = ?", (number,)).fetchone()
    if there is None:
        wanted = WorkOrder(
            number=number,
            item="FG-200" if index % 3 == 1 else "FG-100",
            quantity=order.order_quantity,
            due=datetime.now(UTC).replace(microsecond=0) + _DUE_AFTER,
            priority=min(99, 10 + 10 * index),
            work_center=order.machines[index % len(order.machines)] if order.machines else None,
            customer=seed.CUSTOMERS[index % 2][0],
            customer_order=f"SO-{5001 + index}",
            requirement="REQ-300",
        )
        sold = {"item": wanted.item, "quantity": wanted.quantity, "unit": wanted.unit}
        sales_order = {"number": wanted.customer_order, "customer": wanted.customer, "due": wanted.due}
        record = CustomerOrder.model_validate(sales_order | {"requirement": "REQ-300", "lines": [sold]})
        erp_sales.keep(system.store, erp_sales.CUSTOMER_ORDERS, record)
        erp_orders.release(system.store, wanted)
    return number


def _close_period(system: System, change: Period) -> dict[str, Any]:
    with system.store.transaction() as connection:
        if change.closed:
            connection.execute("INSERT OR IGNORE INTO closed_period VALUES (?)", (change.month,))
        else:
            connection.execute("DELETE FROM closed_period WHERE month = ?", (change.month,))
        system.store.note("period", **change.model_dump())
    return change.model_dump()


def _keep_item(system: System, change: Item) -> dict[str, Any]:
    with system.store.transaction() as connection:
        connection.execute(
            "INSERT INTO item VALUES (:code, :name_zh, :name_en, :unit, :kind, :lot_tracked, :standard_cost, :revision)"
            " ON CONFLICT(code) DO UPDATE SET name_zh = excluded.name_zh, name_en = excluded.name_en,"
            " revision = excluded.revision",
            change.model_dump(),
        )
        system.store.note("item", **change.model_dump())
    return change.model_dump()


def _keep_conversion(system: System, change: Conversion) -> dict[str, Any]:
    with system.store.transaction() as connection:
        connection.execute(
            "INSERT OR REPLACE INTO conversion VALUES (:item, :from_unit, :to_unit, :numerator, :denominator)",
            change.model_dump(),
        )
        system.store.note("conversion", **change.model_dump())
    return change.model_dump()


def _keep_machine(system: System, change: Machine) -> dict[str, Any]:
    with system.store.transaction() as connection:
        connection.execute(
            "INSERT OR IGNORE INTO rate VALUES ('machine', ?, 's', ?, ?, ?)",
            (change.code, change.rate_per_s, change.name_zh or change.code, change.name_en or change.code),
        )
    return change.model_dump()
