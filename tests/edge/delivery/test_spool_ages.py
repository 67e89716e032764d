"""Sizes and ages of a spool at their edges, by clocks that the test sets."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.delivery.entries import GapEntry, Readings
from edge.delivery.spool import Spool, SpoolLimits
from edge.delivery.spool_ages import ONE_HOUR_MS, AgeBound
from edge.delivery.spool_opening import open_or_set_aside
from tests.edge.delivery.test_spool import COUNT, SPEED, counts, entry

MIB = 1 << 20
DAY_MS = 24 * ONE_HOUR_MS
YEAR_MS = 365 * DAY_MS
START_MS = 1_800_000_000_000
LIMITS = SpoolLimits(max_age_h=24, keep_h=12)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "spool.db"


def _open(path: Path, limits: SpoolLimits = LIMITS) -> Spool:
    spool = open_or_set_aside(path, limits)
    spool.register([COUNT, SPEED])
    return spool


def _hourly(spool: Spool, hours: int, from_ms: int = START_MS) -> None:
    """An entry on each full hour."""
    for hour in range(hours):
        spool.append([entry(spool.head + 1, from_ms + hour * ONE_HOUR_MS)])


def _samples(spool: Spool) -> int:
    """Speeds that are still there."""
    items = spool.read(0, limit=10_000)
    return sum(2 in item.entry.tags for item in items if isinstance(item.entry, Readings))


# -- the bound --------------------------------------------------------------------------------------------------------


def test_with_a_steady_clock_the_bound_is_the_clock_less_the_hours() -> None:
    bound = AgeBound(24, before_ms=START_MS)
    for minute in range(60 * 30):
        at_ms = minute * 60_000
        now_ms = START_MS + DAY_MS + at_ms
        assert bound.move(now_ms=now_ms, ran_ms=at_ms, oldest_ms=START_MS) == now_ms - DAY_MS


@given(
    st.lists(st.tuples(st.integers(-YEAR_MS, 10 * YEAR_MS), st.integers(0, DAY_MS)), min_size=1, max_size=50)
)
def test_whatever_the_clock_says_two_hours_grow_old_in_one_and_never_what_it_calls_young(
    steps: list[tuple[int, int]],
) -> None:
    bound, ran_ms = AgeBound(24, before_ms=START_MS), 0
    bound.move(now_ms=START_MS, ran_ms=0, oldest_ms=START_MS)
    highest_ms = START_MS
    for jumps_ms, runs_ms in steps:
        now_ms, ran_ms = START_MS + jumps_ms, ran_ms + runs_ms
        before_ms = bound.move(now_ms=now_ms, ran_ms=ran_ms, oldest_ms=START_MS)
        assert before_ms <= now_ms - DAY_MS
        assert before_ms <= highest_ms + 2 * runs_ms
        highest_ms = max(highest_ms, before_ms)


def test_where_nothing_is_kept_no_pace_holds_it() -> None:
    assert AgeBound(0, before_ms=0).move(now_ms=YEAR_MS, ran_ms=0, oldest_ms=5) == YEAR_MS


# -- ages -------------------------------------------------------------------------------------------------------------


def _is_thinned(spool: Spool) -> bool:
    """Its fifty entries keep their counts' ends; the samples between are told as too old."""
    gaps = [item.entry for item in spool.read(0, limit=100) if isinstance(item.entry, GapEntry)]
    assert all(gap.gap.reason == "too_old" for gap in gaps)
    return bool(gaps)


@pytest.mark.parametrize(("beyond_ms", "goes"), [(0, False), (1, True)])
def test_an_entry_of_exactly_max_age_stays_and_a_millisecond_more_is_too_old(
    path: Path, beyond_ms: int, goes: bool
) -> None:
    spool = _open(path)
    spool.append([entry(number, START_MS) for number in range(1, 51)])
    spool.append([entry(51, START_MS + 3 * DAY_MS)])
    # Few entries wait an hour for more to be thinned with.
    now_ms = START_MS + DAY_MS + ONE_HOUR_MS + beyond_ms
    spool.tidy(now_ms, ran_ms=0)
    spool.tidy(now_ms, ran_ms=YEAR_MS)
    assert _is_thinned(spool) is goes
    spool.close()


@pytest.mark.parametrize(("beyond_ms", "oldest"), [(0, 1), (1, 2)])
def test_a_committed_entry_of_exactly_keep_h_stays_and_a_millisecond_more_is_forgotten(
    path: Path, beyond_ms: int, oldest: int
) -> None:
    spool = _open(path)
    _hourly(spool, 2)
    spool.commit_up_to(2)
    spool.tidy(START_MS + 12 * ONE_HOUR_MS + beyond_ms, ran_ms=0)
    spool.tidy(START_MS + 12 * ONE_HOUR_MS + beyond_ms, ran_ms=YEAR_MS)
    assert spool.oldest == oldest
    spool.close()


def test_a_clock_that_jumps_a_year_ahead_costs_nothing_that_waits(path: Path) -> None:
    spool = _open(path)
    _hourly(spool, 48, from_ms=START_MS - 2 * DAY_MS)
    spool.tidy(START_MS - DAY_MS, ran_ms=0)
    spool.append([entry(49, START_MS + YEAR_MS)])
    for minute in range(1, 31):
        spool.tidy(START_MS + YEAR_MS + minute * 60_000, ran_ms=minute * 60_000)
    assert _samples(spool) == 49
    assert spool.thinned_runs == 0
    spool.tidy(START_MS + YEAR_MS + 30 * ONE_HOUR_MS, ran_ms=30 * ONE_HOUR_MS)
    assert _samples(spool) < 10, "after 30 hours of running what was old by the clock has gone"
    assert counts(spool.read(0, limit=1)) == [(1, 1)]
    assert counts(spool.read(48)) == [(49, 49)], "what was read after the jump is young"
    spool.close()


def test_a_clock_that_jumps_a_year_ahead_costs_nothing_that_the_plant_may_ask_for_again(path: Path) -> None:
    spool = _open(path)
    _hourly(spool, 10)
    spool.commit_up_to(10)
    spool.tidy(START_MS + YEAR_MS, ran_ms=0)
    spool.tidy(START_MS + YEAR_MS, ran_ms=60_000)
    assert spool.oldest <= 2, "a minute of running makes two minutes of entries old"
    assert _samples(spool) >= 9
    spool.close()


def test_three_weeks_without_power_cost_nothing_that_waits(path: Path) -> None:
    spool = _open(path)
    _hourly(spool, 48)
    spool.tidy(START_MS + 47 * ONE_HOUR_MS, ran_ms=0)
    spool.close()
    spool = _open(path)
    spool.tidy(START_MS + 21 * DAY_MS, ran_ms=5)
    spool.tidy(START_MS + 21 * DAY_MS, ran_ms=60_005)
    assert _samples(spool) == 48
    spool.close()


def test_an_edge_that_is_switched_off_every_night_ages_all_the_same(path: Path) -> None:
    spool = _open(path)
    _hourly(spool, 96)
    spool.close()
    for day in range(10):
        spool = _open(path)
        began_ms = START_MS + (4 + day) * DAY_MS
        for hour in range(13):
            spool.tidy(began_ms + hour * ONE_HOUR_MS, ran_ms=hour * ONE_HOUR_MS)
        spool.close()
    spool = _open(path)
    assert _samples(spool) < 20
    spool.close()


# -- sizes ------------------------------------------------------------------------------------------------------------


def _filled(path: Path, limits: SpoolLimits) -> Spool:
    spool = _open(path, limits)
    while spool.file.used_bytes() < 3 * MIB:
        spool.append([entry(spool.head + number, START_MS) for number in range(1, 3001)])
    return spool


def test_a_file_larger_than_its_new_bound_shrinks_when_the_plant_has_what_is_in_it(path: Path) -> None:
    spool = _filled(path, SpoolLimits(max_bytes=8 * MIB))
    head = spool.head
    spool.commit_up_to(head - 10)
    spool.close()
    spool = _open(path, SpoolLimits(max_bytes=2 * MIB))
    spool.tidy(START_MS)
    assert path.stat().st_size <= 2 * MIB
    assert counts(spool.read(head - 10)) == [(number, number) for number in range(head - 9, head + 1)]
    assert spool.append([entry(head + 1)]) == head + 1
    assert path.with_name("spool.db-wal").stat().st_size <= 2 * MIB
    spool.close()


def test_a_backlog_larger_than_the_new_bound_is_thinned_and_loses_no_count(path: Path) -> None:
    spool = _filled(path, SpoolLimits(max_bytes=8 * MIB))
    spool.close()
    spool = _open(path, SpoolLimits(max_bytes=1 * MIB))
    for _ in range(40):
        spool.append([entry(spool.head + 1, START_MS)])
        spool.tidy(START_MS)
    assert spool.file.used_bytes() <= 1 * MIB
    found = spool.read(0, limit=1_000_000)
    assert [item.first for item in found[1:]] == [item.last + 1 for item in found[:-1]]
    assert (counts(found)[0], found[-1].last) == ((1, 1), spool.head)
    told = sum(
        row.count or 0
        for item in found
        if isinstance(item.entry, GapEntry)
        for row in item.entry.gap.tags
        if row.tag == "speed"
    )
    assert told + _samples_of(found) == spool.head
    spool.commit_up_to(spool.head)
    spool.tidy(START_MS)
    assert path.stat().st_size <= 1 * MIB, "the disk has back what the plant has"
    spool.close()


def _samples_of(found: list) -> int:  # type: ignore[type-arg]
    return sum(2 in item.entry.tags for item in found if isinstance(item.entry, Readings))


# -- flash ------------------------------------------------------------------------------------------------------------


def test_on_flash_the_position_is_written_with_the_next_append_and_at_the_end(path: Path) -> None:
    flash = SpoolLimits(storage="flash")
    spool = _open(path, flash)
    spool.append([entry(number) for number in range(1, 11)])
    spool.commit_up_to(7)
    assert (spool.committed, spool.file.get_number("committed", 0)) == (7, 0)
    spool.append([entry(11)])
    assert spool.file.get_number("committed", 0) == 7
    spool.commit_up_to(9)
    spool.close()
    spool = _open(path, flash)
    assert spool.committed == 9
    spool.close()


def test_on_flash_nothing_is_forgotten_before_the_position_is_written(path: Path) -> None:
    """Else the next start would tell a gap where there is none."""
    spool = _open(path, SpoolLimits(storage="flash", keep_h=0))
    spool.append([entry(number) for number in range(1, 11)])
    spool.commit_up_to(10)
    spool.tidy(YEAR_MS)
    assert spool.oldest == 11
    assert spool.file.get_number("committed", 0) == 10
    spool.close()


def test_on_flash_room_is_made_only_of_what_stands_written_as_the_plants(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An edge that dies between making room and appending must not tell a gap at its next start."""
    spool = _open(path, SpoolLimits(max_bytes=MIB, storage="flash"))
    while spool.file.used_bytes() <= 0.9 * MIB:
        spool.append([entry(spool.head + number, START_MS) for number in range(1, 301)])
    spool.commit_up_to(spool.head)

    def dies(name: str) -> None:
        raise RuntimeError(name)

    monkeypatch.setattr("edge.delivery.spool.failpoint", dies)
    with pytest.raises(RuntimeError, match="before_commit"):
        spool.append([entry(spool.head + 1)])
    assert spool.oldest > 1
    assert spool.file.get_number("committed", 0) >= spool.oldest - 1
    spool.file.close()
