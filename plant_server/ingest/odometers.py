"""Feeds the odometers: readings in the order of the entries, state rows in the transaction of the cursor.

The rows of the tags concerned are locked and read in each transaction: a few dozen against thousands of samples, and
nobody (a person settling a case, another process) can then be overwritten from a memory.

A reading is *unbroken* when the edge kept one connection with the device since the reading before, no gap record lies
between, and both came from one spool. Contact and gap entries break the series of their tags; the mark stays in the
row until the next reading, whichever transaction brings it. A gap entry that says that tags were redefined ends their
series: the step to the next reading was made by nobody.
"""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple
from uuid import UUID

import psycopg

from edge.contract.spool_metrics import REDEFINED
from plant_server.domain.odometer import (
    Advance,
    Case,
    CaseStatus,
    CounterReading,
    OdometerState,
    advance,
    begin_anew,
    review,
)
from plant_server.ingest.array_parameters import int4, int8, timestamps
from plant_server.ingest.facts import CounterRow, Facts
from plant_server.ingest.queries import QUERIES, moment


class Readings(NamedTuple):
    """Counter readings of one message."""

    epoch: UUID
    rows: Sequence[CounterRow]


class Break(NamedTuple):
    """Contact lost or found, or a gap: the next reading of these tags is no continuation."""

    tag_ids: frozenset[int]


class Anew(NamedTuple):
    """From here on these tags show another number."""

    tag_ids: frozenset[int]


Step = Readings | Break | Anew


@dataclass(slots=True)
class _Odometer:
    state: OdometerState = field(default_factory=OdometerState)
    epoch: UUID | None = None
    is_broken: bool = False
    time_ms: int | None = None


class OdometerBook:
    """The odometers of one transaction: `lock`, then `step` in order, then `save`."""

    def __init__(self, cursor: psycopg.Cursor) -> None:
        self._cursor = cursor
        self._odometers: dict[int, _Odometer] = {}
        self._log: list[tuple[int, int, int]] = []
        self._cases: dict[tuple[int, int], Case] = {}

    def lock(self, steps: Iterable[Step]) -> None:
        tag_ids: set[int] = set()
        for step in steps:
            tag_ids |= {row.tag_id for row in step.rows} if isinstance(step, Readings) else step.tag_ids
        rows = self._cursor.execute(QUERIES["lock_odometers"], {"tag_ids": sorted(tag_ids)}).fetchall()
        for tag_id, state, epoch, is_broken in rows:
            self._odometers[tag_id] = _Odometer(OdometerState.from_json(state), epoch, is_broken)

    def step(self, steps: Iterable[Step]) -> None:
        for step in steps:
            if isinstance(step, Break):
                for tag_id in step.tag_ids:
                    if tag_id in self._odometers:  # Before its first reading there is nothing to break.
                        self._odometers[tag_id].is_broken = True
            elif isinstance(step, Anew):
                self._begin_anew(step.tag_ids & self._odometers.keys())
            else:
                for row in step.rows:
                    self._read(row, step.epoch)

    def save(self) -> None:
        ordered = sorted(self._odometers.items())
        if not ordered:
            return
        self._cursor.execute(
            QUERIES["save_odometers"],
            {
                "tag_ids": [tag_id for tag_id, _ in ordered],
                "totals": [row.state.total for _, row in ordered],
                "ts": [None if row.time_ms is None else moment(row.time_ms) for _, row in ordered],
                "states": [json.dumps(row.state.to_json()) for _, row in ordered],
                "epochs": [row.epoch for _, row in ordered],
                "broken": [row.is_broken for _, row in ordered],
            },
        )
        if self._log:
            self._cursor.execute(
                QUERIES["log_odometers"],
                {
                    "tag_ids": int4(tag_id for tag_id, _, _ in self._log),
                    "ts": timestamps(time_ms for _, time_ms, _ in self._log),
                    "totals": int8(total for _, _, total in self._log),
                },
            )
        for (tag_id, _), case in self._cases.items():
            save_case(self._cursor, tag_id, case)

    def _read(self, row: CounterRow, epoch: UUID) -> None:
        odometer = self._odometers.get(row.tag_id)
        if odometer is None:
            odometer = self._odometers[row.tag_id] = _Odometer(epoch=epoch)
        unbroken = not odometer.is_broken and odometer.epoch == epoch
        told = advance(
            odometer.state,
            CounterReading(row.value, row.time_ms / 1000),
            modulus=row.counted.modulus,
            rate_max=row.counted.rate_max,
            unbroken=unbroken,
        )
        odometer.epoch, odometer.is_broken, odometer.time_ms = epoch, False, row.time_ms
        self._take(row.tag_id, odometer, told, row.time_ms)

    def _begin_anew(self, tag_ids: frozenset[int]) -> None:
        limits = self._cursor.execute(QUERIES["counter_limits"], {"tag_ids": sorted(tag_ids)}).fetchall()
        for tag_id, width, scale, rate_max in limits:
            odometer = self._odometers[tag_id]
            told = begin_anew(odometer.state, modulus=2**width * scale, rate_max=rate_max)
            self._take(tag_id, odometer, told, odometer.time_ms or 0)

    def _take(self, tag_id: int, odometer: _Odometer, told: Advance, time_ms: int) -> None:
        odometer.state = told.state
        if told.parts:
            self._log.append((tag_id, time_ms, told.state.total))
        if told.case is not None:
            self._cases[tag_id, told.case.number] = told.case


def save_case(cursor: psycopg.Cursor, tag_id: int, case: Case) -> None:
    """Insert or replace a case and raise or clear its alarm."""
    cursor.execute(
        QUERIES["save_case"],
        {
            "tag_id": tag_id,
            "number": case.number,
            "kind": case.kind,
            "from_ts": moment(round(case.before.at * 1000)),
            "to_ts": moment(round(case.after.at * 1000)),
            "from_value": case.before.value,
            "to_value": case.after.value,
            "at_least": case.at_least,
            "at_most": case.at_most,
            "believed": case.believed,
            "state": case.status,
        },
    )
    if case.status is CaseStatus.SETTLED:
        cursor.execute(QUERIES["clear_case_alarm"], {"tag_id": tag_id})
    else:
        detail = f"{case.kind}: made {case.at_least} to {case.at_most}, counted {case.believed}"
        cursor.execute(QUERIES["raise_case_alarm"], {"tag_id": tag_id, "detail": detail})


def review_doubts(cursor: psycopg.Cursor, now_s: float) -> None:
    """Opens the cases of doubts that no reading came to settle: a dead device sends none. `now_s`: UTC."""
    rows = cursor.execute(QUERIES["lock_doubtful_odometers"]).fetchall()
    for tag_id, state, width, scale, rate_max in rows:
        if width is None or rate_max is None:
            continue
        told = review(OdometerState.from_json(state), now=now_s, modulus=2**width * scale, rate_max=rate_max)
        if told.case is None:
            continue
        cursor.execute(QUERIES["save_doubt"], {"tag_id": tag_id, "state": json.dumps(told.state.to_json())})
        save_case(cursor, tag_id, told.case)


THINNED = frozenset({"dropped", "too_old"})


def steps_of(cursor: psycopg.Cursor, edge_id: int, facts: Facts) -> list[Step]:
    """What one message means to the odometers."""
    steps: list[Step] = []
    if facts.numbers is None:
        return steps
    if facts.contact is not None:
        steps.append(Break(_counted_tags(cursor, edge_id, facts.contact.device, None)))
    if facts.gap is not None:
        if facts.gap.reason == REDEFINED:
            rows: list[tuple[str | None, str | None]] = [
                (row.device, _each(row.tag)) for row in facts.gap.tags
            ]
            named = [_counted_tags(cursor, edge_id, device, tag) for device, tag in rows or [(None, None)]]
            steps.append(Anew(frozenset().union(*named)))
        elif facts.gap.tags:
            named = [
                _counted_tags(cursor, edge_id, row.device, _broken_by(row.tag, facts.gap.reason))
                for row in facts.gap.tags
            ]
            steps.append(Break(frozenset().union(*named)))
        else:
            steps.append(Break(_counted_tags(cursor, edge_id, None, None)))
    if facts.counters:
        steps.append(Readings(facts.numbers.epoch, facts.counters))
    return steps


def _each(tag: str) -> str | None:
    return None if tag == "*" else tag


def _broken_by(tag: str, reason: str) -> str | None:
    """A record that would name too many tags speaks of the whole device: `*`. Of what an edge thinned, the counters are
    never part: what they counted is told whole by the readings that stay."""
    return None if tag == "*" and reason not in THINNED else tag


def _counted_tags(
    cursor: psycopg.Cursor, edge_id: int, device: str | None, tag: str | None
) -> frozenset[int]:
    rows = cursor.execute(
        QUERIES["counted_tags"], {"edge_id": edge_id, "device": device, "tag": tag}
    ).fetchall()
    return frozenset(tag_id for (tag_id,) in rows)
