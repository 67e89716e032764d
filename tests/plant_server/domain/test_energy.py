from __future__ import annotations

from decimal import Decimal
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plant_server.domain.count_history import CountHistory, OdometerPoint
from plant_server.domain.energy import energy_per_part_wh, energy_wh, split_energy, unallocated_wh

D = Decimal
METER = CountHistory([OdometerPoint(10, 100), OdometerPoint(20, 130), OdometerPoint(30, 130)], baseline=90)

steps = st.lists(st.tuples(st.integers(1, 50), st.integers(0, 900)), max_size=20)


def a_meter(told: list[tuple[int, int]]) -> CountHistory:
    points, at_ms, total = [], 0, 0
    for later, more in told:
        at_ms, total = at_ms + later, total + more
        points.append(OdometerPoint(at_ms, total))
    return CountHistory(points)


def test_energy_is_between_the_last_readings_not_later_than_the_bounds() -> None:
    assert [energy_wh(METER, *span) for span in ((0, 10), (10, 20), (0, 9), (19, 25), (20, 99))] == [
        10,
        30,
        0,
        30,
        0,
    ]
    with pytest.raises(ValueError, match=r"\[5, 4\)"):
        energy_wh(METER, 5, 4)


@given(steps, st.lists(st.integers(0, 1200), min_size=2, max_size=12))
def test_neighbours_add_up_exactly(told: list[tuple[int, int]], bounds: list[int]) -> None:
    meter = a_meter(told)
    bounds.sort()
    parts = [energy_wh(meter, *span) for span in pairwise(bounds)]
    assert min(parts) >= 0
    assert sum(parts) == energy_wh(meter, bounds[0], bounds[-1])


@given(steps, st.lists(st.tuples(st.integers(0, 1000), st.integers(0, 60)), max_size=5))
def test_orders_and_the_unallocated_are_the_meter(
    told: list[tuple[int, int]], gaps_and_lengths: list[tuple[int, int]]
) -> None:
    meter, now_ms, orders = a_meter(told), 0, 0
    for gap, length in gaps_and_lengths:
        orders += energy_wh(meter, now_ms + gap, now_ms + gap + length)
        now_ms += gap + length
    rest = unallocated_wh(meter, 0, now_ms + 2_000, orders)
    assert rest >= 0
    assert orders + rest == meter.total


@given(
    st.integers(0, 10**9),
    st.dictionaries(st.sampled_from("abcdef"), st.decimals(0, 100, places=2)),
    st.none() | st.decimals(0, 100, places=2),
)
def test_a_shared_meter_is_split_to_the_last_watt_hour(
    total_wh: int, key: dict[str, Decimal], more: Decimal | None
) -> None:
    whole = None if more is None else sum(key.values(), D(0)) + more
    told = split_energy(total_wh, key, whole=whole)
    assert sum(told.shares_wh.values()) + told.unallocated_wh == total_wh
    assert min([told.unallocated_wh, *told.shares_wh.values()]) >= 0
    assert told.shares_wh.keys() == key.keys()
    assert more or not any(key.values()) or told.unallocated_wh == 0
    assert all(told.shares_wh[name] == 0 for name in key if key[name] == 0)


def test_what_the_key_gives_to_nobody_is_unallocated() -> None:
    told = split_energy(1001, {"press1": D("0.25"), "press2": D("0.5")}, whole=D(1))
    assert (told.shares_wh, told.unallocated_wh) == ({"press1": 250, "press2": 501}, 250)
    assert split_energy(7, {}).unallocated_wh == 7
    assert split_energy(7, {"press1": D(0)}).unallocated_wh == 7
    with pytest.raises(ValueError, match="the key gives"):
        split_energy(7, {"press1": D(2)}, whole=D(1))


def test_energy_per_part_is_a_figure_to_show_and_without_parts_there_is_none() -> None:
    assert energy_per_part_wh(100, D(3)) == D("33.333")
    assert energy_per_part_wh(100, D(0)) is None


def test_a_history_never_goes_back_in_whatever_order_it_was_told() -> None:
    points = [OdometerPoint(20, 130), OdometerPoint(10, 100), OdometerPoint(10, 95), OdometerPoint(25, 120)]
    history = CountHistory(points, baseline=90)
    assert [history.total_at(at_ms) for at_ms in (9, 10, 19, 20, 25)] == [90, 100, 100, 130, 130]
    assert [history.passed_ms(total) for total in (89, 90, 99, 100, 130)] == [10, 10, 10, 20, None]
