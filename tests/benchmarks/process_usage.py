"""CPU time and memory of a process, from /proc: its own, not that of its children."""

import os
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

TICKS_PER_S = os.sysconf("SC_CLK_TCK")


def cpu_s(pid: int) -> float:
    """User and system time since the process began."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICKS_PER_S


def rss_mb(pid: int) -> float:
    pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6


@dataclass(frozen=True, slots=True)
class Usage:
    seconds: float
    cpu_s: float
    rss_mb: float


def measure(pid: int, seconds: float, wait: Callable[[float], None] = time.sleep) -> Usage:
    """What the process used over the next `seconds`."""
    began, used = time.monotonic(), cpu_s(pid)
    wait(seconds)
    return Usage(time.monotonic() - began, cpu_s(pid) - used, rss_mb(pid))
