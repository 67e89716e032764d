"""What other systems tell the plant, in one shape whoever tells it. Codes are theirs until inbound/translate.py."""

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from typing import Annotated, Any, Literal, TypeVar

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, PlainSerializer, ValidationError

from erp_bridge.documents.amounts import text
from erp_bridge.errors import MappingError

Amount = Annotated[Decimal, Field(ge=0, allow_inf_nan=False), PlainSerializer(text, return_type=str)]
Code = Annotated[str, Field(min_length=1)]


class _Told(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True)


class Item(_Told):
    """Master data of an item."""

    item: Code
    name_zh: str
    name_en: str
    unit: Code
    kind: str | None = None
    lot_tracked: bool | None = None


class BomLine(_Told):
    """What goes into one unit of the item. `revision`: of the component, where the BOM names one."""

    position: int
    item: Code
    revision: str | None = None
    quantity: Amount
    unit: Code


class BomRelease(_Told):
    """A released revision of an item with what it is made of; no lines: a bought part."""

    item: Code
    revision: Code
    unit: Code
    effective_from: AwareDatetime
    released_at: AwareDatetime
    lines: tuple[BomLine, ...]


class Affected(_Told):
    item: Code
    old_revision: Code
    new_revision: Code


class EngineeringChange(_Told):
    """From `effective_from` on the old revisions are replaced; `disposition` says what becomes of old stock."""

    number: Code
    title_zh: str
    title_en: str
    reason: str = ""
    requirement: str | None = None
    effective_from: AwareDatetime
    released_at: AwareDatetime
    disposition: Code
    affected: Annotated[tuple[Affected, ...], Field(min_length=1)]


class Drawing(_Told):
    """The released drawing of a revision. `content` is base64; its SHA-256 was checked."""

    item: Code
    revision: Code
    number: Code
    media_type: str
    sha256: str
    content: str


class WorkOrder(_Told):
    """An order as the ERP has it at this revision."""

    number: Code
    revision: int
    state: Literal["released", "cancelled", "closed"]
    item: Code
    quantity: Amount
    unit: Code
    due: AwareDatetime
    priority: int
    bom_revision: Code
    work_center: str | None = None
    customer: str | None = None
    customer_order: str | None = None
    requirement: str | None = None
    planned_start: date | None = None


Understood = TypeVar("Understood", bound=_Told)


def understood(model: type[Understood], told: Mapping[str, Any]) -> Understood:
    """`told` as a document of this kind. Raises MappingError with what is missing or wrong."""
    try:
        return model.model_validate(told)
    except ValidationError as error:
        wrong = [f"{'.'.join(map(str, one['loc']))}: {one['msg']}" for one in error.errors()[:10]]
        raise MappingError(
            "not_understood", f"{model.__name__}: {'; '.join(wrong)}", {"wrong": wrong}
        ) from error


class Receipt(_Told):
    """A lot of material that arrived there, or more of one."""

    item: Code
    lot: Code
    quantity: Amount
    unit: Code
    location: Code


class Price(_Told):
    """What one unit of an item costs there, from the moment it was read."""

    item: Code
    price: Amount
    unit: Code
    currency: Code


Inbound = Item | BomRelease | EngineeringChange | Drawing | Price | Receipt | WorkOrder
