"""What the run routes take and answer."""

from datetime import datetime
from decimal import Decimal
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, model_validator

from plant_server.domain.run import CountSource, Phase, SetupPartsPolicy
from plant_server.master_data.schemas import Amount, Code, EquipmentPath, NotNegative


class _Body(BaseModel):
    model_config = ConfigDict(extra="forbid")


class PartsPerCycleBody(_Body):
    """Of a tool with `cavities`, `blocked` of which make nothing; `cycles` for one set of parts."""

    cavities: int = Field(default=1, ge=1, le=1000)
    blocked: int = Field(default=0, ge=0, le=1000)
    cycles: int = Field(default=1, ge=1, le=1000)

    @model_validator(mode="after")
    def _some_are_left(self) -> "PartsPerCycleBody":
        if self.blocked > self.cavities:
            raise ValueError("more cavities are blocked than there are")
        return self


class StartBody(_Body):
    operation_id: int = Field(ge=1, le=2**62)
    equipment: EquipmentPath = Field(description="The station.")
    with_setup: bool = Field(
        default=False, description="The first parts are of the set-up, until it is ended."
    )
    parts_per_cycle: PartsPerCycleBody | None = Field(
        default=None, description="Null: as the operation says."
    )
    count_source: CountSource | None = Field(default=None, description="Null: as the operation says.")


class ChangeBody(_Body):
    """End this run and start the next at one position of the counter."""

    operation_id: int = Field(ge=1, le=2**62)
    complete: bool = Field(default=False, description="True: the operation that ends is completed with it.")
    with_setup: bool = False
    parts_per_cycle: PartsPerCycleBody | None = None
    count_source: CountSource | None = None


class RunChanged(BaseModel):
    run_id: int
    work_order_id: int
    time: datetime = Field(description="By the plant's clock.")
    order_state: str
    operation_state: str


class BadBody(_Body):
    quantity: Amount
    reason: Code
    among_rejects: bool | None = Field(
        default=None,
        description="Whether the reject counter has counted them already. Null: as far as it has rejects without a reason.",
    )


class ReportBody(_Body):
    good: NotNegative | None = Field(
        default=None,
        description="Null: what the machine made since the last report, less the bad parts named here.",
    )
    scrap: list[BadBody] = Field(default=[], max_length=20)
    rework: list[BadBody] = Field(default=[], max_length=20)


class Reported(BaseModel):
    report_id: UUID = Field(description="The Idempotency-Key it was sent with.")
    run_id: int
    good: Decimal = Field(description="Of this report.")
    scrap: Decimal
    rework: Decimal
    run_good: Decimal
    order_good: Decimal
    order_scrap: Decimal
    order_rework: Decimal
    over_run: Decimal
    undo_until: datetime | None


class ReverseBody(_Body):
    """Take a report back; with `instead`, report anew in the same step."""

    note: Annotated[str, Field(max_length=500)] = ""
    instead: ReportBody | None = None


class Entry(BaseModel):
    event_id: UUID
    line: int
    kind: Literal["good", "scrap", "rework"]
    quantity: Decimal
    among_rejects: bool
    reason: str | None
    actor: str
    event_time: datetime
    recorded_time: datetime
    reverses: UUID | None


class Run(BaseModel):
    run_id: int
    operation_id: int
    work_order_id: int
    number: str
    item: str
    name_en: str
    name_zh: str
    revision: str | None
    position: int
    operation_en: str
    operation_zh: str
    equipment: str = Field(description="EquipmentPath of the station.")
    from_time: datetime
    to_time: datetime | None
    phase: Phase
    parts_per_cycle: PartsPerCycleBody
    count_source: CountSource
    setup_parts: SetupPartsPolicy
    made: Decimal
    good: Decimal = Field(
        description="Below zero while more bad parts were named than the machine has shown."
    )
    scrap: Decimal
    rework: Decimal
    since_last_report: Decimal = Field(
        description="Good parts that no report has told: what a report takes by itself."
    )
    unexplained_rejects: Decimal = Field(description="Rejects of the machine without a reason.")
    not_yet_booked: int = Field(
        description="Steps that the counter has shown and the keeper has not booked yet."
    )
    order_good: Decimal
    order_quantity: Decimal
    unit: str
    people: list[str]


class Share(_Body):
    """Exactly one of the two; of the last share neither: it takes the rest."""

    run_id: int = Field(ge=1, le=2**62)
    steps: int | None = Field(default=None, ge=1, le=2**62)
    until_time: AwareDatetime | None = None

    @model_validator(mode="after")
    def _one_way(self) -> "Share":
        if self.steps is not None and self.until_time is not None:
            raise ValueError("a share ends by steps or by time, not by both")
        return self


class AssignBody(_Body):
    """Whose the counts (`odometer_from`, `odometer_to`] are, in the order in which they were made."""

    tag_id: int = Field(ge=1, le=2**31 - 1)
    odometer_from: int = Field(ge=0, le=10**19)
    odometer_to: int = Field(ge=1, le=10**19)
    shares: list[Share] = Field(min_length=1, max_length=50)
    note: Annotated[str, Field(max_length=500)] = ""

    @model_validator(mode="after")
    def _is_a_range(self) -> "AssignBody":
        if self.odometer_from >= self.odometer_to:
            raise ValueError("the range is empty")
        if any(one.steps is None and one.until_time is None for one in self.shares[:-1]):
            raise ValueError("only the last share takes the rest")
        return self


class Assigned(BaseModel):
    bookings: list[dict[str, Any]]
    rejects: list[dict[str, Any]] = Field(
        description="Ranges of reject counters that went with them: counted in the same time."
    )


class NotAssigned(BaseModel):
    tag_id: int
    device: str
    tag: str
    counts: str | None
    equipment: str | None
    odometer_from: int
    odometer_to: int
    steps: int
    from_ts: datetime = Field(description="Time of the first reading that showed them.")
    to_ts: datetime
    reason: Literal["no_run", "spans_runs", "late", "reversed"] = Field(
        description="reversed: a person took them from a run."
    )
    proposed_run_id: int | None


class CountCase(BaseModel):
    kind: Literal["late", "difference", "surplus"] = Field(
        description="surplus: more than the operation before delivered."
    )
    run_id: int
    number: str
    equipment: str
    odometer_from: int
    quantity: Decimal
    opened_time: datetime
    settled_time: datetime | None
    settled_by: str | None
    note: str | None


class SettleBody(_Body):
    kind: Literal["late", "difference", "surplus"]
    run_id: int = Field(ge=1, le=2**62)
    odometer_from: int = Field(default=0, ge=0, le=10**19)
    note: Annotated[str, Field(min_length=1, max_length=500)]


class CountingTagBody(_Body):
    tag_id: int = Field(ge=1, le=2**31 - 1, description="A counter of a device that is this equipment.")
