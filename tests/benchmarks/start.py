"""Row `start`: from a fresh clone to a living factory, and the second start in the same folder."""

import os
import re
import subprocess
import time
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
LIVING = re.compile(r"living after")
WITHIN_S = 180.0


def start(folder: Path) -> dict[str, Any]:
    """Clone, `make demo` until it says that the factory lives; end it; again."""
    clone = folder / "clone"
    began = time.monotonic()
    subprocess.run(["git", "clone", "--quiet", str(ROOT), str(clone)], check=True, timeout=60)
    first_s = _until_living(clone, began)
    again_s = _until_living(clone, time.monotonic())
    return {"first_s": round(first_s, 1), "again_s": round(again_s, 1)}


def _until_living(clone: Path, began: float) -> float:
    environment = {
        key: value for key, value in os.environ.items() if not key.startswith(("LINESIDE_", "VIRTUAL_ENV"))
    }
    with subprocess.Popen(
        ["make", "demo"],
        cwd=clone,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    ) as process:
        try:
            assert process.stdout is not None
            for line in process.stdout:
                if LIVING.search(line):
                    return time.monotonic() - began
                if time.monotonic() - began > WITHIN_S:
                    break
            raise AssertionError("the factory did not come to life")
        finally:
            os.killpg(process.pid, 2)
            process.wait(60)
