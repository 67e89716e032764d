"""The truth table: what was made against what the plant knows, per machine and unit.

    made = stored + in_doubt + gaps        stored = booked + not_assigned        booked = posted + waiting + refused

*made* is the machines' own ledger. *stored* is the advance of the plant's odometer. *in_doubt* is what the ledger says
was made inside the windows of the plant's open cases, less what the odometer believed there; a truth outside a case's
bounds is lost. *gaps* is what was made inside gap records that no later reading brought. The rest is told in posting_table.py.

Reads ledgers and tables, and none of the plant's services: the judge does not ask the accused.
"""

from bisect import bisect_right
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import psycopg

from simulators import truth
from simulators.posting_table import Balance, Postings, postings

COUNTED_TAGS = """
SELECT device.name AS device, tag.tag_id, tag.role, tag.name, odometer.total, odometer.ts
FROM plant.tag JOIN plant.device USING (device_id) LEFT JOIN plant.odometer USING (tag_id)
WHERE (tag.role = 'meter' AND tag.name = 'energy') OR (tag.role = 'counter' AND tag.counts = 'parts')
"""
OPEN_CASES = """
SELECT tag_id, kind, from_ts, to_ts, from_value, to_value, at_least, at_most, believed
FROM plant.odometer_case WHERE state = 'open' ORDER BY from_ts
"""
CLOCKS_APART_MS = 5_000
"""A value seen further away than this from its time in the ledger was another showing of it (before a wrap, say)."""
GAPS = "SELECT device, tag, from_ts, to_ts FROM plant.gap"


@dataclass(frozen=True, slots=True)
class Case:
    """An open case of an odometer: `made` is the truth in its window, by the ledger."""

    kind: str
    at_least: int
    at_most: int
    believed: int
    made: int

    @property
    def in_doubt(self) -> int:
        return self.made - self.believed

    @property
    def outside(self) -> int:
        """By how much the truth lies outside the stated bounds."""
        return max(0, self.at_least - self.made, self.made - self.at_most)


@dataclass(slots=True)
class Row:
    """One machine and unit (`parts` or `Wh`)."""

    machine: str
    unit: str
    made: int
    stored: int = 0
    gaps: int = 0
    in_doubt: int = 0
    booked: int = 0
    not_assigned: int = 0
    posted: Decimal = Decimal(0)
    waiting: Decimal = Decimal(0)
    refused: Decimal = Decimal(0)
    cases: list[Case] = field(default_factory=list)

    @property
    def differences(self) -> tuple[Decimal, ...]:
        """Of the three equations. Positive: lost on that way. Negative: too much. Zero: balanced."""
        return (
            Decimal(self.missing),
            Decimal(self.stored - self.booked - self.not_assigned),
            self.booked - self.posted - self.waiting - self.refused,
        )

    @property
    def missing(self) -> int:
        """Positive: lost. Negative: too much. Zero: balanced."""
        return self.made - self.stored - self.in_doubt - self.gaps

    @property
    def outside(self) -> int:
        return sum(case.outside for case in self.cases)


@dataclass(frozen=True, slots=True)
class TruthTable:
    rows: list[Row]
    faults: dict[str, int]

    @property
    def lost(self) -> int | float:
        return whole(sum(max(Decimal(0), one) for row in self.rows for one in row.differences)) + sum(
            row.outside for row in self.rows
        )

    @property
    def duplicated(self) -> int | float:
        return whole(sum(max(Decimal(0), -one) for row in self.rows for one in row.differences))

    @property
    def balanced(self) -> bool:
        return bool(self.rows) and self.lost == 0 and self.duplicated == 0

    def made(self, unit: str) -> int:
        return sum(row.made for row in self.rows if row.unit == unit)

    @property
    def waits(self) -> bool:
        """Whether something is still on its way to the core."""
        return any(row.waiting for row in self.rows)

    def as_json(self) -> list[dict[str, Any]]:
        return [
            {
                key: whole(value) if isinstance(value, Decimal) else value
                for key, value in asdict(row).items()
                if key != "cases"
            }
            for row in self.rows
        ]


def truth_table(state_dir: Path, database_url: str) -> TruthTable:
    """Compute the table from the ledgers below `state_dir` and the plant's tables. Raises psycopg.Error, LedgerError."""
    histories = _histories(state_dir)
    with psycopg.connect(database_url, autocommit=True, connect_timeout=10) as connection:
        tags = connection.execute(COUNTED_TAGS).fetchall()
        cases = connection.execute(OPEN_CASES).fetchall()
        gaps = connection.execute(GAPS).fetchall()
        told = postings(connection, state_dir)
    rows = [_row(history, tags, cases, gaps, told) for history in histories.values()]
    return TruthTable(rows, _faults(state_dir))


@dataclass(slots=True)
class _History:
    """What one device made: after `times_ms[i]` its counter showed `shown[i]` and it had made `totals[i]`."""

    machine: str
    device: str
    unit: str
    times_ms: list[int] = field(default_factory=list)
    shown: list[int] = field(default_factory=list)
    totals: list[int] = field(default_factory=list)

    def note(self, time_ms: int, shown: int, total: int) -> None:
        self.times_ms.append(time_ms)
        self.shown.append(shown)
        self.totals.append(total)

    def total_when(self, shown: int, time_ms: float) -> int:
        """What had been made when the counter showed `shown`, near `time_ms`.

        By the value first, because a reading's time and the ledger's differ by a moment; by time where the counter
        never showed that value (before the first step).
        """
        nearest: tuple[float, int] | None = None
        for index, value in enumerate(self.shown):
            if value != shown:
                continue
            until = self.times_ms[index + 1] if index + 1 < len(self.times_ms) else float("inf")
            distance = max(0.0, self.times_ms[index] - time_ms, time_ms - until)
            if nearest is None or distance < nearest[0]:
                nearest = (distance, self.totals[index])
        if nearest is None or nearest[0] > CLOCKS_APART_MS:
            return self.total_at(time_ms)
        return nearest[1]

    def total_at(self, time_ms: float) -> int:
        index = bisect_right(self.times_ms, time_ms) - 1
        return self.totals[index] if index >= 0 else 0


def _histories(state_dir: Path) -> dict[tuple[str, str], _History]:
    histories: dict[tuple[str, str], _History] = {}
    for line in truth.read_all(state_dir):
        if isinstance(line, truth.Step):
            key = (line.device, line.unit)
            history = histories.setdefault(key, _History(line.machine, line.device, line.unit))
            history.note(line.time_ms, line.shown, (history.totals[-1] if history.totals else 0) + line.made)
        elif line.event in ("restart", "job_reset"):
            for (device, unit), history in histories.items():
                if device == line.device and unit == "parts" and history.totals:
                    history.note(line.time_ms, 0, history.totals[-1])
    return histories


def _row(
    history: _History,
    tags: Sequence[tuple[str, int, str, str, Decimal | None, datetime | None]],
    cases: Iterable[tuple[Any, ...]],
    gaps: Iterable[tuple[Any, ...]],
    told: Postings,
) -> Row:
    row = Row(history.machine, history.unit, history.totals[-1])
    role = "meter" if history.unit == "Wh" else "counter"
    for device, tag_id, tag_role, tag_name, total, read_at in tags:
        if device != history.device or tag_role != role:
            continue
        row.stored += int(total or 0)
        row.cases += [_case(history, case[1:]) for case in cases if case[0] == tag_id]
        row.gaps += _in_gaps(history, device, tag_name, read_at, gaps)
        balance = told.balances.get(tag_id, Balance(Decimal(0), Decimal(0), Decimal(0)))
        row.booked += int(balance.booked)
        row.not_assigned += int(balance.not_assigned)
        row.waiting += balance.untold
    row.in_doubt = sum(case.in_doubt for case in row.cases)
    key = (row.machine, row.unit)
    row.posted = told.posted.get(key, Decimal(0))
    row.waiting += told.on_the_way.get(key, Decimal(0))
    row.refused = told.refused.get(key, Decimal(0))
    return row


def whole(amount: Decimal | int) -> int | float:
    """As a number for people and JSON; parts and Wh are whole unless something is wrong."""
    return int(amount) if amount == int(amount) else float(amount)


def _case(history: _History, case: Sequence[Any]) -> Case:
    kind, from_ts, to_ts, from_value, to_value, at_least, at_most, believed = case
    made = history.total_when(int(to_value), _ms(to_ts)) - history.total_when(int(from_value), _ms(from_ts))
    return Case(kind, int(at_least), int(at_most), int(believed), made)


def _in_gaps(
    history: _History, device: str, tag: str, read_at: datetime | None, gaps: Iterable[tuple[Any, ...]]
) -> int:
    """Made after the last reading the plant has, inside a gap record: no later reading told it."""
    last_ms = _ms(read_at) if read_at is not None else 0.0
    ends = [
        _ms(to_ts)
        for gap_device, gap_tag, _, to_ts in gaps
        if to_ts is not None and gap_device in (None, device) and gap_tag in (None, "*", tag)
    ]
    until = max(ends, default=0.0)
    return history.total_at(until) - history.total_at(last_ms) if until > last_ms else 0


def _faults(state_dir: Path) -> dict[str, int]:
    counted: Mapping[str, int] = truth.event_counts(state_dir)
    return {name: counted.get(name, 0) for name in ("wrap", "restart", "glitch", "outage")}


def _ms(at: datetime) -> float:
    return at.timestamp() * 1000
