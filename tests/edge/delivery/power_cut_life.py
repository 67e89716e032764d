"""One life of a spool under the shim of power_cut.c: it writes, says what is durable, and dies."""

import ctypes
import os
import random
import signal
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from edge.contract.datatypes import DataType
from edge.delivery import spool_file
from edge.delivery.entries import Contact, Entry, Readings, TagDefinition
from edge.delivery.spool import SpoolLimits
from edge.delivery.spool_file import SpoolFile
from edge.delivery.spool_opening import begin_again, open_or_set_aside
from edge.errors import SpoolError, SpoolUnavailable

TAGS = [
    TagDefinition("press", "count", DataType.UINT64, {"role": "counter"}),
    TagDefinition("press", "note", DataType.STRING, {"role": "text"}),
]
ENTRIES_A_COMMIT = {
    "disk": [1, 1, 3, 40],
    "flash": [5, 5, 15, 80],
}  # Five times as long a wait, as many entries.
TEXT_BYTES = {"disk": 600, "flash": 250}
FAILURES_SHARE = 0.3
DIES_SHARE = 0.3


def limits_for(storage: Literal["disk", "flash"], max_bytes: int = 300 * 1024) -> SpoolLimits:
    """So small that room must be made all the time."""
    return SpoolLimits(max_bytes=max_bytes, keep_h=0, storage=storage)


@dataclass(frozen=True)
class Said:
    """What the process that died had said: durable numbers of its last epoch. `moves_to`: it was about to begin a new
    epoch, in which at least so many entries must be."""

    epoch: str = ""
    head: int = 0
    bd_seq: int = -1
    moves_to: int = -1

    @classmethod
    def of(cls, line: str) -> "Said":
        epoch, *numbers = line.split()
        return cls(epoch, *map(int, numbers))

    def is_kept_in(self, found: "Said") -> bool:
        if not self.epoch or self.epoch == found.epoch:
            return found.head >= self.head
        return self.moves_to >= 0 and found.head >= self.moves_to


@dataclass(frozen=True)
class Spoilt:
    """What is wrong beside the cut: see `power_cuts`."""

    mutant: str = ""
    failing: bool = False


def live(
    folder: Path,
    journal: Path,
    operations: int,
    rng: random.Random,
    say: int,
    storage: Literal["disk", "flash"],
    spoilt: Spoilt,
) -> None:
    shim = ctypes.CDLL(None)
    _spoil(spoilt.mutant, shim)
    shim.power_cut_arm(os.fsencode(folder), os.fsencode(journal), ctypes.c_long(operations))
    life = Life(folder / "spool.db", storage, rng, say, dies_share=1.0 if spoilt.failing else DIES_SHARE)
    if spoilt.failing or rng.random() < FAILURES_SHARE:
        shim.power_cut_fail(ctypes.c_long(rng.randrange(60)), ctypes.c_long(rng.randrange(200)))
    while True:
        life.goes_on()


class Life:
    """`dies_share`: how often somebody ends an edge that says that a write was refused."""

    def __init__(
        self,
        path: Path,
        storage: Literal["disk", "flash"],
        rng: random.Random,
        say: int,
        *,
        dies_share: float,
    ) -> None:
        self._dies_share = dies_share
        self._ran_ms = 0
        self._path, self._storage, self._rng, self._say = path, storage, rng, say
        self._open()

    def _open(self) -> None:
        while True:
            try:
                # Now and then with a bound below what the file has: it shrinks.
                limits = limits_for(self._storage, self._rng.choice([300, 300, 120]) * 1024)
                self._spool = open_or_set_aside(self._path, limits)
                break
            except SpoolError:  # A write failed: whoever watches over the edge starts it again.
                self._tell("refused")
        self._refused_or(lambda: self._spool.register(TAGS))
        self._next_bd_seq()
        self._says()

    def _ran_on(self) -> int:
        """The monotonic clock of a life in which ages pass."""
        self._ran_ms += 10**13
        return self._ran_ms

    def _next_bd_seq(self) -> None:
        """What is on the disk counts: one that could not be written is used all the same."""
        self._spool.next_bd_seq()
        self._bd_seq = self._spool.file.get_number("bd_seq", -1)

    def _says(self, moves_to: int = -1) -> None:
        self._tell(f"{self._spool.epoch} {self._spool.head} {self._bd_seq} {moves_to}")

    def _tell(self, line: str) -> None:
        os.write(self._say, f"{line}\n".encode())

    def _refused_or(self, write: Callable[[], object]) -> None:
        """Until it is done, as the writer of the edge does."""
        while True:
            try:
                write()
            except SpoolUnavailable:
                self._tell("refused")
                if self._rng.random() < self._dies_share:
                    os.kill(os.getpid(), signal.SIGKILL)
            else:
                return

    def goes_on(self) -> None:
        spool, rng = self._spool, self._rng
        entries = self._entries(spool.file.get_number("base", 0) + spool.head + 1)
        self._refused_or(lambda: spool.append(entries))
        self._says()
        chance = rng.random()
        if chance < 0.15:
            self._refused_or(lambda: spool.commit_up_to(rng.randrange(spool.head + 1)))
        elif chance < 0.20:
            self._refused_or(lambda: spool.tidy(10**13 if rng.random() < 0.5 else 0, self._ran_on()))
        elif chance < 0.25:
            self._next_bd_seq()
        elif chance < 0.28:
            number = rng.randrange(max(1, spool.committed), spool.head + 1)
            self._refused_or(lambda: spool.set_aside(number, number, "for the test"))
        elif chance < 0.30:
            spool.close()
            self._open()
        elif chance < 0.31:
            self._says(moves_to=spool.head - spool.head_at_opening)
            self._refused_or(spool.begin_epoch)
            self._says()
        elif chance < 0.315:
            self._says(moves_to=0)
            spool.close()
            try:
                self._spool = begin_again(self._path, limits_for(self._storage), "for the test", spool)
                self._says()
            except (sqlite3.OperationalError, SpoolError):
                self._open()

    def _entries(self, first: int) -> list[Entry]:
        """The counter of an entry is its number in the file, so that a reader knows what must stand there."""
        found: list[Entry] = []
        for number in range(first, first + self._rng.choice(ENTRIES_A_COMMIT[self._storage])):
            if self._rng.random() < 0.1:
                found.append(Contact("press", bool(number % 2), number))
            else:
                text = "x" * self._rng.randrange(TEXT_BYTES[self._storage])
                found.append(Readings("press", number, [1, 2], [0, 0], [number, text]))
        return found


def _spoil(mutant: str, shim: ctypes.CDLL) -> None:
    """Weaken the spool of this process; see MUTANTS in power_cut.py."""
    match mutant:
        case "synchronous=OFF" | "synchronous=NORMAL":
            spool_file.DURABILITY = {"journal_mode": "wal", "synchronous": int(mutant.endswith("NORMAL"))}
        case "said before committed":
            _commit_every_third_time()
        case "log not synced":
            shim.power_cut_deafen(b"-wal")
        case "file not synced":
            shim.power_cut_deafen(b"spool.db")
        case "folder not synced":
            shim.power_cut_deafen(b"/")
        case "log believed unsynced":
            spool_file.make_log_durable = lambda disk: None
        case "blocks shared":
            connect = spool_file._connect
            spool_file._connect = lambda path, **_: connect(path, fills_blocks=False, read_only=False)
        case "":
            pass
        case _:
            raise ValueError(f"no such mutant: {mutant}")


def _commit_every_third_time() -> None:
    done = 0

    @contextmanager
    def transaction(file: SpoolFile) -> Iterator[sqlite3.Connection]:
        nonlocal done
        if not file.connection.in_transaction:
            file.connection.execute("BEGIN IMMEDIATE")
        yield file.connection
        done += 1
        if done % 3 == 0:
            file.connection.execute("COMMIT")

    SpoolFile.transaction = transaction  # type: ignore[method-assign, assignment]
