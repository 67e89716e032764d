"""What the API says of waivers, and takes."""

from datetime import datetime
from enum import StrEnum

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from plant_server.materials.schemas import Code, Note


class WaiverState(StrEnum):
    REQUESTED = "requested"
    GRANTED = "granted"
    REFUSED = "refused"
    REVOKED = "revoked"


class RequestWaiver(BaseModel):
    """For one lot and one order; without a lot, for the order's own pinned BOM."""

    model_config = ConfigDict(extra="forbid")

    order: Code
    lot_id: int | None = Field(default=None, ge=1, le=2**63 - 1)
    note: Note = Field(description="Why it may be used in spite of it.")


class GrantWaiver(BaseModel):
    model_config = ConfigDict(extra="forbid")

    expiry_time: AwareDatetime


class Waiver(BaseModel):
    waiver_id: int
    order: str
    item: str
    lot_id: int | None
    lot: str | None
    reasons: list[str] = Field(description="What it lifts, as codes.")
    changes: list[str] = Field(description="The change orders it speaks of; a later one asks again.")
    holds: list[str] = Field(description="The holds of the lot that it lifts; a later one asks again.")
    note: str
    state: WaiverState
    requested_by: int
    requested_by_name: str
    requested_time: datetime
    granted_by: int | None
    granted_by_name: str | None
    granted_role: str | None
    granted_time: datetime | None
    expiry_time: datetime | None
