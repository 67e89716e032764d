"""What the interlock and backflush must know of an order, its BOM and its items, read as the domain knows them."""

from collections.abc import Collection
from dataclasses import dataclass

from psycopg import AsyncConnection

from plant_server.database import load_queries
from plant_server.domain.bom import BomRevision
from plant_server.domain.item import Item
from plant_server.domain.run import SetupPartsPolicy
from plant_server.domain.unit import ItemConversion
from plant_server.domain.verdict import RefusalReason, Waiver
from plant_server.domain.work_order import WorkOrder, WorkOrderState
from plant_server.master_data.reading import bom_by_id
from plant_server.master_data.rows import Row, row_of, rows_of
from plant_server.materials.lots import ms_of
from plant_server.problems import Problem

QUERIES = load_queries(__package__, "facts.sql")


@dataclass(frozen=True, slots=True)
class OrderFacts:
    """An order and the BOM it pinned; None: not released, or nothing goes into its item."""

    work_order_id: int
    order: WorkOrder
    bom: BomRevision | None


async def lock_order(connection: AsyncConnection, number: str) -> int:
    """The order's id, its row locked until the transaction ends. Taken before any lot. Raises Problem 404."""
    row = await row_of(connection, QUERIES["lock_order"], {"order": number})
    if row is None:
        raise Problem(404, "unknown-work-order", number)
    return int(row["work_order_id"])


async def order_facts(connection: AsyncConnection, number: str) -> OrderFacts | None:
    row = await row_of(connection, QUERIES["order"], {"order": number})
    if row is None:
        return None
    order = WorkOrder(
        order=row["number"],
        item=row["item"],
        quantity=row["quantity"],
        unit=row["unit"],
        state=WorkOrderState(row["state"]),
        bom_revision=row["item_revision"],
        has_started=row["has_started"],
    )
    return OrderFacts(row["work_order_id"], order, await bom_by_id(connection, row["bom_id"]))


async def items(connection: AsyncConnection, codes: Collection[str]) -> dict[str, tuple[int, Item]]:
    """(item_id, item) per code; codes that are not known are absent."""
    values = {"codes": list(codes)}
    conversions: dict[str, list[ItemConversion]] = {}
    for row in await rows_of(connection, QUERIES["item_units"], values):
        one = ItemConversion(row["unit"], row["amount"], row["equals_unit"], row["equals_amount"])
        conversions.setdefault(row["code"], []).append(one)
    told: dict[str, tuple[int, Item]] = {}
    for row in await rows_of(connection, QUERIES["items"], values):
        item = Item(
            item=row["code"],
            name_zh=row["name_zh"],
            name_en=row["name_en"],
            unit=row["unit"],
            scale=row["scale"],
            conversions=tuple(conversions.get(row["code"], ())),
            setup_parts=SetupPartsPolicy(row["setup_parts"]),
            is_lot_tracked=row["is_lot_tracked"],
        )
        told[item.item] = (row["item_id"], item)
    return told


async def item(connection: AsyncConnection, code: str) -> tuple[int, Item]:
    """Raises Problem 404."""
    found = await items(connection, [code])
    if code not in found:
        raise Problem(404, "unknown-item", code)
    return found[code]


async def waivers(connection: AsyncConnection, number: str) -> tuple[Waiver, ...]:
    """Those that were granted for the order and not revoked."""
    found = await rows_of(connection, QUERIES["granted_waivers"], {"order": number})
    return tuple(
        Waiver(
            waiver_id=str(row["waiver_id"]),
            order=row["order"],
            lot=row["lot"],
            item=row["item"],
            reasons=frozenset(map(RefusalReason, row["reasons"])),
            changes=frozenset(row["changes"]),
            holds=frozenset(row["holds"]),
            requested_by=f"person:{row['requested_by']}",
            given_by=f"person:{row['granted_by']}",
            role=row["granted_role"],
            given_ms=ms_of(row["granted_time"]),
            expires_ms=ms_of(row["expiry_time"]),
        )
        for row in found
    )


async def run_of_report(connection: AsyncConnection, run_id: int) -> Row | None:
    """`run_id work_order_id order operation location is_first`."""
    return await row_of(connection, QUERIES["run"], {"run_id": run_id})


async def order_running_at(connection: AsyncConnection, path: str) -> str | None:
    """The number of the order whose run is open at the station."""
    row = await row_of(connection, QUERIES["running_order_at"], {"path": path})
    return row["number"] if row else None


async def lot_id_of(connection: AsyncConnection, item: str, lot: str) -> int | None:
    """Of that item; else one of another item with this label, so that an answer can name the mistake."""
    row = await row_of(connection, QUERIES["lot_of_item"], {"item": item, "lot": lot})
    return row["lot_id"] if row else None
