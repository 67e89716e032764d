"""Where a SunSpec model stands in a device: found by its marks, not by a register table.

A device begins with "SunS" at one of three places; then model follows model, each with its number, the length of what
follows, and that. 0xFFFF ends the list. (SunSpec Device Information Model Specification; base addresses as pysunspec2
1.3.7 tries them.)
"""

from collections.abc import Awaitable, Callable, Sequence

from edge.errors import DeviceUnavailable

BASES = (40000, 0, 50000)
MARK = (0x5375, 0x6E53)
END = 0xFFFF
MODELS_MAX = 64
"""More than any device has; an endless list is none."""

Ask = Callable[[int, int], Awaitable[Sequence[int] | None]]
"""(first holding register, how many) → their words; None if the device has no such registers."""


async def find_model(ask: Ask, model: int) -> int:
    """The register that holds the number of this model. Raises DeviceUnavailable: none there, or no SunSpec device."""
    at = await _first_model(ask)
    seen: list[int] = []
    for _ in range(MODELS_MAX):
        head = await ask(at, 2)
        if head is None or head[0] == END:
            break
        if head[0] == model:
            return at
        seen.append(head[0])
        at += 2 + head[1]
        if at > 65534:
            break
    raise DeviceUnavailable(f"has no SunSpec model {model}, only {', '.join(map(str, seen)) or 'none'}")


async def _first_model(ask: Ask) -> int:
    for base in BASES:
        words = await ask(base, 2)
        if words is not None and tuple(words) == MARK:
            return base + 2
    raise DeviceUnavailable(f"is no SunSpec device: no mark at {', '.join(map(str, BASES))}")
