"""Runs under the shim of power_cut.c: forks a life that writes a spool and dies, cuts the power, looks what is left.

python -m tests.edge.delivery.power_cut_worker FOLDER COUNT SEED SYNCHRONOUS
"""

import ctypes
import json
import os
import random
import shutil
import signal
import sys
from dataclasses import asdict, dataclass
from pathlib import Path

import structlog

from edge.contract.datatypes import DataType
from edge.delivery import spool_file
from edge.delivery.entries import Contact, Entry, GapEntry, Readings, TagDefinition
from edge.delivery.spool import Spool, SpoolLimits
from edge.delivery.spool_opening import open_or_set_aside
from tests.edge.delivery.power_cut import Result

LIMITS = SpoolLimits(max_bytes=300 * 1024, keep_h=0)  # So small that room must be made all the time.
TAGS = [
    TagDefinition("press", "count", DataType.UINT64, {"role": "counter"}),
    TagDefinition("press", "note", DataType.STRING, {"role": "text"}),
]
LIVES_PER_FILE = 12
SECTOR_BYTES = 512


@dataclass
class Said:
    """What the process that died had said: durable numbers of its last epoch."""

    epoch: str = ""
    head: int = 0
    bd_seq: int = -1


def main(scratch: Path, count: int, seed: int, synchronous: int) -> Result:
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(50))
    spool_file.DURABILITY = {"journal_mode": "wal", "synchronous": synchronous}
    rng = random.Random(seed)
    result = Result(seed)
    folder, shadow = scratch / "disk", scratch / "kept"
    said = Said()
    while result.cuts < count:
        if result.cuts % LIVES_PER_FILE == 0:
            said = Said()
            shutil.rmtree(folder, ignore_errors=True)
            folder.mkdir()
        shutil.rmtree(shadow, ignore_errors=True)
        shadow.mkdir()
        before = said.head
        said = _life(folder, shadow, rng, said)
        result.cuts += 1
        result.appended += max(0, said.head - before)
        _cut_power(folder, shadow, rng)
        said = _look(folder, said, result)
    return result


# -- a life -----------------------------------------------------------------------------------------------------------


def _life(folder: Path, shadow: Path, rng: random.Random, said: Said) -> Said:
    """Fork a process that writes and dies. Returns the last it said."""
    operations, seed = rng.randrange(1, 500), rng.getrandbits(32)
    readable, writable = os.pipe()
    pid = os.fork()
    if pid == 0:
        os.close(readable)
        try:
            _live(folder, shadow, operations, seed, writable)
        finally:
            os._exit(3)  # An exception: seen by the parent as an exit that is no kill.
    os.close(writable)
    with os.fdopen(readable) as lines:
        heard = lines.read().split("\n")
    _, status = os.waitpid(pid, 0)
    if not os.WIFSIGNALED(status) or os.WTERMSIG(status) != signal.SIGKILL:
        raise RuntimeError(f"a life ended with status {status} instead of a power cut")
    for line in heard[:-1]:  # The last is empty or was cut.
        epoch, head, bd_seq = line.split()
        said = Said(epoch, int(head), int(bd_seq))
    return said


def _live(folder: Path, shadow: Path, operations: int, seed: int, say: int) -> None:
    rng = random.Random(seed)
    shim = ctypes.CDLL(None)
    shim.power_cut_arm(os.fsencode(folder), os.fsencode(shadow), ctypes.c_long(operations))
    spool = open_or_set_aside(folder / "spool.db", LIMITS)
    spool.register(TAGS)
    bd_seq = spool.next_bd_seq()
    while True:
        _say(say, spool, bd_seq)
        spool.append(_entries(spool.head + 1, rng))
        _say(say, spool, bd_seq)
        chance = rng.random()
        if chance < 0.15:
            spool.commit_up_to(rng.randrange(spool.head + 1))
        elif chance < 0.20:
            spool.tidy(now_ms=10**13 if rng.random() < 0.5 else 0)
        elif chance < 0.25:
            bd_seq = spool.next_bd_seq()
        elif chance < 0.28:
            number = rng.randrange(max(1, spool.committed), spool.head + 1)
            spool.set_aside(number, number, "for the test")
        elif chance < 0.29:
            spool.close()
            spool = open_or_set_aside(folder / "spool.db", LIMITS)
            bd_seq = spool.next_bd_seq()


def _say(say: int, spool: Spool, bd_seq: int) -> None:
    os.write(say, f"{spool.epoch} {spool.head} {bd_seq}\n".encode())


def _entries(first: int, rng: random.Random) -> list[Entry]:
    """The counter of an entry is its number, so that a reader knows what must stand there."""
    found: list[Entry] = []
    for number in range(first, first + rng.choice([1, 1, 3, 40])):
        if rng.random() < 0.1:
            found.append(Contact("press", bool(number % 2), number))
        else:
            found.append(Readings("press", number, [1, 2], [0, 0], [number, "x" * rng.randrange(600)]))
    return found


# -- the cut ----------------------------------------------------------------------------------------------------------


def _cut_power(folder: Path, shadow: Path, rng: random.Random) -> None:
    """Put the folder into a state that a disk may be in: what was synced, plus some of what was not."""
    kept = [line.split(" ", 1) for line in (shadow / "names").read_text().splitlines()]
    some_landed = rng.random() < 0.5
    written = {path.name: (path.stat().st_ino, path.read_bytes()) for path in folder.iterdir()}
    for path in folder.iterdir():
        path.unlink()
    for inode, name in kept:
        content = (shadow / inode).read_bytes() if (shadow / inode).exists() else b""
        now_inode, now = written.get(name, (0, b""))
        if some_landed and now_inode == int(inode):
            content = _mixed(content, now, rng)
        (folder / name).write_bytes(content)


def _mixed(kept: bytes, written: bytes, rng: random.Random) -> bytes:
    """Sector by sector one or the other; the length somewhere between."""
    if kept == written:
        return kept
    low, high = sorted((len(kept), len(written)))
    length = rng.choice([low, high, rng.randint(low, high)])
    share = rng.choice([0.1, 0.5, 0.9])
    mixed = bytearray(length)
    for at in range(0, length, SECTOR_BYTES):
        source = written if rng.random() < share else kept
        sector = source[at : min(at + SECTOR_BYTES, length)]
        mixed[at : at + len(sector)] = sector
    return bytes(mixed)


# -- the look ---------------------------------------------------------------------------------------------------------


def _look(folder: Path, said: Said, result: Result) -> Said:
    spool = open_or_set_aside(folder / "spool.db", LIMITS)
    spool.register(TAGS)
    found = Said(spool.epoch, spool.head, spool.file.get_number("bd_seq", -1))
    if said.epoch and (spool.epoch != said.epoch or spool.head < said.head):
        result.lost += 1
        if list(folder.glob("*.corrupt-*")):
            result.broken.append(f"cut {result.cuts}: the file was found corrupt")
    elif said.bd_seq > found.bd_seq:
        result.broken.append(f"cut {result.cuts}: bdSeq went back from {said.bd_seq} to {found.bd_seq}")
    if not spool.is_sound():
        result.broken.append(f"cut {result.cuts}: the parts do not agree")
    expected = 1
    for item in spool.read(0, limit=1 << 30):
        if item.first != expected:
            result.broken.append(f"cut {result.cuts}: {expected} is followed by {item.first}")
        expected = item.last + 1
        entry = item.entry
        if isinstance(entry, Readings) and 1 in entry.tags and entry.values[0] != item.first:
            result.broken.append(f"cut {result.cuts}: entry {item.first} says {entry.values[0]}")
        if (
            isinstance(entry, GapEntry)
            and entry.gap.reason == "corrupt"
            and not list(folder.glob("*.corrupt-*"))
        ):
            result.broken.append(f"cut {result.cuts}: a batch rotted at {item.first}")
    if expected != spool.head + 1:
        result.broken.append(f"cut {result.cuts}: entries end at {expected - 1}, the head is {spool.head}")
    spool.close()
    return found


if __name__ == "__main__":
    answer = main(Path(sys.argv[1]), *(int(argument) for argument in sys.argv[2:5]))
    print(json.dumps(asdict(answer)))
