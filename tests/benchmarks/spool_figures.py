"""The figures of edge/LOSS_POLICY.md: what a spool takes, how long it lasts, how fast it wears out a card.

    python -m tests.benchmarks.spool_figures        the two tables, in Markdown

Bytes and syncs are counted, not timed: the shim of power_cut.c writes down what SQLite hands to the disk. Time is that of
the readings: devices of 100 tags, each polled once a second, all at different moments, every tag changed at each poll.
So these are the worst figures of such a plant; what did not change is not an entry.
"""

import ctypes
import json
import os
import random
import struct
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from edge.contract.datatypes import DataType
from edge.delivery.entries import Entry, Readings, TagDefinition
from edge.delivery.spool import Spool, SpoolLimits
from edge.delivery.spool_opening import open_or_set_aside
from edge.delivery.spool_writer import BUFFER_BYTES_MAX
from edge.run import COMMIT_EVERY_S
from tests.edge.delivery.power_cut import build_shim

TAGS_A_DEVICE = 100
POSITION_EVERY_S = 0.5  # As the publisher tells the spool what the plant has.
SECONDS = {100: 240, 1_000: 60, 10_000: 12}
SPOOL_BYTES = 2 << 30
BLOCK_BYTES = 4096
CARD_TBW = 10
"""Of a small industrial card, in 10^12 bytes. A consumer's card rarely states any."""
RECORD = struct.Struct("=qqqq")


@dataclass(frozen=True)
class Figures:
    """Of a spool that took `tags` readings a second."""

    tags: int
    storage: str
    commits_per_s: float
    syncs_per_s: float
    written_bytes_per_s: float  # Blocks of 4 KiB handed to the disk, each once between two syncs.
    kept_bytes_per_s: float  # What the file grows by.
    waiting_bytes_per_s: float  # By the estimate that bounds the buffer.

    @property
    def kept_bytes_per_reading(self) -> float:
        return self.kept_bytes_per_s / self.tags

    @property
    def spool_h(self) -> float:
        """Until 90 % of 2 GiB are used: then the oldest is thinned."""
        return 0.9 * SPOOL_BYTES / self.kept_bytes_per_s / 3600

    @property
    def buffer_s(self) -> float:
        return BUFFER_BYTES_MAX / self.waiting_bytes_per_s

    @property
    def gb_per_day(self) -> float:
        return self.written_bytes_per_s * 86_400 / 1e9

    @property
    def card_years(self) -> float:
        return CARD_TBW * 1000 / self.gb_per_day / 365


def measured(tags: int, storage: str, seconds: int | None = None) -> Figures:
    """Raises NoCompiler."""
    memory = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None  # noqa: S108
    with tempfile.TemporaryDirectory(prefix="spool-figures-", dir=memory) as folder:
        shim = build_shim(Path(folder), "power_cut")
        command = [sys.executable, "-m", "tests.benchmarks.spool_figures", folder, str(tags), storage]
        subprocess.run(
            [*command, str(seconds or SECONDS[tags])],
            env=os.environ | {"LD_PRELOAD": str(shim)},
            check=True,
            timeout=600,
        )
        return Figures(tags, storage, **json.loads((Path(folder) / "figures.json").read_text()))


# -- in the process with the shim -------------------------------------------------------------------------------------


def _measure(folder: Path, tags: int, storage: str, seconds: int) -> dict[str, float]:
    disk = folder / "disk"
    disk.mkdir()
    limits = SpoolLimits(storage="flash" if storage == "flash" else "disk")
    with closing(open_or_set_aside(disk / "spool.db", limits)) as spool:
        spool.register(list(_definitions(tags)))
        used_before = spool.file.used_bytes()
        shim = ctypes.CDLL(None)
        shim.power_cut_arm(os.fsencode(disk), os.fsencode(folder / "journal"), ctypes.c_long(-1))
        commits, waiting_bytes = _write(spool, tags, COMMIT_EVERY_S[storage], seconds)
        syncs, written_bytes = _told((folder / "journal").read_bytes())
        kept_bytes = spool.file.used_bytes() - used_before
    return {
        "commits_per_s": commits / seconds,
        "syncs_per_s": syncs / seconds,
        "written_bytes_per_s": written_bytes / seconds,
        "kept_bytes_per_s": kept_bytes / seconds,
        "waiting_bytes_per_s": waiting_bytes / seconds,
    }


def _definitions(tags: int) -> Iterator[TagDefinition]:
    for number in range(tags):
        device = f"device{number // TAGS_A_DEVICE}"
        yield TagDefinition(device, f"tag{number % TAGS_A_DEVICE}", DataType.DOUBLE, {"role": "measurement"})


def _write(spool: Spool, tags: int, commit_every_s: float, seconds: int) -> tuple[int, int]:
    """Returns commits, and the size of all entries. Each group is what arrived within `commit_every_s` of its first."""
    commits = waiting_bytes = 0
    group: list[Entry] = []
    ends_at = position_at = 0.0
    for at_s, entry in _polls(tags, seconds):
        if group and at_s >= ends_at:
            spool.append(group)
            commits, group = commits + 1, []
            if at_s >= position_at:
                spool.commit_up_to(spool.head)
                commits, position_at = commits + (spool.limits.storage != "flash"), at_s + POSITION_EVERY_S
        if not group:
            ends_at = at_s + commit_every_s
        group.append(entry)
        waiting_bytes += entry.size_bytes
    spool.append(group)
    return commits + 1, waiting_bytes


def _polls(tags: int, seconds: int) -> Iterator[tuple[float, Entry]]:
    rng = random.Random(1)
    devices = tags // TAGS_A_DEVICE
    for second in range(seconds):
        for device in range(devices):
            at_s = second + device / devices
            ids = list(range(1 + device * TAGS_A_DEVICE, 1 + (device + 1) * TAGS_A_DEVICE))
            values = [rng.random() * 1000 if number % 4 else second for number in range(TAGS_A_DEVICE)]
            base_ms = 1_800_000_000_000 + int(at_s * 1000)
            yield at_s, Readings(f"device{device}", base_ms, ids, [0] * TAGS_A_DEVICE, values)


def _told(journal: bytes) -> tuple[int, int]:
    """Syncs, and bytes in whole blocks."""
    at = syncs = written = 0
    dirty: dict[int, set[int]] = {}
    while at < len(journal):
        operation, inode, number, length = RECORD.unpack_from(journal, at)
        at += RECORD.size + length
        if chr(operation) == "W" and length:
            blocks = range(number // BLOCK_BYTES, -(-(number + length) // BLOCK_BYTES))
            dirty.setdefault(inode, set()).update(blocks)
        elif chr(operation) == "S":
            syncs += 1
            written += len(dirty.pop(inode, ())) * BLOCK_BYTES
    return syncs, written


# -- the tables -------------------------------------------------------------------------------------------------------


def tables() -> Iterator[str]:
    found = {(tags, storage): measured(tags, storage) for tags in SECONDS for storage in COMMIT_EVERY_S}
    yield "| readings a second | bytes on disk a reading | 2 GiB last | 8 MiB of memory last | at risk at power loss: disk, flash |"
    yield "|---|---|---|---|---|"
    for tags in SECONDS:
        one = found[tags, "disk"]
        cells = [_grouped(tags), f"{one.kept_bytes_per_reading:.0f}", f"{one.spool_h:.0f} h"]
        risks = ", ".join(_grouped(round(tags * wait_s)) for wait_s in COMMIT_EVERY_S.values())
        yield f"| {' | '.join([*cells, f'{one.buffer_s:.0f} s', risks])} |"
    yield ""
    yield f"| readings a second | storage | commits a second | syncs a second | written a day | {CARD_TBW} TBW last |"
    yield "|---|---|---|---|---|---|"
    for (tags, storage), one in found.items():
        cells = [_grouped(tags), f"`{storage}`", f"{one.commits_per_s:.1f}"]
        cells += [f"{one.syncs_per_s:.1f}", f"{one.gb_per_day:.1f} GB", f"{one.card_years:.1f} years"]
        yield f"| {' | '.join(cells)} |"


def _grouped(number: int) -> str:
    return f"{number:,}".replace(",", " ")


if __name__ == "__main__":
    if len(sys.argv) > 1:
        place, count, kind, length = sys.argv[1:]
        figures = _measure(Path(place), int(count), kind, int(length))
        (Path(place) / "figures.json").write_text(json.dumps(figures))
    else:
        print("\n".join(tables()))
