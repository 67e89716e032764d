"""A wrong booking is reversed: its counts are nobody's again, until a person says whose (assigning.py).

As a whole, never in part: to give some of its counts to another run, reverse it and assign the shares anew. The rejects
that the machine counted meanwhile go with their parts. What the ERP was told of it is taken back from the Events that
told it, and the material that the run consumed is taken back and consumed again for what is left.
"""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from psycopg import AsyncConnection

from plant_server.database import load_queries
from plant_server.domain.booking import Counts, PartsKind
from plant_server.domain.run import CountSource
from plant_server.events import CommandContext, Refused
from plant_server.events.canonical import canonical
from plant_server.master_data.rows import Row, row_of, rows_of
from plant_server.materials.backflush import consume_for_report, reverse_for_report
from plant_server.runs.booking import book
from plant_server.runs.booking_schemas import BookingRow, UnbookBody
from plant_server.runs.differences import state_difference
from plant_server.runs.ending import run_of, tags_of
from plant_server.runs.ledger import Change, change_of_booking, credit, good_of
from plant_server.runs.rejects import ONE_POLL
from plant_server.runs.reports import must_take_counts
from plant_server.runs.service import lock_run
from plant_server.runs.telling import COMPLETION, REWORK, SCRAP, Telling, tell
from plant_server.work_orders.orders import refresh_operations

QUERIES = load_queries(__package__)
OWN = load_queries(__package__, "unbooking.sql")
MOST = 500


async def bookings(connection: AsyncConnection, run_id: int) -> list[BookingRow]:
    """Of a run, the newest first."""
    rows = await rows_of(connection, OWN["bookings"], {"run_id": run_id, "limit": MOST})
    return [BookingRow(**row) for row in rows]


async def reverse_booking(run_id: int, body: UnbookBody, context: CommandContext) -> Mapping[str, Any]:
    """Give the counts of one booking back. Problems: 404. Refused: `range-not-booked` (also when it has been reversed
    already), `run-has-not-ended`, `more-than-made` (reverse the reports that name bad parts among them first),
    `order-is-…`."""
    run, order, locked = await lock_run(context, run_id)
    must_take_counts(order)
    if run["to_time"] is None:  # It would grow on while somebody looks at it.
        raise Refused("run-has-not-ended", detail=f"run {run_id}", run=run_id)
    await book(context, locked, await tags_of(context, run_id))
    values = body.model_dump(exclude={"note"}) | {"run_id": run_id, "one_poll": ONE_POLL}
    wrong = await rows_of(context.connection, OWN["booking_and_its_rejects"], values)
    if not wrong:
        raise Refused("range-not-booked", detail=f"({body.odometer_from}, {body.odometer_to}]")
    versions = {
        tag_id: await _version(context, tag_id) for tag_id in sorted({one["tag_id"] for one in wrong})
    }
    change = Change()
    for one in wrong:
        change += await _give_back(context, one, versions[one["tag_id"]])
        await _cut_told(context, one)
    after = await credit(context, run_id, CountSource(run["count_source"]), change)
    if run["count_source"] != CountSource.OPERATOR and good_of(after) < 0:
        raise Refused("more-than-made", detail=format(-good_of(after), "f"), excess=-good_of(after))
    await _tell_and_consume(context, order, run_id)
    if not run["is_last"]:
        await refresh_operations(context, order)
    given_back = [
        {name: int(one[name]) for name in ("tag_id", "odometer_from", "odometer_to")} for one in wrong
    ]
    return {"run_id": run_id, "not_assigned": given_back}


async def _version(context: CommandContext, tag_id: int) -> int:
    row = await row_of(context.connection, QUERIES["lock_counted_tag"], {"tag_id": tag_id})
    assert row is not None, "INSERT … DO UPDATE returns its row"  # noqa: S101
    return int(row["version"])


async def _give_back(context: CommandContext, one: Row, version: int) -> Change:
    """One booking becomes a range that is not assigned; returns what it changes."""
    put = {name: one[name] for name in ("tag_id", "odometer_from", "odometer_to", "from_ts", "to_ts")}
    put |= {"reason": "reversed", "proposed_run_id": None}
    await context.connection.execute(OWN["unbook"], one)
    await context.connection.execute(QUERIES["put_not_assigned"], put)
    context.facts.setdefault("unbooked", []).append(dict(one) | {"version": version, "put": put})
    return change_of_booking(-one["parts"], PartsKind(one["kind"]), Counts(one["counts"]))


async def _cut_told(context: CommandContext, one: Row) -> None:
    """The counts stand in no document any more; told again, they are told with their next run."""
    for told in await rows_of(context.connection, OWN["take_told_ranges"], one):
        spans = [
            (told["odometer_from"], one["odometer_from"]),
            (one["odometer_to"], told["odometer_to"]),
        ]
        left = [
            dict(told) | {"odometer_from": begin, "odometer_to": end} for begin, end in spans if begin < end
        ]
        if left:
            await context.connection.execute(QUERIES["tell_ranges"], {"ranges": canonical(left)})
        context.facts.setdefault("cut", []).append(dict(told) | {"left": left})


async def _tell_and_consume(context: CommandContext, order: Row, run_id: int) -> None:
    run, at_once = await run_of(context, run_id), context.recorded_time
    if order["bom_id"] is not None:
        for row in await rows_of(context.connection, OWN["events_that_consumed"], run):
            await reverse_for_report(context, row["event_id"], run_id=run_id, not_before=at_once)
    await tell(context, order, run, Telling(at_once, consumes=False))
    run = await run_of(context, run_id)
    await state_difference(context, run)
    good, scrap = _told(run, COMPLETION) + _told(run, REWORK), _told(run, SCRAP)
    if order["bom_id"] is not None and (good or scrap):
        await consume_for_report(context, run_id, good, scrap, made_time=run["to_time"], not_before=at_once)


def _told(run: Row, kind: str) -> Decimal:
    return sum((Decimal(one["quantity"]) for one in run["told"] if one["kind"] == kind), Decimal(0))
