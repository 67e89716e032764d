"""Tryton's side of the day's books, over its RPC: moves, cycles, costs, stock by lot and location, and the journal."""

from collections import defaultdict
from collections.abc import Iterable
from decimal import Decimal
from typing import Any

from tests.erp_bridge.tryton.in_tryton import InTryton
from tests.system.tryton_day.books import CENT, MICROSECOND, PRICES, Books
from tests.tryton.rpc import Rpc

LOCATIONS = {"STO": ["code", "=", "STO"], "SCRAP": ["code", "=", "SCRAP"]}


def erp_books(rpc: Rpc, numbers: Iterable[str]) -> Books:
    books = Books()
    for number in numbers:
        there = InTryton(rpc, number)
        for role, item, lot, quantity in there.moves():
            books.add((number, role, item, lot), quantity)
        for center, seconds, _ in there.cycles():
            books.work[number, center, Decimal(seconds).quantize(MICROSECOND)] += 1
        books.cost[number] = there.cost
        books.states[number] = there.state
        books.entries += _wrong_entries(rpc, number)
    books.stock = _stock(rpc)
    return books


def _stock(rpc: Rpc) -> dict[tuple[str, str, str], Decimal]:
    stock: dict[tuple[str, str, str], Decimal] = {}
    store = rpc.one("stock.location", LOCATIONS["STO"])
    for one in rpc.rows("stock.lot", ["number", "product.code", "quantity"], locations=[store]):
        stock["STO", one["product."]["code"], one["number"]] = _exact(one["quantity"])
    scrap = rpc.one("stock.location", LOCATIONS["SCRAP"])
    for one in rpc.rows("product.product", ["code", "quantity"], locations=[scrap]):
        stock["SCRAP", one["code"], ""] = _exact(one["quantity"])
    return {place: quantity for place, quantity in stock.items() if quantity}


def _wrong_entries(rpc: Rpc, number: str) -> list[str]:
    """A move of material or goods that was done has one posted entry, of what it is worth; one that was taken back has one
    for it and one against it. A receipt is worth what was spent till then, so only that there is one is asked of it."""
    fields = ["product.code", "lot.number", "quantity", "state", "production_input", "to_location.type"]
    moves = rpc.rows("stock.move", fields, ["production.number", "=", number])
    entries = _entries(rpc, [one["id"] for one in moves])
    found = []
    for one in moves:
        item, debits = one["product."]["code"], entries[one["id"]]
        what = (
            f"{number} {item} {(one['lot.'] or {}).get('number')} {one['quantity']} {one['state']}: {debits}"
        )
        if one["state"] == "done" and one["production_input"]:
            worth = (PRICES[item] * _exact(one["quantity"])).quantize(CENT)
            found += [] if debits == [worth] else [f"journal of {what}, worth {worth}"]
        elif one["state"] == "done" and one["to_location."]["type"] != "lost_found":
            found += [] if len(debits) == 1 else [f"journal of {what}"]
        elif one["state"] == "cancelled":
            found += [] if sum(debits) == 0 and len(debits) in (0, 2) else [f"journal of {what}"]
        elif one["state"] != "done":
            found.append(f"left undone: {what}")
    return found


def _entries(rpc: Rpc, moves: list[int]) -> dict[int, list[Decimal]]:
    """Amounts by the move they are of; what takes one back is below 0."""
    found: dict[int, list[Decimal]] = defaultdict(list)
    origins = [f"stock.move,{one}" for one in moves]
    told: list[dict[str, Any]] = rpc.rows(
        "account.move", ["state", "origin", "lines.debit"], ["origin", "in", origins]
    )
    for one in told:
        assert one["state"] == "posted", one
        move = int(str(one["origin"]).split(",")[1])
        found[move].append(sum((line["debit"] for line in one["lines."]), Decimal(0)))
    return found


def _exact(quantity: float) -> Decimal:
    return Decimal(str(quantity))
