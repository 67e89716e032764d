"""Runs under the shim of failing_disk.c: the spool of an edge lives through a disk that takes nothing for a while.

python -m tests.edge.delivery.failing_disk_worker FOLDER ERRNO ENTRIES

Each entry has the next count and a speed. So many as ENTRIES come while the disk fails. Prints one JSON object: `told`
(what was logged), `failure` (what the writer said meanwhile), `waited` (most bytes in memory), `head_then` (at the end of
the failure), `counts` and `speeds` (all that is in the spool at the end), `gone` (speeds that gap records tell).
"""

import asyncio
import json
import os
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

from structlog.testing import capture_logs

from edge.delivery import spool_writer
from edge.delivery.entries import GapEntry, Readings
from edge.delivery.live_values import LiveValues
from edge.delivery.spool import Spool, SpoolLimits
from edge.delivery.spool_opening import open_or_set_aside
from edge.delivery.spool_writer import SpoolWriter
from tests.edge.delivery.running_edge import COUNT, SPEED, definitions, reading
from tests.edge.delivery.scripted_plant import eventually

BUFFER_BYTES = 50_000
FIRST = 20
DEADLINE_S = 60.0


async def lived_through(path: Path, error_number: int, entries: int) -> dict[str, Any]:
    spool_writer.BUFFER_BYTES_MAX, spool_writer.RETRY_S = BUFFER_BYTES, 0.01
    with closing(open_or_set_aside(path, SpoolLimits())) as spool:
        ids = spool.register(definitions("press"))
        writer = SpoolWriter(spool, ids, LiveValues(), commit_every_s=0.01)
        writing = asyncio.create_task(writer.run())
        await _read(writer, 0, FIRST)
        await eventually(lambda: spool.head == FIRST)
        with _failing(error_number):
            await _read(writer, FIRST, 1)
            await eventually(lambda: bool(writer.failure))
            failure, waited = writer.failure, 0
            for number in range(FIRST + 1, FIRST + entries):
                await _read(writer, number, 1)
                waited = max(waited, writer.waiting_bytes)
            head_then = spool.head
            committed = _durable_head(path)
        await _read(writer, FIRST + entries, 1)
        await eventually(lambda: spool.head == FIRST + entries + 1)
        writer.stop()
        await asyncio.wait_for(writing, DEADLINE_S)
        writer.close()
        said = {"failure": failure, "waited": waited, "head_then": head_then, "durable_then": committed}
        return said | {"failure_after": writer.failure} | _in(spool)


async def _read(writer: SpoolWriter, first: int, number: int) -> None:
    for count in range(first, first + number):
        await writer.entry("press", [reading(COUNT, count), reading(SPEED, 1.5)])
        await asyncio.sleep(0)


@contextmanager
def _failing(error_number: int) -> Iterator[None]:
    file = Path(os.environ["FAILING_DISK_ERRNO"])
    file.write_text(str(error_number))
    try:
        yield
    finally:
        file.unlink()


def _durable_head(path: Path) -> int:
    with closing(Spool(path, SpoolLimits(), read_only=True)) as looking:
        return looking.head


def _in(spool: Spool) -> dict[str, Any]:
    items = [item.entry for item in spool.read(0, limit=1_000_000)]
    readings = [entry for entry in items if isinstance(entry, Readings)]
    rows = [row for entry in items if isinstance(entry, GapEntry) for row in entry.gap.tags]
    counts = [value for entry in readings for tag, _, value, _ in entry.rows() if tag == 1]
    speeds = sum(tag == 2 for entry in readings for tag in entry.tags)
    gone = sum(row.count or 0 for row in rows if row.tag == "speed")
    return {"counts": counts, "speeds": speeds, "gone": gone}


if __name__ == "__main__":
    folder, number, count = sys.argv[1:]
    with capture_logs() as logs:
        answer = asyncio.run(lived_through(Path(folder) / "spool.db", int(number), int(count)))
    told = [line["event"] for line in logs]
    print(json.dumps(answer | {"told": told}))
