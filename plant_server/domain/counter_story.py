"""Which story explains readings of a counter that do not fit the last believed one, and what was made if it is true.

A verdict is exact where only one story is possible, and otherwise states the least and the most that any of them
allows. Every bound holds as long as the machine keeps to `rate_max`. The stories are told in `odometer`.
"""

from __future__ import annotations

from dataclasses import dataclass

from plant_server.domain.odometer_state import CaseKind, CounterReading, Doubt


@dataclass(frozen=True, slots=True)
class Verdict:
    kind: CaseKind
    at_least: int
    at_most: int


@dataclass(frozen=True, slots=True)
class Machine:
    modulus: int
    rate_max: float
    """Units per second."""

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


def came_back(last: CounterReading, reading: CounterReading, machine: Machine) -> bool:
    could = machine.could(last, reading)
    return 0 <= reading.value - last.value <= could and not machine.may_go_round(could)


def if_it_came_back(last: CounterReading, doubt: Doubt, reading: CounterReading, machine: Machine) -> Verdict:
    """The readings between were false, unless the machine can also have got here another way."""
    step = reading.value - last.value
    could = machine.could(last, reading)
    at_most = machine.at_most(doubt, could)
    if doubt.rose is not None and reading.value >= doubt.rose:
        # Set to `rose` by hand, and counting on from there.
        return Verdict(CaseKind.UNCLEAR, reading.value - doubt.rose, at_most)
    may_have_restarted = doubt.fell is not None or not doubt.unbroken
    if may_have_restarted and reading.value <= could:
        # Restarted, and past its old value again.
        return Verdict(CaseKind.UNCLEAR, step, at_most)
    return Verdict(CaseKind.GLITCH, step, step)


def if_it_counts_on(last: CounterReading, doubt: Doubt, reading: CounterReading, machine: Machine) -> Verdict:
    """Two readings agree on where the counter stands now. The first of them may still be false, so what was made is
    reckoned to the second; the first only says which story it is."""
    first = doubt.first
    could = machine.could(last, reading)
    at_most = machine.at_most(doubt, could)
    wrapped = (reading.value - last.value) % machine.modulus
    if machine.may_go_round(could):
        possible = [made for made in (wrapped, reading.value) if made <= could]
        only_once = possible == [wrapped] and wrapped + machine.modulus > could and not doubt.clock_back
        return Verdict(CaseKind.LONG_GAP, min(possible, default=0), wrapped if only_once else at_most)
    if wrapped <= could and _can_only_be_a_wrap(last, doubt, machine):
        return Verdict(CaseKind.WRAP, wrapped, wrapped)
    if doubt.clock_back:
        return Verdict(CaseKind.CLOCK, 0, at_most)
    if first.value < last.value and first.value <= machine.could(last, first):
        return Verdict(CaseKind.RESTART, reading.value, at_most)
    return Verdict(CaseKind.JUMP if first.value > last.value else CaseKind.STEP_DOWN, 0, at_most)


def _can_only_be_a_wrap(last: CounterReading, doubt: Doubt, machine: Machine) -> bool:
    """Over one connection, and a wrap at the first low reading already: the longer a counter that restarted stands,
    the sooner it would pass for one. After a wrap that was followed by a lower value it may have restarted too."""
    if not doubt.unbroken or doubt.fell is None:
        return False
    for low in (doubt.fell, doubt.first):
        if (low.value - last.value) % machine.modulus > machine.could(last, low):
            return False
    return doubt.dropped is None or doubt.first.value > machine.could(doubt.dropped, doubt.first)
