"""`lineside edge …` in a process of its own: what a command does to logging does not outlive it."""

import subprocess
import sys
from dataclasses import dataclass

RUN_S = 60


@dataclass(frozen=True, slots=True)
class Ran:
    exit_code: int
    stdout: str
    stderr: str


def lineside_edge(*words: str) -> Ran:
    """In the working directory of the test, with its environment."""
    command = [sys.executable, "-m", "lineside", "edge", *words]
    done = subprocess.run(command, capture_output=True, text=True, timeout=RUN_S, check=False)
    return Ran(done.returncode, done.stdout, done.stderr)
