"""What comes next for a document on its production, decided from how it stands alone, and how each step is done."""

from collections.abc import Awaitable, Callable, Sequence
from datetime import date, timedelta
from typing import Any

from erp_bridge.config import Tryton
from erp_bridge.connectors.connector import Request
from erp_bridge.connectors.tryton_production import (
    OPEN,
    Move,
    Note,
    Production,
    note_of_reference,
    words_of,
)
from erp_bridge.connectors.tryton_records import Records
from erp_bridge.connectors.tryton_rpc import TrytonClient
from erp_bridge.errors import RefusedByErp

LAST = frozenset({"run", "do moves", "do cycles", "do", "cancel", "cancel moves", "delete cycles"})
"""Steps after which nothing is left to do."""
_TAKES_MORE = frozenset({"running", "done"})
Step = Callable[[], Awaitable[Any]]


class Steps:
    """Of one document. `read`: its production as it stands now. Raises ConnectorError from every step."""

    def __init__(
        self,
        client: TrytonClient,
        tryton: Tryton,
        request: Request,
        read: Callable[[], Awaitable[Production]],
    ) -> None:
        self._client = client
        self._tryton = tryton
        self._way = request.resource
        self._body = request.body
        self._read = read
        self._records = Records(client, tryton)

    # -- what comes next --------------------------------------------------------------------------------------------

    def next(self, production: Production, note: Note) -> tuple[str, Step | None]:
        match self._way:
            case "moves":
                if self._body["lines"][0]["role"] == "input":
                    return self._next_of_inputs(production, note)
                return self._next_of_outputs(production, note)
            case "cycles":
                return self._next_of_cycles(production, note)
            case "finish":
                return self._next_of_end(production)
        return self._next_of_reversal(production)

    def _next_of_inputs(self, production: Production, note: Note) -> tuple[str, Step | None]:
        ours = production.moves_of(note)
        is_told = words_of(ours) == self._body["lines"]
        states = {move.state for move in ours if move.state != "cancelled"}
        if states == {"done"}:
            return "done", None  # Told otherwise than it stands: the comparison says so.
        if production.state == "done":
            return self._next_of_late_inputs(production, note)
        if production.state == "waiting" and not is_told:
            return "actuals", lambda: self._write_moves(production, note)
        if production.state == "waiting":
            return "assign", lambda: self._assign(production, note)
        if production.state == "assigned" and is_told and states == {"assigned"}:
            return "run", lambda: self.button(production, "run")
        return "wait", lambda: self.button(production, "wait")

    def _next_of_late_inputs(self, production: Production, note: Note) -> tuple[str, Step | None]:
        """Its state is no help any more: the moves say how far they are."""
        ours = [move for move in production.moves_of(note) if move.state != "cancelled"]
        if words_of(ours) != self._body["lines"]:
            return "actuals", lambda: self._write_moves(production, note)
        if any(move.state == "draft" for move in ours):
            return "assign", lambda: self._assign(production, note)
        return "do moves", lambda: self._do_moves(ours)

    def _next_of_outputs(self, production: Production, note: Note) -> tuple[str, Step | None]:
        ours = production.moves_of(note)
        states = {move.state for move in ours if move.state != "cancelled"}
        if states == {"done"}:
            return "done", None
        if production.state not in _TAKES_MORE:
            return self.to_running(production)
        if words_of(ours) != self._body["lines"]:
            return "actuals", lambda: self._write_moves(production, note)
        return "do moves", lambda: self._do_moves([move for move in ours if move.state == "draft"])

    def _next_of_cycles(self, production: Production, note: Note) -> tuple[str, Step | None]:
        ours = [one for one in production.cycles_of(note) if one.state != "cancelled"]
        if ours and {one.state for one in ours} == {"done"}:
            return "done", None
        if production.state not in _TAKES_MORE:
            return self.to_running(production)
        if len(ours) != len(self._body["lines"]):
            return "cycles", lambda: self._write_cycles(production)
        drafts = [one.cycle_id for one in ours if one.state == "draft"]
        if drafts:
            return "run cycles", lambda: self._client.change("production.work.cycle.run", drafts)
        if words_of(ours) != self._body["lines"]:
            return "durations", lambda: self._write_durations(production, note)
        running = [one.cycle_id for one in ours if one.state == "running"]
        return "do cycles", lambda: self._client.change("production.work.cycle.do", running)

    def _next_of_end(self, production: Production) -> tuple[str, Step | None]:
        if production.state in ("done", "cancelled"):
            return "done", None
        if not production.has_begun and not production.cycles:
            return "cancel", lambda: self.button(production, "cancel")
        if production.state != "running":
            return self.to_running(production)
        planned = [move.move_id for move in production.planned()]
        idle = [
            work.work_id for work in production.works if work.is_empty and work.state in ("request", "draft")
        ]
        if planned or idle:
            return "drop the plan", lambda: self.drop(production, planned, idle)
        return "do", lambda: self.button(production, "do")

    def _next_of_reversal(self, production: Production) -> tuple[str, Step | None]:
        original = note_of_reference(self._body["reverses"])
        note = next((one for one in production.notes if one.note_id == original), None)
        if note is None:
            return "find", lambda: self._refuse("nothing_to_take_back", f"there is no note {original}")
        done = [one.move_id for one in production.moves_of(note) if one.state == "done"]
        if done:
            return "cancel moves", lambda: self._client.change("stock.move.cancel", done)
        cycles = [one.cycle_id for one in production.cycles_of(note)]
        if cycles:
            return "delete cycles", lambda: self._client.change("production.work.cycle.delete", cycles)
        return "done", None

    def to_running(self, production: Production) -> tuple[str, Step]:
        """Without issuing anything of the plan."""
        planned = [move.move_id for move in production.planned()]
        if production.state == "waiting" and planned and not production.has_begun:
            return "drop the plan", lambda: self.drop(production, planned, [])
        if production.state == "waiting":
            return "assign", lambda: self._assign(production)
        if production.state == "assigned" and (production.has_begun or not planned):
            return "be running", lambda: self.button(production, "run")
        if production.state in OPEN:
            return "wait", lambda: self.button(production, "wait")
        why = f"production {production.number} is {production.state}"
        return "go on", lambda: self._refuse("order_not_open", why)

    # -- steps ------------------------------------------------------------------------------------------------------

    async def button(self, production: Production, name: str) -> None:
        await self._client.change(f"production.{name}", [production.production_id], **production.unchanged)

    async def _assign(self, production: Production, note: Note | None = None) -> Production | None:
        """It answers nothing also when stock is short: what is still a draft says it. Returns how it stands then, if it
        is known. `note`: of a production that is done only what it tells is looked at."""
        await self.button(production, "assign_try")
        after = await self._read()
        moves = after.moves if note is None or after.state != "done" else after.moves_of(note)
        short = [move.line for move in moves if move.line["role"] == "input" and move.state == "draft"]
        if after.state != "waiting" and not (after.state == "done" and short):
            return after
        if self._tryton.short_stock == "force":
            await self.button(after, "assign_force")
            return None
        words = ", ".join(
            f"{one['amount']} {one['unit']} {one['item']} {one['lot']}".strip() for one in short
        )
        raise RefusedByErp("negative_stock", f"not in stock there: {words}", {"short": short})

    async def _do_moves(self, moves: Sequence[Move]) -> None:
        await self._client.change("stock.move.do", [move.move_id for move in moves])

    async def _write_moves(self, production: Production, note: Note) -> None:
        """Actuals in the place of what is there of this document, and of the plan, by one call."""
        inputs, outputs = await self.values(production)
        plan = [] if production.has_begun or production.state == "done" else production.planned()
        old = [*production.moves_of(note), *plan]
        values: dict[str, list[Any]] = {"inputs": [], "outputs": []}
        for name, is_input in (("inputs", True), ("outputs", False)):
            gone = [
                one.move_id
                for one in old
                if (one.line["role"] == "input") is is_input and one.state != "done"
            ]
            values[name] += [["delete", gone]] if gone else []
        values["inputs"] += [["create", inputs]] if inputs else []
        values["outputs"] += [["create", outputs]] if outputs else []
        told = {name: commands for name, commands in values.items() if commands}
        await self._client.change(
            "production.write", [production.production_id], told, **production.unchanged
        )

    async def values(self, production: Production) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
        if self._way == "cycles":
            await self._records.cycles(production, self._body["lines"])
            return [], []
        day = date.fromisoformat(self._body["posting_date"])
        return await self._records.moves(production, self._body["lines"], day)

    async def _write_cycles(self, production: Production) -> None:
        works = await self._records.cycles(production, self._body["lines"])
        await self._client.change(
            "production.write", [production.production_id], {"works": works}, **production.unchanged
        )

    async def _write_durations(self, production: Production, note: Note) -> None:
        wanted = {(one["center"], one["operation"]): float(one["amount"]) for one in self._body["lines"]}
        for one in production.cycles_of(note):
            seconds = wanted[one.line["center"], one.line["operation"]]
            told = {"duration": timedelta(seconds=seconds)}
            await self._client.change("production.work.cycle.write", [one.cycle_id], told)

    async def drop(self, production: Production, moves: list[int], works: list[int]) -> None:
        inputs = [
            one.move_id for one in production.moves if one.move_id in moves and one.line["role"] == "input"
        ]
        outputs = [one for one in moves if one not in inputs]
        gone = {"inputs": inputs, "outputs": outputs, "works": works}
        told = {name: [["delete", ids]] for name, ids in gone.items() if ids}
        await self._client.change(
            "production.write", [production.production_id], told, **production.unchanged
        )

    async def _refuse(self, code: str, message: str) -> None:
        raise RefusedByErp(code, message)
