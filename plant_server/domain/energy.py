"""Energy of orders, parts and machines, in whole Wh from a meter's odometer.

The energy of [a, b) is the odometer at the last reading ≤ b less that at the last reading ≤ a. So neighbours add up
exactly, however coarse the readings are: what was used between two readings goes to whom the later one finds.
A meter that serves several machines is split by a stated key; what the key gives to nobody is *unallocated*, and the
shares and the unallocated are the meter's, to the Wh.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction

from plant_server.domain.count_history import CountHistory
from plant_server.domain.quantity import cut, split


@dataclass(frozen=True, slots=True)
class EnergySplit:
    """Shares and unallocated add up to what was split."""

    shares_wh: Mapping[str, int]
    unallocated_wh: int


def energy_wh(meter: CountHistory, from_ms: int, to_ms: int) -> int:
    """Of [from_ms, to_ms), by the meter's odometer in Wh; never negative. Raises ValueError if it ends before it
    begins."""
    if to_ms < from_ms:
        raise ValueError(f"[{from_ms}, {to_ms})")
    return meter.total_at(to_ms) - meter.total_at(from_ms)


def split_energy(total_wh: int, key: Mapping[str, Decimal], *, whole: Decimal | None = None) -> EnergySplit:
    """`total_wh` by `key` (area, rated power, running time …), by largest remainder in Wh.

    `whole`: what the key is a share of, such as 1 for fractions or all running time; what the key leaves of it is
    unallocated. None: the key's own sum, so nothing is, unless nobody has a share: then all of it. Raises ValueError
    for a negative weight or total, or a `whole` smaller than the key's sum.
    """
    names = sorted(key)
    given = sum((Fraction(key[name]) for name in names), Fraction(0))
    rest = Fraction(whole) - given if whole is not None else Fraction(0)
    if rest < 0 or total_wh < 0:
        raise ValueError(f"{total_wh} Wh: the key gives {given} of {whole}")
    if given + rest == 0:
        rest = Fraction(1)
    weights = [*(Fraction(key[name]) for name in names), rest]
    *shares, unallocated = (int(one) for one in split(Decimal(total_wh), weights, 0))
    return EnergySplit(dict(zip(names, shares, strict=True)), unallocated)


def unallocated_wh(meter: CountHistory, from_ms: int, to_ms: int, allocated_wh: int) -> int:
    """What [from_ms, to_ms) used beyond what runs and machines were given: idling, losses, what no key names."""
    return energy_wh(meter, from_ms, to_ms) - allocated_wh


def energy_per_part_wh(total_wh: int, good: Decimal, scale: int = 3) -> Decimal | None:
    """Per good part, cut at `scale` decimals: a figure to show, not to add up. None: no good part, so it has none."""
    return cut(Fraction(total_wh) / Fraction(good), scale)[0] if good > 0 else None
