"""What a living Tryton holds of a production, read by the tests themselves as its administrator."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from tests.tryton.rpc import Rpc

Moved = tuple[str, str, str, Decimal]
"""(in, out or scrap; item; lot; quantity)."""


@dataclass(frozen=True, slots=True)
class InTryton:
    """Figures of one production; moves that were done, and what the journal says about each."""

    rpc: Rpc
    number: str

    @property
    def state(self) -> str:
        return str(self._told("state")["state"])

    @property
    def cost(self) -> Decimal:
        return Decimal(self._told("cost")["cost"])

    def moves(self, state: str = "done") -> list[Moved]:
        """One by one, so that what was done twice is seen twice."""
        fields = ["product.code", "lot.number", "quantity", "production_input", "to_location.type"]
        told = self.rpc.rows(
            "stock.move", fields, ["production.number", "=", self.number], ["state", "=", state]
        )
        return sorted(_moved(one) for one in told)

    def journal(self) -> list[Decimal]:
        """What was posted for its moves: the amounts, one per posted entry; of what takes one back below 0."""
        moves = self.rpc.search("stock.move", ["production.number", "=", self.number])
        origins = [f"stock.move,{one}" for one in moves]
        told = self.rpc.rows("account.move", ["state", "lines.debit"], ["origin", "in", origins])
        assert {one["state"] for one in told} <= {"posted"}
        return sorted(sum((line["debit"] for line in one["lines."]), Decimal(0)) for one in told)

    def cycles(self) -> list[tuple[str, float, Decimal]]:
        """(work center, seconds, cost) of what was worked."""
        fields = ["work.work_center.name", "duration", "cost"]
        told = self.rpc.rows(
            "production.work.cycle",
            fields,
            ["work.production.number", "=", self.number],
            ["state", "=", "done"],
        )
        return sorted(
            (one["work."]["work_center."]["name"], one["duration"].total_seconds(), one["cost"])
            for one in told
        )

    def notes(self) -> list[str]:
        production = self.rpc.one("production", ["number", "=", self.number])
        told = self.rpc.rows("ir.note", ["message"], ["resource", "=", f"production,{production}"])
        return [str(one["message"]) for one in told]

    def _told(self, *fields: str) -> dict[str, Any]:
        (told,) = self.rpc.rows("production", list(fields), ["number", "=", self.number])
        return told


def stock(rpc: Rpc) -> dict[str, float]:
    """Quantity by lot in the store."""
    storage = rpc.one("stock.location", ["code", "=", "STO"])
    return {
        one["number"]: one["quantity"]
        for one in rpc.rows("stock.lot", ["number", "quantity"], locations=[storage])
    }


def moved(*what: Sequence[str]) -> list[Moved]:
    """Expected moves, quantities as text."""
    return sorted((role, item, lot, Decimal(quantity)) for role, item, lot, quantity in what)


def _moved(one: dict[str, Any]) -> Moved:
    out = "scrap" if one["to_location."]["type"] == "lost_found" else "out"
    lot = (one["lot."] or {}).get("number") or ""
    role = "in" if one["production_input"] else out
    return role, one["product."]["code"], lot, Decimal(str(one["quantity"]))
