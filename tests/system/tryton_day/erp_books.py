"""Tryton's side of the day's books, over its RPC: every move, cycle, cost, stock by lot and location, and every entry of its
journal, whoever made it."""

from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from tests.system.tryton_day.books import MICROSECOND, Books
from tests.system.tryton_day.journal import Cycle, Entry, Lines, Moved, Sides
from tests.tryton.rpc import Rpc

LOCATIONS = {"STO": ["code", "=", "STO"], "SCRAP": ["code", "=", "SCRAP"]}
MOVE = [
    "product.code",
    "lot.number",
    "quantity",
    "state",
    "unit_price",
    "cost_price",
    "production_input.number",
    "production_output.number",
    "from_location.type",
    "to_location.type",
]
CYCLE = [
    "work.production.number",
    "work.work_center.name",
    "duration",
    "cost",
    "state",
    "write_date",
]
ENTRY = ["state", "origin", "create_date", "lines.account.code", "lines.debit", "lines.credit"]
OF_MOVE = "stock.move"
ENDED = ("done", "cancelled")


def erp_books(rpc: Rpc, not_on_goods: Mapping[str, Decimal]) -> Books:
    """`not_on_goods`: by order, what the bridge said last that its goods do not carry."""
    books = Books(not_on_goods=dict(not_on_goods), stock=_stock(rpc))
    for one in rpc.rows("production", ["number", "state", "cost"]):
        books.states[one["number"]] = one["state"]
        books.cost[one["number"]] = one["cost"]
    _moves(rpc, books)
    _cycles(rpc, books)
    books.journal.entries = _entries(rpc)
    books.journal.accounts = _accounts(rpc)
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


def _moves(rpc: Rpc, books: Books) -> None:
    for one in rpc.rows("stock.move", MOVE):
        move = _moved(one)
        if one["state"] not in ENDED:
            books.undone.append(f"{move.order or '-'} {move.role} {move.item} {move.quantity} {one['state']}")
            continue
        books.journal.moves[move.move_id] = move
        if not move.is_done:
            continue
        if move.role == "bought":
            bought = books.opening.get((move.item, move.lot), Decimal(0))
            books.opening[move.item, move.lot] = bought + move.quantity
        else:
            books.add((move.order, move.role, move.item, move.lot), move.quantity)


def _moved(one: dict[str, Any]) -> Moved:
    role, order = _role(one)
    return Moved(
        move_id=one["id"],
        order=order,
        role=role,
        item=one["product."]["code"],
        lot=(one["lot."] or {}).get("number") or "",
        quantity=_exact(one["quantity"]),
        is_done=one["state"] == "done",
        price=one["cost_price"] if role == "in" else one["unit_price"],
    )


def _role(one: dict[str, Any]) -> tuple[str, str]:
    """And the order. Of a move between other places: from what type to what type."""
    ends = (one["from_location."]["type"], one["to_location."]["type"])
    if one["production_input."] and ends == ("storage", "production"):
        return "in", one["production_input."]["number"]
    if one["production_output."] and ends[0] == "production":
        return {"storage": "out", "lost_found": "scrap"}.get(ends[1], ends[1]), one["production_output."][
            "number"
        ]
    return ("bought" if ends == ("supplier", "storage") else " to ".join(ends)), ""


def _cycles(rpc: Rpc, books: Books) -> None:
    for one in rpc.rows("production.work.cycle", CYCLE):
        order = one["work."]["production."]["number"]
        center = one["work."]["work_center."]["name"]
        if one["state"] == "done":
            seconds = Decimal(one["duration"].total_seconds()).quantize(MICROSECOND)
            books.work[order, center, seconds, one["cost"]] += 1
            books.journal.cycles.append(Cycle(_moment(one["write_date"]), order, one["cost"]))
        elif one["state"] != "cancelled":
            books.undone.append(f"{order} work at {center} {one['state']}")


def _entries(rpc: Rpc) -> list[Entry]:
    """All there are, oldest first."""
    entries = []
    for one in rpc.rows("account.move", ENTRY):
        origin = str(one["origin"] or "")
        model, _, record = origin.partition(",")
        lines: Lines = tuple(
            sorted((line["account."]["code"] or "", line["debit"], line["credit"]) for line in one["lines."])
        )
        entries.append(
            Entry(
                time=_moment(one["create_date"]),
                entry_id=one["id"],
                origin=origin,
                move_id=int(record) if model == OF_MOVE else None,
                is_posted=one["state"] == "posted",
                lines=lines,
            )
        )
    return entries


def _accounts(rpc: Rpc) -> dict[str, Sides]:
    """Those that anything was booked on."""
    told = rpc.rows("account.account", ["code", "debit", "credit"])
    return {one["code"] or "": (one["debit"], one["credit"]) for one in told if one["debit"] or one["credit"]}


def _exact(quantity: float) -> Decimal:
    return Decimal(str(quantity))


def _moment(told: dict[str, int]) -> datetime:
    """UTC, as Tryton tells it."""
    day = (told["year"], told["month"], told["day"])
    clock = (told["hour"], told["minute"], told["second"], told["microsecond"])
    return datetime(*day, *clock, tzinfo=UTC)
