"""Runs under the shim of power_cut.c: forks a life that writes a spool and dies, cuts the power, looks what is left.

python -m tests.edge.delivery.power_cut_worker FOLDER COUNT SEED disk|flash|both failing|"" MUTANT|""
"""

import json
import os
import random
import shutil
import signal
import sqlite3
import sys
import traceback
from dataclasses import asdict
from pathlib import Path

import structlog

from edge.delivery.entries import GapEntry, Readings
from edge.delivery.spool import Spool
from edge.delivery.spool_opening import open_or_set_aside
from tests.edge.delivery.power_cut import Result
from tests.edge.delivery.power_cut_life import TAGS, Said, Spoilt, limits_for, live
from tests.edge.delivery.simulated_disk import SimulatedDisk, Storage

LIVES_PER_FILE = 12
KILLS_SHARE = 0.3
KILLS_SHARE_FAILING = 0.6
STORAGE = {"disk": Storage(), "flash": Storage(unit_bytes=4096, hurts=True)}


class Trials:
    """A file after the other, each for some lives."""

    def __init__(self, scratch: Path, seed: int, storage: str, failing: bool, mutant: str) -> None:
        self._rng = random.Random(seed)
        self._storages = list(STORAGE) if storage == "both" else [storage]
        self._spoilt = Spoilt(mutant, failing)
        self._scratch, self._folder = scratch, scratch / "disk"
        self.result = Result(seed)

    def run(self, count: int) -> Result:
        while self.result.cuts < count:
            self._one_file(count)
        return self.result

    def _one_file(self, count: int) -> None:
        rng, storage = self._rng, self._rng.choice(self._storages)
        shutil.rmtree(self._folder, ignore_errors=True)
        self._folder.mkdir()
        disk = SimulatedDisk(self._folder, STORAGE[storage], rng)
        said = Said()
        for _ in range(LIVES_PER_FILE):
            heard = self._life(storage, said)
            self.result.appended += max(0, heard.head - said.head) if heard.epoch == said.epoch else 0
            disk.heard((self._scratch / "journal").read_bytes())
            if rng.random() < (KILLS_SHARE_FAILING if self._spoilt.failing else KILLS_SHARE):
                self.result.kills += 1
            else:
                disk.cut_power()
                self.result.cuts += 1
            said = heard
            self._look(storage, said)
            if self.result.cuts >= count:
                return

    def _life(self, storage: str, said: Said) -> Said:
        """Fork a process that writes and dies. Returns the last it said."""
        operations, seed = self._rng.randrange(1, 500), self._rng.getrandbits(32)
        readable, writable = os.pipe()
        pid = os.fork()
        if pid == 0:
            os.close(readable)
            try:
                rng = random.Random(seed)
                live(
                    self._folder, self._scratch / "journal", operations, rng, writable, storage, self._spoilt
                )
            finally:
                traceback.print_exc()  # Seen by the parent as an exit that is no kill.
                os._exit(3)
        os.close(writable)
        with os.fdopen(readable) as lines:
            heard = lines.read().split("\n")
        _, status = os.waitpid(pid, 0)
        if not os.WIFSIGNALED(status) or os.WTERMSIG(status) != signal.SIGKILL:
            raise RuntimeError(f"a life ended with status {status} instead of a power cut")
        for line in heard[:-1]:  # The last is empty or was cut.
            if line == "refused":
                self.result.refused += 1
            else:
                said = Said.of(line)
        return said

    # -- the look -----------------------------------------------------------------------------------------------------

    def _look(self, storage: str, said: Said) -> None:
        """At a copy: what the next life finds must be what the disk has, not what looking made of it."""
        copy = self._scratch / "copy"
        shutil.rmtree(copy, ignore_errors=True)
        shutil.copytree(self._folder, copy)
        spool = open_or_set_aside(copy / "spool.db", limits_for(storage))
        try:
            if _set_aside(copy) > _set_aside(self._folder):
                self._broken("the file was found corrupt")
            spool.register(TAGS)
            found = Said(spool.epoch, spool.head, spool.file.get_number("bd_seq", -1))
            if not said.is_kept_in(found):
                self.result.lost += 1
            elif said.epoch == found.epoch and said.bd_seq > found.bd_seq:
                self._broken(f"bdSeq went back from {said.bd_seq} to {found.bd_seq}")
            if not spool.is_sound():
                self._broken("the parts do not agree")
            self._read_all(spool, copy)
        except sqlite3.DatabaseError as error:
            self._broken(f"reading: {error}")
        finally:
            spool.close()

    def _read_all(self, spool: Spool, copy: Path) -> None:
        expected, head, base = 1, spool.head, spool.file.get_number("base", 0)
        for item in spool.read(0, limit=1 << 30):
            if item.first != expected:
                self._broken(f"{expected} is followed by {item.first}")
            expected = item.last + 1
            entry = item.entry
            if isinstance(entry, Readings) and 1 in entry.tags and entry.values[0] != base + item.first:
                self._broken(f"entry {base} + {item.first} says {entry.values[0]}")
            if (
                isinstance(entry, GapEntry)
                and entry.gap.reason == "corrupt"
                and not list(copy.glob("*.corrupt-*"))
            ):
                self._broken(f"a batch rotted at {item.first}")
        if expected != head + 1:
            self._broken(f"entries end at {expected - 1}, the head is {head}")

    def _broken(self, what: str) -> None:
        self.result.broken.append(f"cut {self.result.cuts}: {what}")


def _set_aside(folder: Path) -> int:
    return len([path for path in folder.glob("*.corrupt-*") if not path.name.endswith(("-wal", "-shm"))])


if __name__ == "__main__":
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(50))
    folder, count, seed, storage, failing, mutant = sys.argv[1:]
    trials = Trials(Path(folder), int(seed), storage, bool(failing), mutant)
    print(json.dumps(asdict(trials.run(int(count)))))
