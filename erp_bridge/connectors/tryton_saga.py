"""A document onto its production, step by step. Killed anywhere and begun again, it goes on where it stands.

Each round reads the production and decides the next step from what is there alone: nothing is remembered between rounds.
    note (our key) → wait → actuals → assign → run        material
    note → be running → actuals → do the moves             goods, scrap
    note → be running → cycles → run → duration → do        times, energy
    note → be running → drop what is only planned → do      the end of the order
    note → cancel the moves, delete the cycles              taken back
A step that Tryton refuses is undone up to and with the note, so that nothing is left there of what a person has to decide.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import date, timedelta
from typing import Any

from erp_bridge.config import Tryton
from erp_bridge.connectors.connector import Request
from erp_bridge.connectors.tryton_production import (
    OPEN,
    Added,
    Note,
    Production,
    note_of_reference,
    read_production,
    words_of,
)
from erp_bridge.connectors.tryton_records import Records
from erp_bridge.connectors.tryton_rpc import ChangedMeanwhile, TrytonClient
from erp_bridge.errors import ClosedPeriod, LostAnswer, RefusedByErp

ROUNDS_MAX = 40
Step = Callable[[], Awaitable[Any]]


class Saga:
    """One document. Raises ConnectorError from every method."""

    def __init__(self, client: TrytonClient, tryton: Tryton, request: Request) -> None:
        self._client = client
        self._tryton = tryton
        self._way = request.resource
        self._body = request.body
        self._records = Records(client, tryton)
        self._notes: Sequence[Note] | None = None

    async def note(self, production: Production) -> Note:
        """Ours; made if it is not there. Raises RefusedByErp when the production takes nothing any more."""
        found = production.note(self._body["key"])
        if found is not None:
            return found
        if production.state not in OPEN and self._way != "reverse":
            raise RefusedByErp(
                "order_not_open",
                f"production {production.number} is {production.state}",
                {"order": production.number},
            )
        if self._way in ("moves", "cycles"):
            await self._values(production)  # An unknown code is said before anything is stored.
        added: Added = "cycles" if self._way == "cycles" else "moves"
        about = " ".join(str(self._body.get(name) or "") for name in ("kind", "event_time", "about")).strip()
        message = f"Lineside {self._body['key']}\n{about}\n{added} after {production.mark(added)}"
        told = {"resource": f"production,{production.production_id}", "message": message}
        (note_id,) = await self._client.change("ir.note.create", [told])
        note = Note(int(note_id), self._body["key"], added, production.mark(added))
        self._notes = (*production.notes, note)
        return note

    async def production(self) -> Production:
        """As it stands now; its notes as they were first, for only we make some. Raises RefusedByErp: there is none."""
        number = self._body["production"]
        found = await read_production(self._client, self._tryton.warehouse, number, self._notes)
        if found is None:
            raise RefusedByErp("no_such_order_there", f"there is no production {number}", {"order": number})
        self._notes = found.notes
        return found

    async def finish(self) -> Production:
        """Go on until everything of the document is done there; returns how it stands then."""
        refused: set[str] = set()
        for _ in range(ROUNDS_MAX):
            production = await self.production()
            note = production.note(self._body["key"])
            if note is None:
                raise LostAnswer("our note is not there any more")
            name, step = self._next(production, note)
            if step is None:
                return production
            try:
                await step()
            except ChangedMeanwhile:
                continue
            except RefusedByErp as error:
                if name in refused:
                    await self._undo(note)
                    raise await self._as_closed_period(error) from error
                refused.add(
                    name
                )  # Once more, by how it stands now: a late answer of ours may have been at it.
        raise LostAnswer(f"production {self._body['production']} is not done after {ROUNDS_MAX} steps")

    # -- what comes next --------------------------------------------------------------------------------------------

    def _next(self, production: Production, note: Note) -> tuple[str, Step | None]:
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
        if production.state == "waiting" and not is_told:
            return "actuals", lambda: self._write_moves(production, note)
        if production.state == "waiting":
            return "assign", lambda: self._assign(production)
        if production.state == "assigned" and is_told and states == {"assigned"}:
            return "run", lambda: self._button(production, "run")
        return "wait", lambda: self._button(production, "wait")

    def _next_of_outputs(self, production: Production, note: Note) -> tuple[str, Step | None]:
        ours = production.moves_of(note)
        states = {move.state for move in ours if move.state != "cancelled"}
        if states == {"done"}:
            return "done", None
        if production.state != "running":
            return self._next_to_running(production)
        if words_of(ours) != self._body["lines"]:
            return "actuals", lambda: self._write_moves(production, note)
        drafts = [move.move_id for move in ours if move.state == "draft"]
        return "receive", lambda: self._client.change("stock.move.do", drafts)

    def _next_of_cycles(self, production: Production, note: Note) -> tuple[str, Step | None]:
        ours = [one for one in production.cycles_of(note) if one.state != "cancelled"]
        if ours and {one.state for one in ours} == {"done"}:
            return "done", None
        if production.state != "running":
            return self._next_to_running(production)
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
            return "cancel", lambda: self._button(production, "cancel")
        if production.state != "running":
            return self._next_to_running(production)
        planned = [move.move_id for move in production.planned()]
        idle = [
            work.work_id for work in production.works if work.is_empty and work.state in ("request", "draft")
        ]
        if planned or idle:
            return "drop the plan", lambda: self._drop(production, planned, idle)
        return "do", lambda: self._button(production, "do")

    def _next_of_reversal(self, production: Production) -> tuple[str, Step | None]:
        original = note_of_reference(self._body["reverses"])
        note = next((one for one in production.notes if one.note_id == original), None)
        if note is None:
            return "find", lambda: self._refuse("nothing_to_take_back", f"there is no note {original}")
        done = [one.move_id for one in production.moves_of(note) if one.state == "done"]
        if done:
            return "cancel moves", lambda: self._client.change("stock.move.cancel", done)
        cycles = [one.cycle_id for one in production.cycles_of(note)]
        if cycles and production.state != "running":
            why = f"production {production.number} is {production.state}: its times cannot be taken back"
            return "delete cycles", lambda: self._refuse("cannot_be_taken_back", why)
        if cycles:
            return "delete cycles", lambda: self._client.change("production.work.cycle.delete", cycles)
        return "done", None

    def _next_to_running(self, production: Production) -> tuple[str, Step]:
        """Without issuing anything of the plan."""
        planned = [move.move_id for move in production.planned()]
        if production.state == "waiting" and planned and not production.has_begun:
            return "drop the plan", lambda: self._drop(production, planned, [])
        if production.state == "waiting":
            return "assign", lambda: self._assign(production)
        if production.state == "assigned" and (production.has_begun or not planned):
            return "run", lambda: self._button(production, "run")
        if production.state in OPEN:
            return "wait", lambda: self._button(production, "wait")
        why = f"production {production.number} is {production.state}"
        return "go on", lambda: self._refuse("order_not_open", why)

    # -- steps ------------------------------------------------------------------------------------------------------

    async def _button(self, production: Production, name: str) -> None:
        await self._client.change(f"production.{name}", [production.production_id], **production.unchanged)

    async def _assign(self, production: Production) -> None:
        """It answers nothing also when stock is short: the state says it."""
        await self._button(production, "assign_try")
        after = await self.production()
        if after.state != "waiting":
            return
        if self._tryton.short_stock == "force":
            await self._button(after, "assign_force")
            return
        short = [move.line for move in after.moves if move.line["role"] == "input" and move.state == "draft"]
        words = ", ".join(
            f"{one['amount']} {one['unit']} {one['item']} {one['lot']}".strip() for one in short
        )
        raise RefusedByErp("negative_stock", f"not in stock there: {words}", {"short": short})

    async def _write_moves(self, production: Production, note: Note) -> None:
        """Actuals in the place of what is there of this document, and of the plan, by one call."""
        inputs, outputs = await self._values(production)
        old = [*production.moves_of(note), *([] if production.has_begun else production.planned())]
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

    async def _values(self, production: Production) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
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

    async def _drop(self, production: Production, moves: list[int], works: list[int]) -> None:
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

    # -- when it says no --------------------------------------------------------------------------------------------

    async def _undo(self, note: Note) -> None:
        """Take away what is only drafted of the document, and its note; what was running before runs again."""
        for _ in range(ROUNDS_MAX):
            production = await self.production()
            drafts = [one.move_id for one in production.moves_of(note) if one.state in ("draft", "assigned")]
            cycles = [one.cycle_id for one in production.cycles_of(note) if one.state != "done"]
            try:
                if drafts and production.state == "assigned":
                    await self._button(production, "wait")
                elif any(one.state == "assigned" for one in production.moves_of(note)):
                    await self._button(production, "wait")  # Reserved in part.
                elif drafts:
                    await self._drop(production, drafts, [])
                elif cycles:
                    await self._client.change("production.work.cycle.delete", cycles)
                elif production.has_begun and production.state in ("waiting", "assigned"):
                    await self._next_to_running(production)[1]()
                else:
                    await self._client.change("ir.note.delete", [note.note_id])
                    return
            except ChangedMeanwhile:
                continue
        raise LostAnswer(f"production {self._body['production']}: what was refused is not undone yet")

    async def _as_closed_period(self, error: RefusedByErp) -> Exception:
        """Stock of a closed period cannot be moved; Tryton says so in words only."""
        day = date.fromisoformat(self._body["posting_date"])
        closed = await self._client.rows(
            "stock.period", ["date"], ["state", "=", "closed"], ["date", ">=", day]
        )
        if not closed:
            return error
        latest: date = max(one["date"] for one in closed)
        return ClosedPeriod(error.message, latest + timedelta(days=1))


def stored_words(request: Request, production: Production, note: Note) -> Mapping[str, Any]:
    """What is there of a finished document, in the words of `request.expected`."""
    match request.resource:
        case "finish":
            return {"state": "ended" if production.state in ("done", "cancelled") else production.state}
        case "reverse":
            return {"state": "reversed"}
        case "cycles":
            cycles = production.cycles_of(note)
            return {"lines": words_of(cycles), "state": _state({one.state for one in cycles})}
    moves = production.moves_of(note)
    days = {one.day.isoformat() for one in moves if one.day is not None and one.state != "cancelled"}
    state = _state({one.state for one in moves})
    return {"lines": words_of(moves), "state": state, "day": " and ".join(sorted(days))}


def _state(states: set[str]) -> str:
    return " and ".join(sorted(states - {"cancelled"})) or "cancelled"
