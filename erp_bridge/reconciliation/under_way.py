"""What is under way between the floor and one system, as far as it moves stock.

Facts that wait at the plant (also in their undo time), documents that were not delivered, and receipts the plant was not
told yet. A document that is being sent, or was finished while the stock was read, may or may not be in what was read: its
lots are unsettled, and are compared at the next reading. One that is `unknown` leaves its lots in doubt until a person
has settled it; so does what waits of an order of which the system knows more than we do since a restore.
"""

from collections.abc import Iterator, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any

from erp_bridge.config import Connector as ConnectorSettings
from erp_bridge.database import Session, load_queries, rows
from erp_bridge.documents.amounts import EXACT
from erp_bridge.documents.canonical import Line
from erp_bridge.documents.not_delivered import MAX, as_document, not_delivered
from erp_bridge.errors import MappingError, UnknownCode
from erp_bridge.inbound.canonical import Receipt, understood
from erp_bridge.mapping import Codes
from erp_bridge.reconciliation.comparison import Amount, Lot
from plant_server.contract.outbox import Kind

QUERIES = load_queries(__package__)
OUTSIDE, RECEIVED = "outside", "received"
"""What the plant names as the place of material that comes from, or goes, outside its books; and what the code map calls that
place for what was received. Where it is a place of their stock, the material is there already."""
_MOVES_STOCK = (Kind.COMPLETION, Kind.CONSUMPTION, Kind.STOCK_MOVE)


@dataclass(slots=True)
class UnderWay:
    """`seen`: what each lot's changes come from; of two moments they are the same only if nothing moved between."""

    amounts: list[Amount] = field(default_factory=list)
    seen: dict[Lot, set[str]] = field(default_factory=dict)
    unsettled: set[Lot] = field(default_factory=set)
    doubtful: set[Lot] = field(default_factory=set)
    is_whole: bool = True

    def moved_since(self, before: "UnderWay") -> set[Lot]:
        """Lots of which something was told, sent or finished between the two."""
        lots = {*self.seen, *before.seen}
        different = {lot for lot in lots if self.seen.get(lot) != before.seen.get(lot)}
        return different | self.unsettled | before.unsettled


async def under_way(
    session: Session,
    system: str,
    settings: ConnectorSettings,
    codes: Codes,
    places: AbstractSet[str],
    since: datetime,
) -> UnderWay:
    """As of now. `places`: their locations whose stock is counted; `since`: what was finished after it is unsettled. Raises
    psycopg.Error."""
    kinds = [kind for kind in _MOVES_STOCK if settings.policy(kind) is not None]
    found = UnderWay()
    kept = await not_delivered(session, system, kinds, finished_since=since)
    receipts = await rows(session, QUERIES["receipts"], system=system, limit=MAX + 1)
    # With more nothing is compared until they have gone out.
    found.is_whole = len(kept) <= MAX and len(receipts) <= MAX
    for row in kept:
        for amount in _changes(row, codes, places):
            _add(found, row["state"], row["reference"], amount)
    for row in receipts:
        arrived = _arrived(row["told"], codes)
        if arrived is not None:
            _add(found, "waits", row["reference"], arrived)
    return found


def _add(found: UnderWay, state: str, reference: str, amount: Amount) -> None:
    found.seen.setdefault(amount.lot, set()).add(reference)
    match state:
        case "waits" | "open" | "ready" | "refused":
            found.amounts.append(amount)
        case "unknown":
            found.doubtful.add(amount.lot)
        case _:
            found.unsettled.add(amount.lot)


def _changes(row: Mapping[str, Any], codes: Codes, places: AbstractSet[str]) -> Iterator[Amount]:
    """How a fact or a document will change what is there; of one that takes back: the other way round."""
    try:
        document = as_document(row)
    except MappingError:
        return  # It becomes a refused document without lines.
    for line in document.lines:
        sign = _sign(document.kind, line, codes, places) * (-1 if row["reverses"] is not None else 1)
        if line.item and line.lot and sign:
            quantity = EXACT.multiply(line.quantity, Decimal(sign))
            yield Amount((line.item, line.lot), line.unit, quantity)


def _sign(kind: Kind, line: Line, codes: Codes, places: AbstractSet[str]) -> int:
    if kind is Kind.CONSUMPTION:
        return -1
    if kind is Kind.COMPLETION:
        return 1
    source, target = (_counts(one, line, codes, places) for one in (line.from_location, line.to_location))
    return target - source


def _counts(ours: str | None, line: Line, codes: Codes, places: AbstractSet[str]) -> bool:
    """Whether what lies at a place of ours is stock there. One that nobody mapped stops its document; until then it is
    taken for one of theirs, as it is one of the floor."""
    if ours == OUTSIDE:
        there = codes.special("location", RECEIVED if line.purpose == "receive" else OUTSIDE)
        return there in places
    try:
        return codes.theirs("location", ours or "") in places
    except UnknownCode:
        return True


def _arrived(told: Mapping[str, Any], codes: Codes) -> Amount | None:
    """The floor will have more: what is there already is under way the other way. None: a code is not mapped, and a row
    says so."""
    try:
        receipt = understood(Receipt, told)
        item, unit = codes.ours("item", receipt.item), codes.ours("unit", receipt.unit)
    except MappingError:
        return None
    return Amount((item, receipt.lot), unit, EXACT.minus(receipt.quantity))
