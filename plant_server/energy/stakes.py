"""How much of a meter's odometer belongs to a node at a time: pure.

A stake is an odometer of its own. Before the meter has a key it is the meter's odometer for the node that the meter
serves, and stands still for any other. While a key holds, it advances by the node's share of what the meter advanced
since the key began, cut to whole Wh. It never goes back, so the energy of [a, b) is its difference: neighbouring runs add
up exactly, and since every cut is downwards the stakes never exceed the meter. What they leave is unallocated.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from fractions import Fraction

from plant_server.domain.quantity import cut

TotalAt = Callable[[datetime], int]
"""The meter's odometer at the last reading not later than a time, in Wh."""


@dataclass(frozen=True, slots=True)
class Key:
    """From `from_time` until the next key: each path has its weight of `whole`; the weights are not more than it."""

    from_time: datetime
    whole: Decimal
    weights: Mapping[str, Decimal]


@dataclass(frozen=True, slots=True)
class Stake:
    """What a node has of one meter. `keys` by time; `serves`: the meter stands at the node, or below it."""

    path: str
    serves: bool
    keys: Sequence[Key]

    def at(self, moment: datetime, total_at: TotalAt) -> int:
        """The stake's own odometer, in Wh."""
        bounds = [*(key.from_time for key in self.keys), moment]
        begun = min(bounds[0], moment)
        value = total_at(begun) if self.serves else 0
        for key, end in zip(self.keys, bounds[1:], strict=True):
            if key.from_time < moment:
                advance = total_at(min(end, moment)) - total_at(key.from_time)
                value += _share(advance, key, self.path)
        return value

    def energy_wh(self, from_time: datetime, to_time: datetime, total_at: TotalAt) -> int:
        """Of [from_time, to_time)."""
        return self.at(to_time, total_at) - self.at(from_time, total_at)


def _share(advance: int, key: Key, path: str) -> int:
    weight = key.weights.get(path, Decimal(0))
    whole_wh, _ = cut(Fraction(advance) * Fraction(weight) / Fraction(key.whole), 0)
    return int(whole_wh)
