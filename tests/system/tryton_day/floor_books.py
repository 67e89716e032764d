"""The floor's side of the day's books: from the Events in PostgreSQL, and from what lay in the store that morning.

Of the plant's other tables only names are read (of orders and lots), and whether an order was closed.
"""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

import psycopg

from tests.system.tryton_day.books import MICROSECOND, Books, cost_of, cost_of_cycle

ORDERS = """SELECT work_order_id, number, state FROM plant.work_order"""
RUNS = """SELECT (facts -> 'run' ->> 'run_id')::bigint, (facts -> 'run' ->> 'work_order_id')::bigint,
           (facts -> 'run' ->> 'from_time')::timestamptz
    FROM plant.event WHERE NOT refused AND facts ? 'run'"""
LOT_NAMES = "SELECT lot_id, item.code, lot FROM plant.material_lot JOIN plant.item USING (item_id)"
LOT_MOVES = """SELECT one.work_order_id, one.lot_id, one.kind, one.quantity
    FROM plant.event, jsonb_to_recordset(facts -> 'lot_moves')
         AS one (work_order_id bigint, lot_id bigint, kind text, quantity numeric)
    WHERE NOT refused AND facts ? 'lot_moves' AND one.kind IN ('consume', 'reverse')"""
UNTOLD = """SELECT one.run_id, one.event_id FROM plant.event, jsonb_to_recordset(facts -> 'untold')
         AS one (run_id bigint, event_id uuid) WHERE NOT refused AND facts ? 'untold'"""
TOLD = """SELECT one.run_id, coalesce(one.event_id, event.event_id), one.kind, one.quantity
    FROM plant.event, jsonb_to_recordset(facts -> 'told')
         AS one (run_id bigint, event_id uuid, kind text, quantity numeric)
    WHERE NOT refused AND facts ? 'told'"""
LABOR = """SELECT one.run_id, extract(epoch FROM one.to_time - one.from_time)
    FROM plant.event, jsonb_to_recordset(facts -> 'labor')
         AS one (run_id bigint, from_time timestamptz, to_time timestamptz)
    WHERE NOT refused AND facts ? 'labor'"""
ENDED = """SELECT one.run_id, one.time FROM plant.event, jsonb_to_recordset(facts -> 'ended')
         AS one (run_id bigint, time timestamptz) WHERE NOT refused AND facts ? 'ended'"""
ENERGY = """SELECT (facts -> 'run_energy' ->> 'run_id')::bigint, (facts -> 'run_energy' ->> 'energy_wh')::numeric
    FROM plant.event WHERE NOT refused AND facts ? 'run_energy'"""
PRODUCT = "PUMP"
SECONDS_PER_WH = Decimal("3.6")
Opening = Mapping[tuple[str, str], Decimal]
"""(item, lot) in the store, before anything was made."""


def floor_books(database_url: str, opening: Opening, on_goods: Mapping[str, Decimal] | None = None) -> Books:
    """`on_goods`: what an order had cost when its production was done, if more came after that."""
    with psycopg.connect(database_url, autocommit=True) as connection:
        books = _Floor(connection).books(opening)
    for order, cost in books.cost.items():
        books.not_on_goods[order] = cost - (on_goods or {}).get(order, cost)
    return books


class _Floor:
    def __init__(self, connection: psycopg.Connection) -> None:
        self._connection = connection
        self._orders = {order: (number, state) for order, number, state in self._rows(ORDERS)}
        runs = self._rows(RUNS)
        self._order_of_run = {run: self._orders[order][0] for run, order, _ in runs}
        self._from_time = {run: from_time for run, _, from_time in runs}

    def books(self, opening: Opening) -> Books:
        books = Books(opening=dict(opening))
        self._materials(books)
        self._products(books)
        self._work(books)
        for order, state in self._orders.values():
            books.cost[order] = cost_of(books, order)
            books.states[order] = "done" if state == "closed" else state
        self._stock(books, opening)
        return books

    def _materials(self, books: Books) -> None:
        names = {lot_id: (item, lot) for lot_id, item, lot in self._rows(LOT_NAMES)}
        for order, lot_id, kind, quantity in self._rows(LOT_MOVES):
            item, lot = names[lot_id]
            signed = quantity if kind == "consume" else -quantity
            books.add((self._orders[order][0], "in", item, lot), signed)

    def _products(self, books: Books) -> None:
        """What was withdrawn before anybody heard it was never told."""
        untold = {(run, event) for run, event in self._rows(UNTOLD)}
        for run, event, kind, quantity in self._rows(TOLD):
            order = self._order_of_run[run]
            if (run, event) in untold:
                continue
            if kind == "completion":
                books.add((order, "out", PRODUCT, order), quantity)
            else:
                books.add((order, "scrap", PRODUCT, ""), quantity)

    def _work(self, books: Books) -> None:
        for run, seconds in self._rows(LABOR):
            self._cycle(books, run, "Assembly", seconds)
        for run, time in self._rows(ENDED):
            self._cycle(books, run, "Press", Decimal((time - self._from_time[run]).total_seconds()))
        for run, energy_wh in self._rows(ENERGY):
            if energy_wh:
                self._cycle(books, run, "Energy", energy_wh * SECONDS_PER_WH)

    def _cycle(self, books: Books, run: int, center: str, seconds: Decimal) -> None:
        whole = seconds.quantize(MICROSECOND)
        books.work[self._order_of_run[run], center, whole, cost_of_cycle(center, whole)] += 1

    def _stock(self, books: Books, opening: Opening) -> None:
        """By lot in the store; what was used and made lies where it was used and made, scrap among the scrap."""
        stock = {("STO", item, lot): quantity for (item, lot), quantity in opening.items()}
        for (_, role, item, lot), quantity in books.moves.items():
            place = ("SCRAP", item, "") if role == "scrap" else ("STO", item, lot)
            signed = -quantity if role == "in" else quantity
            stock[place] = stock.get(place, Decimal(0)) + signed
        books.stock = {place: quantity for place, quantity in stock.items() if quantity}

    def _rows(self, query: str) -> list[tuple[Any, ...]]:
        return self._connection.execute(query.encode()).fetchall()
