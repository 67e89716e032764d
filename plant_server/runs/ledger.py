"""The one place that moves totals: a booking or an entry changes the run, its operation and its order, and stands in the
Event's facts, from which all of it can be made again (rebuild.py).

What counts follows domain/balance.py, as sums: for a run whose parts the machine counts, good parts are those made less
what the machine rejected and people named; where people count, it is what they entered. More bad parts than were made
leave `good` below zero until the counts come.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from decimal import Decimal
from typing import Any

from plant_server.database import load_queries
from plant_server.domain.booking import Counts, PartsKind
from plant_server.domain.production_entry import EntryKind
from plant_server.domain.run import CountSource
from plant_server.events import CommandContext
from plant_server.events.canonical import canonical
from plant_server.master_data.rows import Row, row_of

QUERIES = load_queries(__package__)
_NONE = Decimal(0)


@dataclass(frozen=True, slots=True)
class Change:
    """Differences of a run's columns."""

    booked_made: int = 0
    booked_scrap: int = 0
    booked_rejected: int = 0
    booked_setup: int = 0
    entered_good: Decimal = _NONE
    entered_scrap: Decimal = _NONE
    entered_rework: Decimal = _NONE
    among_rejects: Decimal = _NONE

    def __add__(self, other: "Change") -> "Change":
        mine, others = self.columns(), other.columns()
        return Change(**{name: mine[name] + others[name] for name in mine})

    def columns(self) -> dict[str, Any]:
        return asdict(self)


def change_of_booking(parts: int, kind: PartsKind, counts: Counts) -> Change:
    match kind:
        case PartsKind.MADE:
            return Change(booked_made=parts)
        case PartsKind.REJECTED:
            return Change(booked_rejected=parts)
        case PartsKind.SCRAP:
            by_reject_counter = counts is Counts.REJECT
            return Change(booked_scrap=parts) if by_reject_counter else Change(booked_setup=parts)
        case PartsKind.NOT_COUNTED:
            return Change()


def change_of_entry(kind: EntryKind, quantity: Decimal, among_rejects: bool) -> Change:
    if among_rejects:
        return Change(among_rejects=quantity)
    match kind:
        case EntryKind.GOOD:
            return Change(entered_good=quantity)
        case EntryKind.SCRAP:
            return Change(entered_scrap=quantity)
        case EntryKind.REWORK:
            return Change(entered_rework=quantity)


def effect(source: CountSource, change: Change) -> dict[str, Decimal]:
    """What a change of a run is for the totals of its operation and order."""
    named = change.entered_scrap + change.entered_rework
    if source is CountSource.OPERATOR:
        return {
            "made": change.entered_good + named + change.among_rejects,
            "good": change.entered_good,
            "scrap": change.entered_scrap + change.among_rejects,
            "rework": change.entered_rework,
        }
    by_machine = change.booked_scrap + change.booked_setup
    return {
        "made": Decimal(change.booked_made + by_machine),
        "good": change.booked_made - change.booked_rejected - named,
        "scrap": by_machine + change.booked_rejected + change.entered_scrap,
        "rework": change.entered_rework,
    }


def good_of(run: Row) -> Decimal:
    """Good parts of a run by its columns, below zero while more bad ones were named than counted."""
    return effect(CountSource(run["count_source"]), change_in(run))["good"]


def change_in(run: Row) -> Change:
    return Change(**{name: run[name] for name in Change().columns()})


async def credit(
    context: CommandContext,
    run_id: int,
    source: CountSource,
    change: Change,
    entries: Sequence[Mapping[str, Any]] = (),
) -> Row:
    """Add to the totals, and the lines of a report to the ledger. The order's row must be locked. Returns the run's row
    with the order's new totals."""
    values = {"run_id": run_id, "entries": canonical(entries)} | change.columns() | effect(source, change)
    row = await row_of(context.connection, QUERIES["credit"], values)
    assert row is not None, "the run was read under the order's lock"  # noqa: S101
    return row


async def enter(
    context: CommandContext, run_id: int, source: CountSource, lines: Sequence[Mapping[str, Any]]
) -> Row:
    """Write the lines of a report, keep them in the Event, and add them to the totals. Returns what `credit` does."""
    known = len(context.facts.get("entries", ()))
    rows: list[Row] = [
        {
            "event_id": context.event_id,
            "line": number,
            "actor": context.actor.text,
            "event_time": context.event_time,
            "recorded_time": context.recorded_time,
            "reverses": None,
        }
        | dict(line)
        for number, line in enumerate(lines, known + 1)
    ]
    context.facts.setdefault("entries", []).extend(rows)
    change = Change()
    for row in rows:
        change += change_of_entry(EntryKind(row["kind"]), row["quantity"], row["among_rejects"])
    return await credit(context, run_id, source, change, rows)
