"""Reason codes: a tree per kind, in two languages, filtered to what can happen at a machine.

People choose leaves. A code is never deleted, only retired, so that old facts keep their name.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum


class BadReasonTree(ValueError):
    """A parent that is missing, of another kind, or below its own child; a code that stands there twice."""


class ReasonKind(StrEnum):
    STOP = "stop"
    SCRAP = "scrap"
    REWORK = "rework"
    ADJUSTMENT = "adjustment"  # Of stock after a count.


class StopTime(StrEnum):
    """Where a stop goes in the time model of ISO 22400; stated at a reason and inherited by those below it."""

    UNPLANNED = "unplanned"  # Down time: ADET inside an order.
    PLANNED = "planned"  # Not in the planned busy time: a break, planned maintenance.
    SETUP = "setup"  # AUST
    BLOCKED = "blocked"  # Waits for what comes before or after: delay, not a fault of its own.


@dataclass(frozen=True, slots=True)
class Reason:
    code: str
    kind: ReasonKind
    name_zh: str
    name_en: str
    parent: str | None = None
    equipment: tuple[str, ...] = ()
    """EquipmentPaths below which it can be chosen; empty: everywhere, or wherever its parent can."""
    time: StopTime | None = None
    """Of stops only; None: as its parent, in the end unplanned."""
    is_retired: bool = False


class ReasonTree:
    """Raises BadReasonTree, with all that is wrong at once."""

    __slots__ = ("_children", "_reasons")

    def __init__(self, reasons: Iterable[Reason]) -> None:
        self._reasons: dict[str, Reason] = {}
        mistakes: list[str] = []
        for one in reasons:
            if one.code in self._reasons:
                mistakes.append(f"{one.code} stands there twice")
            self._reasons[one.code] = one
        self._children: dict[str | None, list[Reason]] = {}
        for one in self._reasons.values():
            self._children.setdefault(one.parent, []).append(one)
            mistakes += self._mistakes(one)
        if mistakes:
            raise BadReasonTree("; ".join(mistakes))

    def get(self, code: str) -> Reason | None:
        return self._reasons.get(code)

    def path(self, code: str) -> tuple[Reason, ...]:
        """From the root to the reason. Raises KeyError for a code that never was."""
        told = [self._reasons[code]]
        while (parent := told[-1].parent) is not None:
            told.append(self._reasons[parent])
        return tuple(reversed(told))

    def stop_time(self, code: str) -> StopTime:
        return next((one.time for one in reversed(self.path(code)) if one.time), StopTime.UNPLANNED)

    def children(self, parent: str | None, kind: ReasonKind, equipment: str) -> tuple[Reason, ...]:
        """What a terminal shows below `parent` (None: at the top) for a machine: not retired, possible there, and
        itself a leaf or with something to choose below it. In the order in which they were given."""
        return tuple(
            one for one in self._children.get(parent, ()) if one.kind is kind and self._shows(one, equipment)
        )

    def is_choosable(self, code: str, kind: ReasonKind, equipment: str) -> bool:
        """A leaf of that kind which can happen at that machine and is not retired, nor is any above it."""
        if code not in self._reasons or self._reasons[code].kind is not kind:
            return False
        return self._is_leaf(code) and all(_applies(one, equipment) for one in self.path(code))

    def _shows(self, one: Reason, equipment: str) -> bool:
        if not _applies(one, equipment):
            return False
        return self._is_leaf(one.code) or any(
            self._shows(below, equipment) for below in self._children.get(one.code, ())
        )

    def _is_leaf(self, code: str) -> bool:
        return code not in self._children

    def _mistakes(self, one: Reason) -> list[str]:
        parent = self._reasons.get(one.parent) if one.parent is not None else None
        if one.parent is not None and parent is None:
            return [f"{one.code} has no parent {one.parent}"]
        if parent is not None and parent.kind is not one.kind:
            return [f"{one.code} is {one.kind}, its parent {parent.code} is {parent.kind}"]
        seen = {one.code}
        while parent is not None:
            if parent.code in seen:
                return [f"{one.code} is below itself"]
            seen.add(parent.code)
            parent = self._reasons.get(parent.parent) if parent.parent is not None else None
        return []


def _applies(one: Reason, equipment: str) -> bool:
    below = any(equipment == path or equipment.startswith(f"{path}/") for path in one.equipment)
    return not one.is_retired and (below or not one.equipment)
