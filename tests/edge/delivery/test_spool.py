"""The spool's numbers, positions and epochs, over closing and opening."""

import sqlite3
from pathlib import Path

import pytest

from edge.contract.datatypes import DataType
from edge.contract.spool_metrics import Gap
from edge.delivery.batch_table import BODY_BYTES
from edge.delivery.entries import Contact, Entry, GapEntry, Numbered, Readings, TagDefinition
from edge.delivery.spool import Spool, SpoolLimits
from edge.delivery.spool_opening import open_or_set_aside
from edge.errors import SpoolError

LIMITS = SpoolLimits()
HOUR_MS = 3_600_000
COUNT = TagDefinition("press", "count", DataType.UINT32, {"role": "counter"})
SPEED = TagDefinition("press", "speed", DataType.DOUBLE, {"role": "measurement"})


def entry(number: int, time_ms: int | None = None) -> Readings:
    return Readings("press", 1000 + number if time_ms is None else time_ms, [1, 2], [0, 0], [number, 1.5])


def counts(items: list[Numbered]) -> list[tuple[int, object]]:
    """(number, count) of entries; (first, "gap") of gap records."""
    return [
        (item.first, item.entry.values[0] if isinstance(item.entry, Readings) else "gap") for item in items
    ]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "spool.db"


def _open(path: Path, limits: SpoolLimits = LIMITS) -> Spool:
    spool = open_or_set_aside(path, limits)
    spool.register([COUNT, SPEED])
    return spool


def test_entries_are_numbered_from_1_and_read_back_after_opening_again(path: Path) -> None:
    spool = _open(path)
    assert spool.append([entry(1), Contact("press", True, 5), entry(3)]) == 3
    assert spool.append([GapEntry(4, Gap("overflow", 1, 2)), entry(8)]) == 8
    epoch, found = spool.epoch, spool.read(0)
    spool.close()
    spool = _open(path)
    assert (spool.epoch, spool.head, spool.head_at_opening, spool.sent) == (epoch, 8, 8, 8)
    assert spool.read(0) == found
    assert [item.first for item in found] == [1, 2, 3, 4, 8]
    assert spool.append([entry(9)]) == 9
    spool.close()


def test_reading_begins_inside_a_gap_record(path: Path) -> None:
    spool = _open(path)
    spool.append([entry(1), GapEntry(5, Gap("dropped", 1, 2)), entry(7)])
    assert spool.read(3) == [Numbered(4, GapEntry(3, Gap("dropped", 1, 2))), Numbered(7, entry(7))]
    assert spool.read(6, limit=1) == [Numbered(7, entry(7))]
    assert spool.read(7) == []
    spool.close()


def test_a_large_append_becomes_several_batches_of_bounded_size(path: Path) -> None:
    spool = _open(path)
    spool.append([entry(n) for n in range(1, 20_001)])
    sizes = [size for (size,) in spool.file.connection.execute("SELECT length(body) FROM batch")]
    assert len(sizes) > 5
    assert max(sizes) <= BODY_BYTES + 5
    assert counts(spool.read(15_000, limit=2)) == [(15_001, 15_001), (15_002, 15_002)]
    spool.close()


def test_reading_ahead_is_bounded_in_bytes_and_always_gives_something(path: Path) -> None:
    spool = _open(path)
    spool.append([entry(n) for n in range(1, 1001)])
    size = entry(1).size_bytes
    assert len(spool.read(0, limit=1000, bytes_max=100 * size)) == 100
    assert counts(spool.read(500, bytes_max=1)) == [(501, 501)]
    spool.close()


def test_journal_and_synchronous_are_what_they_must_be(path: Path) -> None:
    spool = _open(path)
    assert spool.file.connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)
    assert spool.file.connection.execute("PRAGMA synchronous").fetchone() == (2,)
    spool.close()


@pytest.mark.parametrize("pragma", ["journal_mode", "synchronous"])
def test_a_connection_that_ignores_a_pragma_is_refused(
    path: Path, pragma: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Deaf(sqlite3.Connection):
        def execute(self, sql: str, *arguments: object) -> sqlite3.Cursor:  # type: ignore[override]
            if sql.startswith(f"PRAGMA {pragma}="):
                weaker = {"journal_mode": "delete", "synchronous": "1"}[pragma]
                sql = f"PRAGMA {pragma}={weaker}"
            return super().execute(sql, *arguments)

    connect = sqlite3.connect
    monkeypatch.setattr(sqlite3, "connect", lambda *a, **k: connect(*a, **k, factory=Deaf))
    with pytest.raises(SpoolError, match=f"{pragma}.*not durable"):
        Spool(path, LIMITS)


def test_a_second_process_is_refused_and_may_look_without_writing(path: Path) -> None:
    spool = _open(path)
    spool.append([entry(1)])
    with pytest.raises(SpoolError, match="in use"):
        Spool(path, LIMITS)
    looking = Spool(path, LIMITS, read_only=True)
    assert counts(looking.read(0)) == [(1, 1)]
    with pytest.raises(SpoolError, match="readonly"):
        looking.append([entry(2)])
    looking.close()
    spool.close()
    looking = Spool(path, LIMITS, read_only=True)
    assert counts(looking.read(0)) == [(1, 1)]
    looking.close()
    Spool(path, LIMITS).close()


def test_what_the_plant_has_is_remembered_up_and_down(path: Path) -> None:
    spool = _open(path)
    spool.append([entry(n) for n in range(1, 11)])
    spool.commit_up_to(8)
    spool.commit_up_to(3)
    spool.close()
    spool = _open(path)
    assert spool.committed == 3
    spool.commit_up_to(99)
    assert spool.committed == 10
    spool.close()


def test_bd_seq_counts_from_0_to_255_and_round_also_over_restarts(path: Path) -> None:
    found = []
    for _ in range(5):
        spool = _open(path)
        found += [spool.next_bd_seq() for _ in range(60)]
        spool.close()
    assert found == [n % 256 for n in range(300)]


# -- forgetting -------------------------------------------------------------------------------------------------------


def test_committed_entries_are_forgotten_when_their_hours_are_over(path: Path) -> None:
    spool = _open(path, SpoolLimits(keep_h=2))
    for hour in range(6):
        spool.append([entry(hour + 1, hour * HOUR_MS)])
    spool.commit_up_to(5)
    spool.tidy(now_ms=5 * HOUR_MS, ran_ms=0)
    spool.tidy(now_ms=5 * HOUR_MS, ran_ms=9 * HOUR_MS)
    assert spool.oldest == 4
    assert counts(spool.read(3)) == [(4, 4), (5, 5), (6, 6)]
    spool.close()


def test_what_is_not_kept_any_more_is_one_gap_record(path: Path) -> None:
    spool = _open(path, SpoolLimits(keep_h=0))
    for number in range(1, 6):
        spool.append([entry(number)])
    spool.commit_up_to(3)
    spool.tidy(now_ms=HOUR_MS)
    assert spool.read(0, limit=2) == [
        Numbered(1, GapEntry(3, Gap("not_kept", None, None))),
        Numbered(4, entry(4)),
    ]
    assert spool.read(1, limit=1) == [Numbered(2, GapEntry(2, Gap("not_kept", None, None)))]
    spool.commit_up_to(5)
    spool.tidy(now_ms=HOUR_MS)
    assert spool.read(2) == [Numbered(3, GapEntry(3, Gap("not_kept", None, None)))]
    assert spool.read(5) == []
    spool.close()


def test_what_was_never_committed_is_thinned_when_it_is_too_old(path: Path) -> None:
    spool = _open(path, SpoolLimits(max_age_h=24))
    for number in range(1, 11):
        spool.append([entry(number, number * HOUR_MS)])
    spool.tidy(now_ms=(24 + 6) * HOUR_MS, ran_ms=0)
    spool.tidy(now_ms=(24 + 6) * HOUR_MS, ran_ms=9 * HOUR_MS)
    gap = Gap("too_old", 1 * HOUR_MS, 4 * HOUR_MS)
    found = spool.read(0)
    assert [item.first for item in found[:3]] == [1, 2, 5]
    middle = found[1].entry
    assert isinstance(middle, GapEntry)
    assert (middle.span, middle.gap.reason) == (3, gap.reason)
    assert [(row.tag, row.count) for row in middle.gap.tags] == [("speed", 5)]
    assert counts(found[2:]) == [(n, n) for n in range(5, 11)]
    spool.close()


def test_the_newest_time_outlives_the_entries(path: Path) -> None:
    spool = _open(path, SpoolLimits(keep_h=0))
    spool.append([entry(1, 77_000), entry(2, 5_000)])
    spool.append([entry(3, 60_000)])
    spool.commit_up_to(3)
    spool.tidy(now_ms=HOUR_MS)
    assert spool.read(0) != []
    spool.close()
    spool = _open(path)
    assert spool.newest_ms() == 77_000
    spool.close()


# -- epochs -----------------------------------------------------------------------------------------------------------


def test_a_new_epoch_takes_what_was_made_since_the_file_was_opened(path: Path) -> None:
    spool = _open(path)
    spool.append([entry(n) for n in range(1, 4)])
    spool.close()
    spool = _open(path)
    spool.append([entry(4), entry(5)])
    spool.append([entry(6)])
    before = spool.epoch
    spool.begin_epoch()
    assert spool.epoch > before
    assert (spool.head, spool.committed, spool.sent, spool.oldest) == (3, 0, 0, 1)
    assert counts(spool.read(0)) == [(1, 4), (2, 5), (3, 6)]
    assert spool.append([entry(7)]) == 4
    spool.close()
    spool = _open(path)
    assert counts(spool.read(0)) == [(1, 4), (2, 5), (3, 6), (4, 7)]
    spool.close()


def test_a_second_new_epoch_in_one_life_loses_nothing(path: Path) -> None:
    spool = _open(path)
    spool.append([entry(1)])
    spool.close()
    spool = _open(path)
    spool.append([entry(2)])
    spool.begin_epoch()
    spool.append([entry(3)])
    spool.begin_epoch()
    assert counts(spool.read(0)) == [(1, 2), (2, 3)]
    spool.close()


def test_a_gap_record_that_reaches_over_the_head_at_opening_is_cut_there(path: Path) -> None:
    spool = _open(path)
    spool.append([entry(1), entry(2)])
    spool.close()
    spool = _open(path)
    spool.append([entry(3), entry(4)])
    spool.set_aside(2, 3, "across")
    spool.begin_epoch()
    assert counts(spool.read(0)) == [(1, "gap"), (2, 4)]
    assert spool.read(0)[0].last == 1
    spool.close()


def test_what_an_earlier_epoch_left_is_deleted_and_never_read(path: Path) -> None:
    spool = _open(path)
    for number in range(1, 50):
        spool.append([entry(number, HOUR_MS)])
    spool.close()
    spool = _open(path)
    spool.append([entry(50, HOUR_MS)])
    spool.begin_epoch()
    spool.tidy(now_ms=HOUR_MS)
    assert spool.file.connection.execute("SELECT count(*) FROM batch").fetchone() == (1,)
    assert counts(spool.read(0)) == [(1, 50)]
    spool.close()


# -- setting aside ----------------------------------------------------------------------------------------------------


def test_an_entry_set_aside_is_kept_for_a_person_and_told_in_a_gap_record(path: Path) -> None:
    spool = _open(path)
    spool.append([entry(n) for n in range(1, 6)])
    spool.set_aside(3, 3, "never committed")
    found = spool.read(0)
    assert [item.first for item in found] == [1, 2, 3, 4, 5]
    gap = found[2].entry
    assert isinstance(gap, GapEntry)
    assert gap.gap.reason == "set_aside"
    assert [(row.tag, row.count) for row in gap.gap.tags] == [("count", 1), ("speed", 1)]
    kept = spool.file.connection.execute("SELECT first, last, epoch, reason FROM set_aside").fetchall()
    assert kept == [(3, 3, spool.epoch, "never committed")]
    spool.close()


def test_part_of_a_gap_record_can_be_set_aside(path: Path) -> None:
    spool = _open(path)
    spool.append([entry(1), GapEntry(5, Gap("dropped", 1, 2)), entry(7)])
    spool.set_aside(3, 4, "never committed")
    assert [(item.first, item.last) for item in spool.read(0)] == [(1, 1), (2, 2), (3, 4), (5, 6), (7, 7)]
    spool.close()


def test_not_more_than_a_hundred_entries_are_kept_aside(path: Path) -> None:
    spool = _open(path)
    spool.append([entry(n) for n in range(1, 131)])
    for number in range(1, 131):
        spool.set_aside(number, number, "never committed")
    (count, first) = spool.file.connection.execute("SELECT count(*), min(first) FROM set_aside").fetchone()
    assert (count, first) == (100, 31)
    spool.close()


# -- tags -------------------------------------------------------------------------------------------------------------


def test_a_retired_tag_stays_while_an_entry_may_name_it(path: Path) -> None:
    spool = _open(path, SpoolLimits(keep_h=0))
    spool.append([entry(1)])
    spool.close()
    spool = open_or_set_aside(path, SpoolLimits(keep_h=0))
    assert spool.register([COUNT]) == {("press", "count"): 1}
    assert spool.tags[2] == SPEED
    spool.append([Readings("press", 2000, [1], [0], [2])])
    spool.commit_up_to(2)
    spool.tidy(now_ms=HOUR_MS)
    spool.append([Readings("press", 2000, [1], [0], [3])])
    spool.close()
    spool = open_or_set_aside(path, SpoolLimits(keep_h=0))
    spool.register([COUNT])
    assert spool.tags == {1: COUNT}
    assert spool.register([COUNT, SPEED]) == {("press", "count"): 1, ("press", "speed"): 3}
    spool.close()


def test_a_changed_definition_takes_the_place_of_the_old(path: Path) -> None:
    spool = _open(path)
    wider = TagDefinition("press", "count", DataType.UINT64, {"role": "counter", "unit": "1", "width": 64})
    assert spool.register([wider, SPEED]) == {("press", "count"): 1, ("press", "speed"): 2}
    spool.close()
    spool = open_or_set_aside(path, LIMITS)
    assert spool.tags[1] == wider
    spool.close()


def test_a_write_that_fails_changes_nothing(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    spool = _open(path)
    spool.append([entry(1)])
    written: list[Entry] = [entry(2)]
    monkeypatch.setattr("edge.delivery.spool.failpoint", _fails)
    with pytest.raises(RuntimeError):
        spool.append(written)
    monkeypatch.undo()
    assert spool.head == 1
    assert spool.append([entry(2)]) == 2
    assert counts(spool.read(0)) == [(1, 1), (2, 2)]
    spool.close()


def _fails(name: str) -> None:
    raise RuntimeError(name)
