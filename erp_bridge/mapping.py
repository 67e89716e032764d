"""From the plant's facts to documents, and from codes to codes. Pure: no I/O, no clock.

Deltas that fall into one window of the posting policy become one document whose lines are exact sums. A reversal takes
from the line it takes back; a line of 0 is dropped, and a document without lines is never told.
"""

from collections.abc import Callable, Iterable, Mapping
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID, uuid5

from pydantic import TypeAdapter, ValidationError

from erp_bridge.config import MERGEABLE, Policy, Site
from erp_bridge.documents.amounts import EXACT, as_kwh, total
from erp_bridge.documents.canonical import Document, Line
from erp_bridge.errors import MappingError, UnknownCode
from plant_server.contract.outbox import (
    Body,
    Completion,
    Consumption,
    EnergyCost,
    LaborTime,
    MachineTime,
    OrderAcknowledgement,
    OrderProgress,
    Scrap,
    StockMove,
)

ENDED = frozenset({"completed", "closed", "cancelled", "aborted"})
"""States of an order after which nothing is collected for it any more."""
SECONDS, KWH = "SEC", "KWH"
"""UN/CEFACT codes, as all units of the plant."""
_IDS = UUID("6f2f1c8e-0d0b-5c55-9a44-7b8f6f3f5a10")
_BODY: TypeAdapter[Body] = TypeAdapter(Body)


def parse(kind: str, body: Mapping[str, Any]) -> Body:
    """The body of an outbox row. Raises MappingError: not as the contract says."""
    try:
        parsed = _BODY.validate_python({**body, "kind": kind})
    except ValidationError as error:
        wrong = [f"{'.'.join(map(str, one['loc'][1:]))}: {one['msg']}" for one in error.errors()[:5]]
        raise MappingError("not_a_document", f"{kind}: {'; '.join(wrong)}") from error
    if parsed.event_time.tzinfo is None:
        raise MappingError("not_a_document", f"{kind}: event_time has no offset")
    return parsed


def document_of(fact: Body, event_id: UUID) -> Document:
    """A fact as a document of its own; of a reversal the quantities are negative. Raises MappingError."""
    lines = tuple(_lines(fact))
    if fact.reverses is None and any(line.quantity < 0 for line in lines):
        raise MappingError("negative_quantity", f"{fact.kind}: less than 0, and it takes nothing back")
    if fact.reverses is not None and any(line.quantity > 0 for line in lines):
        raise MappingError("positive_reversal", f"{fact.kind}: takes something back with more than 0")
    document = Document(
        kind=fact.kind,
        work_order=getattr(fact, "work_order", None),
        event_time=fact.event_time,
        lines=merged(lines),
        event_ids=(event_id,),
    )
    if isinstance(fact, OrderProgress):
        return document.model_copy(update={"state": fact.state})
    if isinstance(fact, OrderAcknowledgement):
        return document.model_copy(update={"accepted": True})
    return document


def ends_the_order(fact: Body) -> bool:
    """Whether nothing is collected for the order after it."""
    return isinstance(fact, OrderProgress) and fact.state in ENDED


def merged(lines: Iterable[Line]) -> tuple[Line, ...]:
    """One line per key with the exact sum, in order of first appearance; lines of 0 are dropped."""
    by_key: dict[tuple[object, ...], list[Line]] = {}
    for line in lines:
        by_key.setdefault(line.key, []).append(line)
    summed = (same[0].with_quantity(total(one.quantity for one in same)) for same in by_key.values())
    return tuple(line for line in summed if line.quantity != 0)


def together(first: Document, second: Document) -> Document:
    """Two documents of one window as one. Lines may be below 0 after it: see `what_is_left`."""
    return first.model_copy(
        update={
            "lines": merged((*first.lines, *second.lines)),
            "event_time": max(first.event_time, second.event_time),
            "event_ids": first.event_ids
            + tuple(one for one in second.event_ids if one not in first.event_ids),
        }
    )


def what_is_left(carried: Document, correction: Document) -> Document | None:
    """`carried` after `correction` took from it; None when it does not hold what is taken back."""
    held = {line.key for line in carried.lines}
    if not correction.lines or any(line.key not in held for line in correction.lines):
        return None
    left = together(carried, correction)
    return None if any(line.quantity < 0 for line in left.lines) else left


def window(policy: Policy, document: Document, site: Site) -> tuple[str, datetime | None] | None:
    """The window a document is collected in and when that ends by itself; None: it is told on its own."""
    if policy == "each" or document.kind not in MERGEABLE:
        return None
    if policy == "completion":
        return "order", None
    if policy == "lot":
        lots = {line.lot for line in document.lines}
        lot = lots.pop() if len(lots) == 1 else None
        return None if lot is None else (f"lot {lot}", None)
    start, end = shift_of(document.event_time, site)
    return f"shift {start.isoformat()}", end


def shift_of(moment: datetime, site: Site) -> tuple[datetime, datetime]:
    """Start and end of the shift a moment lies in, by the site's clocks."""
    local = moment.astimezone(site.zone)
    starts = [
        datetime.combine(local.date() + timedelta(days=day), start, site.zone)
        for day in (-1, 0, 1, 2)
        for start in site.shifts
    ]
    after = next(index for index, start in enumerate(starts) if start > local)
    return starts[after - 1], starts[after]


def posting_date(moment: datetime, site: Site) -> date:
    """The day of an event by the site's calendar."""
    return moment.astimezone(site.zone).date()


def keyed(*what: object) -> UUID:
    """The same for the same thing, whichever bridge asks: keys of documents there, and of commands to the plant."""
    return uuid5(_IDS, "|".join(map(str, what)))


class Codes:
    """The code map of one system. `same`: kinds whose codes a person declared to be the same on both sides."""

    def __init__(self, system: str, rows: Iterable[tuple[str, str, str]], same: frozenset[str]) -> None:
        """`rows` are (kind, our code, their code); of two for one code of ours the later one holds."""
        self.system = system
        self._same = same
        self._theirs = {(kind, our_code): their_code for kind, our_code, their_code in rows}
        self._ours: dict[tuple[str, str], set[str]] = {}
        for (kind, our_code), their_code in self._theirs.items():
            self._ours.setdefault((kind, their_code), set()).add(our_code)

    def theirs(self, kind: str, our_code: str) -> str:
        """Raises UnknownCode: nothing is guessed."""
        found = self._theirs.get((kind, our_code))
        if found is not None:
            return found
        if kind in self._same:
            return our_code
        raise UnknownCode(self.system, kind, our_code)

    def ours(self, kind: str, their_code: str) -> str:
        """Raises UnknownCode, also when two of ours stand for it."""
        found = self._ours.get((kind, their_code), set())
        if len(found) == 1:
            return next(iter(found))
        if not found and kind in self._same:
            return their_code
        raise UnknownCode(self.system, kind, their_code, theirs=True)

    def all_ours(self, kind: str, their_code: str) -> frozenset[str]:
        """Every code of ours that stands for it. Raises UnknownCode: none does."""
        found = self._ours.get((kind, their_code), set()) or ({their_code} if kind in self._same else set())
        if not found:
            raise UnknownCode(self.system, kind, their_code, theirs=True)
        return frozenset(found)

    def special(self, kind: str, our_code: str) -> str | None:
        """Their code where a row says so; no row is no mistake."""
        return self._theirs.get((kind, our_code))


_Of = dict[type[Any], Callable[[Any], Iterable[Line]]]


def _lines(fact: Body) -> Iterable[Line]:
    return _LINES[type(fact)](fact)


def _of_completion(fact: Completion) -> Iterable[Line]:
    line = Line(quantity=fact.quantity, unit=fact.unit, item=fact.item, lot=fact.lot)
    yield line.model_copy(update={"operation": fact.operation, "equipment_path": fact.equipment_path})


def _of_scrap(fact: Scrap) -> Iterable[Line]:
    line = Line(quantity=fact.quantity, unit=fact.unit, item=fact.item, operation=fact.operation)
    how = {"reason": fact.reason, "rework": fact.rework, "equipment_path": fact.equipment_path}
    yield line.model_copy(update=how)


def _of_consumption(fact: Consumption) -> Iterable[Line]:
    """By lot; what no lot accounts for stands in a line without one."""
    whole = Line(
        quantity=fact.quantity,
        unit=fact.unit,
        item=fact.item,
        operation=fact.operation,
        bom_revision=fact.bom_revision,
    )
    for part in fact.lots:
        yield whole.model_copy(update={"quantity": part.quantity, "lot": part.lot})
    rest = EXACT.subtract(fact.quantity, total(part.quantity for part in fact.lots))
    if rest == 0:
        return
    if (rest < 0) != (fact.quantity < 0):
        raise MappingError("lots_exceed_quantity", f"{fact.item}: its lots add up to more than it")
    yield whole.with_quantity(rest)


def _of_labor(fact: LaborTime) -> Iterable[Line]:
    yield Line(quantity=fact.seconds, unit=SECONDS, person=fact.person, operation=fact.operation)


def _of_machine(fact: MachineTime) -> Iterable[Line]:
    yield Line(
        quantity=fact.seconds, unit=SECONDS, equipment_path=fact.equipment_path, operation=fact.operation
    )


def _of_energy(fact: EnergyCost) -> Iterable[Line]:
    """By tariff; what no tariff accounts for stands in a line without one."""
    whole = Line(
        quantity=as_kwh(fact.energy_wh),
        unit=KWH,
        equipment_path=fact.equipment_path,
        operation=fact.operation,
    )
    parts = [(part.tariff, as_kwh(part.energy_wh)) for part in fact.tariffs]
    for tariff, kwh in parts:
        yield whole.model_copy(update={"quantity": kwh, "tariff": tariff})
    rest = EXACT.subtract(whole.quantity, total(kwh for _, kwh in parts))
    if rest != 0 and (rest < 0) != (whole.quantity < 0):
        raise MappingError(
            "tariffs_exceed_energy", f"{fact.equipment_path}: its tariffs add up to more than it"
        )
    yield whole.with_quantity(rest)


def _of_move(fact: StockMove) -> Iterable[Line]:
    line = Line(quantity=fact.quantity, unit=fact.unit, item=fact.item, lot=fact.lot)
    way = {"from_location": fact.from_location, "to_location": fact.to_location}
    yield line.model_copy(update=way | {"purpose": fact.purpose, "reason": fact.reason})


def _of_state(fact: OrderProgress) -> Iterable[Line]:
    """A state has no quantity; the operation is told by a line of 0, which is dropped."""
    yield Line(quantity=Decimal(0), unit="", operation=fact.operation)


_LINES: _Of = {
    Completion: _of_completion,
    Scrap: _of_scrap,
    Consumption: _of_consumption,
    LaborTime: _of_labor,
    MachineTime: _of_machine,
    EnergyCost: _of_energy,
    StockMove: _of_move,
    OrderProgress: _of_state,
    OrderAcknowledgement: lambda _: (),
}
