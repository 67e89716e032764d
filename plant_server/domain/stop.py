"""Stops: when a machine stood still, and why, as far as anybody has said.

What stood still is read from the machine's states, from calls of people and from lost signals: each is a proposal,
and overlapping or touching ones are one stop. Why is said by people, often late and about a part of a stop: a reason
is assigned to a span of time, not to a row, so it survives when late facts move the bounds of the stop, and splitting
a stop is two reasons. The latest word on a moment holds. What nobody explained stays visible as unassigned.

Everything here is a total function: any facts in any order give the same, valid pieces.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass, replace
from itertools import pairwise

from plant_server.domain.machine_state import MachineState, StateInterval
from plant_server.domain.transition import TransitionRefused

STANDING_STILL = frozenset(set(MachineState) - {MachineState.PRODUCING, MachineState.UNKNOWN})
"""Unknown is no stop: nobody saw the machine stand."""


@dataclass(frozen=True, slots=True)
class StopProposal:
    """[`start_ms`, `end_ms`), seen by `source` (machine, andon, operator, …)."""

    start_ms: int
    end_ms: int
    source: str
    states: frozenset[MachineState] = frozenset()


@dataclass(frozen=True, slots=True)
class Stop:
    """[`start_ms`, `end_ms`); stops of a station are apart from one another. A micro-stop needs no reason."""

    start_ms: int
    end_ms: int
    is_micro: bool
    sources: frozenset[str]
    states: frozenset[MachineState]

    @property
    def duration_ms(self) -> int:
        return self.end_ms - self.start_ms


@dataclass(frozen=True, slots=True)
class ReasonAssignment:
    """`reason` for what stood still in [`start_ms`, `end_ms`); `end_ms` None: to the end of the stop that is on at
    `start_ms`, wherever later facts put it. `reason` None takes back what was said before."""

    assignment_id: str
    start_ms: int
    end_ms: int | None
    reason: str | None
    actor: str
    at_ms: int
    """When it was said."""


@dataclass(frozen=True, slots=True)
class StopPiece:
    """A part of a stop with one reason; None: unassigned."""

    start_ms: int
    end_ms: int
    is_micro: bool
    reason: str | None

    @property
    def duration_ms(self) -> int:
        return self.end_ms - self.start_ms


def proposals_of(
    intervals: Iterable[StateInterval], standing_still: Collection[MachineState] = STANDING_STILL
) -> list[StopProposal]:
    """What a machine's states propose; neighbours become one stop when they are merged."""
    return [
        StopProposal(one.start_ms, one.end_ms, "machine", frozenset({one.state}))
        for one in intervals
        if one.state in standing_still and one.start_ms < one.end_ms
    ]


def merge_stops(proposals: Iterable[StopProposal], micro_below_ms: int) -> list[Stop]:
    """Stops from proposals that overlap or touch, in order; shorter than `micro_below_ms` is a micro-stop. Empty
    proposals say nothing."""
    told: list[Stop] = []
    for one in sorted(proposals, key=lambda one: (one.start_ms, one.end_ms)):
        if one.start_ms >= one.end_ms:
            continue
        if told and one.start_ms <= told[-1].end_ms:
            last = told.pop()
            told.append(
                Stop(
                    last.start_ms,
                    max(last.end_ms, one.end_ms),
                    False,
                    last.sources | {one.source},
                    last.states | one.states,
                )
            )
        else:
            told.append(Stop(one.start_ms, one.end_ms, False, frozenset({one.source}), one.states))
    return [replace(one, is_micro=one.duration_ms < micro_below_ms) for one in told]


def explain(stops: Iterable[Stop], assignments: Iterable[ReasonAssignment]) -> list[StopPiece]:
    """The stops cut where the reason changes; together the pieces are the stops. The latest word holds, of two at one
    time the one with the greater id; neighbours of one reason are one piece."""
    told: list[StopPiece] = []
    by_word = sorted(assignments, key=lambda one: (one.at_ms, one.assignment_id))
    for stop in sorted(stops, key=lambda one: one.start_ms):
        told += _pieces(stop, [span for one in by_word if (span := _within(one, stop)) is not None])
    return told


def split_stop(
    stop: Stop, at_ms: int, first: ReasonAssignment, second: ReasonAssignment
) -> tuple[ReasonAssignment, ReasonAssignment]:
    """Two reasons for one stop: `first` until `at_ms`, `second` from then on. Refused with `time_outside_stop`."""
    if not stop.start_ms < at_ms < stop.end_ms:
        raise TransitionRefused("time_outside_stop", at_ms=str(at_ms))
    return (
        replace(first, start_ms=stop.start_ms, end_ms=at_ms),
        replace(second, start_ms=at_ms, end_ms=None),
    )


def unassigned_ms(pieces: Iterable[StopPiece]) -> int:
    """Standing time that needs a reason and has none."""
    return sum(one.duration_ms for one in pieces if one.reason is None and not one.is_micro)


def standing_ms_by_reason(pieces: Iterable[StopPiece]) -> dict[str | None, int]:
    """For the Pareto chart: standing time per reason, None for unassigned. Micro-stops without a reason are not in it."""
    told: dict[str | None, int] = {}
    for one in pieces:
        if one.reason is not None or not one.is_micro:
            told[one.reason] = told.get(one.reason, 0) + one.duration_ms
    return told


_Span = tuple[int, int, str | None]


def _within(one: ReasonAssignment, stop: Stop) -> _Span | None:
    """What of a stop an assignment speaks about."""
    if one.end_ms is None:
        is_on = stop.start_ms <= one.start_ms < stop.end_ms
        return (one.start_ms, stop.end_ms, one.reason) if is_on else None
    begin, end = max(one.start_ms, stop.start_ms), min(one.end_ms, stop.end_ms)
    return (begin, end, one.reason) if begin < end else None


def _pieces(stop: Stop, spans: list[_Span]) -> list[StopPiece]:
    cuts = sorted({stop.start_ms, stop.end_ms, *(one[0] for one in spans), *(one[1] for one in spans)})
    told: list[StopPiece] = []
    for begin, end in pairwise(cuts):
        reason = next((why for start, until, why in reversed(spans) if start <= begin and end <= until), None)
        if told and told[-1].reason == reason:
            told[-1] = replace(told[-1], end_ms=end)
        else:
            told.append(StopPiece(begin, end, stop.is_micro, reason))
    return told
