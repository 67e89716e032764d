"""What a shift made, lost and left open at a station, from bookings, reports, stops and cases: read, never kept twice."""

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from psycopg import AsyncConnection

from plant_server.database import load_queries
from plant_server.domain.booking import Counts, PartsKind
from plant_server.domain.production_entry import EntryKind
from plant_server.domain.run import CountSource
from plant_server.domain.work_order import WorkOrderState
from plant_server.hand_overs.schemas import MadeInShift, OpenQuestions, ScrapInShift, StoodInShift, Summary
from plant_server.master_data.rows import Row, row_of, rows_of
from plant_server.runs import showing
from plant_server.runs.ledger import Change, change_of_booking, change_of_entry, effect
from plant_server.stops import service as stops
from plant_server.work_orders import service as work_orders

QUERIES = load_queries(__package__)
LONGEST = timedelta(
    hours=12
)  # As long as a session lasts (people/identity.py): nobody works longer in one go.
STOPS_MOST = 100


async def summary_of(connection: AsyncConnection, equipment_id: int, path: str, to_time: datetime) -> Summary:
    """Since the last hand-over at the station; without one within 12 hours, those 12 hours."""
    values: dict[str, Any] = {"equipment_id": equipment_id, "earliest": to_time - LONGEST}
    begin = await row_of(connection, QUERIES["begin"], values)
    assert begin is not None, "an aggregate returns one row"  # noqa: S101
    values["from_time"] = begin["from_time"]
    entered = await rows_of(connection, QUERIES["entered"], values)
    stood = await stops.standing(connection, path, begin["from_time"], to_time)
    names = {row["code"]: row for row in await rows_of(connection, QUERIES["stop_reasons"], {})}
    seconds: dict[str | None, float] = {}
    for one in stood.by_reason:
        seconds[one.reason] = seconds.get(one.reason, 0) + one.seconds
    return Summary(
        from_time=begin["from_time"],
        to_time=to_time,
        made=await _made(connection, values, entered),
        scrap=_scrap(entered),
        stood=[
            StoodInShift(reason=reason, seconds=round(spent), **_names(names.get(reason or "")))
            for reason, spent in sorted(seconds.items(), key=lambda one: -one[1])
        ],
        unassigned_s=round(stood.unassigned_s),
        questions=await _questions(connection, equipment_id, path, begin["from_time"]),
    )


async def _made(
    connection: AsyncConnection, values: Mapping[str, Any], entered: Iterable[Row]
) -> list[MadeInShift]:
    changes: dict[int, Change] = {}
    for row in await rows_of(connection, QUERIES["booked"], values):
        change = change_of_booking(row["parts"], PartsKind(row["kind"]), Counts(row["counts"]))
        changes[row["run_id"]] = changes.get(row["run_id"], Change()) + change
    for row in entered:
        change = change_of_entry(EntryKind(row["kind"]), row["quantity"], row["among_rejects"])
        changes[row["run_id"]] = changes.get(row["run_id"], Change()) + change
    orders: dict[str, MadeInShift] = {}
    for run in await rows_of(connection, QUERIES["runs"], values):
        told = effect(CountSource(run["count_source"]), changes.get(run["run_id"], Change()))
        before = orders.get(run["number"])
        if before is not None:
            told = {name: told[name] + getattr(before, name) for name in told}
        named: Row = {name: run[name] for name in ("number", "item", "name_en", "name_zh")}
        orders[run["number"]] = MadeInShift(**named | told)
    return list(orders.values())


def _scrap(entered: Iterable[Row]) -> list[ScrapInShift]:
    by_reason: dict[str, ScrapInShift] = {}
    for row in entered:
        if row["kind"] != EntryKind.SCRAP:
            continue
        code = row["reason"]
        known = by_reason.get(code)
        quantity = row["quantity"] + (known.quantity if known else Decimal(0))
        names = {"name_en": row["name_en"] or code, "name_zh": row["name_zh"] or code}
        by_reason[code] = ScrapInShift(reason=code, quantity=quantity, **names)
    told = [one for one in by_reason.values() if one.quantity]  # What was taken back is none.
    return sorted(told, key=lambda one: -one.quantity)


async def _questions(
    connection: AsyncConnection, equipment_id: int, path: str, from_time: datetime
) -> OpenQuestions:
    row = await row_of(connection, QUERIES["questions"], {"equipment_id": equipment_id})
    assert row is not None, "a SELECT without FROM returns one row"  # noqa: S101
    wanted = stops.Wanted(path=path, from_ts=from_time, unassigned_only=True)
    silent = await stops.stops(connection, wanted, None, STOPS_MOST)
    run = await showing.run(connection, row["run_id"]) if row["run_id"] is not None else None
    orders = await work_orders.dispatch(connection, path)
    held = {one.number for one in orders if one.order_state is WorkOrderState.HELD}
    return OpenQuestions(
        parts_not_assigned=row["parts_not_assigned"],
        stops_without_reason=len(silent.items),
        count_cases=row["count_cases"],
        parts_not_reported=max(run.since_last_report, Decimal(0)) if run else Decimal(0),
        orders_held=len(held),
        calls_open=row["calls_open"],
    )


def _names(row: Row | None) -> dict[str, Any]:
    return {"name_en": row["name_en"] if row else None, "name_zh": row["name_zh"] if row else None}
