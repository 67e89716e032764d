"""Lots in the database: read as the domain knows them, and moved under the lock of their rows.

Whoever moves stock first takes the row of the work order, if there is one, then the rows of all its lots. What the
domain allowed is then written as a difference, so that the table's own CHECK is a second witness: no stock falls
below zero, whatever a mistake here may say.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from enum import StrEnum
from typing import Any

from psycopg import AsyncConnection

from plant_server.database import load_queries
from plant_server.domain.lot import MaterialLot
from plant_server.events import CommandContext
from plant_server.master_data.reading import to_ms
from plant_server.master_data.rows import Row, rows_of
from plant_server.problems import Problem

QUERIES = load_queries(__package__)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class MoveKind(StrEnum):
    RECEIVE = "receive"
    ISSUE = "issue"
    RETURN = "return"
    ADJUST = "adjust"
    CONSUME = "consume"
    REVERSE = "reverse"


@dataclass(frozen=True, slots=True)
class StoredLot:
    """A lot with what only the database knows of it. `scale`: decimals of its stock unit."""

    lot_id: int
    item_id: int
    scale: int
    supplier_lot: str | None
    received_time: datetime
    expiry_time: datetime | None
    lot: MaterialLot


@dataclass(frozen=True, slots=True)
class Move:
    """`quantity` of a lot from one place to another; None: from or to outside the books."""

    kind: MoveKind
    lot_id: int
    quantity: Decimal
    from_location: str | None
    to_location: str | None
    work_order_id: int | None = None
    consumption_id: int | None = None
    waiver_id: int | None = None
    reason: str | None = None


async def lock_lots(connection: AsyncConnection, lot_ids: Collection[int]) -> dict[int, StoredLot]:
    """The lots, by id, their rows locked until the transaction ends."""
    await connection.execute(QUERIES["lock_lots"], {"lot_ids": sorted(lot_ids)})
    return await read_lots(connection, lot_ids)


async def lock_lot(connection: AsyncConnection, lot_id: int) -> StoredLot:
    """Raises Problem 404."""
    found = await lock_lots(connection, [lot_id])
    if lot_id not in found:
        raise Problem(404, "unknown-lot", f"lot {lot_id}")
    return found[lot_id]


async def read_lots(connection: AsyncConnection, lot_ids: Collection[int]) -> dict[int, StoredLot]:
    found = await rows(connection, "lots", {"lot_ids": list(lot_ids)})
    return {row["lot_id"]: _stored(row) for row in found}


async def move(context: CommandContext, one: Move) -> None:
    """Write a move that the domain allowed; the lot's row must be locked. Kept with the Event too, so that every
    balance can be rebuilt from Events alone."""
    stock = {"lot_id": one.lot_id, "quantity": one.quantity}
    if one.from_location is not None:
        await context.connection.execute(QUERIES["take_stock"], stock | {"location": one.from_location})
    if one.to_location is not None:
        await context.connection.execute(QUERIES["add_stock"], stock | {"location": one.to_location})
    values = {
        "event_id": context.event_id,
        "kind": one.kind,
        "from_location": one.from_location,
        "to_location": one.to_location,
        "work_order_id": one.work_order_id,
        "consumption_id": one.consumption_id,
        "waiver_id": one.waiver_id,
        "reason": one.reason,
        "event_time": context.event_time,
    }
    await context.connection.execute(QUERIES["add_move"], stock | values)
    told = {
        "kind": one.kind,
        "lot_id": one.lot_id,
        "from": one.from_location,
        "to": one.to_location,
        "quantity": plain(one.quantity),
        "work_order_id": one.work_order_id,
        "consumption_id": one.consumption_id,
        "waiver_id": one.waiver_id,
        "reason": one.reason,
    }
    keep(context, "lot_moves", told)


def keep(context: CommandContext, what: str, fact: Mapping[str, Any]) -> None:
    """Put a fact into the Event's, from which `rebuild.py` makes the tables of lots again."""
    facts: list[Mapping[str, Any]] = context.facts.setdefault(what, [])
    facts.append(fact)


def plain(quantity: Decimal) -> str:
    """As digits, never with an exponent."""
    return format(quantity, "f")


def ms_of(moment: datetime) -> int:
    return (moment - _EPOCH) // timedelta(milliseconds=1)


async def rows(connection: AsyncConnection, query: str, values: Mapping[str, Any]) -> list[Row]:
    return await rows_of(connection, QUERIES[query], values)


def _stored(row: Row) -> StoredLot:
    lot = MaterialLot(
        lot=row["lot"],
        item=row["item"],
        revision=row["revision"],
        unit=row["unit"],
        received_ms=ms_of(row["received_time"]),
        expires_ms=to_ms(row["expiry_time"]),
        reserved_for=row["reserved_for"],
        holds=frozenset(row["holds"]),
        stock=tuple(zip(row["locations"], row["quantities"], strict=True)),
    )
    return StoredLot(
        row["lot_id"],
        row["item_id"],
        row["scale"],
        row["supplier_lot"],
        row["received_time"],
        row["expiry_time"],
        lot,
    )
