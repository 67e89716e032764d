"""Andon: somebody at a machine calls for help, somebody answers, and who stays silent is not alone for long.

A call is open, acknowledged (somebody comes, and says when), and then resolved; or withdrawn by whoever called. The same
need called twice, from two terminals or by a hand that taps again, is one call. While nobody has acknowledged it, more
people are told, level by level.

Only what is fresh alarms: a call that the plant hears of later than `FRESH` after it was made is *late*. It is listed as
what happened while there was no contact, counts as unanswered nowhere, and nobody is told of it.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

from plant_server.domain.transition import TransitionRefused

FRESH = timedelta(minutes=5)
ETA_LONGEST = timedelta(hours=8)
"""Who cannot come within a shift does not come."""


class CallType(StrEnum):
    MATERIAL = "material"
    QUALITY = "quality"
    MAINTENANCE = "maintenance"
    LEAD = "lead"


class CallState(StrEnum):
    OPEN = "open"
    ACKNOWLEDGED = "acknowledged"
    RESOLVED = "resolved"
    WITHDRAWN = "withdrawn"


@dataclass(frozen=True, slots=True)
class Caller:
    """`by`: a person, a terminal at which nobody had signed in, or the keeper. `device`: the terminal, if it was one."""

    by: str
    device: str | None = None


@dataclass(frozen=True, slots=True)
class AndonCall:
    """`path`: of the machine or the line. `raised_time`: when it was called; `heard_time`: when the plant heard of it.
    `level`: the highest that was told. `version` counts its changes."""

    call_id: str
    path: str
    line: str
    type: CallType
    note: str
    raised_by: str
    raised_device: str | None
    raised_time: datetime
    heard_time: datetime
    is_late: bool
    state: CallState = CallState.OPEN
    acknowledged_by: str | None = None
    acknowledged_time: datetime | None = None
    eta_time: datetime | None = None
    ended_by: str | None = None
    ended_time: datetime | None = None
    level: int = 0
    version: int = 1

    @property
    def is_unanswered(self) -> bool:
        return self.state is CallState.OPEN and not self.is_late


@dataclass(frozen=True, slots=True)
class Level:
    """`after` the call was raised those with one of `roles` are told; without any, those whose kind of call it is."""

    level: int
    after: timedelta
    roles: tuple[str, ...] = ()


DEFAULT_LEVELS = (
    Level(1, timedelta(minutes=3)),
    Level(2, timedelta(minutes=5), ("lead",)),
    Level(3, timedelta(minutes=15), ("lead", "maintenance", "quality")),
    Level(4, timedelta(minutes=30), ("manager",)),
)
ANSWERS = {
    CallType.MATERIAL: "lead",
    CallType.QUALITY: "quality",
    CallType.MAINTENANCE: "maintenance",
    CallType.LEAD: "lead",
}
"""Whose kind of call it is."""


def new_call(
    call_id: str,
    path: str,
    line: str,
    type: CallType,
    caller: Caller,
    said_time: datetime,
    heard_time: datetime,
    note: str = "",
) -> AndonCall:
    """`said_time`: by the caller's clock, as far as it was corrected; a call from the future is made now."""
    raised_time = min(said_time, heard_time)
    is_late = heard_time - raised_time > FRESH
    return AndonCall(
        call_id, path, line, type, note, caller.by, caller.device, raised_time, heard_time, is_late
    )


def joined(new: AndonCall, others: Iterable[AndonCall]) -> AndonCall | None:
    """Which of `others` the new call is, if it is one of them: they are the known calls of its place and type.

    A fresh call is the one that is still open. A late one is whichever was on when it was made, or shortly after: another
    terminal had contact and called too, and that need was seen to; or a late one that still waits in the list.
    """
    known = sorted(others, key=lambda one: (one.raised_time, one.call_id))
    if not new.is_late:
        return next((one for one in known if one.ended_time is None and not one.is_late), None)
    for one in known:
        if one.is_late:
            is_it = one.ended_time is None
        else:
            begun = one.raised_time - FRESH <= new.raised_time
            is_it = begun and (one.ended_time is None or new.raised_time <= one.ended_time)
        if is_it:
            return one
    return None


def acknowledge(call: AndonCall, by: str, at: datetime, eta: timedelta) -> AndonCall:
    """`by` comes within `eta`. The same person may say another time; somebody else only when that time has passed.
    The first answer counts as the response. Refused with `call_has_ended`, `call_is_acknowledged`, `eta_out_of_range`."""
    _must_go_on(call)
    if not timedelta() <= eta <= ETA_LONGEST:
        raise TransitionRefused("eta_out_of_range", most_min=str(ETA_LONGEST // timedelta(minutes=1)))
    comes_in_time = call.eta_time is not None and at < call.eta_time
    if call.acknowledged_by not in (None, by) and comes_in_time:
        raise TransitionRefused("call_is_acknowledged", by=str(call.acknowledged_by))
    return replace(
        call,
        state=CallState.ACKNOWLEDGED,
        acknowledged_by=by,
        acknowledged_time=call.acknowledged_time or max(at, call.raised_time),
        eta_time=at + eta,
        version=call.version + 1,
    )


def resolve(call: AndonCall, by: str, at: datetime) -> AndonCall:
    """What was called for is done; of a late call: somebody has seen it. Refused with `call_has_ended`."""
    return _end(call, CallState.RESOLVED, by, at)


def withdraw(call: AndonCall, caller: Caller, at: datetime) -> AndonCall:
    """Taken back by the person or at the terminal that called. Refused with `call_has_ended`, `not_the_caller`."""
    _must_go_on(call)
    same_device = caller.device is not None and caller.device == call.raised_device
    if caller.by != call.raised_by and not same_device:
        raise TransitionRefused("not_the_caller", by=call.raised_by)
    return _end(call, CallState.WITHDRAWN, caller.by, at)


def due_levels(call: AndonCall, levels: Iterable[Level], now: datetime) -> list[Level]:
    """Levels whose time has come and that were not told, the lowest first. Whoever was not there to tell them in time
    (the keeper was away) tells them all: nobody has answered, and that is a fact of now."""
    if not call.is_unanswered:
        return []
    in_order = sorted(levels, key=lambda one: one.level)
    return [one for one in in_order if one.level > call.level and call.raised_time + one.after <= now]


def tell(call: AndonCall, level: int) -> AndonCall:
    """The level was told. Refused with `level_was_told`, or where nobody has to be told any more."""
    if not call.is_unanswered or level <= call.level:
        raise TransitionRefused("level_was_told", level=str(level))
    return replace(call, level=level, version=call.version + 1)


def roles_told(call: AndonCall, level: Level) -> tuple[str, ...]:
    return level.roles or (ANSWERS[call.type],)


def _end(call: AndonCall, state: CallState, by: str, at: datetime) -> AndonCall:
    _must_go_on(call)
    return replace(
        call,
        state=state,
        ended_by=by,
        ended_time=max(at, call.raised_time),
        version=call.version + 1,
    )


def _must_go_on(call: AndonCall) -> None:
    if call.ended_time is not None:
        raise TransitionRefused("call_has_ended", state=call.state)
