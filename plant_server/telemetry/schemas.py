"""What the telemetry routes answer. Times are UTC; `*_ts` is source time, `received_time` the server's."""

from datetime import datetime
from enum import StrEnum
from uuid import UUID

from pydantic import BaseModel, Field

from plant_server.machine_states.schemas import Contact


class Health(BaseModel):
    """Whether this process reaches its database, and how long ago ingest committed something."""

    status: str = Field(
        examples=["ok"],
        description="`ok`; with HTTP 503 `database-unavailable`, `schema-not-ready` or `live-values-ended`.",
    )
    last_commit: datetime | None = Field(
        default=None, description="stored_time of the newest commit of ingest."
    )
    last_commit_age_s: float | None = Field(default=None, description="Seconds since then.", examples=[0.4])


class Device(BaseModel):
    device_id: int = Field(examples=[1])
    group: str = Field(description="Sparkplug group: the plant's code.", examples=["demo"])
    edge: str = Field(examples=["press-shop"])
    name: str = Field(examples=["press1"])
    path: str | None = Field(description="ISA-95 EquipmentPath.", examples=["demo/plant1/area1/line1/press1"])
    equipment_id: int | None = Field(description="The equipment it was accepted as; null: still proposed.")
    contact: Contact
    last_message: datetime | None = Field(description="received_time of the edge's last message.")
    last_message_age_s: float | None = Field(examples=[0.8])
    machine_state: str | None = Field(
        description="The last state known from facts; null: no fact yet. Not the display status: see `contact`.",
        examples=["producing"],
    )
    machine_state_since: datetime | None


class Tag(BaseModel):
    tag_id: int = Field(examples=[7])
    device_id: int
    name: str = Field(examples=["parts"])
    role: str = Field(examples=["counter"])
    unit: str | None = Field(examples=["Wh"])
    datatype: int = Field(description="Sparkplug datatype number.", examples=[7])
    counts: str | None = Field(examples=["good"], description="What a step of a counter stands for.")
    vocabulary: str | None = Field(examples=["packml"], description="Whose numbers a state tag speaks.")
    ts: datetime | None = Field(description="source_time of the last value.")
    value: float | None = Field(
        description="In `unit`, as the machine shows it. Null: bad, text, or none yet."
    )
    text: str | None
    quality: int | None = Field(description="192 good, 0 bad, 500 stale.", examples=[192])
    received_time: datetime | None


class Sample(BaseModel):
    ts: datetime = Field(description="source_time.")
    value: float | None = Field(
        description="In the tag's unit; null where the quality is bad.", examples=[21.5]
    )
    text: str | None
    quality: int = Field(examples=[192])


class Samples(BaseModel):
    """Raw samples of [from, to), oldest first."""

    tag_id: int
    name: str
    unit: str | None
    items: list[Sample]
    next_cursor: str | None


class Odometer(BaseModel):
    """The total that never goes back."""

    tag_id: int
    device_id: int
    device: str = Field(examples=["press1"])
    path: str | None
    tag: str = Field(examples=["parts"])
    role: str = Field(examples=["counter"])
    counts: str | None = Field(examples=["parts"])
    unit: str | None = Field(examples=["Wh"])
    total: int = Field(description="Whole parts, or Wh.", examples=[15230])
    ts: datetime | None = Field(description="Time of the last reading.")


class CaseState(StrEnum):
    OPEN = "open"
    SETTLED = "settled"


class Case(BaseModel):
    """What the odometer could not know: between two readings `at_least` to `at_most` was made; it took `believed`."""

    case_id: int
    tag_id: int
    device: str
    tag: str
    unit: str | None
    kind: str = Field(examples=["restart"])
    state: CaseState
    from_ts: datetime
    to_ts: datetime
    from_value: int
    to_value: int
    at_least: int
    at_most: int
    believed: int
    detail: str | None
    opened_time: datetime
    settled_time: datetime | None


class Gap(BaseModel):
    """What an edge had to drop: which tag (null: nobody can know), from when to when, how many readings."""

    gap_id: int
    group: str
    edge: str
    epoch: UUID
    first: int = Field(description="First and last entry of the epoch that this stands for.")
    last: int
    reason: str = Field(examples=["dropped"])
    device: str | None
    tag: str | None
    from_ts: datetime | None
    to_ts: datetime | None
    count: int | None
    stored_time: datetime


class Quarantined(BaseModel):
    """A message that could not be stored. Its bytes are kept in the database."""

    quarantine_id: int
    group: str | None
    edge: str | None
    topic: str
    payload_bytes: int = Field(description="Size in bytes.")
    reason: str = Field(description="A stable code.", examples=["malformed"])
    detail: str
    epoch: UUID | None
    first: int | None
    last: int | None
    received_time: datetime


class LiveValue(BaseModel):
    """A tag's newest value, as the stream `/api/v1/live` sends it."""

    device_id: int
    tag_id: int
    ts: datetime
    value: float | None
    text: str | None
    quality: int
    received_time: datetime
