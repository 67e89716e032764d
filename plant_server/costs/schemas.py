"""What the API says of costs, and takes. Money is a decimal written as a string, in the site's currency."""

from datetime import datetime, time
from decimal import Decimal
from typing import Annotated, Literal

from pydantic import (
    AwareDatetime,
    BaseModel,
    ConfigDict,
    Field,
    PlainSerializer,
    StringConstraints,
    field_validator,
    model_validator,
)

from plant_server.contract.outbox import Quantity
from plant_server.site_time import checked_zone

RateKind = Literal["material", "labor", "machine"]
Price = Annotated[Decimal, Field(ge=0, max_digits=18, decimal_places=6, examples=["4.00"])]
Money = Annotated[Decimal, PlainSerializer(lambda value: format(value, "f"), return_type=str)]
Name = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=100)]
FromTime = Annotated[
    AwareDatetime | None, Field(description="Default: now. Not in the past: what was reckoned stays so.")
]


class _Closed(BaseModel):
    model_config = ConfigDict(extra="forbid")


class NewRate(_Closed):
    """A price that holds from a time on. Of material a person's goes before the ERP's until it is given back."""

    kind: RateKind
    code: Annotated[str, StringConstraints(strip_whitespace=True, max_length=300)] = Field(
        description="An item; a personnel number, or empty for everybody; a station's path."
    )
    price: Price | None = Field(
        description="Per unit of the item; of labor and machines per hour. null, of material: the ERP's hold from then on."
    )
    from_time: FromTime = None
    unit: Name | None = Field(
        default=None,
        description="Of material, what the price is for. Default: the item's. Another must convert.",
    )
    system: Name | None = Field(
        default=None, description="Of material: the ERP that says so. Default: stated at the plant."
    )

    @model_validator(mode="after")
    def _only_of_material(self) -> "NewRate":
        if self.kind != "material" and (self.price is None or self.unit or self.system):
            raise ValueError("only material has a unit, an ERP's price, or one that is given back")
        if self.system is not None and self.price is None:
            raise ValueError("an ERP states a price; a person gives an item back to it")
        return self


class Window(_Closed):
    starts: time = Field(
        description="By the clock; it goes on until the next one starts.", examples=["08:00"]
    )
    name: Name = Field(examples=["peak"])
    price_per_kwh: Price


class NewTariff(_Closed):
    """Prices of energy by the hour of the day."""

    windows: Annotated[list[Window], Field(min_length=1, max_length=48)]
    time_zone: str | None = Field(default=None, description="Of the windows' clock. Default: the site's.")
    from_time: FromTime = None

    @field_validator("time_zone")
    @classmethod
    def _is_a_zone(cls, name: str | None) -> str | None:
        return None if name is None else checked_zone(name)


class Rate(BaseModel):
    kind: RateKind
    code: str
    price: Money | None = Field(description="null: given back, the ERP's holds.")
    from_time: datetime
    system: str | None = Field(
        description="The ERP that says so; null: stated at the plant, which goes first."
    )


class Tariff(BaseModel):
    from_time: datetime
    time_zone: str
    windows: list[Window]


class Rates(BaseModel):
    """What holds now or will."""

    rates: list[Rate]
    tariffs: list[Tariff]


class CostLine(BaseModel):
    kind: Literal["material", "labor", "machine", "energy"]
    what: str = Field(description="Item, person, station; of energy the station.")
    window: str | None = Field(description="Of energy: of the tariff.")
    quantity: Quantity
    unit: str = Field(description="UN/CEFACT: the item's, SEC or WHR.")
    price: Money | None = Field(
        description="Per unit of material, per hour, per kWh. null: nobody stated one."
    )
    cost: Money | None = Field(description="quantity × price at 4 digits; null without a price.")
    system: str | None = Field(default=None, description="Of material: the ERP whose price it is.")


class CostCard(BaseModel):
    """cost = Σ lines, rounded once to cents."""

    work_order_id: int
    order: str
    lines: list[CostLine]
    cost: Money = Field(description="Of the lines that have a price.")
    is_complete: bool = Field(
        description="Every line has a price, no run goes on and every meter was read after the last."
    )
    good: Quantity
    cost_per_good: Money | None = Field(description="At 4 digits; null: there is no good part.")
    as_of: datetime
