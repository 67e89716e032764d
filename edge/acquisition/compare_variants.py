"""Reads a device by each variant of its profile, and says which one makes sense of it: for `lineside edge check`."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

from edge.acquisition.driver import Reading
from edge.acquisition.plausibility import Tried, best_of, judged
from edge.acquisition.profile import Profile

AS_WRITTEN = ""
"""Name of the profile without a variant."""

Read = Callable[[Profile], Awaitable[Sequence[Reading]]]
"""All tags of a profile, read from the device now."""


@dataclass(frozen=True, slots=True)
class Comparison:
    """The variants in the order of the profile, itself first, and how each read the device. `best`: the name of the one
    that fits; None if several do as well, or none."""

    tried: tuple[tuple[str, str, Tried], ...]  # Name, source, and what came of it.
    best: str | None


async def compare(profile: Profile, unit: int, read: Read) -> Comparison:
    """Each variant is read twice, all of them once before the second time. Raises what `read` raises."""
    candidates = [(AS_WRITTEN, profile.document, profile)]
    candidates += [(variant.name, variant.source, variant.profile) for variant in profile.variants]
    first = [_values(await read(candidate)) for _, _, candidate in candidates]
    second = [_values(await read(candidate)) for _, _, candidate in candidates]
    tried = [
        (name, source, judged(candidate, unit, before, after))
        for (name, source, candidate), before, after in zip(candidates, first, second, strict=True)
    ]
    best = best_of([one for _, _, one in tried])
    return Comparison(tuple(tried), next((name for name, _, one in tried if one is best), None))


def _values(readings: Sequence[Reading]) -> dict[str, int | float | bool | str | None]:
    return {reading.tag.name: reading.value for reading in readings}
