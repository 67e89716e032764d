"""Lists of master data."""

from psycopg import AsyncConnection

from plant_server.database import load_queries
from plant_server.domain.reason import ReasonKind
from plant_server.master_data.rows import rows_of
from plant_server.master_data.schemas import Bom, ChangeOrder, Item, Reason, Routing
from plant_server.paging import Page, id_cursor, page_of

QUERIES = load_queries(__package__)


async def items(connection: AsyncConnection, code: str | None, cursor: str | None, limit: int) -> Page[Item]:
    values = {"code": code, "after": id_cursor(cursor, 0), "limit": limit + 1}
    rows = await rows_of(connection, QUERIES["items"], values)
    return page_of([Item(**row) for row in rows], limit, "item_id")


async def boms(connection: AsyncConnection, item: str | None, cursor: str | None, limit: int) -> Page[Bom]:
    values = {"item": item, "after": id_cursor(cursor, 0), "limit": limit + 1}
    rows = await rows_of(connection, QUERIES["boms"], values)
    return page_of([Bom(**row) for row in rows], limit, "bom_id")


async def change_orders(
    connection: AsyncConnection, item: str | None, cursor: str | None, limit: int
) -> Page[ChangeOrder]:
    values = {"item": item, "after": id_cursor(cursor, 0), "limit": limit + 1}
    rows = await rows_of(connection, QUERIES["change_orders"], values)
    return page_of([ChangeOrder(**row) for row in rows], limit, "change_order_id")


async def routings(
    connection: AsyncConnection, item: str | None, cursor: str | None, limit: int
) -> Page[Routing]:
    values = {"item": item, "after": id_cursor(cursor, 0), "limit": limit + 1}
    rows = await rows_of(connection, QUERIES["routings"], values)
    return page_of([Routing(**row) for row in rows], limit, "routing_id")


async def reasons(
    connection: AsyncConnection, kind: ReasonKind | None, cursor: str | None, limit: int
) -> Page[Reason]:
    values = {"kind": kind, "after": id_cursor(cursor, 0), "limit": limit + 1}
    rows = await rows_of(connection, QUERIES["reasons"], values)
    return page_of([Reason(**row) for row in rows], limit, "reason_id")
