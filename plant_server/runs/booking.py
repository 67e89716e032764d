"""Books what counters showed to the runs of their stations, inside the transaction of whatever command comes by.

Readings are looked at once, in the order of the total: `counted_tag.position` says how far. What belongs to a run whose
order is not locked by this transaction waits for the next one (the keeper comes every few seconds).
"""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from plant_server.database import load_queries
from plant_server.domain.booking import CounterTag, Counts, OdometerRange, kind_of, parts_of
from plant_server.domain.run import CountSource, PartsPerCycle, Phase, RunSetting, SetupPartsPolicy
from plant_server.domain.work_order import TAKES_COUNTS, WorkOrderState
from plant_server.events import CommandContext
from plant_server.master_data.reading import to_ms
from plant_server.master_data.rows import Row, row_of, rows_of
from plant_server.runs.differences import state_difference
from plant_server.runs.ledger import Change, change_of_booking, credit
from plant_server.runs.steps import Loss, Nobodys, Piece, Point, Slot, divide, with_unchanged
from plant_server.runs.telling import Telling, tell
from plant_server.work_orders.orders import refresh_operations

QUERIES = load_queries(__package__)
UNCHANGED = load_queries(__package__, "unchanged.sql")["unchanged"]
POINTS_AT_ONCE = 5000
SLACK = timedelta(minutes=1)
SLACK_AFTER_A_CLOCK = timedelta(days=2)
"""How much earlier than the last reading that was looked at the next one may be dated."""
LATE_AFTER = timedelta(seconds=60)
"""So long after its end a run of a completed order takes what was still on its way; later it is a case."""

Orders = dict[int, Row]


@dataclass(frozen=True, slots=True)
class _Counter:
    """How the counts of a tag become parts of one run."""

    tag: CounterTag
    setup_parts: SetupPartsPolicy
    source: CountSource
    has_ended: bool


@dataclass(frozen=True, slots=True)
class Booked:
    """What came of one tag. `more`: there is more than one transaction's worth. `ended`: runs that got some of it and had
    ended before. A machine's rejects are of its parts: told after each tag, an Event would say more and take it back."""

    more: bool = False
    ended: frozenset[int] = frozenset()


async def book(context: CommandContext, locked: Orders, tag_ids: Iterable[int]) -> None:
    """Look at all news of the tags. `locked`: the orders whose rows this transaction holds."""
    wanted = sorted(set(tag_ids))
    if not wanted:
        return
    news = await rows_of(context.connection, QUERIES["tags_with_news"], {"tag_ids": wanted})
    ended: set[int] = set()
    for row in news:
        ended |= (await book_tag(context, locked, row["tag_id"])).ended
    await tell_ended(context, locked, ended)


async def book_tag(context: CommandContext, locked: Orders, tag_id: int) -> Booked:
    """Look at what is new of one tag. What ended runs are owed is told by `tell_ended`, when all tags were looked at."""
    connection = context.connection
    at = await row_of(connection, QUERIES["lock_counted_tag"], {"tag_id": tag_id})
    assert at is not None, "INSERT … DO UPDATE returns its row"  # noqa: S101
    values = {"tag_id": tag_id, "limit": POINTS_AT_ONCE, "slack": SLACK} | at
    read = await rows_of(connection, QUERIES["points"], values)
    if not read:  # An edge's clock was set back; rare, so that it may cost more.
        read = await rows_of(connection, QUERIES["points"], values | {"slack": SLACK_AFTER_A_CLOCK})
    if not read:
        return Booked()
    rows = await rows_of(connection, QUERIES["slots"], values)
    slots = [_slot(row, context.recorded_time) for row in rows]
    points = _ours([Point(row["ts"], int(row["total"])) for row in read], slots, locked)
    losses = await _losses(context, tag_id, at["ts"], points, slots)
    unchanged = await _unchanged(context, tag_id, at["ts"], points, losses)
    seen = with_unchanged(int(at["position"]), points, unchanged)
    pieces = divide(int(at["position"]), at["ts"], seen, slots, losses)
    counters = {row["run_id"]: _counter(tag_id, row) for row in rows}
    ended = await _write(context, locked, tag_id, at["version"], pieces, counters)
    if points:
        moved = {"tag_id": tag_id, "position": points[-1].total, "ts": points[-1].ts}
        await connection.execute(QUERIES["advance_tag"], moved)
        await connection.execute(QUERIES["settle_runs"], moved)
    return Booked(len(read) == POINTS_AT_ONCE, ended)


def _ours(points: list[Point], slots: list[Slot], locked: Orders) -> list[Point]:
    """The points before the first that belongs to an order which is not locked."""
    for number, point in enumerate(points):
        owner = next((one for one in slots if one.holds(point.ts)), None)
        if owner is not None and owner.work_order_id not in locked:
            return points[:number]
    return points


def _slot(row: Row, now: datetime) -> Slot:
    ended: datetime | None = row["run_end"]
    state = WorkOrderState(row["state"])
    is_through = state in (WorkOrderState.COMPLETED, WorkOrderState.ABORTED)
    is_late = state not in TAKES_COUNTS or (is_through and ended is not None and now - ended > LATE_AFTER)
    until = row["next_time"] if ended is None else min(row["next_time"] or ended, ended)
    return Slot(
        row["run_id"],
        row["work_order_id"],
        row["from_time"],
        until,
        row["from_time"],
        Phase(row["phase"]),
        PartsPerCycle(row["cavities"], row["blocked"], row["cycles"]),
        int(row["origin"]),
        is_late,
    )


def _counter(tag_id: int, row: Row) -> _Counter:
    return _Counter(
        CounterTag(str(tag_id), Counts(row["counts"]), row["among_parts"]),
        SetupPartsPolicy(row["setup_parts"]),
        CountSource(row["count_source"]),
        row["run_end"] is not None,
    )


async def _losses(
    context: CommandContext, tag_id: int, before: datetime | None, points: list[Point], slots: list[Slot]
) -> list[Loss]:
    """Losses of contact, asked for only if a slot begins or ends between the readings: else they do not matter."""
    if before is None or not points:
        return []
    until = max(point.ts for point in points)
    bounds = [bound for one in slots for bound in (one.from_time, one.to_time) if bound is not None]
    if not any(before < bound < until for bound in bounds):
        return []
    values = {"tag_id": tag_id, "from_ts": before, "to_ts": until}
    return [Loss(**row) for row in await rows_of(context.connection, QUERIES["losses"], values)]


async def _unchanged(
    context: CommandContext,
    tag_id: int,
    before: datetime | None,
    points: list[Point],
    losses: list[Loss],
) -> list[datetime]:
    """When, after a loss of contact, a reading showed what the last one before it showed."""
    over = [one for one in losses if one.to_time is not None]
    if before is None or not over:
        return []
    values = {
        "tag_id": tag_id,
        "from_times": [one.from_time for one in over],
        "to_times": [one.to_time for one in over],
        "until": max(point.ts for point in points),
    }
    found = await rows_of(context.connection, UNCHANGED, values)
    return [row["ts"] for row in found if row["ts"] > before]


async def _write(
    context: CommandContext,
    locked: Orders,
    tag_id: int,
    version: int,
    pieces: list[Piece],
    counters: dict[int, _Counter],
) -> frozenset[int]:
    """The runs that got some of it and had ended."""
    changes: dict[int, Change] = {}
    for piece in pieces:
        values = {
            "tag_id": tag_id,
            "version": version,
            "odometer_from": piece.odometer_from,
            "odometer_to": piece.odometer_to,
            "from_ts": piece.from_ts,
            "to_ts": piece.to_ts,
        }
        if piece.slot is None:
            await _leave(context, piece, values)
        else:
            run_id = piece.slot.run_id
            change = await give(
                context, piece.slot, counters[run_id].tag, counters[run_id].setup_parts, values
            )
            changes[run_id] = changes.get(run_id, Change()) + change
    ended = [
        run_id
        for run_id, change in sorted(changes.items())
        if await _credit_run(context, locked, run_id, counters[run_id].source, change)
    ]
    return frozenset(ended)


async def give(
    context: CommandContext,
    slot: Slot,
    tag: CounterTag,
    setup_parts: SetupPartsPolicy,
    values: dict[str, Any],
    *,
    by_person: bool = False,
) -> Change:
    """Write one booking and its fact; returns what it changes."""
    setting = RunSetting(to_ms(slot.setting_time) or 0, slot.phase, slot.parts_per_cycle)
    span = OdometerRange(values["odometer_from"], values["odometer_to"])
    parts = parts_of(tag, setting, slot.origin, span)
    kind = kind_of(tag, slot.phase, setup_parts)
    booking = values | {
        "run_id": slot.run_id,
        "setting_time": slot.setting_time,
        "parts": parts,
        "kind": kind,
        "by_person": by_person,
    }
    await context.connection.execute(QUERIES["book"], booking)
    context.facts.setdefault("bookings", []).append(booking | {"counts": tag.counts})
    return change_of_booking(parts, kind, tag.counts)


async def settle_run(
    context: CommandContext, locked: Orders, run_id: int, source: CountSource, change: Change
) -> None:
    """The totals after bookings of a run; what it is owed if it has ended already."""
    if await _credit_run(context, locked, run_id, source, change):
        await tell_ended(context, locked, [run_id])


async def tell_ended(context: CommandContext, locked: Orders, run_ids: Collection[int]) -> None:
    """What runs that have ended are owed by now."""
    for run_id in sorted(run_ids):
        run = await row_of(context.connection, QUERIES["run"], {"run_id": run_id})
        assert run is not None, "it was credited"  # noqa: S101
        await tell(context, locked[run["work_order_id"]], run, Telling(context.recorded_time))
        await state_difference(context, run)


async def _credit_run(
    context: CommandContext, locked: Orders, run_id: int, source: CountSource, change: Change
) -> bool:
    """Whether the run has ended."""
    credited = await credit(context, run_id, source, change)
    if not credited["is_last"]:
        await refresh_operations(context, locked[credited["work_order_id"]])
    return credited["to_time"] is not None


async def _leave(context: CommandContext, piece: Piece, values: dict[str, Any]) -> None:
    left = values | {"reason": piece.reason, "proposed_run_id": piece.proposed_run_id}
    await context.connection.execute(QUERIES["leave"], left)
    context.facts.setdefault("left", []).append(left)
    if piece.reason is Nobodys.LATE:
        case = {
            "kind": "late",
            "run_id": piece.proposed_run_id,
            "odometer_from": piece.odometer_from,
            "quantity": piece.odometer_to - piece.odometer_from,
            "opened_time": context.recorded_time,
        }
        await context.connection.execute(QUERIES["add_late_case"], case)
        context.facts.setdefault("cases", []).append(case)
