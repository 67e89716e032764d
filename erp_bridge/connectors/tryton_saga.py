"""A document onto its production, step by step. Killed anywhere and begun again, it goes on where it stands.

Each round reads the production and decides the next step from what is there alone: nothing is remembered between rounds.
    note (our key) → wait → actuals → assign → run        material
    note → be running → actuals → do the moves             goods, scrap
    note → be running → cycles → run → duration → do        times, energy
    note → be running → drop what is only planned → do      the end of the order
    note → cancel the moves, delete the cycles              taken back
Of a production that is done: note → actuals → assign → do the moves; note → cycles → run → duration → do.
A step that Tryton refuses is undone up to and with the note, so that nothing is left there of what a person has to decide.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date
from typing import Any

from erp_bridge.config import Tryton
from erp_bridge.connectors.connector import Request
from erp_bridge.connectors.tryton_end import refuse_if_ended, wait_if_too_early
from erp_bridge.connectors.tryton_periods import first_open_day
from erp_bridge.connectors.tryton_production import (
    Added,
    Note,
    Production,
    read_production,
    words_of,
)
from erp_bridge.connectors.tryton_rpc import ChangedMeanwhile, TrytonClient
from erp_bridge.connectors.tryton_steps import LAST, Steps
from erp_bridge.errors import ClosedPeriod, LostAnswer, RefusedByErp

ROUNDS_MAX = 40


class Saga:
    """One document. Raises ConnectorError from every method."""

    def __init__(self, client: TrytonClient, tryton: Tryton, request: Request) -> None:
        self._client = client
        self._tryton = tryton
        self._way = request.resource
        self._body = request.body
        self._steps = Steps(client, tryton, request, self.production)
        self._notes: Sequence[Note] | None = None

    async def note(self, production: Production) -> Note:
        """Ours; made if it is not there. Raises RefusedByErp when the production takes nothing any more."""
        found = production.note(self._body["key"])
        if found is not None:
            return found
        refuse_if_ended(production, self._way, self._tryton)
        if self._way == "finish":
            wait_if_too_early(self._body, self._tryton)
        if self._way in ("moves", "cycles"):
            await self._steps.values(production)  # An unknown code is said before anything is stored.
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

    async def post(self) -> str:
        """Everything of it; returns how the document is named there. What became of the last step is read back later."""
        production = await self.production()
        note = await self.note(production)
        await self._go_on(replace(production, notes=tuple(self._notes or ())), until=LAST)
        return production.reference(note)

    async def finish(self) -> Production:
        """Go on until everything of the document is done there; returns how it stands then."""
        return await self._go_on(await self.production())

    async def _go_on(self, production: Production, until: frozenset[str] = frozenset()) -> Production:
        refused: set[str] = set()
        for _ in range(ROUNDS_MAX):
            note = production.note(self._body["key"])
            if note is None:
                raise LostAnswer("our note is not there any more")
            name, step = self._steps.next(production, note)
            if step is None:
                return production
            after: Production | None = None
            try:
                after = await step()
                if name in until:
                    return production
            except ChangedMeanwhile:
                pass
            except RefusedByErp as error:
                if name in refused:
                    await self._undo(note)
                    raise await self._as_closed_period(error) from error
                refused.add(
                    name
                )  # Once more, by how it stands then: a late answer of ours may have been at it.
            production = after or await self.production()
        raise LostAnswer(f"production {self._body['production']} is not done after {ROUNDS_MAX} steps")

    async def _undo(self, note: Note) -> None:
        """Take away what is only drafted of the document, and its note; what was running before runs again."""
        for _ in range(ROUNDS_MAX):
            production = await self.production()
            ours = production.moves_of(note)
            drafts = [one.move_id for one in ours if one.state in ("draft", "assigned")]
            reserved = [one.move_id for one in ours if one.state == "assigned"]
            cycles = [one.cycle_id for one in production.cycles_of(note) if one.state != "done"]
            try:
                if reserved and production.state == "done":  # Its buttons do nothing any more.
                    await self._client.change("stock.move.cancel", reserved)
                elif drafts and production.state == "assigned":
                    await self._steps.button(production, "wait")
                elif reserved:
                    await self._steps.button(production, "wait")  # Reserved in part.
                elif drafts:
                    await self._steps.drop(production, drafts, [])
                elif cycles:
                    await self._client.change("production.work.cycle.delete", cycles)
                elif production.has_begun and production.state in ("waiting", "assigned"):
                    await self._steps.to_running(production)[1]()
                else:
                    await self._client.change("ir.note.delete", [note.note_id])
                    return
            except ChangedMeanwhile:
                continue
        raise LostAnswer(f"production {self._body['production']}: what was refused is not undone yet")

    async def _as_closed_period(self, error: RefusedByErp) -> Exception:
        open_day = await first_open_day(self._client, date.fromisoformat(self._body["posting_date"]))
        return error if open_day is None else ClosedPeriod(error.message, open_day)


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
