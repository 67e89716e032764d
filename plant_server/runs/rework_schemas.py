"""What the routes of rework take and answer."""

from datetime import datetime
from decimal import Decimal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, model_validator

from plant_server.master_data.schemas import Amount, Code, NotNegative


class AfterRework(BaseModel):
    model_config = ConfigDict(extra="forbid")

    quantity: Amount
    reason: Code


class ReworkBody(BaseModel):
    """What became of parts that were in rework."""

    model_config = ConfigDict(extra="forbid")

    good: NotNegative = Decimal(0)
    scrap: list[AfterRework] = Field(default=[], max_length=20)
    rework_reason: Code | None = Field(
        default=None, description="What they were in rework for. Null: whatever it was, the oldest first."
    )

    @model_validator(mode="after")
    def _is_something(self) -> "ReworkBody":
        if not self.good and not self.scrap:
            raise ValueError("say how many are good now, or scrap")
        return self


class ReworkRow(BaseModel):
    """What stands in rework of one run for one reason."""

    run_id: int
    equipment: str = Field(description="EquipmentPath of the station that made them.")
    reason: str
    quantity: Decimal
    since: datetime = Field(description="When the first of them was reported.")


class ReworkSettled(BaseModel):
    report_id: UUID = Field(
        description="The Idempotency-Key it was sent with. It is undone and reversed as a report of any of `runs`."
    )
    operation_id: int
    runs: list[int]
    good: Decimal
    scrap: Decimal
    in_rework: Decimal = Field(description="What is left of what could be settled.")
    order_good: Decimal
    order_scrap: Decimal
    order_rework: Decimal
    undo_until: datetime
