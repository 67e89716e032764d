"""The demo's folder: what of it may be forgotten before a run."""

import shutil
from pathlib import Path

MADE_BY_THE_DEMO = ("pg", "broker", "spool", "demo", "log")
"""Not `ca` and `secrets`: certificates and passwords of this folder stay the same."""


def forget(home: Path) -> None:
    """Remove what an earlier demo made, and nothing else."""
    for name in MADE_BY_THE_DEMO:
        shutil.rmtree(home / name, ignore_errors=True)
