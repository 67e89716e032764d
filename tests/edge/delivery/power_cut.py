"""Power cuts on a spool, thousands in minutes: nothing that `append` said is durable may be gone afterwards.

A process that writes a spool dies at a random write, sync or rename; then its files are put back to what a disk would
have kept (power_cut.c): what was synced, and in half of the cuts a random part of the sectors written since. The
next process must find every entry that was acknowledged, and numbers without hole.

    power_cuts(3000, seed=1) -> Result          python -m tests.edge.delivery.power_cut 3000 1
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


class NoCompiler(Exception):
    """gcc is not installed: the shim cannot be built."""


@dataclass
class Result:
    """`lost`: cuts after which an acknowledged entry was gone; `broken`: what else was wrong, one line each."""

    seed: int
    cuts: int = 0
    appended: int = 0
    lost: int = 0
    broken: list[str] = field(default_factory=list)


def power_cuts(count: int, seed: int, *, synchronous: int = 2) -> Result:
    """`synchronous`: what the spool asks of SQLite; anything below 2 (FULL) must lose something. Raises NoCompiler."""
    with tempfile.TemporaryDirectory(prefix="power-cut-", dir=_memory()) as scratch:
        shim = build_shim(Path(scratch))
        answered = subprocess.run(
            [
                sys.executable,
                "-m",
                "tests.edge.delivery.power_cut_worker",
                scratch,
                *map(str, (count, seed, synchronous)),
            ],
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


def build_shim(folder: Path) -> Path:
    """Raises NoCompiler."""
    compiler = shutil.which("gcc") or shutil.which("cc")
    if compiler is None:
        raise NoCompiler("gcc is needed to build power_cut.c")
    shim = folder / "power_cut.so"
    flags = ["-shared", "-fPIC", "-O2", "-Wall", "-o", str(shim)]
    subprocess.run([compiler, *flags, str(HERE / "power_cut.c"), "-ldl"], check=True, timeout=60)
    return shim


def _memory() -> str | None:
    """Where syncing costs nothing: the shim keeps what is synced, the disk need not."""
    return "/dev/shm" if os.access("/dev/shm", os.W_OK) else None  # noqa: S108


if __name__ == "__main__":
    result = power_cuts(int(sys.argv[1]), int(sys.argv[2]))
    print(json.dumps(asdict(result)))
    sys.exit(1 if result.lost or result.broken else 0)
