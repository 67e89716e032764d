"""Whose a count is: the advances of an odometer divided among the runs of its station by the time of their readings.

A run that is on from a until b gets what lies between the odometer at the last reading ≤ a and at the last reading ≤ b,
so neighbouring runs share all of it, exactly, and a change of order at full speed loses nothing. While the edge had no
contact with the machine nobody knows when a part was made: an advance over such a time belongs to a run only if no
other run, pause or setting began or ended in it. Else it cannot be split, and a person is asked. A reading after such a
time that shows what the last one before it showed proves that nothing was made in it: what comes then is seen again.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from plant_server.domain.run import PartsPerCycle, Phase


class Nobodys(StrEnum):
    """Why a count is not assigned."""

    NO_RUN = "no_run"
    SPANS_RUNS = "spans_runs"  # Made while nobody could see when, over a change of runs.
    LATE = "late"  # It belongs to a run that was through when it came.


@dataclass(frozen=True, slots=True)
class Point:
    """The odometer stood at `total` after the reading at `ts`."""

    ts: datetime
    total: int


@dataclass(frozen=True, slots=True)
class Slot:
    """A run while one setting holds: readings in (`from_time`, `to_time`] are its. `origin`: the total at its start."""

    run_id: int
    work_order_id: int
    from_time: datetime
    to_time: datetime | None
    setting_time: datetime
    phase: Phase
    parts_per_cycle: PartsPerCycle
    origin: int = 0
    is_late: bool = False
    """The run is through: what still comes for it is a case."""

    def holds(self, ts: datetime) -> bool:
        return self.from_time < ts and (self.to_time is None or ts <= self.to_time)


@dataclass(frozen=True, slots=True)
class Loss:
    """No contact from `from_time` to `to_time` (None: still)."""

    from_time: datetime
    to_time: datetime | None


@dataclass(frozen=True, slots=True)
class Piece:
    """(`odometer_from`, `odometer_to`] is a slot's, or nobody's for a reason."""

    odometer_from: int
    odometer_to: int
    from_ts: datetime
    to_ts: datetime
    slot: Slot | None
    reason: Nobodys | None = None
    proposed_run_id: int | None = None


def divide(
    position: int,
    position_ts: datetime | None,
    points: Sequence[Point],
    slots: Sequence[Slot],
    losses: Sequence[Loss],
) -> list[Piece]:
    """Every count from `position` to the last point, once. `points` by total; `position_ts`: the reading before them. A
    point whose total is that of the one before it is a reading of a counter that stood still."""
    pieces: list[Piece] = []
    before = position_ts
    for point in points:
        if point.total <= position:
            if point.total == position and before is not None:
                before = max(before, point.ts)
            continue
        piece = _piece(position, before, point, slots, losses)
        last = pieces[-1] if pieces else None
        if last is not None and _is_same(last, piece):
            pieces[-1] = Piece(
                last.odometer_from,
                piece.odometer_to,
                last.from_ts,
                piece.to_ts,
                piece.slot,
                piece.reason,
                piece.proposed_run_id,
            )
        else:
            pieces.append(piece)
        position, before = point.total, point.ts
    return pieces


def with_unchanged(position: int, points: Sequence[Point], unchanged: Iterable[datetime]) -> list[Point]:
    """`points` and, among them, the times of readings that showed no advance. One that does not lie between two points,
    because a clock was set back meanwhile, proves nothing and is left out."""
    told = list(points)
    for moment in sorted(unchanged):
        at = sum(one.ts <= moment for one in told)
        if all(one.ts <= moment for one in told[:at]):
            told.insert(at, Point(moment, told[at - 1].total if at else position))
    return told


def _piece(
    position: int, before: datetime | None, point: Point, slots: Sequence[Slot], losses: Sequence[Loss]
) -> Piece:
    unseen = _unseen_since(before, point.ts, losses)
    slot = next((one for one in slots if one.holds(point.ts)), None)
    if unseen is not None and _changes(slots, unseen, point.ts):
        return Piece(position, point.total, point.ts, point.ts, None, Nobodys.SPANS_RUNS)
    if slot is None:
        return Piece(position, point.total, point.ts, point.ts, None, Nobodys.NO_RUN)
    if slot.is_late:
        return Piece(position, point.total, point.ts, point.ts, None, Nobodys.LATE, slot.run_id)
    return Piece(position, point.total, point.ts, point.ts, slot)


def _unseen_since(before: datetime | None, ts: datetime, losses: Sequence[Loss]) -> datetime | None:
    """When contact was lost between two readings, if it was. The first reading of all is no step over a loss."""
    if before is None:
        return None
    begins = [
        max(one.from_time, before)
        for one in losses
        if one.from_time < ts and (one.to_time is None or one.to_time > before)
    ]
    return min(begins, default=None)


def _changes(slots: Sequence[Slot], since: datetime, ts: datetime) -> bool:
    """Whether a slot begins or ends after `since` and before `ts`."""
    return any(
        since < bound < ts for one in slots for bound in (one.from_time, one.to_time) if bound is not None
    )


def _is_same(last: Piece, piece: Piece) -> bool:
    return (last.slot, last.reason, last.proposed_run_id) == (piece.slot, piece.reason, piece.proposed_run_id)
