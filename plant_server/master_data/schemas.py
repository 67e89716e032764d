"""What the master data routes take and answer. Quantities are decimals; in answers they are written as strings."""

from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import Annotated, Any, Literal

from pydantic import (
    AwareDatetime,
    Base64Bytes,
    BaseModel,
    ConfigDict,
    Field,
    StringConstraints,
    model_validator,
)

from plant_server.domain.bom import ComponentScrapPolicy, Issuing
from plant_server.domain.change_order import Disposition
from plant_server.domain.reason import ReasonKind, StopTime
from plant_server.domain.run import CountSource, SetupPartsPolicy

Code = Annotated[
    str,
    StringConstraints(
        min_length=1, max_length=80, pattern=r"^[^\s\x00-\x1f](?:[^\x00-\x1f]*[^\s\x00-\x1f])?$"
    ),
]
Name = Annotated[str, StringConstraints(min_length=1, max_length=200, strip_whitespace=True)]
Amount = Annotated[Decimal, Field(gt=0, max_digits=30, decimal_places=12)]
NotNegative = Annotated[Decimal, Field(ge=0, max_digits=30, decimal_places=12)]
EquipmentPath = Annotated[
    str,
    StringConstraints(
        min_length=1, max_length=200, pattern=r"^[^/\s]([^/]*[^/\s])?(/[^/\s]([^/]*[^/\s])?)*$"
    ),
]
DRAWING_MAX_BYTES = 8 * 2**20


class _Body(BaseModel):
    model_config = ConfigDict(extra="forbid")


class External(_Body):
    """A document of another system. Sent again it changes nothing; an older revision never replaces a newer one."""

    system: Code = Field(default="erp", description="Whose document it is.", examples=["erp", "plm"])
    external_id: Code = Field(description="Its id there.", examples=["ITEM-4711"])
    external_revision: int = Field(ge=0, le=2**62, description="Its count of changes there.", examples=[3])

    def said(self) -> dict[str, Any]:
        """What the document says, without whose it is."""
        return self.model_dump(mode="json", exclude={"system", "external_id", "external_revision"})


class Outcome(StrEnum):
    CREATED = "created"
    CHANGED = "changed"
    UNCHANGED = "unchanged"  # The same document again.
    OLDER = "older"  # A newer one is here already.


class Received(BaseModel):
    outcome: Outcome
    id: int = Field(description="Ours, of what the document describes.")


class ItemUnitBody(_Body):
    """`amount` of `unit` is `equals_amount` of `equals_unit`: 1 XBX is 12 C62."""

    unit: Code = Field(examples=["XBX"])
    amount: Amount = Decimal(1)
    equals_unit: Code = Field(examples=["C62"])
    equals_amount: Amount = Field(examples=["12"])


class ItemRevisionBody(_Body):
    revision: Code
    released_time: AwareDatetime | None = None
    withdrawn_time: AwareDatetime | None = None


class ItemBody(External):
    code: Code = Field(examples=["BRACKET-7"])
    name_en: Name
    name_zh: Name
    unit: Code = Field(description="Base unit, UN/CEFACT code.", examples=["C62"])
    scale: int = Field(default=0, ge=0, le=9, description="Decimals of a quantity in the base unit.")
    setup_parts: SetupPartsPolicy = SetupPartsPolicy.SCRAP
    is_lot_tracked: bool = True
    units: list[ItemUnitBody] = Field(default=[], max_length=50)
    revisions: list[ItemRevisionBody] = Field(default=[], max_length=200)


class ComponentBody(_Body):
    position: Code = Field(examples=["10"])
    item: Code
    quantity_per: Amount = Field(description="For `base_quantity` of the product.")
    unit: Code
    scrap_factor: NotNegative = Decimal(0)
    revision: Code | None = Field(default=None, description="Drawn with this one; null: any that is allowed.")
    scrap_policy: ComponentScrapPolicy = ComponentScrapPolicy.GOOD_AND_SCRAP
    issuing: Issuing = Issuing.BACKFLUSH


class BomBody(External):
    """Releases a revision of an item together with what goes into it."""

    item: Code
    revision: Code = Field(examples=["B"])
    released_time: AwareDatetime | None = Field(default=None, description="Null: known, but not released.")
    unit: Code | None = Field(default=None, description="Of `base_quantity`; null: the item's base unit.")
    base_quantity: Amount = Decimal(1)
    components: list[ComponentBody] = Field(max_length=2000)

    @model_validator(mode="after")
    def _positions_differ(self) -> "BomBody":
        if len({one.position for one in self.components}) != len(self.components):
            raise ValueError("a position stands there twice")
        return self


class EffectivityBody(_Body):
    kind: Literal["date", "order", "used_up"]
    from_time: AwareDatetime | None = None
    orders: list[Code] = Field(default=[], max_length=1000)
    from_serial: int | None = Field(default=None, ge=0, le=2**62)

    @model_validator(mode="after")
    def _says_when(self) -> "EffectivityBody":
        if (self.kind == "date") != (self.from_time is not None):
            raise ValueError("from_time belongs to kind `date`")
        if (self.kind == "order") != bool(self.orders or self.from_serial is not None):
            raise ValueError("orders and from_serial belong to kind `order`")
        return self


class ChangeOrderBody(External):
    number: Code = Field(examples=["ECN-7"])
    item: Code
    old_revision: Code
    new_revision: Code
    effectivity: EffectivityBody
    disposition: Disposition
    released_time: AwareDatetime | None = None
    used_up_time: AwareDatetime | None = Field(
        default=None, description="When old stock was found to be used up."
    )

    @model_validator(mode="after")
    def _changes_something(self) -> "ChangeOrderBody":
        if self.old_revision == self.new_revision:
            raise ValueError("a revision is not replaced by itself")
        return self


MediaType = Literal["application/pdf", "image/png", "image/jpeg", "image/webp", "image/svg+xml"]


class DrawingBody(External):
    item: Code
    revision: Code
    name: Name = Field(examples=["assembly"])
    media_type: MediaType
    content: Base64Bytes = Field(min_length=1, max_length=DRAWING_MAX_BYTES * 4 // 3 + 4)


class DrawingFact(External):
    """A drawing as its Event keeps it: without the bytes."""

    item: str
    revision: str
    name: str
    media_type: str
    sha256: str
    size_bytes: int


class Drawing(BaseModel):
    drawing_id: int
    item: str
    revision: str
    name: str
    media_type: str
    sha256: str


class RoutingOperationBody(_Body):
    position: int = Field(ge=1, le=99_999, examples=[10])
    name_en: Name
    name_zh: Name
    work_center: EquipmentPath = Field(
        description="A line or a station; any station at or below it may do it."
    )
    setup_s: NotNegative = Decimal(0)
    cycle_time_s: NotNegative = Field(
        default=Decimal(0), description="Planned run time per item (ISO 22400 PRI)."
    )
    transfer_quantity: Amount | None = None
    is_optional: bool = False
    count_source: CountSource = CountSource.MACHINE
    cavities: int = Field(
        default=1, ge=1, le=1000, description="Of the tool, where the counter shows cycles."
    )


class RoutingBody(External):
    item: Code
    revision: Code = Field(examples=["1"])
    released_time: AwareDatetime | None = None
    operations: list[RoutingOperationBody] = Field(min_length=1, max_length=200)

    @model_validator(mode="after")
    def _operations_differ(self) -> "RoutingBody":
        if len({(one.position, one.name_en) for one in self.operations}) != len(self.operations):
            raise ValueError("an operation stands there twice")
        return self


class ReasonBody(External):
    kind: ReasonKind
    code: Code = Field(examples=["burr"])
    parent: Code | None = Field(default=None, description="Code of the reason above it.")
    name_en: Name
    name_zh: Name
    equipment: list[EquipmentPath] = Field(
        default=[], max_length=100, description="Where it can happen; none: everywhere."
    )
    stop_time: StopTime | None = None
    is_active: bool = True


class Item(BaseModel):
    item_id: int
    code: str
    name_en: str
    name_zh: str
    unit: str
    scale: int
    setup_parts: SetupPartsPolicy
    is_lot_tracked: bool
    units: list[dict[str, Any]]
    revisions: list[dict[str, Any]]


class Bom(BaseModel):
    bom_id: int
    item: str
    revision: str
    unit: str
    base_quantity: Decimal
    released_time: datetime | None
    components: list[dict[str, Any]]


class ChangeOrder(BaseModel):
    change_order_id: int
    number: str
    item: str
    old_revision: str
    new_revision: str
    effectivity: str
    from_time: datetime | None
    orders: list[str]
    from_serial: int | None
    disposition: Disposition
    released_time: datetime | None
    used_up_time: datetime | None


class Routing(BaseModel):
    routing_id: int
    item: str
    revision: str
    released_time: datetime | None
    operations: list[dict[str, Any]]


class Reason(BaseModel):
    reason_id: int
    kind: ReasonKind
    code: str
    parent: str | None
    name_en: str
    name_zh: str
    equipment: list[str]
    stop_time: StopTime | None
    is_active: bool
    is_leaf: bool = Field(description="Only leaves can be chosen.")
