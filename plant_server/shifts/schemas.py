"""What the API says of shifts."""

from datetime import datetime

from pydantic import BaseModel, Field

from plant_server.shifts.pattern import StatedPattern


class Shifts(BaseModel):
    pattern: StatedPattern | None = Field(description="null: none at all.")
    is_stated: bool = Field(description="false: nobody said when the plant works; whole days stand in.")
    time_zone: str = Field(description="The site's; times of shifts are of its wall clock.")


class Stated(Shifts):
    holds_from: datetime | None = Field(
        description="When the first shift of it begins; what has begun before stays as it was."
    )
