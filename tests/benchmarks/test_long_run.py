"""What a long run says of an edge that grows, leaks or lags."""

import math
import random

import pytest

from tests.benchmarks.long_run import BOUNDS, Glance, verdict
from tests.benchmarks.process_usage import line_through, percentile


def glances(
    *, mb_per_h: float = 0.0, fds_per_h: float = 0.0, lag_s: float = 0.4, noise: float = 0.5
) -> list[Glance]:
    """Half an hour; the first third fills caches."""
    by_chance = random.Random(20261124)
    return [
        Glance(
            at_s,
            80 + min(at_s, 600) / 100 + mb_per_h * at_s / 3600 + by_chance.uniform(-noise, noise),
            17 + int(fds_per_h * at_s / 3600),
            lag_s,
        )
        for at_s in range(1800)
    ]


def test_an_edge_that_stays_as_it_is_stays_within_its_bounds() -> None:
    figures = verdict(glances(), uncommitted=0, arrived=1.0)
    assert figures["beyond"] == []
    assert abs(figures["rss_mb_per_h"]) < 0.5
    assert (figures["fds_start"], figures["fds_end"]) == (17, 17)


def test_filling_caches_is_not_growing() -> None:
    assert verdict(glances(noise=0), uncommitted=0, arrived=1.0)["rss_mb_per_h"] == pytest.approx(0, abs=0.01)


@pytest.mark.parametrize(
    ("grown", "name"),
    [
        ({"mb_per_h": 8}, "rss_mb_per_h"),
        ({"fds_per_h": 4}, "fds_more"),
        ({"lag_s": 6}, "lag_p99_s"),
        ({"mb_per_h": 150}, "rss_mb"),
    ],
)
def test_each_growth_is_named(grown: dict[str, float], name: str) -> None:
    assert any(
        told.startswith(f"{name} ")
        for told in verdict(glances(**grown), uncommitted=0, arrived=1.0)["beyond"]
    )


def test_what_was_never_confirmed_is_named() -> None:
    assert verdict(glances(), uncommitted=3, arrived=1.0)["beyond"] == ["uncommitted 3 > 0"]


def test_an_edge_that_hardly_worked_is_named() -> None:
    assert verdict(glances(), uncommitted=0, arrived=0.5)["beyond"] == ["only 50% of the values arrived"]


def test_one_file_that_is_open_for_a_moment_is_no_leak() -> None:
    seen = glances()
    seen[-1] = Glance(1800, 86, 18, 0.4)
    assert verdict(seen, uncommitted=0, arrived=1.0)["fds_more"] == 0


def test_every_bound_is_a_figure_of_the_row() -> None:
    assert BOUNDS.keys() <= verdict(glances(), uncommitted=0, arrived=1.0).keys()


def test_a_line_by_least_squares() -> None:
    assert line_through([(0, 1), (1, 3), (2, 5)]) == (2, 0)
    slope, error = line_through([(0, 0), (1, 1), (2, 0), (3, 1)])  # By hand: 0.2, sqrt(0.8 / 2 / 5).
    assert (slope, error) == (pytest.approx(0.2), pytest.approx(math.sqrt(0.08)))


def test_a_percentile_is_one_of_the_values() -> None:
    assert [percentile([3, 1, 2, 4], part) for part in (0.0, 0.25, 0.5, 0.51, 0.99)] == [1, 1, 2, 3, 4]
    assert math.isnan(percentile([], 0.5))
