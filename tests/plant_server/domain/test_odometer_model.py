"""The odometer against a machine that knows the truth; and broken odometers, which it must catch."""

from __future__ import annotations

import random
import sys
from inspect import getsource
from types import ModuleType
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from plant_server.domain import counter_story, odometer
from tests.plant_server.domain.model_machine import EVENTS, history

RATES = [1, 10, 200]
MODULI = [2**16, 2**31, 2**32]

histories = st.tuples(
    st.integers(0, 2**32),
    st.sampled_from(MODULI),
    st.sampled_from(RATES),
    st.one_of(st.integers(1, 60), st.integers(1, 70_000)),
    st.lists(st.sampled_from(sorted(EVENTS)), min_size=1, max_size=25),
)
Drawn = tuple[int, int, int, int, list[str]]


def check(module: Any, drawn: Drawn) -> set[str]:
    """Outside the windows of open cases the total is the truth; inside each the truth is within its bounds.
    Returns the kinds of cases told."""
    _, modulus, rate_max, _, _ = drawn
    readings = history(*drawn)
    made_by = {shown.at: shown.made for shown in readings}
    state, cases = module.OdometerState(), dict[int, Any]()
    for shown in readings:
        step = module.advance(
            state,
            module.CounterReading(shown.value, shown.at),
            modulus=modulus,
            rate_max=rate_max,
            unbroken=shown.unbroken,
        )
        assert step.parts >= 0
        assert step.state.total == state.total + step.parts
        state = step.state
        if step.case is not None:
            cases[step.case.number] = step.case
    step = module.review(state, now=readings[-1].at + 301, modulus=modulus, rate_max=rate_max)
    if step.case is not None:
        cases[step.case.number] = step.case
    open_cases = [case for case in cases.values() if case.status == "open"]
    in_windows = 0
    ended = 0.0
    for case in sorted(open_cases, key=lambda case: case.number):
        assert ended <= case.before.at < case.after.at, "windows overlap"
        ended = case.after.at
        truth = made_by[case.after.at] - made_by[case.before.at]
        assert case.at_least <= truth <= case.at_most, f"the truth is {truth}: {case}"
        in_windows += truth
    counted = state.total - sum(case.believed for case in open_cases)
    made = readings[-1].made - readings[0].made
    assert counted == made - in_windows, (
        f"{made} made, {in_windows} of them in cases, {counted} counted outside"
    )
    return {f"{case.kind} {case.status}" for case in cases.values()}


@settings(max_examples=1000, deadline=None)
@given(histories)
def test_total_is_the_truth_outside_cases_and_cases_bound_it_inside(drawn: Drawn) -> None:
    check(odometer, drawn)


# Broken odometers. Each replaces one piece of the source; the machine above must catch every one.

MUTANTS = {
    "believes a step down at once": (
        "if 0 <= step <= could and (2 * could < modulus or step == 0):",
        "if step <= could and (step := max(step, 0)) >= 0:",
    ),
    "believes a forward step of any size": (
        "if 0 <= step <= could and (2 * could < modulus or step == 0):",
        "if 0 <= step:",
    ),
    "takes a glitch for a restart": ("    if came_back(last, reading, machine):\n", "    if False:\n"),
    "takes a young counter's restart for a glitch": ("if may_have_restarted and", "if False and"),
    "takes a counter set by hand for a glitch": ("if doubt.rose is not None and", "if False and"),
    "takes a restart for a wrap over a broken connection": (
        "if not doubt.unbroken or doubt.fell is None:",
        "if doubt.fell is None:",
    ),
    "takes any low value for a wrap": ("if wrapped <= could and _can_only", "if True or _can_only"),
    "takes a restart for a wrap once it stood long enough": (
        "        if (low.value - last.value) % machine.modulus > machine.could(last, low):",
        "        if False:",
    ),
    "forgets that a wrapped counter can restart": ("return doubt.dropped is None or ", "return True or "),
    "asks nobody about the time before a restart": (
        "return Verdict(CaseKind.RESTART, reading.value, at_most)",
        "return Verdict(CaseKind.RESTART, reading.value, reading.value)",
    ),
    "forgets the outage in which a restart hides": (
        "if unbroken and state.doubt is None:",
        "if state.doubt is None:",
    ),
    "takes what a counter set by hand shows for made": (
        "if first.value < last.value and first.value <= machine.could(last, first):",
        "if first.value < last.value:",
    ),
    "decides on a value that stood for a second": ("STANDING_S = 60.0", "STANDING_S = 0.5"),
    "forgets what it took while the value stood": (
        "    parts = believed - doubt.believed",
        "    parts = believed",
    ),
}


def mutant(old: str, new: str) -> ModuleType:
    """The odometer with one piece of its source changed, here or in the stories that it uses."""
    sources = {module.__name__: getsource(module) for module in (counter_story, odometer)}
    assert [text.count(old) for text in sources.values()] in ([1, 0], [0, 1]), (
        f"nothing to change reads: {old}"
    )
    genuine = {name: sys.modules[name] for name in sources}
    try:
        for name, text in sources.items():
            sys.modules[name] = ModuleType(name)  # The odometer imports the changed stories from here.
            exec(text.replace(old, new), sys.modules[name].__dict__)  # noqa: S102 - our own source
        return sys.modules[odometer.__name__]
    finally:
        sys.modules.update(genuine)


def drawn_histories(count: int) -> list[Drawn]:
    draw = random.Random(20)
    return [
        (
            draw.randrange(2**32),
            draw.choice(MODULI),
            draw.choice(RATES),
            draw.choice([draw.randint(1, 60), draw.randint(1, 3_000), draw.randint(1, 70_000)]),
            [draw.choice(sorted(EVENTS)) for _ in range(draw.randint(1, 12))],
        )
        for _ in range(count)
    ]


def first_caught(module: Any, among: list[Drawn]) -> int | None:
    for number, drawn in enumerate(among):
        try:
            check(module, drawn)
        except AssertionError:
            return number
    return None


@pytest.mark.parametrize(("old", "new"), MUTANTS.values(), ids=MUTANTS)
def test_model_catches_an_odometer_that(old: str, new: str) -> None:
    assert first_caught(mutant(old, new), drawn_histories(6_000)) is not None


def test_model_accepts_the_odometer_on_the_histories_that_catch_the_mutants() -> None:
    assert first_caught(odometer, drawn_histories(6_000)) is None


def test_histories_of_the_model_lead_to_cases_of_every_kind() -> None:
    told = set[str]().union(*(check(odometer, drawn) for drawn in drawn_histories(6_000)))
    kinds = {kind.partition(" ")[0] for kind in told}
    # The model's clock never goes back, and a wrap is exact: it needs no case.
    assert kinds == set(odometer.CaseKind) - {odometer.CaseKind.CLOCK, odometer.CaseKind.WRAP}
    assert "glitch settled" in told
