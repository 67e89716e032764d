"""What the API says of material, and takes. Quantities are decimals written as strings."""

from datetime import datetime
from decimal import Decimal
from typing import Annotated, Any
from uuid import UUID

from pydantic import AwareDatetime, BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints

from plant_server.contract.outbox import Quantity
from plant_server.domain.lot import LotState
from plant_server.materials.lots import MoveKind


def _no_float(value: Any) -> Any:
    if isinstance(value, float):
        raise ValueError("a quantity is a string or a whole number: a float is not exact")
    return value


Amount = Annotated[
    Decimal,
    BeforeValidator(_no_float),
    Field(gt=0, max_digits=24, decimal_places=9, description="Above zero.", examples=["12.5"]),
]
Counted = Annotated[
    Decimal, BeforeValidator(_no_float), Field(ge=0, max_digits=24, decimal_places=9, examples=["12.5"])
]
Code = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=100)]
Place = Annotated[
    str,
    StringConstraints(strip_whitespace=True, min_length=1, max_length=300),
    Field(description="An EquipmentPath or the name of a store.", examples=["store"]),
]
Note = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=500)]


class _Closed(BaseModel):
    model_config = ConfigDict(extra="forbid")


class Receive(_Closed):
    """Of a lot that is there already more arrives; what is said of it must be the same."""

    item: Code
    lot: Code
    revision: Code | None = None
    quantity: Amount
    unit: Code | None = Field(default=None, description="Default: the item's. Another must convert exactly.")
    location: Place
    supplier_lot: Code | None = None
    expiry_time: AwareDatetime | None = None
    reserved_for: Code | None = Field(default=None, description="The only order that may take it.")
    known_to_erp: bool = Field(default=False, description="The ERP has posted the receipt itself.")


class Issue(_Closed):
    """From the store to the line, for an order. Asked of the interlock."""

    order: Code
    quantity: Amount
    unit: Code | None = None
    from_location: Place
    to_location: Place


class Return(_Closed):
    """What was not used goes back, whatever state the lot is in."""

    order: Code | None = None
    quantity: Amount
    unit: Code | None = None
    from_location: Place
    to_location: Place


class Consume(_Closed):
    """By scan: a component that is not backflushed, or more than the BOM says. Asked of the interlock."""

    order: Code
    quantity: Amount
    unit: Code | None = None
    location: Place
    run_id: int | None = Field(default=None, ge=1, le=2**63 - 1)


class Adjust(_Closed):
    """A person counted what lies there."""

    location: Place
    counted: Counted
    reason: Note


class PlaceHold(_Closed):
    reference: Code = Field(description="Of the quality case or the change order.")
    note: Note | None = None


class LiftHold(_Closed):
    reference: Code
    note: Note


class Settle(_Closed):
    """Names a lot that gave what the books were short of."""

    lot_id: int = Field(ge=1, le=2**63 - 1)
    quantity: Amount | None = Field(default=None, description="Default: all that is short.")
    location: Place | None = Field(default=None, description="Default: where the parts were made.")


class Stock(BaseModel):
    location: str
    quantity: Quantity


class Lot(BaseModel):
    lot_id: int
    item: str
    lot: str
    revision: str | None
    quantity: Quantity = Field(description="At all locations.")
    unit: str
    state: LotState
    stock: list[Stock]
    holds: list[str] = Field(description="References of what holds it.")
    supplier_lot: str | None
    reserved_for: str | None
    received_time: datetime
    expiry_time: datetime | None


class LotMove(BaseModel):
    move_id: int
    kind: MoveKind
    from_location: str | None
    to_location: str | None
    quantity: Quantity
    order: str | None
    consumption_id: int | None
    waiver_id: int | None
    reason: str | None
    event_time: datetime
    event_id: UUID
    actor: str | None


class ConsumedLot(BaseModel):
    lot_id: int
    lot: str
    quantity: Quantity


class RefusedLot(BaseModel):
    """Lay at the station and must not be used: with a shortage, very likely what was."""

    lot: str
    reason: str
    change: str | None = None


class Consumption(BaseModel):
    consumption_id: int
    event_id: UUID
    order: str
    run_id: int | None
    operation: int | None
    location: str
    bom_revision: str
    position: str | None = Field(description="In the BOM; null: by scan.")
    item: str
    unit: str
    required: Quantity
    shortage: Quantity = Field(
        description="What the lots at the station could not give, and nobody has named."
    )
    lots: list[ConsumedLot]
    refused: list[RefusedLot]
    event_time: datetime
    is_reversed: bool
