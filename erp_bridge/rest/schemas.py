"""What the bridge API takes and answers. Times are RFC 3339 in UTC; quantities in documents are decimal strings."""

from datetime import date, datetime
from typing import Annotated, Any, Generic, TypeVar
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

Text = Annotated[str, StringConstraints(min_length=1, max_length=200, strip_whitespace=True)]
Item = TypeVar("Item")


class _Body(BaseModel):
    model_config = ConfigDict(extra="forbid")


class Page(BaseModel, Generic[Item]):
    """`next_cursor` is null on the last page."""

    items: list[Item]
    next_cursor: str | None = None


class Trouble(BaseModel):
    """Why something waits. `code` is stable."""

    code: str = Field(examples=["over_receipt"])
    message: str
    details: dict[str, Any] = {}


class DocumentRow(BaseModel):
    document_id: UUID = Field(description="Its key in the other system.")
    connector: str
    kind: str
    work_order: str | None
    lane: str
    position: int | None
    state: str = Field(
        description="open, ready, sending, accepted, modified, refused, unknown, cancelled, by_hand, skipped"
    )
    event_time: datetime
    posting_date: date
    posting_moved: bool = Field(description="Posted for another day, because the books were closed.")
    attempts: int
    reference: str | None = Field(description="The other system's number.")
    reverses: UUID | None
    problem: Trouble | None
    difference: list[dict[str, Any]] | None
    created_time: datetime
    finished_time: datetime | None
    next_attempt_time: datetime | None


class Delivery(BaseModel):
    number: int
    state: str
    started_time: datetime
    finished_time: datetime | None
    request: dict[str, Any] | None
    answer: dict[str, Any] | None
    read_back: dict[str, Any] | None
    difference: list[dict[str, Any]] | None
    error: str | None


class DocumentDetail(DocumentRow):
    body: dict[str, Any]
    deliveries: list[Delivery]


class PostedByHand(_Body):
    reference: Text = Field(description="Its number in the other system.", examples=["CMP-000123"])
    note: Annotated[str, StringConstraints(max_length=500)] = ""


class InboxRow(BaseModel):
    inbox_id: int
    system: str
    kind: str
    external_id: str
    revision: str
    state: str = Field(description="received, stopped, refused, done, superseded, dropped")
    attempt: int
    problem: Trouble | None
    answer: dict[str, Any] | None
    received_time: datetime
    answered_time: datetime | None


class InboxDetail(InboxRow):
    told: dict[str, Any]


class Dropped(_Body):
    reason: Text


class Code(BaseModel):
    system: str
    kind: str
    our_code: str
    their_code: str
    changed_time: datetime
    changed_by: str


class TheirCode(_Body):
    their_code: Text


class FixIt(BaseModel):
    """Something that waits for a person."""

    what: str = Field(description="document or inbox")
    id: str
    system: str
    kind: str
    subject: str | None = Field(description="Work order, item or whatever it is about.")
    state: str
    problem: Trouble
    says: str = Field(description="What happened, in the reader's language.")
    to_do: str = Field(description="What to do, in the reader's language.")
    waiting_behind: int = Field(description="Documents that wait for this one.")
    since: datetime


class SystemStatus(BaseModel):
    system: str
    documents: dict[str, int] = Field(description="How many are in each unfinished state.")
    oldest_time: datetime | None


class Status(BaseModel):
    as_of: datetime
    systems: list[SystemStatus]
    unclaimed: int = Field(description="Facts still in the plant's outbox.")
    unplanned: int
    inbox_waiting: int
