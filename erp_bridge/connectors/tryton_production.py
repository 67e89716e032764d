"""One production of a Tryton as it stands now, and which of its moves and cycles belong to which document of ours.

Neither a move nor a cycle has a field for a key. So a document begins as a note on the production: our key, and the highest
move (or cycle) there was. What was added after that mark, up to the mark of the next note, is that document's: one sender at
a time works on an order, and a call that adds is refused when the production was changed since it was read.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any, Literal

from erp_bridge.connectors.tryton_rpc import TrytonClient
from erp_bridge.connectors.tryton_words import Line_, merged
from erp_bridge.documents.amounts import text
from erp_bridge.errors import RefusedByErp

Added = Literal["moves", "cycles"]
OPEN = frozenset({"draft", "waiting", "assigned", "running"})
_NOTE = re.compile(r"\ALineside (?P<key>\S+)\n(?:.*\n)*(?P<added>moves|cycles) after (?P<mark>\d+)")
_MOVE = (
    "product.code",
    "lot.number",
    "unit.symbol",
    "quantity",
    "state",
    "unit_price",
    "effective_date",
    "to_location.type",
)
_FIELDS = (
    "number",
    "state",
    "cost",
    "location",
    "company",
    "company.currency",
    "warehouse.storage_location",
    "warehouse.production_picking_location",
    "warehouse.production_output_location",
    "_timestamp",
    "works.state",
    "works.operation.name",
    "works.work_center.name",
    "works.cycles.state",
    "works.cycles.duration",
    *(f"inputs.{name}" for name in _MOVE),
    *(f"outputs.{name}" for name in _MOVE),
)


@dataclass(frozen=True, slots=True)
class Move:
    """Stock in or out. `line` is what it is in our words."""

    move_id: int
    state: str
    line: Line_
    value: Decimal
    """Of goods received: price times quantity."""
    day: date | None


@dataclass(frozen=True, slots=True)
class Cycle:
    cycle_id: int
    work_id: int
    state: str
    line: Line_


@dataclass(frozen=True, slots=True)
class Work:
    work_id: int
    state: str
    operation: str
    center: str
    is_empty: bool


@dataclass(frozen=True, slots=True)
class Note:
    """Where a document of ours begins. `reference`: how it is named outside."""

    note_id: int
    key: str
    added: Added
    mark: int


@dataclass(frozen=True, slots=True)
class Production:
    """`told` holds the ids of its places."""

    production_id: int
    number: str
    state: str
    cost: Decimal
    told: Mapping[str, Any]
    moves: tuple[Move, ...]
    works: tuple[Work, ...]
    cycles: tuple[Cycle, ...]
    notes: tuple[Note, ...]

    @property
    def unchanged(self) -> dict[str, Any]:
        """Context of a call that shall be refused when the production was changed since."""
        return {"_timestamp": {f"production,{self.production_id}": self.told["_timestamp"]}}

    @property
    def has_begun(self) -> bool:
        """Whether stock was moved for it: before, its moves are the plan."""
        return any(move.state == "done" for move in self.moves)

    @property
    def cost_not_received(self) -> Decimal:
        """What was spent and lies on nothing received; below 0 when more lies there than was spent."""
        received = (one for one in self.moves if one.line["role"] == "output" and one.state == "done")
        return self.cost - sum((one.value for one in received), Decimal(0))

    def note(self, key: str) -> Note | None:
        """Raises RefusedByErp: two notes have our key."""
        found = [note for note in self.notes if note.key == key]
        if len(found) > 1:
            raise RefusedByErp("ambiguous_code", f"{len(found)} notes of production {self.number} have {key}")
        return found[0] if found else None

    def mark(self, added: Added) -> int:
        """The highest there is; for a new note."""
        ids = (
            [one.move_id for one in self.moves] if added == "moves" else [one.cycle_id for one in self.cycles]
        )
        marks = [note.mark for note in self.notes if note.added == added]
        return max([*ids, *marks], default=0)

    def moves_of(self, note: Note) -> list[Move]:
        return [move for move in self.moves if note.mark < move.move_id <= self._end(note, "moves")]

    def cycles_of(self, note: Note) -> list[Cycle]:
        return [one for one in self.cycles if note.mark < one.cycle_id <= self._end(note, "cycles")]

    def planned(self) -> list[Move]:
        """Moves of the plan, which actuals take the place of."""
        ours = {move.move_id for note in self.notes if note.added == "moves" for move in self.moves_of(note)}
        return [
            move for move in self.moves if move.move_id not in ours and move.state in ("draft", "assigned")
        ]

    def reference(self, note: Note) -> str:
        return f"{self.number}#{note.note_id}"

    def _end(self, note: Note, added: Added) -> float:
        if note.added != added:
            return -1
        later = (other.mark for other in self.notes if other.added == added and other.note_id > note.note_id)
        return min(later, default=float("inf"))


def note_of_reference(reference: str) -> int:
    """Raises RefusedByErp: it is no reference of ours."""
    number = reference.rpartition("#")[2]
    if not number.isdigit():
        raise RefusedByErp("not_understood_there", f"{reference!r} is no note of a production")
    return int(number)


async def read_production(
    client: TrytonClient, warehouse: str, number: str, notes: Sequence[Note] | None = None
) -> Production | None:
    """None: there is no such production in the warehouse. `notes`: where they are known. Raises ConnectorError."""
    found = await client.one(
        "production", _FIELDS, ["number", "=", number], ["warehouse.code", "=", warehouse]
    )
    if found is None:
        return None
    return Production(
        production_id=found["id"],
        number=found["number"],
        state=found["state"],
        cost=found["cost"] or Decimal(0),
        told=found,
        moves=tuple(
            [_move("input", one) for one in found["inputs."]] + [_move("", one) for one in found["outputs."]]
        ),
        works=tuple(_work(one) for one in found["works."]),
        cycles=tuple(_cycle(work, one) for work in found["works."] for one in work["cycles."]),
        notes=tuple(await _read_notes(client, found["id"]) if notes is None else notes),
    )


async def _read_notes(client: TrytonClient, production: int) -> list[Note]:
    told = await client.rows("ir.note", ["message"], ["resource", "=", f"production,{production}"])
    return [note for one in told if (note := _note(one)) is not None]


def words_of(lines: list[Move] | list[Cycle]) -> list[Line_]:
    """What stands there of a document, in the words it was told in."""
    return merged(one.line for one in lines if one.state != "cancelled")


def _move(role: str, one: Mapping[str, Any]) -> Move:
    scrapped = (one["to_location."] or {}).get("type") == "lost_found"
    quantity = Decimal(str(one["quantity"]))
    line = {
        "role": role or ("scrap" if scrapped else "output"),
        "item": one["product."]["code"] or "",
        "lot": (one.get("lot.") or {}).get("number") or "",
        "unit": one["unit."]["symbol"],
        "amount": text(quantity),
    }
    return Move(
        one["id"], one["state"], line, quantity * (one["unit_price"] or Decimal(0)), one["effective_date"]
    )


def _work(one: Mapping[str, Any]) -> Work:
    center = (one["work_center."] or {}).get("name") or ""
    return Work(one["id"], one["state"], one["operation."]["name"], center, not one["cycles."])


def _cycle(work: Mapping[str, Any], one: Mapping[str, Any]) -> Cycle:
    told = _work(work)
    duration = one["duration"]
    seconds = Decimal(0) if duration is None else Decimal(str(round(duration.total_seconds(), 6)))
    line = {"role": "work", "center": told.center, "operation": told.operation, "amount": text(seconds)}
    return Cycle(one["id"], told.work_id, one["state"], line)


def _note(one: Mapping[str, Any]) -> Note | None:
    """None: somebody else's."""
    found = _NOTE.match(one["message"] or "")
    if found is None:
        return None
    added: Added = "moves" if found["added"] == "moves" else "cycles"
    return Note(one["id"], found["key"], added, int(found["mark"]))
