"""What a trace answers. Quantities are decimals written as strings; times are aware, UTC."""

from datetime import datetime
from enum import StrEnum

from pydantic import BaseModel, Field

from plant_server.contract.outbox import Quantity


class Direction(StrEnum):
    BACKWARD = "backward"  # From what was made to what went into it.
    FORWARD = "forward"  # From material to all that it went into.


class LotHold(BaseModel):
    reference: str = Field(description="Of the quality case or the change order.")
    note: str | None
    placed_time: datetime
    lifted_time: datetime | None


class TracedLot(BaseModel):
    lot_id: int
    lot: str
    item: str
    name_en: str
    name_zh: str
    revision: str | None
    unit: str
    supplier_lot: str | None
    received_time: datetime
    expiry_time: datetime | None
    received: Quantity
    in_stock: Quantity = Field(description="What is left of it, at all locations.")
    made_by: str | None = Field(description="The order whose product it is, if it was made here.")
    holds: list[LotHold]


class Material(BaseModel):
    """What went into an order: of a lot, of an item without lots, or (`is_short`) of a lot that nobody has named."""

    item: str
    name_en: str
    name_zh: str
    lot: TracedLot | None
    unit: str
    is_short: bool
    quantity: Quantity = Field(description="That stayed in the order: taken less put back.")
    taken: Quantity
    put_back: Quantity = Field(description="When a report was taken back.")
    from_time: datetime
    to_time: datetime
    operations: list[int]
    locations: list[str]
    bom_revisions: list[str]
    waivers: list[int]


class PersonAtRun(BaseModel):
    person: str = Field(description="person:7, or the terminal of a report that nobody signed.")
    name: str | None
    name_zh: str | None
    from_time: datetime
    to_time: datetime | None


class StopInRun(BaseModel):
    from_time: datetime
    to_time: datetime | None
    reason: str | None
    name_en: str | None
    name_zh: str | None


class BadParts(BaseModel):
    kind: str = Field(description="scrap, or rework that is not settled yet.")
    reason: str
    name_en: str | None
    name_zh: str | None
    quantity: Quantity


class TracedRun(BaseModel):
    run_id: int
    operation: int
    name_en: str
    name_zh: str
    station: str
    from_time: datetime
    to_time: datetime | None
    good: Quantity
    energy_wh: Quantity | None
    people: list[PersonAtRun]
    stops: list[StopInRun]
    bad_parts: list[BadParts]


class OrderHold(BaseModel):
    reason: str
    reference: str
    set_by: str
    set_time: datetime


class TracedWaiver(BaseModel):
    waiver_id: int
    item: str
    lot: str | None
    reasons: list[str]
    changes: list[str]
    note: str
    state: str
    requested_by: str
    granted_by: str | None
    granted_time: datetime | None


class TracedOrder(BaseModel):
    """`number` is the label of the lot that it made."""

    step: int = Field(
        description="0: asked for, or took from a lot that was asked for; then so many orders on."
    )
    number: str
    item: str
    name_en: str
    name_zh: str
    quantity: Quantity
    unit: str
    state: str
    good: Quantity
    scrap: Quantity
    rework: Quantity
    revision: str | None
    bom_revision: str | None
    drawings: list[str]
    requirement: str | None = Field(description="What it was made for: the customer's order or need.")
    released_time: datetime | None
    started_time: datetime | None
    ended_time: datetime | None
    materials: list[Material]
    runs: list[TracedRun]
    holds: list[OrderHold]
    waivers: list[TracedWaiver]


class Trace(BaseModel):
    label: str
    direction: Direction
    read_time: datetime
    is_cut: bool = Field(
        description="There is more than an answer holds: ask for one of the lots or orders in it."
    )
    lots: list[TracedLot] = Field(description="Of this label.")
    orders: list[TracedOrder]
