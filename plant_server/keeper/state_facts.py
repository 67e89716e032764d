"""From what a machine and its edge said to what it did: pure.

A machine's state is its code, read together with its operation mode. It is unknown from the moment its edge lost it,
or lost what it had read (a gap), until the next sample: the edge tells every tag once after it has the device again.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from itertools import groupby

from plant_server.domain.machine_state import MachineState, UnknownVocabulary, machine_state


class Kind(StrEnum):
    STATE = "state"
    MODE = "mode"
    UNSEEN = "unseen"


@dataclass(frozen=True, slots=True)
class Fact:
    """At `at_ms` (source time, UTC) the machine said `value`; None: a bad sample, or nobody saw it any more."""

    at_ms: int
    kind: Kind
    value: float | None


@dataclass(slots=True)
class InForce:
    """The code and the mode that hold at a time; None: not known."""

    code: int | None = None
    mode: int | None = None


def said(
    facts: Iterable[Fact], vocabulary: str | None, in_force: InForce | None = None
) -> Iterator[tuple[int, MachineState]]:
    """(time, state) for each time at which the facts say something of the state. The facts may come in any order.

    At one instant the mode is heard before the state, and what makes the machine unseen has the last word. A bad
    state sample is an unknown state; a bad mode sample leaves the state to its code alone.
    """
    now = in_force or InForce()
    for at_ms, group in groupby(sorted(facts, key=lambda fact: fact.at_ms), key=lambda fact: fact.at_ms):
        instant = list(group)
        modes = [fact.value for fact in instant if fact.kind is Kind.MODE]
        codes = {_code(fact.value) for fact in instant if fact.kind is Kind.STATE}
        if modes:
            now.mode = max((_code(mode) for mode in modes), key=lambda mode: -1 if mode is None else mode)
        if any(fact.kind is Kind.UNSEEN for fact in instant):
            now.code = None
            yield at_ms, MachineState.UNKNOWN
        elif codes:
            states = {code: _state(vocabulary, code, now.mode) for code in codes}
            now.code = max(codes, key=lambda code: (_ORDER[states[code]], -1 if code is None else code))
            yield at_ms, states[now.code]
        elif modes and now.code is not None:
            yield at_ms, _state(vocabulary, now.code, now.mode)


def in_force_after(facts: Iterable[Fact], vocabulary: str | None) -> InForce:
    """What holds after the facts."""
    in_force = InForce()
    for _ in said(facts, vocabulary, in_force):
        pass
    return in_force


def _code(value: float | None) -> int | None:
    return None if value is None else int(value)


def _state(vocabulary: str | None, code: int | None, mode: int | None) -> MachineState:
    """Unknown as well when the profile names no vocabulary that we have: a better table heals the past."""
    if code is None or vocabulary is None:
        return MachineState.UNKNOWN
    try:
        return machine_state(vocabulary, code, mode)
    except UnknownVocabulary:
        return MachineState.UNKNOWN


_ORDER = {
    state: order for order, state in enumerate(MachineState)
}  # Of a contradiction the less favourable counts.
