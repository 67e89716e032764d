"""What the hand-over routes take and answer."""

from datetime import datetime
from decimal import Decimal
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from plant_server.master_data.schemas import EquipmentPath

Note = Annotated[str, StringConstraints(strip_whitespace=True, max_length=500)]


class HandOverBody(BaseModel):
    model_config = ConfigDict(extra="forbid")

    equipment: EquipmentPath = Field(description="The station.")
    note: Note = Field(default="", examples=["Tool 3 drips oil."])


class MadeInShift(BaseModel):
    """Of one order at the station, within the span: by its counts and reports, in the item's unit."""

    number: str
    item: str
    name_en: str
    name_zh: str
    made: Decimal
    good: Decimal
    scrap: Decimal
    rework: Decimal


class ScrapInShift(BaseModel):
    """As people reported it; what only a reject counter has counted has no reason."""

    reason: str
    name_en: str
    name_zh: str
    quantity: Decimal


class StoodInShift(BaseModel):
    reason: str | None = Field(description="null: nobody has said.")
    name_en: str | None
    name_zh: str | None
    seconds: float


class OpenQuestions(BaseModel):
    """What waits for an answer at the station when the shift ends."""

    parts_not_assigned: int = Field(description="Counts that no run owns.")
    stops_without_reason: int
    count_cases: int = Field(description="Counts that came late, and differences between people and machine.")
    parts_not_reported: Decimal = Field(description="Good parts of the open run that no report has told.")
    orders_held: int
    calls_open: int = Field(default=0, description="Calls for help at the station that nobody has ended.")


class Summary(BaseModel):
    """Of [from_time, to_time): since the hand-over before, 12 hours at most."""

    from_time: datetime
    to_time: datetime
    made: list[MadeInShift]
    scrap: list[ScrapInShift]
    stood: list[StoodInShift]
    unassigned_s: float = Field(description="Stood without a reason; no micro-stops.")
    questions: OpenQuestions


class HandOver(BaseModel):
    hand_over_id: int
    equipment: str
    note: str
    summary: Summary
    written_by: int
    written_by_name: str
    written_by_name_zh: str | None
    read_by: int | None
    read_time: datetime | None


class HandedOver(BaseModel):
    hand_over_id: int
    run_id: int | None = Field(
        description="The open run of the station: whoever reads the hand-over works at it."
    )
