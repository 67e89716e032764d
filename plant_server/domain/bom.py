"""Bills of material: a revision of an item, and what goes into so many of it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum

from plant_server.domain.change_order import ChangeOrder, OrderContext, judge_revision, successors
from plant_server.domain.item import ItemRevision


class ComponentScrapPolicy(StrEnum):
    """Whether a scrapped product has consumed the component."""

    GOOD_AND_SCRAP = "good_and_scrap"
    GOOD_ONLY = "good_only"  # It goes in after the point at which products are scrapped.


class Issuing(StrEnum):
    BACKFLUSH = "backflush"  # Consumed by what was produced.
    EXPLICIT = "explicit"  # Consumed by scan, in the quantity that the person says.


@dataclass(frozen=True, slots=True)
class Component:
    position: str
    item: str
    quantity_per: Decimal
    """For `base_quantity` of the product, in `unit`."""
    unit: str
    scrap_factor: Decimal = Decimal(0)
    """Planned loss of the component itself: 0.02 consumes 2 % more."""
    revision: str | None = None
    """Drawn with this revision; None: with any that is allowed."""
    scrap_policy: ComponentScrapPolicy = ComponentScrapPolicy.GOOD_AND_SCRAP
    issuing: Issuing = Issuing.BACKFLUSH

    def __post_init__(self) -> None:
        if not (self.quantity_per.is_finite() and self.quantity_per > 0):
            raise ValueError(f"component {self.position} {self.item}: quantity {self.quantity_per}")
        if not (self.scrap_factor.is_finite() and self.scrap_factor >= 0):
            raise ValueError(f"component {self.position} {self.item}: scrap factor {self.scrap_factor}")


@dataclass(frozen=True, slots=True)
class BomRevision:
    item: str
    revision: str
    unit: str
    components: tuple[Component, ...]
    base_quantity: Decimal = Decimal(1)

    def __post_init__(self) -> None:
        if not (self.base_quantity.is_finite() and self.base_quantity > 0):
            raise ValueError(f"BOM {self.item} {self.revision}: base quantity {self.base_quantity}")
        positions = [one.position for one in self.components]
        if len(set(positions)) != len(positions):
            raise ValueError(f"BOM {self.item} {self.revision} has a position twice")

    def components_of(self, item: str) -> tuple[Component, ...]:
        return tuple(one for one in self.components if one.item == item)


@dataclass(frozen=True, slots=True)
class ComponentVerdict:
    """`is_component` False: the BOM has no such item. Else as `change_order.RevisionVerdict`."""

    is_component: bool
    is_allowed: bool = False
    changes: tuple[str, ...] = ()


def judge_component(
    bom: BomRevision,
    item: str,
    revision: str | None,
    revisions: Iterable[ItemRevision],
    changes: Iterable[ChangeOrder],
    at_ms: int,
    order: OrderContext,
) -> ComponentVerdict:
    """Whether a revision of a component may go into an order that pinned this BOM.

    A component drawn with a revision takes that one, or what effective changes of the component put in its place: a
    change is the authority to do so without a new BOM. `revision` None is right for items without revisions alone.
    """
    places = bom.components_of(item)
    if not places:
        return ComponentVerdict(False)
    known, all_changes = tuple(revisions), tuple(changes)
    if revision is None:
        has_revisions = any(one.item == item for one in known) or any(one.revision for one in places)
        return ComponentVerdict(True, not has_revisions)
    verdict = judge_revision(known, all_changes, item, revision, at_ms, order)
    if not verdict.is_allowed:
        return ComponentVerdict(True, False, verdict.changes)
    fits = any(
        one.revision is None or revision in successors(all_changes, item, one.revision, at_ms, order)
        for one in places
    )
    return ComponentVerdict(True, fits)


def is_affected(change: ChangeOrder, bom: BomRevision) -> bool:
    """Whether an order that pinned `bom` has to be looked at when `change` is released: it makes the changed revision,
    or takes the changed component in any revision that the change replaces."""
    if change.item == bom.item:
        return change.old_revision == bom.revision
    return any(one.revision in (None, change.old_revision) for one in bom.components_of(change.item))
