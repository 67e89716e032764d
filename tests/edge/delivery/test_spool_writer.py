"""Group commit: what pollers hand over becomes durable, in order, and waits in bounded memory while it cannot."""

import asyncio
import sqlite3
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from itertools import pairwise
from pathlib import Path

import pytest

from edge.delivery import spool_writer
from edge.delivery.entries import Contact, Entry, GapEntry, Readings
from edge.delivery.live_values import LiveValues
from edge.delivery.spool import Spool, SpoolLimits
from edge.delivery.spool_opening import open_or_set_aside
from edge.delivery.spool_writer import COMMIT_BYTES, EpochChanged, SpoolWriter
from edge.errors import SpoolUnavailable
from tests.edge.delivery.running_edge import COUNT, NOTE, SPEED, definitions, reading
from tests.edge.delivery.scripted_plant import eventually
from tests.edge.delivery.small_disk import fill, small_disk

NEVER_S = 600.0
MIB = 1 << 20


@asynccontextmanager
async def _writing(
    path: Path, *, commit_every_s: float = 0.01, limits: SpoolLimits | None = None
) -> AsyncIterator[SpoolWriter]:
    """Its `run` task is `writer.task`; stopped in order at the end."""
    spool = open_or_set_aside(path, limits or SpoolLimits())
    writer = SpoolWriter(
        spool, spool.register(definitions("press")), LiveValues(), commit_every_s=commit_every_s
    )
    task = asyncio.create_task(writer.run())
    try:
        yield writer
        writer.stop()
        await asyncio.wait_for(task, 30)
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        writer.close()
        writer.spool.close()


def _counts(spool: Spool) -> list[object]:
    items = spool.read(0, limit=1_000_000)
    return [item.entry.values[0] for item in items if isinstance(item.entry, Readings)]


@pytest.fixture
def appends(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Entries of each append, as they come."""
    sizes: list[int] = []
    append = Spool.append

    def counted(spool: Spool, entries: list[Entry]) -> int:
        sizes.append(len(entries))
        return append(spool, entries)

    monkeypatch.setattr(Spool, "append", counted)
    return sizes


async def test_what_arrives_together_is_one_commit(tmp_path: Path, appends: list[int]) -> None:
    async with _writing(tmp_path / "spool.db", commit_every_s=0.05) as writer:
        for number in range(100):
            await writer.entry("press", [reading(COUNT, number)])
        await eventually(lambda: writer.spool.head == 100)
        assert appends == [100]
        assert writer.appended.is_set()


async def test_64_kib_do_not_wait_for_the_clock(tmp_path: Path, appends: list[int]) -> None:
    async with _writing(tmp_path / "spool.db", commit_every_s=NEVER_S) as writer:
        text = "x" * 1000
        await writer.entry("press", [reading(NOTE, text)])
        for _ in range(COMMIT_BYTES // 1000):
            await writer.entry("press", [reading(NOTE, text)])
        await eventually(lambda: writer.spool.head == 1 + COMMIT_BYTES // 1000)
        assert len(appends) == 1


async def test_stopping_writes_what_waits(tmp_path: Path) -> None:
    async with _writing(tmp_path / "spool.db", commit_every_s=NEVER_S) as writer:
        for number in range(50):
            await writer.entry("press", [reading(COUNT, number)])
    spool = open_or_set_aside(tmp_path / "spool.db", SpoolLimits())
    assert _counts(spool) == list(range(50))
    spool.close()


async def test_order_is_kept_between_entries_contacts_and_gaps(tmp_path: Path) -> None:
    async with _writing(tmp_path / "spool.db") as writer:
        await writer.contact("press", True, 1000)
        await writer.entry("press", [reading(COUNT, 1, 1001)])
        await writer.gap("press", "overflow", ["speed"], 1002, 1003)
        await writer.contact("press", False, 1004)
        await eventually(lambda: writer.spool.head == 4)
        kinds = [type(item.entry) for item in writer.spool.read(0)]
        assert kinds == [Contact, Readings, GapEntry, Contact]


async def test_a_poll_of_many_tags_becomes_entries_that_fit_a_message(tmp_path: Path) -> None:
    async with _writing(tmp_path / "spool.db") as writer:
        await writer.entry("press", [reading(SPEED, float(n), 1000 + n) for n in range(4500)])
        await writer.entry("press", [reading(NOTE, "y" * 60_000)] * 4)
        await writer.entry("press", [])
        await eventually(lambda: writer.spool.head == 7)
        entries = [item.entry for item in writer.spool.read(0)]
        lengths = [len(entry.tags) for entry in entries if isinstance(entry, Readings)]
        assert lengths == [2000, 2000, 500, 1, 1, 1, 1]
        assert all(entry.size_bytes < 200 * 1024 for entry in entries)


async def test_a_gap_of_very_many_tags_is_told_by_device(tmp_path: Path) -> None:
    async with _writing(tmp_path / "spool.db") as writer:
        await writer.gap("press", "clock", [f"tag{n}" for n in range(10_000)], 1, 2)
        await eventually(lambda: writer.spool.head == 1)
        entry = writer.spool.read(0)[0].entry
        assert isinstance(entry, GapEntry)
        assert [(row.device, row.tag) for row in entry.gap.tags] == [("press", "*")]


async def test_cancelling_loses_nothing_that_was_durable(tmp_path: Path) -> None:
    path = tmp_path / "spool.db"
    spool = open_or_set_aside(path, SpoolLimits())
    writer = SpoolWriter(spool, spool.register(definitions("press")), LiveValues(), commit_every_s=0.001)
    task = asyncio.create_task(writer.run())
    for number in range(300):
        await writer.entry("press", [reading(COUNT, number)])
        await asyncio.sleep(0)
    await eventually(lambda: writer.spool.head >= 50)
    durable = writer.spool.head
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    writer.close()
    spool.close()
    spool = open_or_set_aside(path, SpoolLimits())
    counts = _counts(spool)
    assert len(counts) >= durable
    assert counts == list(range(len(counts)))
    spool.close()


async def test_a_full_disk_is_waited_out_and_nothing_is_lost(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(spool_writer, "RETRY_S", 0.02)
    with small_disk(tmp_path / "disk", 6 * MIB) as disk:
        async with _writing(disk / "spool.db") as writer:
            await writer.entry("press", [reading(COUNT, 0)])
            await eventually(lambda: writer.spool.head == 1)
            filler = fill(disk)
            number = 0
            while not writer._failure_said:
                for _ in range(200):
                    number += 1
                    await writer.entry("press", [reading(COUNT, number), reading(NOTE, f"{number:0500}")])
                await asyncio.sleep(0.01)
            full_at = writer.spool.head
            for _ in range(50):
                number += 1
                await writer.entry("press", [reading(COUNT, number)])
            filler.unlink()
            await eventually(lambda: writer.spool.head == number + 1)
            assert writer.spool.head > full_at
            rises = [value for value in _counts(writer.spool) if isinstance(value, int)]
            assert rises == sorted(rises)
            assert (rises[0], rises[-1]) == (0, number)


async def test_what_waits_for_the_disk_is_thinned_and_keeps_every_count(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(spool_writer, "RETRY_S", 0.01)
    monkeypatch.setattr(spool_writer, "BUFFER_BYTES_MAX", 100_000)
    append, full = Spool.append, True

    def refusing(spool: Spool, entries: list[Entry]) -> int:
        if full:
            raise SpoolUnavailable("no space left, for the test")
        return append(spool, entries)

    monkeypatch.setattr(Spool, "append", refusing)
    async with _writing(tmp_path / "spool.db") as writer:
        most = 0
        for number in range(20_000):
            await writer.entry("press", [reading(COUNT, number % 5000), reading(SPEED, 1.0)])
            most = max(most, writer._waiting_bytes)
            if number % 1000 == 0:
                await asyncio.sleep(0.02)
        assert most < 250_000
        full = False
        await eventually(lambda: writer.spool.head == 20_000)
        series = [item.entry for item in writer.spool.read(0, limit=100_000)]
        counts = [e.values[0] for e in series if isinstance(e, Readings) and 1 in e.tags]
        falls = [(a, b) for a, b in pairwise(counts) if b < a]  # type: ignore[operator]
        assert falls == [(4999, 0)] * 3
        told = sum(
            row.count or 0
            for e in series
            if isinstance(e, GapEntry)
            for row in e.gap.tags
            if row.tag == "speed"
        )
        kept = sum(e.tags.count(2) for e in series if isinstance(e, Readings))
        assert told + kept == 20_000


async def test_memory_is_bounded_also_when_every_count_would_have_to_stay(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A counter that falls with each reading cannot be thinned; in the end the older half is told as lost."""
    monkeypatch.setattr(spool_writer, "BUFFER_BYTES_MAX", 20_000)
    monkeypatch.setattr(spool_writer, "COUNTS_BYTES_MAX", 60_000)
    monkeypatch.setattr(spool_writer, "RETRY_S", 0.01)
    append, full = Spool.append, True

    def refusing(spool: Spool, entries: list[Entry]) -> int:
        if full:
            raise SpoolUnavailable("no space left, for the test")
        return append(spool, entries)

    monkeypatch.setattr(Spool, "append", refusing)
    async with _writing(tmp_path / "spool.db") as writer:
        most = 0
        for number in range(10_000, 0, -1):
            await writer.entry("press", [reading(COUNT, number)])
            most = max(most, writer.waiting_bytes)
        assert most < 65_000
        full = False
        await eventually(lambda: writer.spool.head == 10_000)
        items = [item.entry for item in writer.spool.read(0, limit=100_000)]
        rows = [row for entry in items if isinstance(entry, GapEntry) for row in entry.gap.tags]
        assert {row.tag for row in rows} == {"count"}
        assert sum(row.count or 0 for row in rows) + len(_counts(writer.spool)) == 10_000
    assert "buffer_counts_dropped" in capsys.readouterr().out


async def test_an_append_that_the_disk_refuses_is_said_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(spool_writer, "RETRY_S", 0.01)
    tries, append = 0, Spool.append

    def refusing(spool: Spool, entries: list[Entry]) -> int:
        nonlocal tries
        tries += 1
        if tries < 6:
            raise _io_error()
        return append(spool, entries)

    monkeypatch.setattr(Spool, "append", refusing)
    async with _writing(tmp_path / "spool.db") as writer:
        await writer.entry("press", [reading(COUNT, 1)])
        await eventually(lambda: writer.spool.head == 1)
    assert capsys.readouterr().out.count("spool_unavailable") == 1


def _io_error() -> sqlite3.OperationalError:
    error = sqlite3.OperationalError("disk I/O error")
    error.sqlite_errorcode = sqlite3.SQLITE_IOERR_WRITE
    return error


# -- a file that turns out to be damaged ------------------------------------------------------------------------------


def _break_under(path: Path) -> None:
    """As a failing disk does it: SQLite finds a tree that does not hold together."""
    with sqlite3.connect(path) as connection:
        connection.execute("PRAGMA writable_schema = ON")
        connection.execute("UPDATE sqlite_master SET rootpage = 99999 WHERE name = 'batch'")
        (version,) = connection.execute("PRAGMA schema_version").fetchone()
        connection.execute(f"PRAGMA schema_version = {version + 1}")
    connection.close()


async def test_writing_goes_on_in_a_new_epoch_with_the_same_tag_ids(tmp_path: Path) -> None:
    path = tmp_path / "spool.db"
    async with _writing(path) as writer:
        # A hole in the ids, as a retired tag leaves it: they must not close up in the new file.
        await writer.call(lambda spool: spool.file.connection.execute("DELETE FROM tag WHERE tag_id = 1"))
        await writer.call(lambda spool: spool.tags.pop(1))
        await writer.entry("press", [reading(SPEED, 1.0)])
        await eventually(lambda: writer.spool.head == 1)
        epoch, bd_seq = writer.spool.epoch, await writer.call(Spool.next_bd_seq)
        _break_under(path)
        writer.appended.clear()
        await writer.entry("press", [reading(SPEED, 2.0), reading(NOTE, "two")])
        await eventually(lambda: writer.spool.epoch != epoch and writer.spool.head == 2)
        assert writer.appended.is_set()
        gap, entry = (item.entry for item in writer.spool.read(0))
        assert isinstance(gap, GapEntry)
        assert gap.gap.reason == "corrupt"
        assert isinstance(entry, Readings)
        assert [writer.spool.tags[tag].name for tag in entry.tags] == ["speed", "note"]
        assert await writer.call(Spool.next_bd_seq) == bd_seq + 1


async def test_work_that_speaks_of_old_numbers_is_refused_after_a_change_of_epoch(tmp_path: Path) -> None:
    path = tmp_path / "spool.db"
    async with _writing(path) as writer:
        for number in range(1, 21):
            await writer.entry("press", [reading(COUNT, number)])
        await eventually(lambda: writer.spool.head == 20)
        epoch = writer.spool.epoch
        assert len(await writer.call_in(epoch, Spool.read, 0, 5)) == 5
        _break_under(path)
        with pytest.raises(EpochChanged):
            await writer.call_in(epoch, Spool.read, 0, 5)
        with pytest.raises(EpochChanged):
            await writer.call_in(epoch, Spool.commit_up_to, 15)
        assert writer.spool.epoch != epoch
        assert (writer.spool.head, writer.spool.committed) == (1, 0)


async def test_a_file_that_breaks_again_and_again_is_replaced_each_time(tmp_path: Path) -> None:
    path = tmp_path / "spool.db"
    epochs = set()
    async with _writing(path) as writer:
        for number in range(4):
            epochs.add(writer.spool.epoch)
            _break_under(path)
            await writer.entry("press", [reading(COUNT, number)])
            await eventually(lambda: writer.spool.epoch not in epochs and writer.spool.head == 2)
        assert _counts(writer.spool) == [3]
    assert len(epochs) == 4


async def test_a_mistake_of_ours_does_not_cost_the_file(tmp_path: Path) -> None:
    async with _writing(tmp_path / "spool.db") as writer:
        epoch = writer.spool.epoch
        with pytest.raises(sqlite3.ProgrammingError):
            await writer.call(lambda spool: spool.file.connection.execute("SELECT ?", ()))
        assert writer.spool.epoch == epoch
