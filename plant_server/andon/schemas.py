"""What the API says of calls, and takes."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, model_validator

from plant_server.domain.andon_call import CallState, CallType
from plant_server.people.roles import PEOPLE, Role

EquipmentPath = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=300)]
Note = Annotated[str, StringConstraints(strip_whitespace=True, max_length=500)]


class _Closed(BaseModel):
    model_config = ConfigDict(extra="forbid")


class RaiseCall(_Closed):
    """Where somebody is needed, and who. At one place one call of a type is open at a time: who calls again joins it."""

    path: EquipmentPath = Field(
        description="EquipmentPath of a machine or of a line.", examples=["demo/plant1/area1/line1/press1"]
    )
    type: CallType
    note: Note = ""


class Acknowledge(_Closed):
    """I come, in so many minutes."""

    eta_min: int = Field(ge=0, le=480)


class CallRow(BaseModel):
    """Who is named by text: `person:7`; `station:3`, a terminal at which nobody had signed in; `keeper`, for a machine in
    fault. Names only of people."""

    call_id: UUID
    path: str
    line: str
    type: CallType
    note: str
    raised_by: str
    raised_by_name: str | None
    raised_by_name_zh: str | None
    raised_time: datetime = Field(description="When it was called, as far as its clock could be corrected.")
    heard_time: datetime = Field(description="When the plant heard of it.")
    is_late: bool = Field(
        description="Heard of more than 5 min after it was called: listed, and nobody is told."
    )
    state: CallState
    acknowledged_by: str | None
    acknowledged_by_name: str | None
    acknowledged_by_name_zh: str | None
    acknowledged_time: datetime | None = Field(description="The first answer.")
    eta_time: datetime | None
    ended_by: str | None
    ended_time: datetime | None
    level: int = Field(description="The highest that was told; 0: none yet.")


class Called(BaseModel):
    """`joined`: the same call was open already; it is answered in its place."""

    call: CallRow
    joined: bool = False


class Response(BaseModel):
    """How soon calls raised in [from_ts, to_ts) were answered. Late calls are left out: nobody could answer them."""

    from_ts: datetime
    to_ts: datetime
    calls: int
    acknowledged: int
    unanswered: int = Field(description="Still open, and nobody comes.")
    escalated: int = Field(description="So many were told to at least one level.")
    median_s: float | None = Field(description="From raised to acknowledged, of those acknowledged.")
    p95_s: float | None


class LevelOfSite(_Closed):
    """`roles`: who is told; none: those whose kind of call it is."""

    after_s: int = Field(ge=1, le=86400, description="After the call, while nobody has acknowledged it.")
    roles: list[Role] = Field(default=[], max_length=len(PEOPLE))

    @model_validator(mode="after")
    def _roles_of_people(self) -> "LevelOfSite":
        if not set(self.roles) <= PEOPLE:
            raise ValueError("a level names roles of people")
        return self


class Settings(_Closed):
    """Levels in order: each later than the one before."""

    levels: list[LevelOfSite] = Field(max_length=9)
    fault_after_s: int | None = Field(
        ge=0,
        le=240,
        description="A machine in fault for so long calls maintenance by itself; null: it does not.",
    )

    @model_validator(mode="after")
    def _in_order(self) -> "Settings":
        times = [one.after_s for one in self.levels]
        if sorted(set(times)) != times:
            raise ValueError("each level comes later than the one before")
        return self
