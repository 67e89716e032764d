"""Counts that no run owns: shown, and given to runs by a person, with an Event that says who did it."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from psycopg import AsyncConnection

from plant_server.database import load_queries
from plant_server.domain.booking import CounterTag, Counts
from plant_server.domain.run import CountSource, PartsPerCycle, Phase, SetupPartsPolicy
from plant_server.domain.work_order import TAKES_COUNTS, WorkOrderState
from plant_server.events import CommandContext, Refused
from plant_server.master_data.rows import Row, row_of, rows_of
from plant_server.problems import Problem
from plant_server.runs.booking import Orders, book_tag, give, settle_run, tell_ended
from plant_server.runs.ending import run_of
from plant_server.runs.ledger import Change
from plant_server.runs.rejects import reject_counters, waiting_rejects
from plant_server.runs.schemas import AssignBody, CountCase, NotAssigned, SettleBody, Share
from plant_server.runs.steps import Slot
from plant_server.work_orders.orders import lock_orders

QUERIES = load_queries(__package__)
MOST = 500


async def assign(body: AssignBody, context: CommandContext) -> Mapping[str, Any]:
    """Book counts to runs, split by steps or by time; rejects of the same time go with them. Problems: 404. Refused:
    `range-not-free`, `shares-do-not-fit`, `other-station`, `order-is-…`."""
    runs = [await run_of(context, share.run_id) for share in body.shares]
    rejects = await reject_counters(context, [run["run_id"] for run in runs], body.tag_id)
    tags = sorted({body.tag_id}.union(*rejects.values()))
    locked = await lock_orders(context, [run["work_order_id"] for run in runs], tags)
    ended: set[int] = set()
    for tag_id in tags:
        ended |= (await book_tag(context, locked, tag_id)).ended
    versions = {tag_id: await _version(context, tag_id) for tag_id in tags}
    row = await _take(context, body, versions[body.tag_id])
    begin, given, rejected, changes = body.odometer_from, [], [], dict[int, Change]()
    for share, run in zip(body.shares, runs, strict=True):
        end = await _end_of(context, body, share, begin)
        if begin >= end or end > body.odometer_to:
            raise Refused("shares-do-not-fit", 422, f"run {share.run_id}", run=share.run_id)
        values = await _span(context, body.tag_id, versions[body.tag_id], begin, end, row)
        _add(changes, run, await _give(context, locked, body.tag_id, run, values))
        given.append({"run_id": share.run_id, "odometer_from": begin, "odometer_to": end})
        for tag_id in rejects.get(share.run_id, ()):
            waiting = await waiting_rejects(context, tag_id, values, is_first=begin == row["odometer_from"])
            for one in waiting:
                part = AssignBody(tag_id=tag_id, shares=[Share(run_id=share.run_id)], **one)
                _add(changes, run, await _give_whole(context, locked, part, run, versions[tag_id]))
                rejected.append({"run_id": share.run_id, "tag_id": tag_id} | one)
        begin = end
    if begin != body.odometer_to:
        raise Refused("shares-do-not-fit", 422, f"{body.odometer_to - begin} left")
    await _credit(context, locked, runs, changes)
    await tell_ended(context, locked, ended)
    await _settle(context, row, body)
    if len({run["work_order_id"] for run in runs}) == 1:
        context.work_order_id = runs[0]["work_order_id"]
    return {"bookings": given, "rejects": rejected}


async def _give_whole(
    context: CommandContext, locked: Orders, body: AssignBody, run: Row, version: int
) -> Change:
    """All of a range to one run."""
    row = await _take(context, body, version)
    values = await _span(context, body.tag_id, version, body.odometer_from, body.odometer_to, row)
    change = await _give(context, locked, body.tag_id, run, values)
    await _settle(context, row, body)
    return change


def _add(changes: dict[int, Change], run: Row, change: Change) -> None:
    changes[run["run_id"]] = changes.get(run["run_id"], Change()) + change


async def _credit(
    context: CommandContext, locked: Orders, runs: list[Row], changes: dict[int, Change]
) -> None:
    """Once for each run, so that an ERP is never told parts as good that are taken back in the same breath."""
    sources = {run["run_id"]: CountSource(run["count_source"]) for run in runs}
    for run_id, change in sorted(changes.items()):
        await settle_run(context, locked, run_id, sources[run_id], change)


async def _version(context: CommandContext, tag_id: int) -> int:
    row = await row_of(context.connection, QUERIES["lock_counted_tag"], {"tag_id": tag_id})
    assert row is not None, "INSERT … DO UPDATE returns its row"  # noqa: S101
    return int(row["version"])


async def _take(context: CommandContext, body: AssignBody, version: int) -> Row:
    """Take the range out of what is not assigned; what is left of that stays, cut where the readings are."""
    wanted = {"tag_id": body.tag_id, "odometer_from": body.odometer_from, "odometer_to": body.odometer_to}
    row = await row_of(context.connection, QUERIES["lock_not_assigned"], wanted)
    if row is None:
        raise Refused("range-not-free", detail=f"({body.odometer_from}, {body.odometer_to}]")
    before, after = int(row["odometer_from"]), int(row["odometer_to"])
    taken = {"tag_id": body.tag_id, "odometer_from": before}
    await context.connection.execute(QUERIES["take_not_assigned"], taken)
    puts = []
    for begin, end in ((before, body.odometer_from), (body.odometer_to, after)):
        if begin < end:
            span = await _span(context, body.tag_id, version, begin, end, row)
            put = span | {"reason": row["reason"], "proposed_run_id": row["proposed_run_id"]}
            await context.connection.execute(QUERIES["put_not_assigned"], put)
            puts.append(put)
    context.facts.setdefault("taken", []).append(taken | {"version": version, "puts": puts})
    return row


async def _span(
    context: CommandContext, tag_id: int, version: int, begin: int, end: int, row: Row
) -> dict[str, Any]:
    """The range with the times of the readings that showed its first and last count."""
    return {
        "tag_id": tag_id,
        "version": version,
        "odometer_from": begin,
        "odometer_to": end,
        "from_ts": await _reading_of(context, tag_id, begin + 1, row),
        "to_ts": await _reading_of(context, tag_id, end, row),
    }


async def _reading_of(context: CommandContext, tag_id: int, total: int, row: Row) -> datetime:
    values = {"tag_id": tag_id, "total": total, "from_ts": row["from_ts"], "to_ts": row["to_ts"]}
    found = await row_of(context.connection, QUERIES["reading_of"], values)
    ts: datetime = found["ts"] if found else row["to_ts"]
    return ts


async def _end_of(context: CommandContext, body: AssignBody, share: Share, begin: int) -> int:
    if share.steps is not None:
        return begin + share.steps
    if share.until_time is None:
        return body.odometer_to
    values = {"tag_id": body.tag_id, "ts": share.until_time}
    row = await row_of(context.connection, QUERIES["total_at"], values)
    return min(int(row["total"]) if row else 0, body.odometer_to)


async def _give(
    context: CommandContext, locked: Orders, tag_id: int, run: Row, values: dict[str, Any]
) -> Change:
    order = locked[run["work_order_id"]]
    if WorkOrderState(order["state"]) not in TAKES_COUNTS:
        raise Refused(f"order-is-{order['state']}", detail=order["number"])
    found = await row_of(
        context.connection, QUERIES["run_with_tag"], {"run_id": run["run_id"], "tag_id": tag_id}
    )
    if found is None:
        raise Refused("other-station", detail=f"run {run['run_id']}", run=run["run_id"])
    setting = await row_of(context.connection, QUERIES["last_setting"], {"run_id": run["run_id"]})
    assert setting is not None, "a run begins with a setting"  # noqa: S101
    slot = Slot(
        run["run_id"],
        run["work_order_id"],
        setting["from_time"],
        None,
        setting["from_time"],
        Phase(setting["phase"]),
        PartsPerCycle(setting["cavities"], setting["blocked"], setting["cycles"]),
        origin=values["odometer_from"],
    )
    tag = CounterTag(str(tag_id), Counts(found["counts"]), found["among_parts"])
    policy = SetupPartsPolicy(run["setup_parts"])
    return await give(context, slot, tag, policy, values, by_person=True)


async def _settle(context: CommandContext, row: Row, body: AssignBody) -> None:
    """A late case is settled when its counts have been given to somebody."""
    if row["proposed_run_id"] is None:
        return
    values = {
        "time": context.recorded_time,
        "actor": context.actor.text,
        "proposed_run_id": row["proposed_run_id"],
        "odometer_from": body.odometer_from,
        "odometer_to": body.odometer_to,
    }
    await context.connection.execute(QUERIES["settle_late"], values)
    context.facts.setdefault("settled_late", []).append(values)


async def settle_case(body: SettleBody, context: CommandContext) -> Mapping[str, Any]:
    """A person has looked at it and says what it was; no total changes. Problem: 404."""
    values = body.model_dump() | {"time": context.recorded_time, "actor": context.actor.text}
    if await row_of(context.connection, QUERIES["settle_case"], values) is None:
        raise Problem(404, "unknown-case", f"{body.kind} of run {body.run_id}")
    context.facts["settled_case"] = values
    return {"kind": body.kind, "run_id": body.run_id}


async def not_assigned(connection: AsyncConnection, equipment: str | None) -> list[NotAssigned]:
    values = {"path": equipment, "limit": MOST}
    rows = await rows_of(connection, QUERIES["not_assigned"], values)
    return [NotAssigned(**row, equipment=row["path"]) for row in rows]


async def count_cases(connection: AsyncConnection, open_only: bool) -> list[CountCase]:
    rows = await rows_of(connection, QUERIES["count_cases"], {"open": open_only, "limit": MOST})
    return [CountCase(**row, equipment=row["path"]) for row in rows]
