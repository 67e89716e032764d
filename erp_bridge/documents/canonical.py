"""The documents the bridge tells other systems, in the plant's codes and nobody's format. Terms of B2MML.

A document is a set of lines: what was produced, consumed, thrown away, worked or moved. Its lines are deltas of booked
facts; a correction of what was posted is a document that `reverses` another one, and one more with what is left.
"""

from datetime import date, datetime
from decimal import Decimal
from typing import Annotated
from uuid import UUID

from pydantic import BaseModel, ConfigDict, PlainSerializer

from erp_bridge.documents.amounts import text
from plant_server.contract.outbox import Kind

Exact = Annotated[Decimal, PlainSerializer(text, return_type=str)]


class Line(BaseModel):
    """One actual. Which fields are filled follows from the kind; all but the quantity tell lines apart."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    quantity: Exact
    unit: str
    item: str | None = None
    lot: str | None = None
    operation: int | None = None
    bom_revision: str | None = None
    reason: str | None = None
    rework: bool = False
    person: str | None = None
    equipment_path: str | None = None
    tariff: str | None = None
    """Of energy: peak, valley, … by the plant's tariff."""
    from_location: str | None = None
    to_location: str | None = None
    purpose: str | None = None
    """Of a stock move: receive, issue, return or adjust; `reason` is what the person who counted said."""

    @property
    def key(self) -> tuple[object, ...]:
        """What it is about: lines with one key are one line."""
        return tuple(value for name, value in self if name != "quantity")

    def with_quantity(self, quantity: Decimal) -> "Line":
        return self.model_copy(update={"quantity": quantity})


class Document(BaseModel):
    """`event_time` is when it happened (of the latest fact in it); `posting_date` is another field, of the sender."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    kind: Kind
    work_order: str | None = None
    event_time: datetime
    lines: tuple[Line, ...] = ()
    event_ids: tuple[UUID, ...] = ()
    """The plant's events it tells, oldest first."""
    state: str | None = None
    """Of an order's progress: planned, released, running, held, …"""
    revision: str | None = None
    """Of an acknowledgement: which revision of their order."""
    accepted: bool | None = None
    reason: str | None = None


class Posting(BaseModel):
    """A document on its way to one system: what a connector gets."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    document_id: UUID
    """Our key for it there; the same in every attempt."""
    document: Document
    posting_date: date
    reverses: str | None = None
    """Their number of the document it takes back, whole."""
    good_so_far: Exact = Decimal(0)
    """Of an order's progress: the good quantity told until then, in `good_unit`."""
    good_unit: str | None = None
    in_rework: Exact = Decimal(0)
    """Of an order's progress: how much is in rework by all that was told until now."""
