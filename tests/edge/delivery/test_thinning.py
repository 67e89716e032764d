"""Thinning drops samples and loses no count, no number and no word about what was dropped."""

from collections.abc import Sequence
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.contract.datatypes import DataType
from edge.contract.spool_metrics import REDEFINED, Gap, GapTag
from edge.delivery.entries import Contact, Entry, GapEntry, Numbered, Readings, TagDefinition, number
from edge.delivery.gap_records import NOTHING_LOST, gap_of
from edge.delivery.thinning import drop_older_half, thin
from tests.edge.delivery.entry_strategies import TAGS, counted_series, not_counted, runs, told


def _thinned(run: Sequence[Entry], first: int = 1) -> list[Entry]:
    return thin(number(first, run), TAGS)


def _story(series: Sequence[int]) -> tuple[int, list[tuple[int, int]]]:
    """What a counter's values tell: the sum of its forward steps, and each decrease from value to value."""
    steps = list(pairwise(series))
    return sum(b - a for a, b in steps if b > a), [(a, b) for a, b in steps if b < a]


@given(runs, st.integers(1, 10**6))
def test_numbers_stay_whole(run: list[Entry], first: int) -> None:
    thinned = number(first, _thinned(run, first))
    assert sum(item.entry.span for item in thinned) == sum(entry.span for entry in run)
    for before, after in pairwise(thinned):
        assert after.first == before.last + 1


@given(runs)
def test_what_stays_keeps_its_number_and_its_readings(run: list[Entry]) -> None:
    was = {item.first: item.entry for item in number(1, run)}
    for item in number(1, _thinned(run)):
        if isinstance(item.entry, Contact):
            assert was[item.first] == item.entry
        elif isinstance(item.entry, Readings):
            before = was[item.first]
            assert isinstance(before, Readings)
            kept, had = _rows(item.entry), _rows(before)
            assert all(kept.count(row) <= had.count(row) for row in kept)


def _rows(entry: Readings) -> list[tuple[object, ...]]:
    return [(*row, index in entry.by_edge) for index, row in enumerate(entry.rows())]


@given(runs)
def test_every_counter_tells_the_same_story(run: list[Entry]) -> None:
    before, after = counted_series(run), counted_series(_thinned(run))
    assert before.keys() == after.keys()
    for tag, series in before.items():
        assert _story(after[tag]) == _story(series)
        assert (after[tag][0], after[tag][-1]) == (series[0], series[-1])


@given(runs)
def test_contacts_stay_in_order(run: list[Entry]) -> None:
    assert [e for e in _thinned(run) if isinstance(e, Contact)] == [e for e in run if isinstance(e, Contact)]


@given(runs)
def test_every_other_reading_that_is_dropped_is_counted_once(run: list[Entry]) -> None:
    thinned = _thinned(run)
    missing_before, missing = told(run), told(thinned)
    for key, count in not_counted(run).items():
        still_there = not_counted(thinned).get(key, 0)
        assert missing.get(key, 0) - missing_before.get(key, 0) == count - still_there


@given(runs)
def test_thinning_again_changes_nothing_more(run: list[Entry]) -> None:
    once = _thinned(run)
    assert _thinned(once) == once


@given(runs, runs)
def test_thinned_runs_merge_into_one_without_losing_a_count(earlier: list[Entry], later: list[Entry]) -> None:
    merged = _thinned([*_thinned(earlier), *_thinned(later)])
    whole = [*earlier, *later]
    for tag, series in counted_series(whole).items():
        assert _story(counted_series(merged)[tag]) == _story(series)
    for key, count in not_counted(whole).items():
        assert told(merged).get(key, 0) - told(whole).get(key, 0) == count - not_counted(merged).get(key, 0)


@given(runs)
def test_a_gap_nobody_knows_the_tags_of_is_never_hidden_in_one_that_names_some(run: list[Entry]) -> None:
    def unknown(found: Sequence[Entry]) -> set[int]:
        return {
            at
            for item in number(1, found)
            if isinstance(item.entry, GapEntry) and not item.entry.gap.tags
            for at in range(item.first, item.last + 1)
        }

    assert unknown(_thinned(run)) == unknown(run)


def _counter(values: Sequence[int]) -> list[Entry]:
    return [Readings("press", 1000 + index, [1], [0], [value]) for index, value in enumerate(values)]


def test_a_whole_turn_of_a_counter_is_not_lost() -> None:
    values = [65530, 2, 300, 30000, 65533, 1, 40]
    assert counted_series(_thinned(_counter(values)))[1] == [65530, 2, 65533, 1, 40]


def test_two_restarts_in_a_row_stay_two() -> None:
    assert counted_series(_thinned(_counter([100, 5, 3, 20, 50])))[1] == [100, 5, 3, 50]


@pytest.mark.parametrize("tag", ["parts", "*"])
def test_a_counter_is_told_whole_on_either_side_of_its_redefinition(tag: str) -> None:
    record = GapEntry(1, Gap(REDEFINED, 1100, 1200, (GapTag("press", tag, 1100, 1200),)))
    speeds: list[Entry] = [Readings("press", 1150, [3], [0], [1.5])]
    run = [*_counter(range(10)), *speeds, record, *speeds, *_counter(range(500, 510))]
    thinned = _thinned(run)
    assert thinned.index(record) > thinned.index(_counter([*range(10)])[9])
    assert counted_series(thinned)[1] == [0, 9, 500, 509]
    assert counted_series(thinned[: thinned.index(record)])[1] == [0, 9]
    assert _thinned(thinned) == thinned


def test_where_counts_are_dropped_too_a_redefinition_among_them_is_still_told() -> None:
    """Else the step over the record would be taken for parts."""
    record = GapEntry(1, Gap(REDEFINED, 1100, 1200, (GapTag("press", "parts", 1100, 1200),)))
    gap = gap_of([*_counter(range(10)), record, *_counter(range(500, 510))], TAGS, "dropped")
    assert (gap.reason, [(row.device, row.tag) for row in gap.tags]) == (REDEFINED, [("press", "parts")])
    assert gap_of(_counter(range(10)), TAGS, "dropped").reason == "dropped"


def test_a_counter_that_only_rose_is_told_by_its_ends() -> None:
    thinned = _thinned(_counter(range(1000)))
    assert counted_series(thinned)[1] == [0, 999]
    assert [entry.span for entry in thinned] == [1, 998, 1]


def test_a_gap_in_which_only_counts_were_dropped_names_no_counter_but_is_not_unknown() -> None:
    gap = next(entry for entry in _thinned(_counter(range(10))) if isinstance(entry, GapEntry)).gap
    assert [(row.device, row.tag, row.count) for row in gap.tags] == [("press", NOTHING_LOST, 0)]


def test_a_gap_record_speaks_of_devices_when_it_would_name_too_many_tags() -> None:
    tags = {
        n: TagDefinition("line", f"t{n}", DataType.DOUBLE, {"role": "measurement"}) for n in range(1, 2001)
    }
    run = [Readings("line", 1000 + n, [n], [0], [1.5]) for n in tags]
    thinned = thin(number(1, run), tags)
    assert len(thinned) == 1
    assert isinstance(thinned[0], GapEntry)
    (row,) = thinned[0].gap.tags
    assert (row.device, row.tag, row.count) == ("line", "*", 2000)
    assert (row.from_ms, row.to_ms) == (1001, 3000)


@pytest.mark.parametrize("names_bytes", [10, 4000])
def test_a_gap_record_fits_a_message_however_long_the_names_are(names_bytes: int) -> None:
    tags = {
        n: TagDefinition("line", f"{n:06}" + "x" * names_bytes, DataType.DOUBLE, {"role": "measurement"})
        for n in range(1, 501)
    }
    run = [Numbered(n, Readings("line", 1000 + n, [n], [0], [1.5])) for n in tags]
    (entry,) = thin(run, tags)
    assert isinstance(entry, GapEntry)
    assert len(entry.gap.to_json().encode()) < 200 * 1024
    assert sum(row.count or 0 for row in entry.gap.tags) == 500


def test_the_last_resort_drops_the_older_half_and_names_its_counts() -> None:
    falling: list[Entry] = [Readings("press", 1000 + n, [1], [0], [100 - n]) for n in range(40)]
    gap, *kept = drop_older_half(falling, TAGS)
    assert isinstance(gap, GapEntry)
    assert kept == falling[20:]
    assert (gap.span, gap.gap.from_ms, gap.gap.to_ms) == (20, 1000, 1019)
    assert [(row.tag, row.count) for row in gap.gap.tags] == [(TAGS[1].name, 20)]
