"""What the API says of people and terminals, and takes."""

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, SecretStr, StringConstraints, model_validator

PersonRole = Literal[
    "operator", "lead", "quality", "maintenance", "planner", "manager", "integrator", "admin"
]
Language = Literal["en", "zh-CN"]
Name = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=80)]
PersonnelNumber = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=40)]
Roles = Annotated[list[PersonRole], Field(min_length=1, max_length=8)]
Pin = Annotated[
    SecretStr, Field(min_length=6, max_length=12, description="6 to 12 digits.", examples=["482913"])
]
BadgeCode = Annotated[SecretStr, Field(min_length=4, max_length=100, description="What the scanner reads.")]


class _Closed(BaseModel):
    model_config = ConfigDict(extra="forbid")


class SignIn(_Closed):
    """A badge alone, or a person with a PIN."""

    badge: BadgeCode | None = None
    person_id: Annotated[int, Field(ge=1, le=2**31 - 1)] | None = None
    pin: Pin | None = None

    @model_validator(mode="after")
    def _one_way(self) -> "SignIn":
        by_pin = self.person_id is not None and self.pin is not None
        by_badge = self.badge is not None and self.person_id is None and self.pin is None
        if not (by_badge or (by_pin and self.badge is None)):
            raise ValueError("send badge, or person_id and pin")
        return self


class Terminal(BaseModel):
    station_id: int
    name: str
    equipment_id: int | None


class Me(BaseModel):
    """Who has signed in; without a person nobody has."""

    person_id: int | None = None
    name: str | None = None
    name_zh: str | None = None
    language: Language | None = None
    roles: list[str] = Field(description="Of the person, or what stands in for one.")
    session_id: UUID | None = Field(
        default=None, description="Send it as X-Operator-Session with what is sent later from a queue."
    )
    locked: bool = False
    terminal: Terminal | None = None


class PersonRow(BaseModel):
    person_id: int
    name: str
    name_zh: str | None
    personnel_number: str | None
    language: Language
    roles: list[str]
    active: bool
    has_pin: bool
    has_badge: bool


class NewPerson(_Closed):
    name: Name
    name_zh: Name | None = None
    personnel_number: PersonnelNumber | None = Field(
        default=None, description="What the ERP knows the person by.", examples=["P-1001"]
    )
    language: Language = "en"
    roles: Roles


class ChangePerson(_Closed):
    """What is left out stays. A person who is not active cannot sign in; the sessions end."""

    name: Name | None = None
    name_zh: Name | None = None
    personnel_number: PersonnelNumber | Literal[""] | None = Field(
        default=None, description="Empty: taken away."
    )
    language: Language | None = None
    roles: Roles | None = None
    active: bool | None = None


class NewPin(_Closed):
    pin: Pin


class NewBadge(_Closed):
    """Without a code the badge is taken away."""

    code: BadgeCode | None


class StationRow(BaseModel):
    station_id: int
    name: str
    equipment_id: int | None
    path: str | None = Field(description="Of the equipment.")
    enrolled_time: datetime | None = Field(description="Since when a browser holds its credential.")


class NewStation(_Closed):
    name: Name
    equipment_id: Annotated[int, Field(ge=1, le=2**31 - 1)] | None = None


class Setup(BaseModel):
    administrator_missing: bool = Field(description="The one-time code to make one stands in the API's log.")


class FirstAdministrator(_Closed):
    code: SecretStr = Field(max_length=100, description="The one-time code in the API's log.")
    name: Name
    language: Language = "en"
    pin: Pin
