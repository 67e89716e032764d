"""The truth ledger: what was really made and consumed, written by the machines themselves.

One append-only file of JSON lines per machine, `<state-dir>/truth/<machine>.jsonl`. A line is written and flushed
*before* the counter shows the new value, so whatever a client reads off a counter is already in the ledger. It is a
witness, not a database: no fsync, because it must survive the processes under test and not a power cut of this computer.

Two kinds of lines, told apart by their keys:

- a step: `time_ms machine device unit made total shown`, for parts also `counters good reject cause`;
- an event: `time_ms machine device event` and whatever belongs to that event.
"""

import json
import time
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, TextIO

Unit = Literal["parts", "Wh"]


class LedgerError(ValueError):
    """A ledger line cannot be read. Names the file and the line."""


@dataclass(frozen=True)
class Step:
    """A quantity made. `shown` is what the device shows after it: the raw counter for parts, whole Wh for energy.

    `total` counts since the simulator process started. `counters` holds every counter of the device as it shows them.
    """

    time_ms: int
    machine: str
    device: str
    unit: Unit
    made: int
    total: int
    shown: int
    counters: Mapping[str, int] = field(default_factory=dict)
    good: int = 0
    reject: int = 0
    cause: str | None = None


@dataclass(frozen=True)
class Event:
    """Something that happened to a device: `wrap restart glitch outage frozen slow job_reset fault_over` or
    `production_start production_stop`. `facts` is what the line says beyond the four common keys."""

    time_ms: int
    machine: str
    device: str
    event: str
    facts: Mapping[str, Any]


def ledger_path(state_dir: Path, machine: str) -> Path:
    """Where the ledger of one machine lies."""
    return state_dir / "truth" / f"{machine}.jsonl"


class Ledger:
    """The ledger of one machine, open for appending. The machine and its meter write the same file."""

    def __init__(self, state_dir: Path, machine: str) -> None:
        self._machine = machine
        self._totals: dict[tuple[str, Unit], int] = defaultdict(int)
        path = ledger_path(state_dir, machine)
        path.parent.mkdir(parents=True, exist_ok=True)
        _end_torn_line(path)
        self._file: TextIO = path.open("a", encoding="utf-8")

    def close(self) -> None:
        self._file.close()

    def total(self, device: str, unit: Unit) -> int:
        """What `device` made since this process started."""
        return self._totals[device, unit]

    def parts(
        self,
        device: str,
        *,
        shown: int,
        counters: Mapping[str, int],
        good: int,
        reject: int,
        cause: str | None,
    ) -> None:
        """Parts of one cycle. Call it before the counters show them. `shown` is the counter of all parts."""
        made = good + reject
        facts = {"counters": dict(counters), "good": good, "reject": reject, "cause": cause}
        self._step(device, "parts", made, shown, facts)

    def energy(self, device: str, *, made_wh: int, shown_wh: int) -> None:
        """Energy the meter is about to show, in whole Wh."""
        self._step(device, "Wh", made_wh, shown_wh, {})

    def event(self, device: str, event: str, **facts: Any) -> int:
        """Something that is about to happen to a device. Returns its time in ms."""
        time_ms = _now_ms()
        line = {"time_ms": time_ms, "machine": self._machine, "device": device, "event": event}
        self._write(line | facts)
        return time_ms

    def _step(self, device: str, unit: Unit, made: int, shown: int, facts: dict[str, Any]) -> None:
        self._totals[device, unit] += made
        line = {"time_ms": _now_ms(), "machine": self._machine, "device": device, "unit": unit, "made": made}
        self._write(line | {"total": self._totals[device, unit], "shown": shown} | facts)

    def _write(self, line: dict[str, Any]) -> None:
        self._file.write(json.dumps(line) + "\n")
        self._file.flush()


def read(path: Path) -> Iterator[Step | Event]:
    """Steps and events of one ledger file, in the order in which they happened.

    A last line without its newline is still being written and is left out. Raises LedgerError for any other line
    that is not one of ours.
    """
    with path.open(encoding="utf-8") as file:
        for number, text in enumerate(file, start=1):
            if not text.endswith("\n"):
                return
            yield _parse(text, path, number)


def read_all(state_dir: Path) -> Iterator[Step | Event]:
    """Every line of every machine below `state_dir`, machine by machine."""
    for path in sorted((state_dir / "truth").glob("*.jsonl")):
        yield from read(path)


def steps(state_dir: Path) -> Iterator[Step]:
    """The quantities of every machine below `state_dir`."""
    return (line for line in read_all(state_dir) if isinstance(line, Step))


def events(state_dir: Path) -> Iterator[Event]:
    """The events of every machine below `state_dir`."""
    return (line for line in read_all(state_dir) if isinstance(line, Event))


def made(
    state_dir: Path, *, after_ms: int | None = None, until_ms: int | None = None
) -> dict[tuple[str, Unit], int]:
    """What each machine made per unit, of steps with after_ms < time_ms <= until_ms. None leaves that side open."""
    sums: dict[tuple[str, Unit], int] = defaultdict(int)
    for step in steps(state_dir):
        if (after_ms is None or step.time_ms > after_ms) and (until_ms is None or step.time_ms <= until_ms):
            sums[step.machine, step.unit] += step.made
    return dict(sums)


def event_counts(state_dir: Path) -> dict[str, int]:
    """How often each event happened, over all machines."""
    counts: dict[str, int] = defaultdict(int)
    for event in events(state_dir):
        counts[event.event] += 1
    return dict(counts)


def _parse(text: str, path: Path, number: int) -> Step | Event:
    try:
        line = json.loads(text)
        if "event" in line:
            common = {key: line.pop(key) for key in ("time_ms", "machine", "device", "event")}
            return Event(**common, facts=line)
        return Step(**line)
    except (ValueError, KeyError, TypeError) as mistake:
        raise LedgerError(f"{path}:{number}: not a ledger line: {mistake}") from mistake


def _end_torn_line(path: Path) -> None:
    """A machine killed in the middle of a line leaves half of it. Nothing showed that step: cut it off."""
    if not path.exists():
        return
    content = path.read_bytes()
    whole = content.rfind(b"\n") + 1
    if whole < len(content):
        with path.open("r+b") as file:
            file.truncate(whole)


def _now_ms() -> int:
    return time.time_ns() // 1_000_000
