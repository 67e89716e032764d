"""What the plant tells an ERP: the bodies of `plant.outbox` rows, one model per kind. The bridge reads nothing else.

Quantities are decimals written as strings; times are aware, UTC. A document is a **delta**: what one report, one
consumption or one run added, never a total. A correction is a further delta with `reverses`, never a changed one.
"""

from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import Annotated, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, PlainSerializer

Quantity = Annotated[Decimal, PlainSerializer(lambda value: format(value, "f"), return_type=str)]


class Kind(StrEnum):
    """`kind` of an outbox row. Terms of B2MML where it has one."""

    COMPLETION = "completion"  # Good parts received.
    CONSUMPTION = "consumption"  # Material used, by lot.
    SCRAP = "scrap"
    LABOR_TIME = "labor_time"
    MACHINE_TIME = "machine_time"
    ENERGY_COST = "energy_cost"
    STOCK_MOVE = "stock_move"
    ORDER_PROGRESS = "order_progress"  # The order's state changed.
    ORDER_ACKNOWLEDGEMENT = "order_acknowledgement"  # An order of the ERP was accepted here.


class _Document(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    event_time: datetime
    reverses: UUID | None = None
    """Event id of the document that this one takes back."""


class _OfOrder(_Document):
    work_order: str
    """The number the ERP gave the order; for an order made here, ours."""
    operation: int | None = None
    """Sequence number of the operation, 10, 20, …"""
    run_id: int | None = None


class LotQuantity(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    lot: str
    quantity: Quantity


class BookedRange(BaseModel):
    """The machine counts behind a quantity: (odometer_from, odometer_to] of one tag."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    device: str
    tag: str
    odometer_from: int
    odometer_to: int


class Completion(_OfOrder):
    kind: Literal[Kind.COMPLETION] = Kind.COMPLETION
    item: str
    quantity: Quantity
    unit: str
    lot: str | None = None
    equipment_path: str | None = None
    """The station that made it."""
    ranges: tuple[BookedRange, ...] = ()


class Scrap(_OfOrder):
    kind: Literal[Kind.SCRAP] = Kind.SCRAP
    item: str
    quantity: Quantity
    unit: str
    reason: str
    rework: bool = False
    equipment_path: str | None = None
    """The station that made it."""
    ranges: tuple[BookedRange, ...] = ()


class Consumption(_OfOrder):
    kind: Literal[Kind.CONSUMPTION] = Kind.CONSUMPTION
    item: str
    unit: str
    quantity: Quantity
    lots: tuple[LotQuantity, ...] = ()
    bom_revision: str


class LaborTime(_OfOrder):
    kind: Literal[Kind.LABOR_TIME] = Kind.LABOR_TIME
    person: str
    """The personnel number; of a person without one, `person:7`."""
    from_time: datetime
    to_time: datetime
    seconds: Quantity


class MachineTime(_OfOrder):
    kind: Literal[Kind.MACHINE_TIME] = Kind.MACHINE_TIME
    equipment_path: str
    from_time: datetime
    to_time: datetime
    seconds: Quantity


class TariffEnergy(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    tariff: str
    energy_wh: Quantity


class EnergyCost(_OfOrder):
    kind: Literal[Kind.ENERGY_COST] = Kind.ENERGY_COST
    equipment_path: str
    from_time: datetime
    to_time: datetime
    energy_wh: Quantity
    tariffs: tuple[TariffEnergy, ...] = ()
    """By the window of the plant's tariff, where one held; never more than `energy_wh`."""


class StockMove(_Document):
    kind: Literal[Kind.STOCK_MOVE] = Kind.STOCK_MOVE
    item: str
    unit: str
    quantity: Quantity
    lot: str
    from_location: str
    to_location: str
    purpose: Literal["receive", "issue", "return", "adjust"] | None = None
    """Why it moved; of a count that differed the difference is adjusted, and comes from or goes to `outside`."""
    reason: str | None = None
    """What the person who counted said."""


class OrderProgress(_OfOrder):
    """`completed` ends the order. No completion says so: the last one may be told long before it, or be late."""

    kind: Literal[Kind.ORDER_PROGRESS] = Kind.ORDER_PROGRESS
    state: str


class OrderAcknowledgement(_OfOrder):
    """The plant took the order. One that it refuses leaves nothing here: its answer to the command says so."""

    kind: Literal[Kind.ORDER_ACKNOWLEDGEMENT] = Kind.ORDER_ACKNOWLEDGEMENT


Body = (
    Completion
    | Scrap
    | Consumption
    | LaborTime
    | MachineTime
    | EnergyCost
    | StockMove
    | OrderProgress
    | OrderAcknowledgement
)
