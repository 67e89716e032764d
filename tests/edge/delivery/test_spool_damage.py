"""A damaged spool: set aside, and running again with a gap record first; or one rotted batch told as lost."""

import os
import random
import shutil
import sqlite3
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from edge.delivery import spool_disk, spool_opening
from edge.delivery.entries import GapEntry
from edge.delivery.spool import Spool, SpoolLimits
from edge.delivery.spool_opening import begin_again, open_or_set_aside
from edge.errors import SpoolError
from tests.edge.delivery.test_spool import COUNT, SPEED, counts, entry

LIMITS = SpoolLimits()
ENTRIES = 3_000
AGAIN_WITHIN_S = 5.0


@pytest.fixture
def filled(tmp_path: Path) -> tuple[Path, str]:
    """A closed spool of some size, and its epoch."""
    path = tmp_path / "spool.db"
    spool = open_or_set_aside(path, LIMITS)
    spool.register([COUNT, SPEED])
    for first in range(1, ENTRIES + 1, 10):
        spool.append([entry(n) for n in range(first, first + 10)])
    epoch = spool.epoch
    spool.close()
    return path, epoch


def _garbage_header(path: Path) -> None:
    with open(path, "r+b") as file:
        file.write(random.Random(1).randbytes(100))


def _read_only_header(path: Path) -> None:
    with open(path, "r+b") as file:
        file.seek(18)
        file.write(b"\x07")  # A file format of the future: may be read, not written.


def _truncated(path: Path) -> None:
    os.truncate(path, path.stat().st_size // 2 + 1000)


def _empty_pages(path: Path) -> None:
    with open(path, "r+b") as file:
        file.seek(4096)
        file.write(bytes(4096 * 3))


def _torn_page(path: Path) -> None:
    """Half of an inner page of the batch table is that of another time."""
    with sqlite3.connect(path) as connection:
        (root,) = connection.execute("SELECT rootpage FROM sqlite_master WHERE name = 'batch'").fetchone()
    connection.close()
    with open(path, "r+b") as file:
        file.seek((root - 1) * 4096 + 2048)
        file.write(random.Random(2).randbytes(2048))


def _other_schema(path: Path) -> None:
    path.unlink()
    with sqlite3.connect(path) as connection:
        connection.execute("CREATE TABLE meta (something TEXT)")
    connection.close()


def _head_too_low(path: Path) -> None:
    with sqlite3.connect(path) as connection:
        connection.execute("UPDATE meta SET value = 17 WHERE key = 'head'")
    connection.close()


def _head_of_text(path: Path) -> None:
    with sqlite3.connect(path) as connection:
        connection.execute("UPDATE meta SET value = 'x' WHERE key = 'head'")
    connection.close()


def _hole_in_the_numbers(path: Path) -> None:
    with sqlite3.connect(path) as connection:
        connection.execute("DELETE FROM batch WHERE first = 1001")
    connection.close()


def _rotted_definition(path: Path) -> None:
    with sqlite3.connect(path) as connection:
        connection.execute("UPDATE tag SET definition = x'c1' WHERE tag_id = 1")
    connection.close()


DAMAGES = [
    _garbage_header,
    _read_only_header,
    _truncated,
    _empty_pages,
    _torn_page,
    _other_schema,
    _head_too_low,
    _head_of_text,
    _hole_in_the_numbers,
    _rotted_definition,
]


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_file_is_set_aside_and_the_edge_runs_again(
    filled: tuple[Path, str], damage: Callable[[Path], None]
) -> None:
    path, epoch = filled
    damage(path)
    started = time.monotonic()
    spool = open_or_set_aside(path, LIMITS)
    spool.register([COUNT, SPEED])
    head = spool.append([entry(1)])
    assert time.monotonic() - started < AGAIN_WITHIN_S
    assert spool.epoch > epoch
    assert (head, spool.head_at_opening, spool.sent) == (2, 0, 0)
    first = spool.read(0)[0].entry
    assert isinstance(first, GapEntry)
    assert (first.span, first.gap.reason, first.gap.from_ms, first.gap.tags) == (1, "corrupt", None, ())
    assert counts(spool.read(1)) == [(2, 1)]
    assert len(list(path.parent.glob("spool.db.corrupt-*"))) >= 1
    spool.close()


def test_an_undamaged_file_passes_the_same_look(filled: tuple[Path, str]) -> None:
    path, epoch = filled
    spool = open_or_set_aside(path, LIMITS)
    assert (spool.epoch, spool.head) == (epoch, ENTRIES)
    spool.close()


def test_looking_ends_in_time_however_long_the_log_is(
    filled: tuple[Path, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    path, epoch = filled
    with sqlite3.connect(path) as connection:
        connection.execute(
            "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 50000)"
            "INSERT INTO batch SELECT ? + i, ? + i, 0, 0, x'' FROM n",
            (ENTRIES, ENTRIES),
        )
        connection.execute("UPDATE meta SET value = value + 50000 WHERE key = 'head'")
        connection.execute("DELETE FROM batch WHERE first = 40000")  # A hole that a whole look would find.
    connection.close()
    monkeypatch.setattr(spool_opening, "LOOK_S", -1.0)
    spool = open_or_set_aside(path, LIMITS)
    assert (spool.epoch, spool.head) == (epoch, ENTRIES + 50_000)
    spool.close()


@pytest.mark.parametrize("seed", range(20))
def test_any_single_rotten_byte_is_survived(filled: tuple[Path, str], seed: int) -> None:
    """Whatever byte it is: the spool opens, its numbers are whole, and what it tells was written or is told as lost."""
    path, epoch = filled
    at = random.Random(seed).randrange(path.stat().st_size)
    with open(path, "r+b") as file:
        file.seek(at)
        before = file.read(1)
        file.seek(at)
        file.write(bytes([before[0] ^ (1 << seed % 8)]))
    spool = open_or_set_aside(path, LIMITS)
    try:
        found = spool.read(0, limit=2 * ENTRIES)
    except sqlite3.DatabaseError as error:  # Only a whole reading finds some; the writer then does the same.
        spool.close()
        spool = begin_again(path, LIMITS, str(error), spool)
        found = spool.read(0)
    assert found[0].first == 1
    assert [item.first for item in found[1:]] == [item.last + 1 for item in found[:-1]]
    if spool.epoch == epoch:
        assert found[-1].last == ENTRIES
        assert all(value in (number, "gap") for number, value in counts(found))
    spool.close()


def test_a_rotten_batch_becomes_a_gap_record_and_the_others_stay(filled: tuple[Path, str]) -> None:
    path, epoch = filled
    with sqlite3.connect(path) as connection:
        (body,) = connection.execute("SELECT body FROM batch WHERE first = 101").fetchone()
        rotten = bytearray(body)
        rotten[len(rotten) // 2] ^= 1
        connection.execute("UPDATE batch SET body = ? WHERE first = 101", (bytes(rotten),))
    connection.close()
    spool = open_or_set_aside(path, LIMITS)
    assert spool.epoch == epoch
    gap, following = spool.read(100, limit=2)
    assert isinstance(gap.entry, GapEntry)
    assert (gap.first, gap.last, gap.entry.gap.reason) == (101, 110, "corrupt")
    assert counts([following]) == [(111, 111)]
    spool.close()


def test_a_death_between_setting_aside_and_beginning_again_still_leaves_a_gap_record(
    filled: tuple[Path, str],
) -> None:
    path, _ = filled
    shutil.move(path, path.with_name("spool.db.corrupt-1"))
    Spool(path, LIMITS).close()  # Made, and died before the gap record.
    spool = open_or_set_aside(path, LIMITS)
    assert counts(spool.read(0)) == [(1, "gap")]
    spool.close()
    spool = open_or_set_aside(path, LIMITS)
    assert spool.head == 1
    spool.close()


def test_only_the_newest_damaged_files_are_kept(tmp_path: Path) -> None:
    path = tmp_path / "spool.db"
    seen: set[Path] = set()
    for number in range(5):
        path.write_bytes(f"no database at all: {number}".encode() * 200)
        open_or_set_aside(path, LIMITS).close()
        seen |= set(path.parent.glob("spool.db.corrupt-*"))
    kept = sorted(path.parent.glob("spool.db.corrupt-*"))
    assert kept == sorted(seen)[-2:]
    assert [found.read_bytes()[20:21] for found in kept] == [b"3", b"4"]


def test_a_new_file_without_a_damaged_one_beside_it_begins_empty(tmp_path: Path) -> None:
    spool = open_or_set_aside(tmp_path / "deep" / "spool.db", LIMITS)
    assert spool.read(0) == []
    spool.close()


def test_the_name_of_a_new_folder_is_made_durable(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Else a loss of power may take the folder with the file that was synced in it."""
    synced: list[Path] = []
    monkeypatch.setattr(spool_disk, "sync_folder", synced.append)
    open_or_set_aside(tmp_path / "deep" / "er" / "spool.db", LIMITS).close()
    assert synced[:2] == [tmp_path, tmp_path / "deep"]


def test_a_folder_in_the_place_of_the_file_is_no_damage_to_set_aside(tmp_path: Path) -> None:
    path = tmp_path / "spool.db"
    path.mkdir()
    with pytest.raises(SpoolError):
        open_or_set_aside(path, LIMITS)
    assert path.is_dir()
