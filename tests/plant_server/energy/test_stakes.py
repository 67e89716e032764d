"""A stake in a meter is an odometer of its own: what it says of neighbouring times adds up to the Wh."""

import random
from bisect import bisect_right
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from plant_server.energy.stakes import Key, Stake, TotalAt

NOON = datetime(2026, 7, 24, 12, tzinfo=UTC)


def at(seconds: int) -> datetime:
    return NOON + timedelta(seconds=seconds)


def meter(readings: dict[int, int]) -> TotalAt:
    times = sorted(readings)

    def total_at(moment: datetime) -> int:
        index = bisect_right(times, (moment - NOON).total_seconds())
        return readings[times[index - 1]] if index else 0

    return total_at


def key(seconds: int, whole: int, **weights: int) -> Key:
    return Key(at(seconds), Decimal(whole), {path: Decimal(weight) for path, weight in weights.items()})


def test_without_a_key_the_meter_is_its_nodes_alone() -> None:
    total_at = meter({0: 1000, 100: 1700})
    assert Stake("press1", True, []).energy_wh(at(0), at(100), total_at) == 700
    assert Stake("press2", False, []).energy_wh(at(0), at(100), total_at) == 0


def test_from_its_key_on_a_meter_is_shared_and_the_rest_is_nobodys() -> None:
    total_at = meter({0: 0, 100: 1000, 200: 1101})
    keys = [key(100, 100, press1=50, press2=25)]
    own = Stake("press1", True, keys)
    assert own.energy_wh(at(0), at(100), total_at) == 1000
    assert own.energy_wh(at(100), at(200), total_at) == 50
    assert own.energy_wh(at(0), at(200), total_at) == 1050
    assert Stake("press2", False, keys).energy_wh(at(0), at(200), total_at) == 25


def test_a_thousand_random_splits_add_up_to_the_meter_exactly() -> None:
    chance = random.Random(22400)
    for _ in range(1000):
        total, readings = 0, {}
        for seconds in sorted(chance.sample(range(1000), 40)):
            total += chance.randrange(0, 500)
            readings[seconds] = total
        total_at = meter(readings)
        keys = [
            key(seconds, 97, press1=chance.randrange(1, 40), press2=chance.randrange(1, 50))
            for seconds in sorted(chance.sample(range(1000), chance.randrange(3)))
        ]
        stakes = [Stake("press1", True, keys), Stake("press2", False, keys)]
        cuts = [0, *sorted(chance.sample(range(1, 1000), 8)), 1000]
        given_wh = 0
        for stake in stakes:
            runs = [stake.energy_wh(at(begin), at(end), total_at) for begin, end in pairwise(cuts)]
            assert min(runs) >= 0
            assert sum(runs) == stake.energy_wh(at(0), at(1000), total_at)
            given_wh += sum(runs)
        unallocated = total_at(at(1000)) - total_at(at(0)) - given_wh
        assert unallocated >= 0
        if not keys:
            assert unallocated == 0


@given(
    steps=st.lists(st.integers(0, 10**12), min_size=1, max_size=20),
    weights=st.lists(st.integers(1, 1000), min_size=1, max_size=8),
    rest=st.integers(0, 1000),
)
def test_shares_never_exceed_the_meter_and_miss_less_than_one_wh_each(
    steps: list[int], weights: list[int], rest: int
) -> None:
    total_at = meter({index: sum(steps[: index + 1]) for index in range(len(steps))})
    begin, end = at(0), at(len(steps))
    whole = sum(weights) + rest
    keys = [key(0, whole, **{f"node{index}": weight for index, weight in enumerate(weights)})]
    used = total_at(end) - total_at(begin)
    given_wh = sum(
        Stake(f"node{index}", False, keys).energy_wh(begin, end, total_at) for index in range(len(weights))
    )
    exact = used * sum(weights) / whole
    assert given_wh <= used
    assert exact - len(weights) - 1 < given_wh
