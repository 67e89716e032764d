"""The documents others post into the simulated core. Unknown fields are refused, unless a lie says otherwise.

`event_time` is when it happened, with an offset; `posting_date` is the day it counts for in the books. `external_id`
is the poster's own key, unique per kind. Quantities are decimal strings.
"""

from datetime import date
from typing import Any, TypeVar

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, ValidationError

from simulators.business_amounts import Amount
from simulators.business_errors import Refused

Model = TypeVar("Model", bound=BaseModel)


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid")


class MaterialLine(_Strict):
    """Into or out of a warehouse. `station` is kept as told."""

    item: str
    quantity: Amount
    unit: str
    warehouse: str
    location: str = ""
    lot: str = ""
    station: str | None = None


class ScrapLine(_Strict):
    """With a warehouse: thrown away from stock. Without: lost in production, out of WIP."""

    item: str
    quantity: Amount
    unit: str
    reason: str
    warehouse: str | None = None
    location: str = ""
    lot: str = ""
    station: str | None = None


class LaborLine(_Strict):
    labor: str
    quantity: Amount
    unit: str
    person: str | None = None
    operation: str | None = None


class MachineLine(_Strict):
    machine: str
    quantity: Amount
    unit: str
    operation: str | None = None


class EnergyLine(_Strict):
    """The core owns the price: `tariff` names it."""

    machine: str
    quantity: Amount
    unit: str
    tariff: str = "flat"


class MoveLine(_Strict):
    item: str
    quantity: Amount
    unit: str
    from_warehouse: str
    to_warehouse: str
    from_location: str = ""
    to_location: str = ""
    lot: str = ""


class ReplenishmentLine(_Strict):
    item: str
    quantity: Amount
    unit: str
    warehouse: str
    needed_at: AwareDatetime | None = None


class ProgressLine(_Strict):
    """Good quantity so far of an operation, and where the floor says the order stands."""

    quantity: Amount
    unit: str
    state: str = Field(pattern="^(released|running|held|completed|closed|cancelled)$")
    operation: str | None = None


class QualityLine(_Strict):
    item: str
    quantity: Amount
    unit: str
    reason: str
    lot: str = ""
    disposition: str | None = None
    customer: str | None = None


class Document(_Strict):
    """Head of every document. Of an order's documents `work_order` is required."""

    external_id: str = Field(min_length=1, max_length=120)
    event_time: AwareDatetime
    posting_date: date
    work_order: str | None = None
    reference: str | None = None
    actor: str | None = None
    lines: list[Any]


class Completion(Document):
    work_order: str
    lines: list[MaterialLine] = Field(min_length=1)


class Consumption(Document):
    work_order: str
    lines: list[MaterialLine] = Field(min_length=1)


class Scrap(Document):
    work_order: str
    lines: list[ScrapLine] = Field(min_length=1)


class LaborTime(Document):
    work_order: str
    lines: list[LaborLine] = Field(min_length=1)


class MachineTime(Document):
    work_order: str
    lines: list[MachineLine] = Field(min_length=1)


class EnergyCost(Document):
    work_order: str
    lines: list[EnergyLine] = Field(min_length=1)


class StockMove(Document):
    lines: list[MoveLine] = Field(min_length=1)


class Replenishment(Document):
    lines: list[ReplenishmentLine] = Field(min_length=1)


class OrderProgress(Document):
    work_order: str
    lines: list[ProgressLine] = Field(min_length=1)


class QualityFeedback(Document):
    lines: list[QualityLine] = Field(min_length=1)


class Acknowledgement(_Strict):
    """The floor's answer to a released order, of exactly one revision of it."""

    external_id: str = Field(min_length=1, max_length=120)
    revision: int
    status: str = Field(pattern="^(accepted|rejected)$")
    reason: str | None = None
    event_time: AwareDatetime | None = None


class Reversal(_Strict):
    """Take back a posted document, whole: each of its lines with the opposite sign."""

    external_id: str = Field(min_length=1, max_length=120)
    event_time: AwareDatetime
    posting_date: date


class Opening(Document):
    """Stock that is there at the beginning, or was bought since."""

    lines: list[MaterialLine] = Field(min_length=1)


OPENINGS = "openings"
KINDS: dict[str, tuple[str, type[Document]]] = {
    "completions": ("CMP", Completion),
    "consumptions": ("CNS", Consumption),
    "scrap": ("SCR", Scrap),
    "labor-times": ("LAB", LaborTime),
    "machine-times": ("MCH", MachineTime),
    "energy-costs": ("ENG", EnergyCost),
    "stock-moves": ("MOV", StockMove),
    "replenishments": ("RPL", Replenishment),
    "order-progress": ("PRG", OrderProgress),
    "quality-feedback": ("QLT", QualityFeedback),
    OPENINGS: ("OPN", Opening),
}
"""Resource → prefix of its document numbers, and its shape. Openings are posted by /control alone."""


def parse(kind: str, body: object) -> Document:
    """Raises Refused (400) with the place of every mistake."""
    return checked(KINDS[kind][1], body)


def checked(model: type[Model], body: object) -> Model:
    """Validate `body`. Raises Refused (400)."""
    try:
        return model.model_validate(body)
    except ValidationError as wrong:
        errors = [{"field": ".".join(map(str, e["loc"])), "message": e["msg"]} for e in wrong.errors()]
        raise Refused(400, "malformed", "the document is not valid", errors=errors) from wrong
