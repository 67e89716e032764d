"""What a scanner sends, and what the terminal shows of it."""

from datetime import datetime
from enum import StrEnum

from pydantic import BaseModel, ConfigDict, Field

from plant_server.contract.outbox import Quantity
from plant_server.domain.lot import LotState
from plant_server.materials.schemas import Code


class ScannedKind(StrEnum):
    LOT = "lot"
    ORDER = "order"
    ITEM = "item"
    UNKNOWN = "unknown"


class Scan(BaseModel):
    """Any code; badges go to the sign-in. Without an order, the one that runs at the station."""

    model_config = ConfigDict(extra="forbid")

    code: Code
    order: Code | None = None
    station: str | None = Field(default=None, max_length=300, description="EquipmentPath of the terminal.")


class ScannedLot(BaseModel):
    lot_id: int
    lot: str
    item: str
    revision: str | None
    unit: str
    state: LotState
    quantity: Quantity = Field(description="Remaining, at all locations.")
    here: Quantity | None = Field(description="Remaining at the station.")
    expiry_time: datetime | None


class Scanned(BaseModel):
    """✓ or ✗. A reason is a stable code of problem_texts.py."""

    ok: bool
    kind: ScannedKind
    code: str
    order: str | None = None
    item: str | None = None
    lot: ScannedLot | None = None
    reason: str | None = Field(default=None, examples=["superseded-revision"])
    change: str | None = Field(default=None, description="The change order behind it.", examples=["ECN-7"])
    params: dict[str, str] = Field(default={}, description="What the reason speaks of.")
    waiver_id: int | None = Field(default=None, description="Allowed by this waiver only.")
