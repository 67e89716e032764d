"""What the API says of unsigned facts, and takes."""

from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field


class UnsignedFact(BaseModel):
    """Sent by a terminal for a person whom no badge or PIN of that moment names."""

    alarm_id: int
    event_id: UUID = Field(description="The Idempotency-Key it was sent with.")
    kind: str = Field(examples=["run.report"])
    station: str
    body: dict[str, Any] = Field(description="What was written down.")
    event_time: datetime
    recorded_time: datetime
    work_order_id: int | None
    known_by: Literal["word", "nothing"] = Field(
        description="*word*: somebody said at the locked terminal to be this person, and it is booked so. *nothing*: it is "
        "booked to the terminal."
    )
    person_id: int | None = Field(description="Of the session that the terminal named.")
    name: str | None
    name_zh: str | None


class SettleUnsigned(BaseModel):
    model_config = ConfigDict(extra="forbid")

    person_id: Annotated[int, Field(ge=1, le=2**31 - 1)] | None = Field(
        default=None, description="Who it was, as you know; null: nobody knows."
    )


class SettledUnsigned(BaseModel):
    event_id: UUID
    person_id: int | None
    known_by: Literal["word", "nothing"]
