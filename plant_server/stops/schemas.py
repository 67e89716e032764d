"""What the API says of stops, and takes."""

from datetime import datetime
from typing import Annotated

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, StringConstraints, model_validator

ReasonCode = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=100)]
Note = Annotated[str, StringConstraints(strip_whitespace=True, max_length=500)]


class _Closed(BaseModel):
    model_config = ConfigDict(extra="forbid")


class GiveReason(_Closed):
    """For the whole stop, or for the piece in which `at` lies. Without a reason what was said is taken back."""

    reason: ReasonCode | None = Field(description="Code of a reason of kind stop.", examples=["jam"])
    at: AwareDatetime | None = None
    note: Note | None = None


class Split(_Closed):
    """The piece in which `at` lies becomes two. A side that is left out keeps what it has."""

    at: AwareDatetime
    before: ReasonCode | None = None
    after: ReasonCode | None = None
    note: Note | None = None

    @model_validator(mode="after")
    def _one_side(self) -> "Split":
        if self.before is None and self.after is None:
            raise ValueError("name a reason for before or after")
        return self


class Piece(BaseModel):
    """[from_ts, to_ts) of a stop."""

    from_ts: datetime
    to_ts: datetime | None = Field(description="null: still standing.")
    reason: str | None = Field(description="null: unassigned.")
    name_en: str | None
    name_zh: str | None


class StopRow(BaseModel):
    stop_id: int
    device_id: int
    device: str
    path: str | None
    from_ts: datetime
    to_ts: datetime | None = Field(description="null: still standing.")
    is_micro: bool = Field(description="Shorter than the threshold: it needs no reason.")
    states: list[str] = Field(description="What the machine said meanwhile.")
    pieces: list[Piece]


class StopsNow(BaseModel):
    """The stops in the time that was spoken about, as they are now. None: late facts say that it did not stand; what
    was said is kept and counts again if it did."""

    stops: list[StopRow]


class Standing(BaseModel):
    path: str | None
    device: str
    device_id: int
    reason: str | None = Field(description="null: nobody has said.")
    seconds: float


class StandingOf(BaseModel):
    """Of [from_ts, to_ts), such as a shift."""

    from_ts: datetime
    to_ts: datetime
    unassigned_s: float = Field(
        description="Stood without a reason, of all machines asked for; no micro-stops."
    )
    by_reason: list[Standing]


class Threshold(_Closed):
    path: str = Field(
        max_length=300, description="EquipmentPath; it holds for all below it. Empty: the plant."
    )
    micro_below_s: int = Field(ge=0, le=86400)


class Thresholds(BaseModel):
    thresholds: list[Threshold]
