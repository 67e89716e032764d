"""What the work order routes take and answer. Quantities are in the base unit of the item unless a field says otherwise."""

from datetime import datetime
from decimal import Decimal
from typing import Annotated, Any

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from plant_server.domain.operation import OperationState
from plant_server.domain.work_order import HoldReason, WorkOrderState
from plant_server.master_data.schemas import Amount, Code, EquipmentPath, External, Outcome


class _Body(BaseModel):
    model_config = ConfigDict(extra="forbid")


class WorkOrderBody(External):
    """An order as the ERP releases it. `system` = `plant` is an order that somebody made here."""

    number: Code = Field(examples=["WO-100417"])
    item: Code
    quantity: Amount
    unit: Code | None = Field(default=None, description="Null: the base unit of the item.")
    due_time: AwareDatetime | None = None
    priority: int = Field(default=5, ge=1, le=9, description="1 goes first.")
    revision: Code | None = Field(default=None, description="Of the item; null: the one allowed at release.")
    work_center: EquipmentPath | None = Field(default=None, description="For an item without a routing.")
    requirement: Code | None = Field(default=None, description="The customer's order or need it is made for.")
    release: bool = Field(default=False, description="Release it at once.")


class ReceivedOrder(BaseModel):
    outcome: Outcome
    id: int
    state: WorkOrderState


class HoldBody(_Body):
    reason: HoldReason
    reference: Annotated[str, Field(max_length=80)] = Field(
        default="", description="Number of the change order, the quality case …", examples=["ECN-7"]
    )


class RepinBody(_Body):
    revision: Code = Field(description="Of the item.", examples=["B"])


class ResequenceBody(_Body):
    priority: Annotated[int, Field(ge=1, le=9)] | None = Field(
        description="1 goes first. Null: what the ERP says holds again."
    )
    reason: Annotated[str, Field(min_length=1, max_length=200)] = Field(examples=["The customer waits."])


class EndBody(_Body):
    confirm: bool = Field(
        default=False, description="True: although quantity or operations are not finished."
    )


class OrderChanged(BaseModel):
    work_order_id: int
    state: WorkOrderState
    over_run: str = Field(description="Good parts beyond the ordered quantity; the ERP judges them.")
    remaining: str


class Operation(BaseModel):
    operation_id: int
    position: int
    name_en: str
    name_zh: str
    work_center: str | None
    setup_s: Decimal
    cycle_time_s: Decimal
    transfer_quantity: Decimal | None
    is_optional: bool
    is_last: bool
    count_source: str
    cavities: int
    state: OperationState
    made: Decimal
    good: Decimal
    scrap: Decimal
    rework: Decimal


class WorkOrderRow(BaseModel):
    work_order_id: int
    number: str
    source: str
    item: str
    name_en: str
    name_zh: str
    quantity: Decimal
    unit: str
    due_time: datetime | None
    priority: int = Field(description="A person's if somebody gave one, else the ERP's.")
    requirement: str | None
    state: WorkOrderState
    revision: str | None = Field(description="Of the item, pinned at release.")
    made: Decimal
    good: Decimal
    scrap: Decimal
    rework: Decimal
    over_run: Decimal
    remaining: Decimal


class WorkOrderDetail(WorkOrderRow):
    ordered_quantity: Decimal
    ordered_unit: str
    ordered_priority: int = Field(description="As the ERP says, whatever a person says.")
    routing_revision: str | None
    bom_id: int | None
    work_center: str | None
    created_time: datetime
    released_time: datetime | None
    started_time: datetime | None
    ended_time: datetime | None
    holds: list[dict[str, Any]]
    operations: list[Operation]


class DispatchRow(BaseModel):
    """An operation that a station may do, in the order in which it should."""

    operation_id: int
    work_order_id: int
    number: str
    item: str
    name_en: str
    name_zh: str
    operation_en: str
    operation_zh: str
    position: int
    work_center: str | None
    state: OperationState
    order_state: WorkOrderState
    quantity: Decimal
    unit: str
    good: Decimal
    remaining: Decimal
    due_time: datetime | None
    priority: int
    revision: str | None
    cycle_time_s: Decimal
    setup_s: Decimal
    requirement: str | None
