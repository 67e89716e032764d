"""A long history in a spool file, as if the edge had been cut off for hours: readings, and the truth behind them.

    with spool_of_a_stopped_edge as spool:
        history = write_history(spool, state_dir, History(seconds=7200))

Entries go through the spool's own `append`, so publisher, broker and ingest drain them like any others. The machines
exist only here: each has measurements that change every second and a 16-bit counter that wraps and restarts. What they
made goes into a ledger beside those of the simulators, in the form of simulators/truth.py, and the same judge reads it.
"""

import json
import math
import random
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from edge.contract.datatypes import DataType
from edge.contract.payloads import Value
from edge.contract.spool_metrics import COUNTS, PATH, RATE_MAX, ROLE, SCALE, UNIT, WIDTH
from edge.delivery.entries import Contact, Entry, Readings, TagDefinition
from edge.delivery.spool import Spool
from simulators.truth import ledger_path

MODULUS = 1 << 16
RATE_MAX_PER_S = 100.0
BATCH_S = 60
OUT_OF_REACH_S = 5
COUNTER = "parts"


@dataclass(frozen=True, slots=True)
class History:
    """What to write, an entry of each machine `every_s`. It ends `ends_ago_s` before `now_ms`; each machine restarts every
    `restart_every_s`. `every_s` divides that, a minute, and the 5 s for which a machine is then out of reach."""

    now_ms: int
    seconds: int = 7200
    every_s: int = 1
    machines: int = 3
    tags: int = 20
    ends_ago_s: int = 30
    restart_every_s: int = 1700
    seed: int = 1


@dataclass(frozen=True, slots=True)
class Written:
    """Numbers of the entries, and how many readings they hold."""

    first: int
    last: int
    readings: int


def write_history(spool: Spool, state_dir: Path, history: History) -> Written:
    """Append the whole history, a minute a batch, and its ledgers. The spool's edge must not be running."""
    machines = [
        _Machine(f"history{number}", history, random.Random(f"{history.seed}/{number}"))
        for number in range(1, history.machines + 1)
    ]
    ids = spool.register([*spool.tags.values(), *(tag for machine in machines for tag in machine.tags())])
    for machine in machines:
        machine.tag_ids = [ids[tag.device, tag.name] for tag in machine.tags()]
    first, readings = spool.head + 1, 0
    begins_ms = history.now_ms - (history.seconds + history.ends_ago_s) * 1000
    for start in range(0, history.seconds, BATCH_S):
        entries: list[Entry] = []
        for second in range(start, min(start + BATCH_S, history.seconds), history.every_s):
            for machine in machines:
                entries += machine.second(second, begins_ms + second * 1000)
        spool.append(entries)
        readings += sum(len(entry.tags) for entry in entries if isinstance(entry, Readings))
    for machine in machines:
        machine.write_ledger(state_dir)
    return Written(first, spool.head, readings)


@dataclass(slots=True)
class _Machine:
    """Makes 0 to 5 parts a second. Its counter starts near the top, so that it wraps early."""

    name: str
    history: History
    draw: random.Random
    tag_ids: list[int] = field(default_factory=list)
    _shown: int = MODULUS - 400
    _total: int = 0
    _away_until: int = 0
    _lines: list[dict[str, Any]] = field(default_factory=list)

    def tags(self) -> list[TagDefinition]:
        """The counter first, then the measurements."""
        path = f"test/plant1/area1/history/{self.name}"
        counter: dict[str, Value] = {ROLE: "counter", UNIT: "parts", PATH: path, WIDTH: 16, SCALE: 1}
        counter |= {COUNTS: "parts", RATE_MAX: RATE_MAX_PER_S}
        measured = {ROLE: "measurement", PATH: path}
        return [
            TagDefinition(self.name, COUNTER, DataType.UINT16, counter),
            *(
                TagDefinition(self.name, f"m{number:02}", DataType.DOUBLE, measured)
                for number in range(1, self.history.tags + 1)
            ),
        ]

    def second(self, second: int, time_ms: int) -> Iterator[Entry]:
        """What the edge notes in this second. The ledger is half a second ahead of the reading."""
        if second < self._away_until:
            return
        if self._away_until and second == self._away_until:
            self._away_until = 0
            yield Contact(self.name, True, time_ms)
        elif second and second % self.history.restart_every_s == 0:
            self._restart(second, time_ms)
            yield Contact(self.name, False, time_ms)
            return
        elif second:  # The first reading is where the odometer begins.
            self._make(self.draw.randint(0, 5), time_ms - 500)
        yield Readings(
            self.name, time_ms, self.tag_ids, [0] * len(self.tag_ids), [self._shown, *self._wave(second)]
        )

    def _restart(self, second: int, time_ms: int) -> None:
        """Nobody sees the last parts before the power cut; afterwards it counts from zero."""
        self._make(self.draw.randint(1, 3), time_ms - 500)
        self._away_until = second + OUT_OF_REACH_S
        self._shown = 0
        self._event(time_ms - 400, "restart")

    def _make(self, parts: int, time_ms: int) -> None:
        if not parts:
            return
        if self._shown + parts >= MODULUS:
            self._event(time_ms, "wrap", counter=COUNTER)
        self._shown = (self._shown + parts) % MODULUS
        self._total += parts
        self._lines.append(
            self._common(time_ms)
            | {"unit": "parts", "made": parts, "total": self._total, "shown": self._shown}
            | {"counters": {COUNTER: self._shown}, "good": parts, "reject": 0, "cause": None}
        )

    def _event(self, time_ms: int, event: str, **facts: Any) -> None:
        self._lines.append(self._common(time_ms) | {"event": event} | facts)

    def _common(self, time_ms: int) -> dict[str, Any]:
        return {"time_ms": time_ms, "machine": self.name, "device": self.name}

    def _wave(self, second: int) -> Iterator[float]:
        return (math.sin(second / (7 + tag)) * 100 for tag in range(self.history.tags))

    def write_ledger(self, state_dir: Path) -> None:
        path = ledger_path(state_dir, self.name)
        path.parent.mkdir(parents=True, exist_ok=True)
        text = "".join(json.dumps(line) + "\n" for line in self._lines)
        path.write_text(text, encoding="utf-8")
