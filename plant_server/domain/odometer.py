"""The odometer of a counter or a meter: a total that never goes back, made from readings that do.

A counter wraps at its width, restarts at zero with its PLC, is reset by a job change, shows a false zero for a poll,
and goes on counting while nobody looks. One low reading does not say which of these it was. So the odometer believes
what only one story explains, waits for the next reading where there are two, and where readings will never tell it
opens a *case*: the window, what was made there at least and at most, and what it took meanwhile. People and policies
settle cases; the odometer never guesses.

What it promises, as long as the machine keeps to `rate_max`, the clock does not go back, and nothing from the list
below happens:
- outside the windows of open cases the total is exact, and inside each window the truth is within the case's bounds;
- the total never goes back;
- `advance` is a function of state and reading alone, so a state kept in the transaction of its reading counts once,
  whatever is killed.

How a reading that does not fit is settled:
- forward, within what the machine could have made: believed at once. Over a broken connection, and small enough
  that the counter may have started again from zero meanwhile: believed as well, and told as a case;
- it comes back to the last believed reading or beyond, within what could be made: the readings between were false;
- it counts on from where it now stands, or stands there for 60 s: it wrapped (only if the connection never broke
  and the step fits), it restarted (if it could have made what it shows), or it was set by hand;
- it stands still: decided after 60 s, but the old value is remembered and a return to it still undoes that: meters
  that show 0 all night come back in the morning;
- nothing fits for five minutes: a case, which stays open until two readings agree and counting goes on from them.
Of a window in which nothing is certain it takes nothing; after a restart it takes what the counter shows since zero.

What it is not. No filter for noise within the possible: a false reading that the machine could have reached is
believed until the next one contradicts it. No witness of what nobody saw: a restart between two polls of one
connection is invisible if the counter is past its old value again by the second, and looks like a wrap if it was
within that step of its top. "Restart" means from zero: a counter that comes back with an older value it had saved, or
is set by hand to one that it could have reached from zero, passes for a restart. Two false readings in a row that
look like counting pass for one too; so does a false value that stands for a minute beside a real restart or wrap.
The very first reading is taken at its word.

`rate_max` needs headroom over the fastest cycle (half as much again): a reading's time is when the answer came, not
when the PLC latched the value. Unchanged readings must be repeated as a heartbeat, at least once a minute and well
within the time the counter needs to go half round: silence widens what the machine could have made.
"""

from __future__ import annotations

from dataclasses import replace
from math import inf, isfinite

from plant_server.domain.counter_story import Machine, Verdict, came_back, if_it_came_back, if_it_counts_on
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
    "begin_anew",
    "review",
]

STANDING_S = 60.0
PATIENCE_S = 300.0


def advance(
    state: OdometerState, reading: CounterReading, *, modulus: int, rate_max: float, unbroken: bool
) -> Advance:
    """The state after one more reading; readings are given in the order in which they were read.

    `modulus`: the counter shows 0 … modulus - 1. `rate_max`: units per second the machine cannot exceed.
    `unbroken`: the edge kept one connection with the device since the reading before, and no gap record lies between.
    Raises ReadingOutOfRange; an exception, since a returned refusal would easily be counted as "nothing made".
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
    machine = Machine(modulus, rate_max)
    if state.doubt is None:
        return _first_look(state, last, reading, machine, unbroken)
    if state.doubt.standing:
        return _while_standing(state, last, state.doubt, reading, machine, unbroken)
    return _in_doubt(state, last, state.doubt, reading, machine, unbroken)


def review(
    state: OdometerState, *, now: float, modulus: int, rate_max: float, patience_s: float = PATIENCE_S
) -> Advance:
    """Tells the case of a doubt that no reading has settled for `patience_s`. `advance` does so as readings come; call
    it by the clock for devices from which none come. The doubt goes on, and later readings still settle it: counting
    from a reading that nothing confirms would be a guess. Without such a doubt the state is returned as it is."""
    last, doubt = state.last, state.doubt
    if last is None or doubt is None or doubt.standing or doubt.reviewed or now - doubt.since < patience_s:
        return Advance(state, 0, None)
    machine = Machine(modulus, rate_max)
    at_most = max(machine.at_most(doubt, machine.could(last, doubt.latest)), doubt.believed)
    number = doubt.case or state.cases + 1
    case = Case(number, CaseKind.UNCLEAR, CaseStatus.OPEN, last, doubt.latest, 0, at_most, doubt.believed)
    told = replace(doubt, case=number, reviewed=True)
    return Advance(OdometerState(state.total, last, told, max(state.cases, number)), 0, case)


def begin_anew(state: OdometerState, *, modulus: int, rate_max: float) -> Advance:
    """The tag shows another number from its next reading on, which is taken at its word as the very first was. `modulus`
    and `rate_max`: of the former number, whose readings that nothing settled are a case."""
    told = Advance(state, 0, None)
    if state.doubt is not None:
        told = review(state, now=inf, modulus=modulus, rate_max=rate_max)
    return Advance(OdometerState(state.total, None, None, told.state.cases), 0, told.case)


def _first_look(
    state: OdometerState, last: CounterReading, reading: CounterReading, machine: Machine, unbroken: bool
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
        fell=reading if step < 0 else None,
        rose=reading.value if step > 0 else None,
        clock_back=reading.at < last.at,
    )
    return Advance(OdometerState(state.total, last, doubt, state.cases), 0, None)


def _while_standing(
    state: OdometerState,
    last: CounterReading,
    doubt: Doubt,
    reading: CounterReading,
    machine: Machine,
    unbroken: bool,
) -> Advance:
    """The value stood still for 60 s and was decided on that. Now it still stands, counts on, or all is open again."""
    run = reading.value - doubt.latest.value
    could_run = machine.could(doubt.latest, reading)
    cannot_have_restarted = unbroken or reading.value > could_run
    if run == 0 and cannot_have_restarted:
        return Advance(replace(state, doubt=replace(doubt, latest=reading)), 0, None)
    stood_high = doubt.latest.value > last.value
    if 0 < run <= could_run and (stood_high or not came_back(last, reading, machine)):
        decided = OdometerState(state.total, doubt.latest, None, state.cases)
        return advance(
            decided, reading, modulus=machine.modulus, rate_max=machine.rate_max, unbroken=unbroken
        )
    again = replace(doubt, standing=False, since=reading.at)
    return _in_doubt(state, last, again, reading, machine, unbroken)


def _in_doubt(
    state: OdometerState,
    last: CounterReading,
    doubt: Doubt,
    reading: CounterReading,
    machine: Machine,
    unbroken: bool,
) -> Advance:
    doubt = replace(
        doubt,
        unbroken=doubt.unbroken and unbroken,
        clock_back=doubt.clock_back or reading.at < doubt.latest.at,
    )
    if came_back(last, reading, machine):
        return _close(state, last, doubt, reading, if_it_came_back(last, doubt, reading, machine))
    run = reading.value - doubt.latest.value
    could_run = machine.could(doubt.latest, reading)
    if 0 < run <= could_run and not machine.may_go_round(could_run):
        return _close(state, last, doubt, reading, if_it_counts_on(last, doubt, reading, machine))
    if run == 0 and unbroken and reading.at - doubt.first.at >= STANDING_S:
        return _close(
            state, last, doubt, reading, if_it_counts_on(last, doubt, reading, machine), stands=True
        )
    doubt = _one_more(last, doubt, reading, unbroken)
    pending = replace(state, doubt=doubt)
    return review(pending, now=reading.at, modulus=machine.modulus, rate_max=machine.rate_max)


def _one_more(last: CounterReading, doubt: Doubt, reading: CounterReading, unbroken: bool) -> Doubt:
    if reading.value == doubt.latest.value and unbroken:
        return replace(doubt, latest=reading, reviewed=False)
    rose = doubt.rose
    if reading.value > last.value:
        rose = reading.value if rose is None else min(rose, reading.value)
    dropped = doubt.dropped
    if dropped is None and reading.value < doubt.latest.value < last.value:
        dropped = doubt.latest
    fell = doubt.fell
    if fell is None and reading.value < last.value:
        fell = reading
    return replace(
        doubt, first=reading, latest=reading, fell=fell, rose=rose, dropped=dropped, reviewed=False
    )


def _close(
    state: OdometerState,
    last: CounterReading,
    doubt: Doubt,
    reading: CounterReading,
    verdict: Verdict,
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
