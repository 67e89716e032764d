"""What a person must know before a held system is told again: what it has, what it would get, and the difference by order."""

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from pydantic import BaseModel, Field

from erp_bridge.after_restore.examine import WORKER
from erp_bridge.config import BridgeConfig
from erp_bridge.connectors.connector import Connector
from erp_bridge.database import Session, load_queries, row, rows
from erp_bridge.documents.amounts import text
from erp_bridge.documents.canonical import Document
from erp_bridge.documents.codes import codes_of
from erp_bridge.errors import MappingError
from erp_bridge.mapping import Codes

QUERIES = load_queries(__package__)


class Found(BaseModel):
    """A document of the plant that the system has already."""

    document_id: UUID
    kind: str
    work_order: str | None
    reference: str | None = Field(description="Its number there.")
    event_time: datetime
    state: str = Field(
        description="accepted: delivered; sending: stands there otherwise, settled after the release"
    )


class ToldBeforeRow(BaseModel):
    """A line that stands there under a key of ours which the plant has forgotten. In their codes."""

    key: str
    reference: str
    kind: str
    work_order: str | None
    thing: str
    lot: str
    unit: str
    quantity: str = Field(description="Below 0: it takes back what the plant knows as told.")
    told_time: datetime


class Difference(BaseModel):
    """Of one thing of one order: what the system has from us, and what the plant knows. In their codes and units."""

    work_order: str | None
    kind: str
    thing: str
    lot: str
    unit: str
    there: str = Field(description="Stands there: known to the plant, and told before the restore.")
    told_before: str = Field(description="Of that, what the plant has forgotten.")
    here: str = Field(description="Known to the plant: told, and waiting.")
    waiting: str = Field(description="Of that, what waits.")
    to_be_told: str = Field(description="Of what waits, what would be sent: less by what was told before.")
    more_there: str = Field(
        description="What stands there beyond what the plant knows, until it is entered again."
    )


class Report(BaseModel):
    """A held system."""

    system: str
    since: datetime = Field(description="When the plant was restored.")
    backup_time: datetime = Field(description="What was told after it is not known here.")
    can_look_back: bool = Field(
        description="Whether the system can be asked; if not, a person must look there."
    )
    examined_time: datetime | None
    problem: str | None = Field(description="Why it could not be asked the last time.")
    unclaimed: int = Field(description="Facts still in the plant's outbox.")
    waiting: int = Field(description="Documents that would be told.")
    found: list[Found]
    told_before: list[ToldBeforeRow]
    differences: list[Difference] = Field(description="For every order of which something was told before.")


async def report_of(
    session: Session, config: BridgeConfig, connector: Connector, hold: Mapping[str, Any]
) -> Report:
    """Of a row of `holds.held`. Raises psycopg.Error."""
    name = {"connector": connector.name}
    waiting = await rows(session, QUERIES["waiting"], **name)
    before = [
        one for one in await rows(session, QUERIES["told_before"], **name) if one["used"] < one["quantity"]
    ]
    found = await rows(session, QUERIES["found_there"], **name, worker=WORKER, since=hold["since"])
    unclaimed = await row(session, QUERIES["unclaimed"]) or {"facts": 0}
    orders = sorted({one["work_order"] for one in before if one["work_order"] is not None})
    told = await rows(session, QUERIES["told"], **name, orders=orders)
    codes = await codes_of(session, config, connector.name)
    return Report(
        system=connector.name,
        since=hold["since"],
        backup_time=hold["backup_time"],
        can_look_back=connector.looks_back,
        examined_time=hold["examined_time"],
        problem=(hold["problem"] or {}).get("message"),
        unclaimed=unclaimed["facts"],
        waiting=sum(one["state"] != "open" or one["body"]["lines"] != [] for one in waiting),
        found=[Found(**one) for one in found],
        told_before=[
            ToldBeforeRow(**{**one, "quantity": text(one["quantity"] - one["used"])}) for one in before
        ],
        differences=_differences(before, _sums(waiting, connector, codes), _sums(told, connector, codes)),
    )


_Thing = tuple[str | None, str, str, str, str]
"""Order, kind, thing, lot, unit."""


def _sums(documents: list[dict[str, Any]], connector: Connector, codes: Codes) -> dict[_Thing, Decimal]:
    """What documents tell, in their codes; a line whose code nobody mapped is told nowhere yet."""
    sums: dict[_Thing, Decimal] = {}
    for one in documents:
        document = Document.model_validate(one["body"])
        for line in document.lines if one.get("reverses") is None else ():
            try:
                amount = connector.amount(document.kind, line, codes)
            except MappingError:
                continue
            if amount is not None:
                thing = (one["work_order"], str(document.kind), amount.thing, amount.lot, amount.unit)
                sums[thing] = sums.get(thing, Decimal(0)) + amount.quantity
    return sums


def _differences(
    before: list[dict[str, Any]], waiting: dict[_Thing, Decimal], told: dict[_Thing, Decimal]
) -> list[Difference]:
    forgotten: dict[_Thing, Decimal] = {}
    for one in before:
        thing = (one["work_order"], one["kind"], one["thing"], one["lot"], one["unit"])
        forgotten[thing] = forgotten.get(thing, Decimal(0)) + one["quantity"] - one["used"]
    zero, found = Decimal(0), []
    for thing, quantity in forgotten.items():
        waits, knows = waiting.get(thing, zero), told.get(thing, zero)
        order, kind, what, lot, unit = thing
        found.append(
            Difference(
                work_order=order,
                kind=kind,
                thing=what,
                lot=lot,
                unit=unit,
                there=text(knows + quantity),
                told_before=text(quantity),
                here=text(knows + waits),
                waiting=text(waits),
                to_be_told=text(max(waits - max(quantity, zero), zero)),
                more_there=text(max(quantity - waits, zero)),
            )
        )
    return found
