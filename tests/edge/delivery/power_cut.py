"""Power cuts on a spool, thousands in minutes: nothing that `append` said is durable may be gone afterwards.

A process that writes a spool dies at a random write, sync, truncation or rename (power_cut.c). In some deaths
the machine lives on, in most the power is cut: the files are put to what a disk might hold (simulated_disk.py).
The next process must find every entry that was acknowledged, once, under its number, and numbers without hole. Some
writes and syncs fail before, with EIO.

    power_cuts(3000, seed=1) -> Result          python -m tests.edge.delivery.power_cut 3000 1 [disk | flash | MUTANT]

The spool writes as with `storage: disk` and `storage: flash` in turn. `mutant` spoils it on purpose: see MUTANTS.
"""

import json
import os
import shutil
import subprocess
import sys
import tempfile
from dataclasses import asdict, dataclass, field
from pathlib import Path

HERE = Path(__file__).parent
PATIENCE_S_PER_CUT = 2.0

MUTANTS = {
    "synchronous=OFF": "SQLite never syncs",
    "synchronous=NORMAL": "SQLite syncs only when it moves the log into the file",
    "said before committed": "append returns while its transaction is still open",
    "log not synced": "syncs of the write-ahead log are not done",
    "file not synced": "syncs of the file, when the log was moved into it, are not done",
    "folder not synced": "the name of a new file is not synced",
    "log believed unsynced": "after a failed sync, a new process takes what it reads in the log for durable",
    "blocks shared": "on flash, a commit does not fill its block: the next one tears both",
}


class NoCompiler(Exception):
    """gcc is not installed: the shim cannot be built."""


@dataclass
class Result:
    """`lost`: cuts after which an acknowledged entry was gone; `broken`: what else was wrong, one line each."""

    seed: int
    cuts: int = 0
    kills: int = 0
    refused: int = 0  # Writes that said they were not done: a write or a sync had failed.
    appended: int = 0
    lost: int = 0
    broken: list[str] = field(default_factory=list)


def power_cuts(
    count: int, seed: int, *, storage: str = "both", mutant: str = "", failing: bool = False
) -> Result:
    """`storage`: `disk` or `flash`: only as with this one. `failing`: in every life a sync or a write fails, and the process
    ends by that. Raises NoCompiler."""
    with tempfile.TemporaryDirectory(prefix="power-cut-", dir=_memory()) as scratch:
        shim = build_shim(Path(scratch), "power_cut")
        words = [scratch, str(count), str(seed), storage, "failing" if failing else "", mutant]
        answered = subprocess.run(
            [sys.executable, "-m", "tests.edge.delivery.power_cut_worker", *words],
            cwd=HERE.parents[2],
            env={**os.environ, "LD_PRELOAD": str(shim)},
            capture_output=True,
            text=True,
            timeout=60 + PATIENCE_S_PER_CUT * count,
            check=False,
        )
    if answered.returncode:
        raise RuntimeError(f"the worker ended with {answered.returncode}:\n{answered.stderr[-4000:]}")
    return Result(**json.loads(answered.stdout.splitlines()[-1]))


def build_shim(folder: Path, name: str) -> Path:
    """Of the C file of that name beside this one. Raises NoCompiler."""
    compiler = shutil.which("gcc") or shutil.which("cc")
    if compiler is None:
        raise NoCompiler(f"gcc is needed to build {name}.c")
    shim = folder / f"{name}.so"
    flags = ["-shared", "-fPIC", "-O2", "-Wall", "-o", str(shim)]
    subprocess.run([compiler, *flags, str(HERE / f"{name}.c"), "-ldl"], check=True, timeout=60)
    return shim


def _memory() -> str | None:
    """Where writing costs nothing: what is synced is kept by the simulation, the disk need not."""
    return "/dev/shm" if os.access("/dev/shm", os.W_OK) else None  # noqa: S108


if __name__ == "__main__":
    what = " ".join(sys.argv[3:])
    chosen = {"storage": what} if what in ("disk", "flash") else {"mutant": what}
    result = power_cuts(int(sys.argv[1]), int(sys.argv[2]), **chosen)
    print(json.dumps(asdict(result)))
    sys.exit(1 if result.lost or result.broken else 0)
