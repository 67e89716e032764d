"""What the API says of energy, and takes. Energy is in whole Wh, from the odometers of meters."""

from datetime import datetime
from decimal import Decimal
from typing import Annotated

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, StringConstraints

from plant_server.contract.outbox import Quantity

Path = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=300)]


class MeterEnergy(BaseModel):
    tag_id: int
    energy_wh: int


class RunEnergy(BaseModel):
    run_id: int
    order: str
    operation: int
    path: str
    from_time: datetime
    to_time: datetime | None = Field(description="null: the run goes on; its energy is so far.")
    energy_wh: int
    is_final: bool = Field(description="The run has ended and every meter was read after its end.")
    as_of: datetime | None = Field(description="The oldest of the meters' last readings; null: no meter.")
    good: Quantity
    energy_per_part_wh: Quantity | None = Field(description="Per good part; null: there is none.")
    meters: list[MeterEnergy] = Field(description="Empty: nobody measures it.")


class OrderEnergy(BaseModel):
    work_order_id: int
    order: str
    energy_wh: int = Field(description="The sum of its runs.")
    is_final: bool
    good: Quantity
    energy_per_part_wh: Quantity | None
    runs: list[RunEnergy]


class SilentMeter(BaseModel):
    tag_id: int
    device: str
    tag: str
    read_time: datetime | None = Field(
        description="Its last reading, not later than the end; null: never read."
    )


class WaitingRun(BaseModel):
    """A run whose energy cannot be told yet, and so holds back its document."""

    run_id: int
    work_order_id: int
    order: str
    operation: int
    path: str
    to_time: datetime = Field(description="It ended then, and has waited since.")
    meters: list[SilentMeter] = Field(description="Those that were not read after the end.")


class RunShare(BaseModel):
    run_id: int
    order: str
    energy_wh: int


class PlaceEnergy(BaseModel):
    """What a node had of a meter: its runs, and what it used while nothing ran."""

    path: str
    energy_wh: int
    runs: list[RunShare]
    idle_wh: int


class MeterBalance(BaseModel):
    """total = all runs + all idle + unallocated, to the Wh."""

    tag_id: int
    device: str
    path: str | None
    total_wh: int
    places: list[PlaceEnergy]
    unallocated_wh: int


class Balance(BaseModel):
    from_time: datetime
    to_time: datetime
    meters: list[MeterBalance]


class Share(BaseModel):
    model_config = ConfigDict(extra="forbid")

    path: Path = Field(description="EquipmentPath of the node.")
    weight: Decimal = Field(gt=0, max_digits=18, decimal_places=6, examples=["30"])


class NewKey(BaseModel):
    """How a meter is shared from now on. Of a fleet of shares of 100, what they leave is unallocated."""

    model_config = ConfigDict(extra="forbid")

    whole: Decimal = Field(
        gt=0, max_digits=18, decimal_places=6, description="What the weights are a share of."
    )
    basis: Annotated[str, StringConstraints(min_length=1, max_length=200)] = Field(
        description="What they stand for.", examples=["rated power, kW"]
    )
    shares: list[Share] = Field(max_length=500)
    from_time: AwareDatetime | None = Field(
        default=None, description="Not in the past: what was told stays told."
    )


class ChooseMeter(BaseModel):
    """This tag is the one that counts of its device."""

    model_config = ConfigDict(extra="forbid")

    path: Path | None = Field(default=None, description="The node it serves; null: where its device stands.")


class KeyRow(BaseModel):
    from_time: datetime
    whole: Quantity
    basis: str
    shares: list[Share]


class Meter(BaseModel):
    tag_id: int
    device: str
    tag: str
    path: str | None
    total_wh: int | None
    read_time: datetime | None
    key: KeyRow | None = Field(description="The last one stated; null: it serves its node alone.")


class Meters(BaseModel):
    meters: list[Meter]
