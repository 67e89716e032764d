"""What the equipment routes take and answer."""

from datetime import datetime
from enum import StrEnum
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, model_validator

# ISA-95: enterprise/site/area/line/station; fewer levels are fine. No level is empty or has spaces at its ends.
Path = Annotated[
    str,
    StringConstraints(
        min_length=1, max_length=200, pattern=r"^[^/\s]([^/]*[^/\s])?(/[^/\s]([^/]*[^/\s])?)*$"
    ),
]
Name = Annotated[str, StringConstraints(min_length=1, max_length=100, strip_whitespace=True)]


class ProposalState(StrEnum):
    OPEN = "open"
    ACCEPTED = "accepted"
    REJECTED = "rejected"


class Equipment(BaseModel):
    equipment_id: int = Field(examples=[1])
    path: str = Field(description="ISA-95 EquipmentPath.", examples=["demo/plant1/area1/line1/press1"])
    name: str = Field(examples=["press1"])
    device_ids: list[int] = Field(description="Devices accepted as this equipment.")


class EquipmentProposal(BaseModel):
    """A device that was born and waits to be accepted, merged, renamed or rejected."""

    proposal_id: int
    device_id: int
    group: str = Field(examples=["demo"])
    edge: str = Field(examples=["press-shop"])
    device: str = Field(examples=["press1"])
    path: str | None = Field(description="What the birth says.", examples=["demo/plant1/area1/line1/press1"])
    state: ProposalState
    equipment_id: int | None
    proposed_time: datetime
    decided_time: datetime | None
    decided_by: str | None


class TagProposal(BaseModel):
    """A birth said something else than the tag does. Nothing changes until it is accepted."""

    proposal_id: int
    tag_id: int
    device_id: int
    device: str
    tag: str
    proposed: dict[str, Any] = Field(examples=[{"unit": "kWh"}], description="Only what differs.")
    present: dict[str, Any] = Field(examples=[{"unit": "Wh"}], description="The same fields as they are now.")
    state: ProposalState
    proposed_time: datetime
    decided_time: datetime | None
    decided_by: str | None


class _Command(BaseModel):
    model_config = ConfigDict(extra="forbid")


class Accept(_Command):
    """Accept as new equipment; what is left out is taken from the birth."""

    path: Path | None = Field(default=None, examples=["demo/plant1/area1/line1/press1"])
    name: Name | None = Field(default=None, examples=["Press 1"])


class Merge(_Command):
    """Accept as a further device of equipment that is there, for instance its meter."""

    equipment_id: int = Field(ge=1, le=2**31 - 1)


class Rename(_Command):
    path: Path | None = Field(default=None, examples=["demo/plant1/area1/line2/press1"])
    name: Name | None = Field(default=None, examples=["Press 1"])

    @model_validator(mode="after")
    def _says_something(self) -> "Rename":
        if self.path is None and self.name is None:
            raise ValueError("give a path, a name, or both")
        return self
