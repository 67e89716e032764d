"""What the routes of bookings take and answer."""

from datetime import datetime
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator


class UnbookBody(BaseModel):
    """One booking, (`odometer_from`, `odometer_to`], as `GET …/bookings` shows it."""

    model_config = ConfigDict(extra="forbid")

    tag_id: int = Field(ge=1, le=2**31 - 1)
    odometer_from: int = Field(ge=0, le=10**19)
    odometer_to: int = Field(ge=1, le=10**19)
    note: Annotated[str, Field(max_length=500)] = ""

    @model_validator(mode="after")
    def _is_a_range(self) -> "UnbookBody":
        if self.odometer_from >= self.odometer_to:
            raise ValueError("the range is empty")
        return self


class OdometerSpan(BaseModel):
    tag_id: int
    odometer_from: int
    odometer_to: int


class Unbooked(BaseModel):
    run_id: int
    not_assigned: list[OdometerSpan] = Field(
        description="The booking, and the rejects that were counted meanwhile."
    )


class BookingRow(BaseModel):
    tag_id: int
    device: str
    tag: str
    odometer_from: int
    odometer_to: int
    parts: int
    kind: Literal["made", "scrap", "rejected", "not_counted"]
    from_ts: datetime = Field(description="Time of the first reading that showed them.")
    to_ts: datetime
    by_person: bool
