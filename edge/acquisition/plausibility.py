"""Whether what a meter shows makes sense: which profile, or which variant of one, reads it rightly. Pure.

Only numbers with a meaning can be judged: mains voltage, mains frequency, energy that does not run backwards. A
profile without any of these can be read but not recognised.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from edge.acquisition.driver import Value
from edge.acquisition.profile import Profile, Tag
from edge.contract.roles import Role

VOLTS = (80.0, 500.0)
HERTZ = (45.0, 65.0)
ENERGY_WH_MAX = 10**13
"""10 TWh: more than any meter of a factory has counted."""


class Verdict(StrEnum):
    """In the order of what a person wants to see first."""

    FITS = "fits"
    UNKNOWN = "cannot tell"  # It answers, but nothing in it can be judged.
    CONTRADICTED = "does not fit"
    ABSENT = "not there"


@dataclass(frozen=True, slots=True)
class Tried:
    """One profile on one unit. `first` and `second` are what its tags would publish, read twice."""

    profile: Profile
    unit: int
    first: Mapping[str, Value]
    second: Mapping[str, Value]
    verdict: Verdict
    reasons: Sequence[str]

    @property
    def merit(self) -> tuple[int, int]:
        """Sorts the best first: by verdict, then by how many of its tags show something. What a meter does not use reads 0."""
        return list(Verdict).index(self.verdict), -sum(bool(value) for value in self.second.values())


def judged(profile: Profile, unit: int, first: Mapping[str, Value], second: Mapping[str, Value]) -> Tried:
    """What two readings of a profile say about it. Pure."""
    for_it: list[str] = []
    against: list[str] = []
    meters = [tag for tag in profile.polled if tag.role is Role.METER]
    if meters and second.get(meters[0].name) is None:
        against.append(f"{meters[0].name} has no value")
    for tag in profile.polled:
        _judge(tag, first.get(tag.name), second.get(tag.name), for_it, against)
    if all(value is None for value in second.values()):
        return Tried(profile, unit, first, second, Verdict.ABSENT, ["no tag has a value"])
    if against:
        return Tried(profile, unit, first, second, Verdict.CONTRADICTED, against)
    if not for_it:
        return Tried(
            profile, unit, first, second, Verdict.UNKNOWN, ["no mains voltage or frequency to judge by"]
        )
    return Tried(profile, unit, first, second, Verdict.FITS, for_it)


def _judge(tag: Tag, before: Value, after: Value, for_it: list[str], against: list[str]) -> None:
    if tag.role is Role.METER:
        if not isinstance(after, int):
            return  # Of the first it is said above; the others many meters do not have.
        if after > ENERGY_WH_MAX:
            against.append(f"{tag.name} {after} Wh is too much")
        elif isinstance(before, int) and after < before:
            against.append(f"{tag.name} fell from {before} to {after} Wh")
        return
    bounds = {"V": VOLTS, "Hz": HERTZ}.get(tag.unit)
    if bounds is None or tag.role is not Role.MEASUREMENT:
        return
    if not isinstance(after, int | float):
        against.append(f"{tag.name} has no value")
    elif bounds[0] <= after <= bounds[1]:
        for_it.append(f"{tag.name} {after:g} {tag.unit}")
    elif after != 0 or tag.unit == "Hz":
        # A phase that is not wired shows 0 V; a meter that runs shows a frequency.
        against.append(
            f"{tag.name} {after:g} {tag.unit} is no mains {'voltage' if tag.unit == 'V' else 'frequency'}"
        )


def best_of(tried: Sequence[Tried]) -> Tried | None:
    """The one that fits where no other fits as well; None: compare with the display of the meter."""
    ranked = sorted(tried, key=lambda one: one.merit)
    if not ranked or ranked[0].verdict is not Verdict.FITS:
        return None
    return ranked[0] if len(ranked) == 1 or ranked[0].merit < ranked[1].merit else None
