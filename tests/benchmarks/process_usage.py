"""CPU time and memory of a process, from /proc: its own, not that of its children. And what such figures add up to."""

import math
import os
import time
from collections.abc import Callable, Sequence
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


def percentile(values: Sequence[float], part: float) -> float:
    """The smallest of them that is not below `part` (0 … 1) of all; NaN of none."""
    ordered = sorted(values)
    return ordered[max(0, math.ceil(part * len(ordered)) - 1)] if ordered else float("nan")


def line_through(points: Sequence[tuple[float, float]]) -> tuple[float, float]:
    """Slope of the straight line by least squares through (x, y), and its standard error; three points or more."""
    count = len(points)
    x_mean, y_mean = sum(x for x, _ in points) / count, sum(y for _, y in points) / count
    spread = sum((x - x_mean) ** 2 for x, _ in points)
    slope = sum((x - x_mean) * (y - y_mean) for x, y in points) / spread
    deviations = sum((y - y_mean - slope * (x - x_mean)) ** 2 for x, y in points)
    return slope, math.sqrt(deviations / (count - 2) / spread)
