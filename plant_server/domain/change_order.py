"""Engineering change orders: which revision replaces which, from when or from which order on, and what becomes of
the old stock.

A change begins to count when it is released. Its effectivity then says for which time, order or serial number the new
revision holds:
- by date: from that time on, for every order, also one that is running;
- by order or serial: for the named orders, or from that serial number on; all others keep the old revision;
- when used up: the old revision goes first, and both are allowed until somebody records that it is used up.
The disposition says whether old stock may still be used once the new revision holds: `use_up` allows it until it is
recorded as used up, `scrap`, `rework` and `hold` do not.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from plant_server.domain.item import ItemRevision


class Disposition(StrEnum):
    """What becomes of old stock."""

    USE_UP = "use_up"
    SCRAP = "scrap"
    REWORK = "rework"
    HOLD = "hold"


@dataclass(frozen=True, slots=True)
class FromDate:
    from_ms: int


@dataclass(frozen=True, slots=True)
class FromOrder:
    """For these orders, or for units of this serial number and later ones."""

    orders: frozenset[str] = frozenset()
    from_serial: int | None = None


@dataclass(frozen=True, slots=True)
class WhenUsedUp:
    pass


Effectivity = FromDate | FromOrder | WhenUsedUp


@dataclass(frozen=True, slots=True)
class OrderContext:
    """The order for which a revision is asked, and the serial number of the unit if there is one."""

    order: str
    serial: int | None = None


@dataclass(frozen=True, slots=True)
class ChangeOrder:
    number: str
    item: str
    old_revision: str
    new_revision: str
    effectivity: Effectivity
    disposition: Disposition
    released_ms: int | None
    """None: not yet, it changes nothing."""
    used_up_ms: int | None = None
    """When old stock was recorded as used up."""

    def __post_init__(self) -> None:
        if self.old_revision == self.new_revision:
            raise ValueError(f"{self.number} replaces revision {self.old_revision} by itself")

    def is_effective(self, at_ms: int, order: OrderContext) -> bool:
        """Whether the new revision holds for this time and order."""
        if self.released_ms is None or at_ms < self.released_ms:
            return False
        match self.effectivity:
            case FromDate(from_ms):
                return at_ms >= from_ms
            case FromOrder(orders, from_serial):
                by_serial = from_serial is not None and order.serial is not None
                return order.order in orders or (by_serial and (order.serial or 0) >= (from_serial or 0))
            case WhenUsedUp():
                return True

    def forbids_old(self, at_ms: int, order: OrderContext) -> bool:
        """Whether the old revision may no longer be used for this time and order."""
        if not self.is_effective(at_ms, order):
            return False
        uses_up = isinstance(self.effectivity, WhenUsedUp) or self.disposition is Disposition.USE_UP
        return not uses_up or (self.used_up_ms is not None and at_ms >= self.used_up_ms)


@dataclass(frozen=True, slots=True)
class RevisionVerdict:
    """`is_allowed`; if not, either superseded by `changes`, the oldest first, or (none) not released or not yet
    effective."""

    revision: str
    is_allowed: bool
    changes: tuple[str, ...] = ()

    @property
    def change(self) -> str | None:
        return self.changes[0] if self.changes else None


def judge_revision(
    revisions: Iterable[ItemRevision],
    changes: Iterable[ChangeOrder],
    item: str,
    revision: str,
    at_ms: int,
    order: OrderContext,
) -> RevisionVerdict:
    """Whether `revision` of `item` may be used at this time for this order. Deny by default: a revision that nobody
    released is not allowed, nor one that only changes introduce of which none is effective."""
    own = [one for one in changes if one.item == item]
    against = [one for one in own if one.old_revision == revision and one.forbids_old(at_ms, order)]
    if against:
        against.sort(key=lambda one: (one.released_ms or 0, one.number))
        return RevisionVerdict(revision, False, tuple(one.number for one in against))
    if not any(one.item == item and one.revision == revision and one.is_released(at_ms) for one in revisions):
        return RevisionVerdict(revision, False)
    introduced_by = [one for one in own if one.new_revision == revision]
    if introduced_by and not any(one.is_effective(at_ms, order) for one in introduced_by):
        return RevisionVerdict(revision, False)
    return RevisionVerdict(revision, True)


def allowed_revisions(
    revisions: Iterable[ItemRevision],
    changes: Iterable[ChangeOrder],
    item: str,
    at_ms: int,
    order: OrderContext,
) -> tuple[str, ...]:
    """Revisions that may be used, those first that ought to go first: old stock that is being used up before what
    replaces it."""
    known, all_changes = tuple(revisions), tuple(changes)
    own = sorted({one.revision for one in known if one.item == item})
    allowed = [one for one in own if judge_revision(known, all_changes, item, one, at_ms, order).is_allowed]
    return tuple(sorted(allowed, key=lambda one: (_generation(all_changes, item, one), one)))


def _generation(changes: Iterable[ChangeOrder], item: str, revision: str) -> int:
    """How many changes led to this revision; a ring of changes ends at its first repetition."""
    came_from = {one.new_revision: one.old_revision for one in changes if one.item == item}
    seen = {revision}
    while (earlier := came_from.get(revision)) is not None and earlier not in seen:
        seen.add(earlier)
        revision = earlier
    return len(seen)


def successors(
    changes: Iterable[ChangeOrder], item: str, revision: str, at_ms: int, order: OrderContext
) -> frozenset[str]:
    """`revision` and every revision that effective changes put in its place."""
    effective = [one for one in changes if one.item == item and one.is_effective(at_ms, order)]
    reached, waiting = {revision}, [revision]
    while waiting:
        here = waiting.pop()
        for one in effective:
            if one.old_revision == here and one.new_revision not in reached:
                reached.add(one.new_revision)
                waiting.append(one.new_revision)
    return frozenset(reached)
