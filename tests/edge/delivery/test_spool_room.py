"""A spool that has no room: the bound holds, counts survive, what was dropped is told."""

import itertools
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from edge.contract.datatypes import DataType
from edge.delivery.entries import Entry, GapEntry, Numbered, Readings, TagDefinition
from edge.delivery.spool import Spool, SpoolLimits
from edge.delivery.spool_disk import RESERVE_BYTES
from edge.delivery.spool_file import LOG_PAGES, PAGE_BYTES, SpoolFile
from edge.delivery.spool_opening import open_or_set_aside
from edge.errors import SpoolUnavailable
from tests.edge.delivery.small_disk import fill, small_disk

MIB = 1 << 20
TURN = 1000
"""The counter of these tests goes round at so much."""
COUNT = TagDefinition("press", "count", DataType.UINT32, {"role": "counter"})
SPEEDS = [TagDefinition("press", f"speed{n}", DataType.DOUBLE, {"role": "measurement"}) for n in range(20)]


def _entries(first: int, count: int) -> list[Entry]:
    """Each advances the counter by 7 and has 20 samples."""
    return [
        Readings("press", 1000 + n, list(range(1, 22)), [0] * 21, [n * 7 % TURN, *[n / 3] * 20])
        for n in range(first, first + count)
    ]


def _fill_up(spool: Spool, entries: int) -> Iterator[int]:
    for _ in range(entries // 50):
        yield spool.append(_entries(spool.head + 1, 50))


def _open(path: Path, max_bytes: int) -> Spool:
    spool = open_or_set_aside(path, SpoolLimits(max_bytes=max_bytes))
    spool.register([COUNT, *SPEEDS])
    return spool


def _assert_whole(items: list[Numbered], head: int) -> None:
    """Numbers without hole; every step of the counter is there; every sample is there or told."""
    expected, total, before = 1, 0, None
    samples = told = 0
    for item in items:
        assert item.first == expected
        expected = item.last + 1
        if isinstance(item.entry, GapEntry):
            told += sum(row.count or 0 for row in item.entry.gap.tags if row.tag != "-")
            continue
        assert isinstance(item.entry, Readings)
        samples += sum(1 for tag in item.entry.tags if tag != 1)
        if 1 in item.entry.tags:
            value = item.entry.values[item.entry.tags.index(1)]
            assert isinstance(value, int)
            if before is not None:
                total += (value - before) % TURN
            before = value
    assert expected == head + 1
    assert total == 7 * (head - 1), "a step of the counter is lost"
    assert samples + told == 20 * head


def test_the_bound_holds_and_no_count_is_lost(tmp_path: Path) -> None:
    path = tmp_path / "spool.db"
    spool = _open(path, 1 * MIB)
    for _ in _fill_up(spool, 12_000):
        assert path.stat().st_size <= 1 * MIB
    written = sum(size for (size,) in spool.file.connection.execute("SELECT length(body) FROM batch"))
    assert written > MIB // 2, "more was dropped than had to be"
    _assert_whole(spool.read(0, limit=100_000), 12_000)
    assert spool.thinned_runs > 0, "what was lost is counted for whoever watches"
    spool.close()


def test_what_the_plant_has_goes_first(tmp_path: Path) -> None:
    spool = _open(tmp_path / "spool.db", 1 * MIB)
    for head in _fill_up(spool, 12_000):
        if head > 1500:
            spool.commit_up_to(head - 1500)
    assert all(not isinstance(item.entry, GapEntry) for item in spool.read(spool.committed, limit=100_000))
    assert 0 < spool.oldest - 1 <= spool.committed
    assert spool.thinned_runs == 0
    spool.close()


def test_tidying_keeps_committed_entries_to_half_of_the_bound(tmp_path: Path) -> None:
    spool = _open(tmp_path / "spool.db", 2 * MIB)
    for _ in _fill_up(spool, 5_000):
        pass
    assert spool.file.used_bytes() > MIB
    spool.commit_up_to(4_990)
    spool.tidy(now_ms=2_000)
    assert 0.6 * MIB < spool.file.used_bytes() <= MIB
    spool.close()


def test_counts_are_dropped_last_and_by_name(tmp_path: Path) -> None:
    """A counter that falls with every reading: nothing can be thinned."""
    spool = _open(tmp_path / "spool.db", 1 * MIB)
    falling = itertools.count(10**9, -1)
    for _ in range(300):
        batch: list[Entry] = [
            Readings("press", 1000, [1] * 50, [0] * 50, [next(falling) for _ in range(50)])
        ] * 10
        spool.append(batch)
    found = spool.read(0, limit=100_000)
    assert [item.first for item in found[1:]] == [item.last + 1 for item in found[:-1]]
    assert found[-1].last == 3_000
    gaps = [item.entry for item in found if isinstance(item.entry, GapEntry)]
    dropped = sum(row.count or 0 for gap in gaps for row in gap.gap.tags if row.tag == "count")
    kept = sum(len(item.entry.tags) for item in found if isinstance(item.entry, Readings))
    assert dropped > 0
    assert dropped + kept == 3_000 * 50
    spool.close()


def test_an_append_larger_than_the_bound_is_refused_and_changes_nothing(tmp_path: Path) -> None:
    spool = _open(tmp_path / "spool.db", 1 * MIB)
    spool.append(_entries(1, 10))
    with pytest.raises(SpoolUnavailable):
        spool.append(_entries(11, 20_000))
    assert spool.head == 10
    assert spool.append(_entries(11, 10)) == 20
    _assert_whole(spool.read(0), 20)
    spool.close()


def test_a_full_disk_costs_samples_and_no_count_and_the_reserve_comes_back(tmp_path: Path) -> None:
    with small_disk(tmp_path / "disk", 24 * MIB) as disk:
        path = disk / "spool.db"
        spool = _open(path, 1 << 30)
        reserve = path.with_name("spool.db.reserve")
        assert reserve.stat().st_size == RESERVE_BYTES
        filler = fill(disk, leave_bytes=6 * MIB)
        for _ in _fill_up(spool, 40_000):
            pass
        assert not reserve.exists()
        _assert_whole(spool.read(0, limit=100_000), 40_000)
        spool.commit_up_to(100)
        assert spool.next_bd_seq() == 0
        filler.unlink()
        spool.tidy(now_ms=2_000)
        assert reserve.stat().st_size == RESERVE_BYTES
        spool.close()
        spool = _open(path, 1 << 30)
        _assert_whole(spool.read(0, limit=100_000), 40_000)
        spool.close()


def test_a_disk_without_any_room_is_said_and_what_was_written_stays(tmp_path: Path) -> None:
    with small_disk(tmp_path / "disk", 6 * MIB) as disk:
        path = disk / "spool.db"
        spool = _open(path, 1 << 30)
        spool.append(_entries(1, 10))
        filler = fill(disk)
        refused = None
        while refused is None:
            try:
                spool.append(_entries(spool.head + 1, 500))
            except SpoolUnavailable as error:
                refused = error
            assert path.stat().st_size < 6 * MIB
        assert "full" in str(refused)
        assert spool.next_bd_seq() == 0, "delivery must go on: it is what makes room"
        head = spool.head
        filler.unlink()
        assert spool.append(_entries(head + 1, 10)) == head + 10
        spool.close()
        spool = _open(path, 1 << 30)
        _assert_whole(spool.read(0, limit=100_000), head + 10)
        spool.close()


def test_a_write_that_fails_once_is_no_full_disk_and_costs_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    spool = _open(tmp_path / "spool.db", 1 << 30)
    for _ in _fill_up(spool, 3000):
        pass
    transaction, failed = SpoolFile.transaction, False

    @contextmanager
    def failing_once(file: SpoolFile) -> Iterator[sqlite3.Connection]:
        nonlocal failed
        if not failed:
            failed = True
            error = sqlite3.OperationalError("disk I/O error")
            error.sqlite_errorcode = sqlite3.SQLITE_IOERR_WRITE
            raise error
        with transaction(file) as connection:
            yield connection

    monkeypatch.setattr(SpoolFile, "transaction", failing_once)
    with pytest.raises(SpoolUnavailable):
        spool.append(_entries(3001, 50))
    assert spool.append(_entries(3001, 50)) == 3050
    assert spool.thinned_runs == 0
    assert all(isinstance(item.entry, Readings) for item in spool.read(0, limit=10_000))
    spool.close()


def test_a_reserve_that_kept_its_name_but_not_its_room_is_made_anew(tmp_path: Path) -> None:
    """As a loss of power may leave it."""
    path = tmp_path / "spool.db"
    _open(path, 1 << 30).close()
    reserve = path.with_name("spool.db.reserve")
    reserve.write_bytes(b"")
    _open(path, 1 << 30).close()
    assert reserve.stat().st_blocks * 512 >= RESERVE_BYTES


def test_the_reserve_holds_what_the_log_may_move_into_the_file() -> None:
    assert RESERVE_BYTES >= 2 * LOG_PAGES * PAGE_BYTES


def test_no_reserve_is_made_where_it_would_take_the_last_room(tmp_path: Path) -> None:
    with small_disk(tmp_path / "disk", 6 * MIB) as disk:
        spool = _open(disk / "spool.db", 1 << 30)
        assert not spool.file.disk.has_reserve
        spool.close()
