"""The odometer of a counter or a meter: a total that never goes back, made from readings that do.

A counter wraps at its width, restarts at zero with its PLC, is reset by a job change, shows a false zero for a poll,
and goes on counting while nobody looks. One low reading does not say which of these it was. So the odometer believes
what only one story explains, waits for the next reading where there are two, and where readings will never tell it
opens a *case*: the window, what was made there at least and at most, and what it took meanwhile. People and policies
settle cases; the odometer never guesses.

What it promises, as long as the machine keeps to `rate_max` and the clock does not go back:
- outside the windows of cases the total is exact, and inside each window the truth is within the case's bounds;
- the total never goes back, and takes in a window no more than what is certain to have been made there;
- `advance` is a function of state and reading alone, so a state kept in the transaction of its reading counts once,
  whatever is killed.

How a reading that does not fit is settled:
- forward, within what the machine could have made: believed at once. Over a broken connection, and small enough
  that the counter may have started again from zero meanwhile: believed as well, and told as a case;
- it comes back to the last believed reading or beyond, within what could be made: the readings between were false;
- it counts on from where it now stands, or stands there for 60 s: it wrapped (only if the connection never broke
  and the step fits), it restarted (if it could have made what it shows), or it was set by hand;
- it stands still: decided after 60 s, but a return to the old value is remembered and still undoes it: meters that
  show 0 all night come back in the morning;
- nothing fits for five minutes: a case, and counting goes on from the newest reading.

What it is not. No filter for noise within the possible: a false reading that the machine could have reached is
believed until the next one contradicts it. No witness of what nobody saw: a restart between two polls of one
connection is invisible if the counter is past its old value again by the second, and one within a single step of the
top looks like a wrap. Two false readings in a row that look like counting pass for a restart; so does a false value
that stands for 60 s if a real restart follows it. The very first reading is taken at its word.

`rate_max` needs headroom over the fastest cycle (half as much again): a reading's time is when the answer came, not
when the PLC latched the value. Unchanged readings must be repeated as a heartbeat, at least once a minute and well
within the time the counter needs to go half round: silence widens what the machine could have made.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import isfinite

from plant_server.domain.odometer_state import (
    Advance,
    Case,
    CaseKind,
    CaseStatus,
    CounterReading,
    Doubt,
    OdometerState,
    ReadingOutOfRange,
)

__all__ = [
    "Advance",
    "Case",
    "CaseKind",
    "CaseStatus",
    "CounterReading",
    "Doubt",
    "OdometerState",
    "ReadingOutOfRange",
    "advance",
    "review",
]

STANDING_S = 60.0
PATIENCE_S = 300.0


@dataclass(frozen=True, slots=True)
class _Verdict:
    kind: CaseKind
    at_least: int
    at_most: int


@dataclass(frozen=True, slots=True)
class _Machine:
    modulus: int
    rate_max: float

    def could(self, before: CounterReading, after: CounterReading) -> int:
        """The most it can have made between two readings. One more than rate times time: a part that was all but
        finished at the first. Time that went back counts as none."""
        elapsed_s = after.at - before.at
        return int(self.rate_max * elapsed_s) + 1 if elapsed_s > 0 else 1

    def may_go_round(self, could: int) -> bool:
        """Forward and backward can no longer be told apart."""
        return 2 * could >= self.modulus

    def at_most(self, doubt: Doubt, could: int) -> int:
        """A clock that went back says nothing about time; then only the counter's width is a bound."""
        return max(could, self.modulus - 1) if doubt.clock_back else could


def advance(
    state: OdometerState, reading: CounterReading, *, modulus: int, rate_max: float, unbroken: bool
) -> Advance:
    """The state after one more reading; readings are given in the order in which they were read.

    `modulus`: the counter shows 0 … modulus - 1. `rate_max`: units per second the machine cannot exceed.
    `unbroken`: the edge kept one connection with the device since the reading before, and no gap record lies between.
    Raises ReadingOutOfRange; an exception, since a returned refusal would be easily counted as "nothing made".
    """
    if not 0 <= reading.value < modulus or not isfinite(reading.at):
        raise ReadingOutOfRange(
            f"{reading.value} at {reading.at}: a counter of this width shows 0 to {modulus - 1}"
        )
    last = state.last
    if last is None:
        return Advance(OdometerState(state.total, reading, None, state.cases), 0, None)
    if unbroken and state.doubt is None:  # The short way, and nearly always taken.
        step = reading.value - last.value
        elapsed_s = reading.at - last.at
        could = int(rate_max * elapsed_s) + 1 if elapsed_s > 0 else 1
        if 0 <= step <= could and (2 * could < modulus or step == 0):
            return Advance(OdometerState(state.total + step, reading, None, state.cases), step, None)
    machine = _Machine(modulus, rate_max)
    if state.doubt is None:
        return _first_look(state, last, reading, machine, unbroken)
    if state.doubt.standing:
        return _while_standing(state, last, state.doubt, reading, machine, unbroken)
    return _in_doubt(state, last, state.doubt, reading, machine, unbroken)


def review(
    state: OdometerState, *, now: float, modulus: int, rate_max: float, patience_s: float = PATIENCE_S
) -> Advance:
    """Opens the case of a doubt that no reading has come to settle for `patience_s`: a dead device opens none itself.
    Later readings still settle it. Without such a doubt the state is returned as it is."""
    last, doubt = state.last, state.doubt
    if (
        last is None
        or doubt is None
        or doubt.standing
        or doubt.case is not None
        or now - doubt.since < patience_s
    ):
        return Advance(state, 0, None)
    machine = _Machine(modulus, rate_max)
    at_most = machine.at_most(doubt, machine.could(last, doubt.latest))
    number = state.cases + 1
    case = Case(
        number,
        CaseKind.UNCLEAR,
        CaseStatus.OPEN,
        last,
        doubt.latest,
        0,
        max(at_most, doubt.believed),
        doubt.believed,
    )
    return Advance(OdometerState(state.total, last, replace(doubt, case=number), number), 0, case)


def _first_look(
    state: OdometerState, last: CounterReading, reading: CounterReading, machine: _Machine, unbroken: bool
) -> Advance:
    """A reading that the short way did not believe."""
    step = reading.value - last.value
    could = machine.could(last, reading)
    if 0 <= step <= could and not machine.may_go_round(could):
        if reading.value > could:  # Too high to have come from zero, so no restart hides in the outage.
            return Advance(OdometerState(state.total + step, reading, None, state.cases), step, None)
        number = state.cases + 1
        case = Case(number, CaseKind.UNSEEN_RESTART, CaseStatus.OPEN, last, reading, step, could, step)
        return Advance(OdometerState(state.total + step, reading, None, number), step, case)
    doubt = Doubt(
        first=reading,
        latest=reading,
        since=reading.at,
        unbroken=unbroken,
        fell=step < 0,
        rose=reading.value if step > 0 else None,
        clock_back=reading.at < last.at,
    )
    return Advance(OdometerState(state.total, last, doubt, state.cases), 0, None)


def _while_standing(
    state: OdometerState,
    last: CounterReading,
    doubt: Doubt,
    reading: CounterReading,
    machine: _Machine,
    unbroken: bool,
) -> Advance:
    """The value stood still for 60 s and was decided on that. Now it still stands, counts on, or the decision falls."""
    held = doubt.held and unbroken
    run = reading.value - doubt.latest.value
    if run == 0:
        return Advance(replace(state, doubt=replace(doubt, latest=reading, held=held)), 0, None)
    stood_high = doubt.latest.value > last.value
    if 0 < run <= machine.could(doubt.latest, reading) and (
        stood_high or not _came_back(last, reading, machine)
    ):
        decided = OdometerState(state.total, doubt.latest, None, state.cases)
        return advance(decided, reading, modulus=machine.modulus, rate_max=machine.rate_max, unbroken=held)
    again = replace(doubt, standing=False, held=True, since=reading.at, unbroken=doubt.unbroken and held)
    return _in_doubt(state, last, again, reading, machine, unbroken)


def _in_doubt(
    state: OdometerState,
    last: CounterReading,
    doubt: Doubt,
    reading: CounterReading,
    machine: _Machine,
    unbroken: bool,
) -> Advance:
    doubt = replace(
        doubt,
        unbroken=doubt.unbroken and unbroken,
        clock_back=doubt.clock_back or reading.at < doubt.latest.at,
    )
    if _came_back(last, reading, machine):
        return _close(state, last, doubt, reading, _if_it_came_back(last, doubt, reading, machine))
    run = reading.value - doubt.latest.value
    could_run = machine.could(doubt.latest, reading)
    if 0 < run <= could_run and not machine.may_go_round(could_run):
        return _close(state, last, doubt, reading, _if_it_counts_on(last, doubt, reading, machine))
    if run == 0 and reading.at - doubt.first.at >= STANDING_S:
        return _close(
            state, last, doubt, reading, _if_it_counts_on(last, doubt, reading, machine), stands=True
        )
    doubt = _one_more(last, doubt, reading)
    if reading.at - doubt.since >= PATIENCE_S:
        at_most = machine.at_most(doubt, machine.could(last, reading))
        return _close(state, last, doubt, reading, _Verdict(CaseKind.UNCLEAR, 0, at_most))
    return Advance(replace(state, doubt=doubt), 0, None)


def _one_more(last: CounterReading, doubt: Doubt, reading: CounterReading) -> Doubt:
    if reading.value == doubt.latest.value:
        return replace(doubt, latest=reading)
    rose = doubt.rose
    if reading.value > last.value:
        rose = reading.value if rose is None else min(rose, reading.value)
    dropped = doubt.dropped
    if dropped is None and reading.value < doubt.latest.value < last.value:
        dropped = doubt.latest
    fell = doubt.fell or reading.value < last.value
    return replace(doubt, first=reading, latest=reading, fell=fell, rose=rose, dropped=dropped)


def _came_back(last: CounterReading, reading: CounterReading, machine: _Machine) -> bool:
    could = machine.could(last, reading)
    return 0 <= reading.value - last.value <= could and not machine.may_go_round(could)


def _if_it_came_back(
    last: CounterReading, doubt: Doubt, reading: CounterReading, machine: _Machine
) -> _Verdict:
    """The readings between were false, unless the machine can also have got here another way."""
    step = reading.value - last.value
    could = machine.could(last, reading)
    at_most = machine.at_most(doubt, could)
    if (
        doubt.rose is not None and reading.value >= doubt.rose
    ):  # Set to `rose` by hand, and counting on from there.
        return _Verdict(CaseKind.UNCLEAR, reading.value - doubt.rose, at_most)
    if (
        doubt.fell or not doubt.unbroken
    ) and reading.value <= could:  # Restarted, and past its old value again.
        return _Verdict(CaseKind.UNCLEAR, step, at_most)
    return _Verdict(CaseKind.GLITCH, step, step)


def _if_it_counts_on(
    last: CounterReading, doubt: Doubt, reading: CounterReading, machine: _Machine
) -> _Verdict:
    """Two readings agree on where the counter stands now. The first may still have been false, so what is believed
    is reckoned to the second, and the first only says which story it is."""
    first, modulus = doubt.first, machine.modulus
    could, could_first = machine.could(last, reading), machine.could(last, first)
    at_most = machine.at_most(doubt, could)
    seen = reading.value - first.value
    wrapped = (reading.value - last.value) % modulus
    if machine.may_go_round(could):
        possible = [made for made in (wrapped, reading.value) if made <= could]
        once_only = possible == [wrapped] and wrapped + modulus > could and not doubt.clock_back
        return _Verdict(CaseKind.LONG_GAP, min(possible, default=seen), wrapped if once_only else at_most)
    once_round = wrapped <= could and (first.value - last.value) % modulus <= could_first
    then_restarted = doubt.dropped is not None and first.value <= machine.could(doubt.dropped, first)
    if doubt.unbroken and once_round and not then_restarted:
        return _Verdict(CaseKind.WRAP, wrapped, wrapped)
    if doubt.clock_back:
        return _Verdict(CaseKind.CLOCK, seen, at_most)
    if first.value < last.value and first.value <= could_first:
        return _Verdict(CaseKind.RESTART, reading.value, at_most)
    return _Verdict(CaseKind.JUMP if first.value > last.value else CaseKind.STEP_DOWN, seen, at_most)


def _close(
    state: OdometerState,
    last: CounterReading,
    doubt: Doubt,
    reading: CounterReading,
    verdict: _Verdict,
    *,
    stands: bool = False,
) -> Advance:
    """Takes what is certain, and tells a case unless that is all. The total never goes back: what was taken too much
    on a value that stood still stays in it, inside an open case with exact bounds."""
    believed = max(verdict.at_least, doubt.believed)
    exact = verdict.at_least == verdict.at_most == believed
    number = doubt.case
    if number is None and not exact:
        number = state.cases + 1
    case = None
    if number is not None:
        status = CaseStatus.SETTLED if exact else CaseStatus.OPEN
        case = Case(number, verdict.kind, status, last, reading, verdict.at_least, verdict.at_most, believed)
    parts = believed - doubt.believed
    cases = max(state.cases, number or 0)
    if stands:
        remembered = replace(doubt, latest=reading, standing=True, believed=believed, case=number)
        return Advance(OdometerState(state.total + parts, last, remembered, cases), parts, case)
    return Advance(OdometerState(state.total + parts, reading, None, cases), parts, case)
