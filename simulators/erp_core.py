"""The simulated business core (finance, stock, sales, supply): an HTTP server others post into and pull from.

Not a product's API: a plausible one, with the habits of real ones (reference numbers of its own, brief answers, typed
refusals, tokens that expire) and, on command, with their lies. See README.md for the requests.
"""

import json
from pathlib import Path
from typing import Annotated, Any

from fastapi import FastAPI, Query, Request
from fastapi.responses import JSONResponse

from simulators import erp_balances, erp_control, erp_orders, erp_sales
from simulators.business_errors import Refused, not_found
from simulators.business_lies import KINDS as KINDS_OF_LIES
from simulators.business_seed import SeedOrder
from simulators.business_server import System, make_system
from simulators.erp_books import DROPPABLE, Books
from simulators.erp_documents import KINDS, OPENINGS
from simulators.erp_tables import SCHEMA

NAME = "core"
PORT = 8090
MASTER_DATA = {
    "items": "SELECT code, name_zh, name_en, unit, kind, lot_tracked, revision FROM item ORDER BY code",
    "units": "SELECT * FROM unit ORDER BY code",
    "conversions": "SELECT * FROM conversion ORDER BY item, from_unit",
    "warehouses": "SELECT code, name_zh, name_en FROM warehouse ORDER BY code",
    "locations": "SELECT * FROM location ORDER BY warehouse, code",
    "machines": "SELECT code, name_zh, name_en FROM rate WHERE kind = 'machine' ORDER BY code",
    "labor-classes": "SELECT code, name_zh, name_en FROM rate WHERE kind = 'labor' ORDER BY code",
    "tariffs": "SELECT code, name_zh, name_en FROM rate WHERE kind = 'energy' ORDER BY code",
    "reasons": "SELECT * FROM reason ORDER BY code",
    "customers": "SELECT * FROM customer ORDER BY code",
    "lots": "SELECT item, code, revision FROM lot ORDER BY item, code",
    "closed-periods": "SELECT month FROM closed_period ORDER BY month",
}
_PAGE_MAX = 500
Cursor = Annotated[int, Query(ge=0)]
Limit = Annotated[int, Query(ge=1, le=_PAGE_MAX)]


def make(state_dir: Path, token_ttl_s: float = 3600.0, *, seeded: bool = False) -> System:
    """The core with its state in `<state_dir>/core/`. Raises AlreadyRunning."""
    system = make_system(
        NAME,
        state_dir,
        schema=SCHEMA + erp_sales.SCHEMA,
        lies_by_default_on="POST",
        kinds=KINDS_OF_LIES,
        droppable=DROPPABLE,
        token_ttl_s=token_ttl_s,
    )
    books = Books(system.store, system.lies)
    _balances(system.routes, system)
    _orders(system.routes, system, books)
    _sales(system.routes, system)
    erp_control.add_routes(system, books)
    _lists(system.routes, system, books)
    _documents(system.routes, books)
    if seeded:
        erp_control.sow(system, books, SeedOrder())
    return system


def _orders(routes: FastAPI, system: System, books: Books) -> None:
    @routes.get("/api/work-orders")
    async def changes(changed_after: Cursor = 0, limit: Limit = 100) -> dict[str, Any]:
        return erp_orders.changes(system.store, changed_after, limit)

    @routes.get("/api/work-orders/{number}")
    async def one(number: str) -> dict[str, Any]:
        return erp_orders.work_order(system.store, number)

    @routes.post("/api/work-orders/{number}/acknowledgements", status_code=201)
    async def acknowledge(number: str, request: Request) -> dict[str, Any]:
        return books.acknowledge(number, await _json(request))


def _sales(routes: FastAPI, system: System) -> None:
    for stream in (erp_sales.CUSTOMER_ORDERS, erp_sales.COMPLAINTS):
        _sales_feed(routes, system, stream)


def _sales_feed(routes: FastAPI, system: System, stream: str) -> None:
    @routes.get(f"/api/{stream}")
    async def changes(changed_after: Cursor = 0, limit: Limit = 100) -> dict[str, Any]:
        return erp_sales.changes(system.store, stream, changed_after, limit)

    @routes.get(f"/api/{stream}/{{number}}")
    async def one(number: str) -> dict[str, Any]:
        return erp_sales.one(system.store, stream, number)


def _balances(routes: FastAPI, system: System) -> None:
    connection = system.store.connection

    @routes.get("/api/balances/stock")
    async def stock(
        item: str | None = None, warehouse: str | None = None, lot: str | None = None
    ) -> dict[str, Any]:
        return {"items": erp_balances.stock(connection, item, warehouse, lot)}

    @routes.get("/api/balances/work-orders/{number}")
    async def of_order(number: str) -> dict[str, Any]:
        erp_orders.work_order(system.store, number)
        return erp_balances.of_order(connection, number)

    @routes.get("/api/balances/totals")
    async def totals() -> dict[str, Any]:
        return {"items": erp_balances.totals(connection)}

    @routes.get("/api/balances/journal")
    async def journal(document: str | None = None) -> dict[str, Any]:
        return erp_balances.journal(connection, document)


def _lists(routes: FastAPI, system: System, books: Books) -> None:
    @routes.get("/api/{name}")
    async def listed(
        name: str,
        external_id: str | None = None,
        work_order: str | None = None,
        after: Cursor = 0,
        limit: Limit = 100,
    ) -> dict[str, Any]:
        if name in MASTER_DATA:
            return {"items": [dict(row) for row in system.store.connection.execute(MASTER_DATA[name])]}
        return books.documents(_kind(name), external_id, work_order, after, limit)


def _documents(routes: FastAPI, books: Books) -> None:
    @routes.post("/api/{kind}", status_code=201)
    async def post(kind: str, request: Request) -> JSONResponse:
        posted = books.post(_kind_to_post(kind), await _json(request))
        return JSONResponse(posted, status_code=200 if "confirm" in posted else 201)

    @routes.post("/api/{kind}/{document_id}/confirm")
    async def confirm(kind: str, document_id: str) -> dict[str, Any]:
        return books.confirm(_kind_to_post(kind), document_id)

    @routes.post("/api/{kind}/{document_id}/reversals", status_code=201)
    async def reverse(kind: str, document_id: str, request: Request) -> dict[str, Any]:
        return books.reverse(_kind_to_post(kind), document_id, await _json(request))

    @routes.get("/api/{kind}/{document_id}")
    async def one(kind: str, document_id: str) -> dict[str, Any]:
        return books.document(_kind(kind), document_id)


def _kind(name: str) -> str:
    if name not in KINDS and name != "acknowledgements":
        raise not_found("resource", name)
    return name


def _kind_to_post(name: str) -> str:
    if name not in KINDS or name == OPENINGS:
        raise not_found("resource", name)
    return name


async def _json(request: Request) -> object:
    try:
        return json.loads(await request.body())
    except ValueError as wrong:
        raise Refused(400, "malformed", f"not JSON: {wrong}") from wrong
