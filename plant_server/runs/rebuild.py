"""Every balance made again from Events alone: what was booked and to whom, what waits, totals, states, what was told.

Orders, operations and runs themselves stay; all figures and states in them, and all rows of bookings, counts that are
not assigned, entries, cases and tellings are forgotten and made from the facts of the Events, by the very statements
that made them first. Facts carry the version of what they changed (the order's, the counter's), so it does not matter in
which order they are read. The same tables come out, or something was changed without an Event.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from psycopg import AsyncConnection

from plant_server.database import load_queries
from plant_server.domain.booking import Counts, PartsKind
from plant_server.domain.production_entry import EntryKind
from plant_server.domain.run import CountSource
from plant_server.events.canonical import canonical
from plant_server.master_data.rows import row_of
from plant_server.runs.ledger import Change, change_of_booking, change_of_entry, effect

QUERIES = load_queries(__package__)
OWN = load_queries(__package__, "rebuild.sql")
UNBOOKING = load_queries(__package__, "unbooking.sql")
FETCH_AT_ONCE = 500
_TOLD_BY = ("run_id", "kind", "reason", "event_id")

Fact = dict[str, Any]
Progress = Callable[[str, int, int], None]
"""Gets what is being read or made, how much of it is done, and how much there is."""


def no_progress(what: str, done: int, total: int) -> None:
    """Nobody looks."""


@dataclass(slots=True)
class _Facts:
    """What the Events say, sorted by what it is about. Small enough to be held: increments of ranges, not counts."""

    ranges: list[tuple[int, int, int, str, Fact]] = field(
        default_factory=list
    )  # tag, version, number, what, fact
    entries: dict[int, list[Fact]] = field(default_factory=dict)  # by run
    told: list[Fact] = field(default_factory=list)
    untold: set[tuple[str, int]] = field(default_factory=set)
    told_ranges: list[Fact] = field(default_factory=list)
    forgotten: set[tuple[str, int]] = field(default_factory=set)
    cut: list[Fact] = field(default_factory=list)
    cases: list[tuple[str, Fact]] = field(default_factory=list)
    orders: dict[int, Fact] = field(default_factory=dict)
    operations: dict[int, Fact] = field(default_factory=dict)
    changes: dict[int, Change] = field(default_factory=dict)


async def rebuild(connection: AsyncConnection, progress: Progress = no_progress) -> None:
    """In one transaction, with every writer waiting. Nothing happens if it fails."""
    async with connection.transaction():
        await connection.execute(OWN["stop_writers"])
        facts = await _read(connection, progress)
        await connection.execute(OWN["forget"])
        await _make_ranges(connection, facts, progress)
        await _make_told(connection, facts)
        await _make_cases(connection, facts)
        await _make_totals(connection, facts)
        await _make_states(connection, facts)
        await connection.execute(OWN["settle_runs"])


async def _read(connection: AsyncConnection, progress: Progress) -> _Facts:
    facts, done = _Facts(), 0
    counted = await row_of(connection, OWN["number_of_facts"], {})
    total = int(counted["events"]) if counted else 0
    async with connection.cursor(name="facts") as cursor:
        await cursor.execute(OWN["facts"])
        while rows := await cursor.fetchmany(FETCH_AT_ONCE):
            for event_id, told in rows:
                _sort(facts, event_id, told)
            done += len(rows)
            progress("events", done, total)
    return facts


def _sort(facts: _Facts, event_id: str, told: Mapping[str, Any]) -> None:
    for what in ("unbooked", "taken", "bookings", "left"):  # A range is taken out before it is given.
        for fact in told.get(what, ()):
            facts.ranges.append((fact["tag_id"], fact["version"], len(facts.ranges), what, fact))
    for fact in told.get("bookings", ()):
        change = change_of_booking(fact["parts"], PartsKind(fact["kind"]), Counts(fact["counts"]))
        _add(facts, fact["run_id"], change)
    for fact in told.get("unbooked", ()):
        change = change_of_booking(-fact["parts"], PartsKind(fact["kind"]), Counts(fact["counts"]))
        _add(facts, fact["run_id"], change)
    for fact in told.get("entries", ()):
        quantity = Decimal(fact["quantity"])
        _add(facts, fact["run_id"], change_of_entry(EntryKind(fact["kind"]), quantity, fact["among_rejects"]))
        facts.entries.setdefault(fact["run_id"], []).append(fact)
    facts.told += [_told_by(one, event_id, told) for one in told.get("told", ())]
    facts.untold |= {(one["event_id"], one["run_id"]) for one in told.get("untold", ())}
    facts.told_ranges += told.get("told_ranges", ())
    facts.cut += told.get("cut", ())
    facts.forgotten |= {(one["event_id"], one["run_id"]) for one in told.get("forgotten", ())}
    _sort_cases(facts, told)
    _keep_newest(facts.orders, told.get("orders", ()), "work_order_id")
    _keep_newest(facts.operations, told.get("operations", ()), "operation_id")


def _told_by(fact: Fact, event_id: str, told: Mapping[str, Any]) -> Fact:
    """Facts of before say not which Event told it: less is of the report that was reversed, all else of this one."""
    if "event_id" in fact:
        return fact
    reversed_ids = [one["reverses"] for one in told.get("entries", ()) if one["reverses"]]
    of = reversed_ids[0] if reversed_ids and Decimal(fact["quantity"]) < 0 else event_id
    return fact | {"event_id": of}


def _add(facts: _Facts, run_id: int, change: Change) -> None:
    facts.changes[run_id] = facts.changes.get(run_id, Change()) + change


def _sort_cases(facts: _Facts, told: Mapping[str, Any]) -> None:
    facts.cases += [("add_late_case", one) for one in told.get("cases", ())]
    for one in told.get("differences", ()):
        facts.cases.append(("state_difference" if Decimal(one["quantity"]) else "no_difference", one))
    for one in told.get("surpluses", ()):
        facts.cases.append(("state_surplus" if Decimal(one["quantity"]) else "no_surplus", one))
    facts.cases += [("settle_late", one) for one in told.get("settled_late", ())]
    if "settled_case" in told:
        facts.cases.append(("settle_case", told["settled_case"]))


def _keep_newest(known: dict[int, Fact], told: Iterable[Fact], id_name: str) -> None:
    for fact in told:
        other = known.get(fact[id_name])
        if other is None or other["version"] <= fact["version"]:
            known[fact[id_name]] = fact


async def _make_ranges(connection: AsyncConnection, facts: _Facts, progress: Progress) -> None:
    in_order = sorted(facts.ranges, key=lambda one: one[:3])
    for done, (_, _, _, what, fact) in enumerate(in_order, start=1):
        progress("ranges", done, len(in_order))
        if what == "taken":
            await connection.execute(QUERIES["take_not_assigned"], fact)
            for put in fact["puts"]:
                await connection.execute(QUERIES["put_not_assigned"], put)
            continue
        if what == "unbooked":
            await connection.execute(UNBOOKING["unbook"], fact)
            await connection.execute(QUERIES["put_not_assigned"], fact["put"])
            continue
        await connection.execute(QUERIES["book" if what == "bookings" else "leave"], fact)
        if not fact.get("by_person"):
            moved = {
                "tag_id": fact["tag_id"],
                "position": fact["odometer_to"],
                "ts": fact["to_ts"],
            }
            await connection.execute(QUERIES["advance_tag"], moved)


async def _make_told(connection: AsyncConnection, facts: _Facts) -> None:
    sums: dict[tuple[int, str, str, str], Decimal] = {}
    for one in facts.told:
        if (one["event_id"], one["run_id"]) not in facts.untold:
            key = (one["run_id"], one["kind"], one["reason"], one["event_id"])
            sums[key] = sums.get(key, Decimal(0)) + Decimal(one["quantity"])
    told = [dict(zip(_TOLD_BY, key, strict=True)) | {"quantity": sums[key]} for key in sums]
    for begin in range(0, len(told), FETCH_AT_ONCE):
        await connection.execute(QUERIES["tell"], {"told": canonical(told[begin : begin + FETCH_AT_ONCE])})
    ranges = [one for one in _uncut(facts) if (one["event_id"], one["run_id"]) not in facts.forgotten]
    await connection.execute(QUERIES["tell_ranges"], {"ranges": canonical(ranges)})


def _uncut(facts: _Facts) -> list[Fact]:
    """Ranges as they were told, or what is left of them: each cut names one that was told, or left by another cut."""
    left = [piece for one in facts.cut for piece in one["left"]]
    gone = Counter(_span(one) for one in facts.cut)
    ranges = []
    for one in (*facts.told_ranges, *left):
        if gone[_span(one)]:
            gone[_span(one)] -= 1
        else:
            ranges.append(one)
    return ranges


def _span(one: Fact) -> tuple[Any, ...]:
    bounds = (int(one["odometer_from"]), int(one["odometer_to"]))
    return (one["tag_id"], *bounds, one["run_id"], one["event_id"])


async def _make_cases(connection: AsyncConnection, facts: _Facts) -> None:
    for query, fact in facts.cases:
        await connection.execute(QUERIES[query], fact)


async def _make_totals(connection: AsyncConnection, facts: _Facts) -> None:
    for run_id, change in sorted(facts.changes.items()):
        run = await row_of(connection, OWN["count_source"], {"run_id": run_id})
        assert run is not None, "a run is never deleted"  # noqa: S101
        entries = canonical(facts.entries.get(run_id, ()))
        values = {"run_id": run_id, "entries": entries} | change.columns()
        values |= effect(CountSource(run["count_source"]), change)
        await connection.execute(QUERIES["credit"], values)


async def _make_states(connection: AsyncConnection, facts: _Facts) -> None:
    for fact in facts.orders.values():
        await connection.execute(OWN["order_state"], fact)
    for fact in facts.operations.values():
        await connection.execute(OWN["operation_state"], fact)
