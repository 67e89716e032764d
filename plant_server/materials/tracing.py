"""A lot traced: backward from what an order made to all that went into it, forward from material to all it went into.

What an order makes carries its number (decisions/0012), so a label is an order's number, a customer's order that orders were
made for, or a lot of material by our label or the supplier's. A lot of material that carries the number of an order which
made that item leads on through that order, for as many steps as `STEPS_MOST`. The trace is of orders: it names all material
that stayed in one, and never claims to know which of it is in which piece.

Every answer is bounded. What is left out is said (`is_cut`): whoever needs it asks for a lot or an order that is named.
Measured with 100 000 orders, a million moves and 200 000 stops: 30 ms for an order, 110 ms for a lot that 50 orders took.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from psycopg import AsyncConnection

from plant_server.database import load_queries
from plant_server.master_data.rows import Row, rows_of
from plant_server.materials.trace_schemas import (
    BadParts,
    Direction,
    LotHold,
    Material,
    OrderHold,
    PersonAtRun,
    StopInRun,
    Trace,
    TracedLot,
    TracedOrder,
    TracedRun,
    TracedWaiver,
)
from plant_server.problems import Problem
from plant_server.runs.ledger import good_of

QUERIES = load_queries(__package__, "tracing.sql")
STEPS_MOST = 5
ORDERS_MOST = 50
ROWS_MOST = 1000
"""Of each kind of fact, over all orders of an answer."""


async def trace(connection: AsyncConnection, label: str, direction: Direction) -> Trace:
    """Raises Problem 404: neither an order nor a lot is called so."""
    reading = _Reading(connection)
    orders = await reading.rows("orders_called", {"label": label}, ORDERS_MOST)
    lots = await reading.rows("lots_called", {"label": label}, ORDERS_MOST)
    if not orders and not lots:
        raise Problem(404, "unknown-label", label)
    asked_lots = [row["lot_id"] for row in lots]
    if direction is Direction.BACKWARD:
        wanted = {"work_order_ids": [row["work_order_id"] for row in orders]}
        reached = await reading.rows("backward", wanted | {"steps": STEPS_MOST}, ORDERS_MOST)
        held = None
    else:
        asked_lots += await _lots_of_orders(reading, label, asked_lots, orders)
        reached = await reading.rows("forward", {"lot_ids": asked_lots, "steps": STEPS_MOST}, ORDERS_MOST)
        held = sorted({lot_id for row in reached for lot_id in row["lot_ids"]})
    facts = await reading.facts([row["work_order_id"] for row in reached], held, asked_lots)
    steps = {row["work_order_id"]: row["step"] for row in reached}
    told = [_order(row, steps[row["work_order_id"]], facts) for row in facts.orders]
    return Trace(
        label=label,
        direction=direction,
        read_time=datetime.now(UTC),
        is_cut=reading.is_cut,
        lots=[facts.lots[lot_id] for lot_id in dict.fromkeys(asked_lots)],
        orders=sorted(told, key=lambda one: (one.step, one.number)),
    )


async def _lots_of_orders(
    reading: "_Reading", label: str, known: Sequence[int], orders: Sequence[Row]
) -> list[int]:
    """A customer's order asked forward: the lots its orders made, where they lie in our books."""
    if known or not orders:
        return []
    ids = [row["work_order_id"] for row in orders]
    numbers = [row["number"] for row in await reading.rows("orders", {"work_order_ids": ids}, ROWS_MOST)]
    found: list[int] = []
    for number in numbers:
        if number != label:
            found += [
                row["lot_id"] for row in await reading.rows("lots_called", {"label": number}, ORDERS_MOST)
            ]
    return found


@dataclass(frozen=True, slots=True)
class _Facts:
    """Of all orders of an answer, by what they hang on."""

    orders: list[Row]
    lots: dict[int, TracedLot]
    materials: dict[int, list[Row]]
    runs: dict[int, list[Row]]
    people: dict[int, list[Row]]
    stops: dict[int, list[Row]]
    bad_parts: dict[int, list[Row]]
    holds: dict[int, list[Row]]
    waivers: dict[int, list[Row]]


class _Reading:
    """Asks for one row more than an answer may hold, so that it knows whether there is more."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection
        self.is_cut = False

    async def rows(self, query: str, values: dict[str, Any], most: int) -> list[Row]:
        found = await rows_of(self._connection, QUERIES[query], values | {"most": most + 1})
        self.is_cut = self.is_cut or len(found) > most
        return found[:most]

    async def facts(
        self, work_order_ids: Sequence[int], held: Sequence[int] | None, asked: Iterable[int]
    ) -> _Facts:
        of_orders: dict[str, Any] = {"work_order_ids": list(work_order_ids)}
        materials = await self.rows(
            "materials", of_orders | {"lot_ids": None if held is None else list(held)}, ROWS_MOST
        )
        lot_ids = {row["lot_id"] for row in materials if row["lot_id"] is not None} | set(asked)
        runs = await self.rows("runs", of_orders, ROWS_MOST)
        of_runs = {"run_ids": [row["run_id"] for row in runs]}
        return _Facts(
            orders=await self.rows("orders", of_orders, ROWS_MOST),
            lots=await self._lots(sorted(lot_ids)),
            materials=_by(materials, "work_order_id"),
            runs=_by(runs, "work_order_id"),
            people=_by(await self.rows("people", of_runs, ROWS_MOST), "run_id"),
            stops=_by(await self.rows("stops", of_runs, ROWS_MOST), "run_id"),
            bad_parts=_by(await self.rows("bad_parts", of_runs, ROWS_MOST), "run_id"),
            holds=_by(await self.rows("order_holds", of_orders, ROWS_MOST), "work_order_id"),
            waivers=_by(await self.rows("waivers", of_orders, ROWS_MOST), "work_order_id"),
        )

    async def _lots(self, lot_ids: Sequence[int]) -> dict[int, TracedLot]:
        values = {"lot_ids": list(lot_ids)}
        holds = _by(await self.rows("lot_holds", values, ROWS_MOST), "lot_id")
        found = await rows_of(self._connection, QUERIES["lots"], values)
        return {
            row["lot_id"]: TracedLot(**row, holds=[LotHold(**one) for one in holds[row["lot_id"]]])
            for row in found
        }


def _by(rows: Iterable[Row], name: str) -> dict[int, list[Row]]:
    found: dict[int, list[Row]] = defaultdict(list)
    for row in rows:
        found[row[name]].append(row)
    return found


def _order(row: Row, step: int, facts: _Facts) -> TracedOrder:
    order_id = row["work_order_id"]
    return TracedOrder(
        **row,
        step=step,
        materials=[_material(one, facts.lots) for one in facts.materials[order_id]],
        runs=[_run(one, facts) for one in facts.runs[order_id]],
        holds=[OrderHold(**one) for one in facts.holds[order_id]],
        waivers=[TracedWaiver(**one) for one in facts.waivers[order_id]],
    )


def _material(row: Row, lots: dict[int, TracedLot]) -> Material:
    lists = {name: row[name] or [] for name in ("operations", "locations", "bom_revisions", "waivers")}
    lot = None if row["lot_id"] is None else lots[row["lot_id"]]
    return Material(**row | lists, lot=lot, quantity=row["taken"] - row["put_back"])


def _run(row: Row, facts: _Facts) -> TracedRun:
    run_id = row["run_id"]
    return TracedRun(
        **row,
        good=good_of(row),
        people=[PersonAtRun(**one) for one in facts.people[run_id]],
        stops=[StopInRun(**one) for one in facts.stops[run_id]],
        bad_parts=[BadParts(**one) for one in facts.bad_parts[run_id]],
    )
