"""Calls as they are raised, answered, ended and listed."""

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from psycopg import AsyncConnection

from plant_server.andon.schemas import Acknowledge, Called, CallRow, RaiseCall, Response
from plant_server.database import load_queries
from plant_server.domain import andon_call as domain
from plant_server.domain.andon_call import AndonCall, Caller, CallState, CallType
from plant_server.domain.transition import TransitionRefused
from plant_server.events import CommandContext
from plant_server.events.canonical import canonical
from plant_server.master_data.rows import Row, row_of, rows_of
from plant_server.paging import Page, decode_cursor, encode_cursor
from plant_server.problems import Problem
from plant_server.work_orders.orders import refused

QUERIES = load_queries(__package__)
SPAN_MAX = timedelta(days=366)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

Change = Callable[[AndonCall], AndonCall]
"""Of the domain; raises TransitionRefused."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which calls are asked for. `path`: of a machine, or of what it stands in."""

    path: str | None = None
    open_only: bool = False
    from_ts: datetime | None = None
    to_ts: datetime | None = None


async def raise_call(command: RaiseCall, context: CommandContext) -> Mapping[str, Any]:
    """A call, or the one that is open at this place for this. Problem: 404 (place)."""
    place = await row_of(context.connection, QUERIES["place"], {"path": command.path})
    if place is None:
        raise Problem(404, "unknown-call-place", command.path)
    line = command.path.rpartition("/")[0] if place["is_machine"] else command.path
    new = domain.new_call(
        str(context.event_id),
        command.path,
        line,
        command.type,
        Caller(context.actor.text, context.actor.device),
        context.event_time,
        context.recorded_time,
        command.note,
    )
    values = {"path": command.path, "type": command.type}
    await context.connection.execute(QUERIES["lock_place"], values)
    found = await rows_of(context.connection, QUERIES["calls_of_place"], values | {"since": new.raised_time})
    same = domain.joined(new, map(as_domain, found))
    if same is None:
        await context.connection.execute(QUERIES["add_call"], {"call": canonical(asdict(new))})
        context.facts["andon_call"] = asdict(new)
    else:
        context.facts["joined"] = same.call_id
    return await _answer(context, UUID((same or new).call_id), joined=same is not None)


async def acknowledge(call_id: UUID, command: Acknowledge, context: CommandContext) -> Mapping[str, Any]:
    """Problems: 404; refused: it has ended, or somebody else comes in time."""
    by, now, eta = context.actor.text, context.recorded_time, timedelta(minutes=command.eta_min)
    return await _changed(context, call_id, lambda call: domain.acknowledge(call, by, now, eta))


async def resolve(call_id: UUID, context: CommandContext) -> Mapping[str, Any]:
    """Problems: 404; refused: it has ended."""
    by, now = context.actor.text, context.recorded_time
    return await _changed(context, call_id, lambda call: domain.resolve(call, by, now))


async def withdraw(call_id: UUID, context: CommandContext) -> Mapping[str, Any]:
    """Problems: 404; refused: it has ended, or somebody else called."""
    caller, now = Caller(context.actor.text, context.actor.device), context.recorded_time
    return await _changed(context, call_id, lambda call: domain.withdraw(call, caller, now))


async def lock_and_change(context: CommandContext, call_id: UUID, change: Change) -> AndonCall:
    """The call as it is now; it stands in the Event too. Problem: 404. Raises TransitionRefused."""
    found = await row_of(context.connection, QUERIES["lock_call"], {"call_id": call_id})
    if found is None:
        raise Problem(404, "unknown-call", f"call {call_id}")
    after = change(as_domain(found))
    await context.connection.execute(QUERIES["change_call"], {"call": canonical(asdict(after))})
    context.facts["andon_call"] = asdict(after)
    return after


async def calls(connection: AsyncConnection, wanted: Wanted, cursor: str | None, limit: int) -> Page[CallRow]:
    """The newest first."""
    before_ts, before_id = None, None
    if cursor is not None:
        before_us, before_id = decode_cursor(cursor, int, str)
        try:
            before_ts, before_id = _EPOCH + timedelta(microseconds=before_us), str(UUID(before_id))
        except (ValueError, OverflowError) as error:
            raise Problem(422, "cursor-invalid") from error
    found = await _calls(connection, wanted, limit + 1, before_ts=before_ts, before_id=before_id)
    items = found[:limit]
    if len(found) <= limit:
        return Page(items=items)
    last = items[-1]
    since_epoch_us = (last.raised_time - _EPOCH) // timedelta(microseconds=1)
    return Page(items=items, next_cursor=encode_cursor(since_epoch_us, str(last.call_id)))


async def response(
    connection: AsyncConnection, path: str | None, from_ts: datetime, to_ts: datetime
) -> Response:
    """Problem: 422 (span)."""
    if not timedelta() < to_ts - from_ts <= SPAN_MAX:
        raise Problem(422, "span-invalid")
    values = {"path": path, "from_ts": from_ts, "to_ts": to_ts}
    found = await row_of(connection, QUERIES["response"], values)
    assert found is not None, "an aggregate returns one row"  # noqa: S101
    return Response(from_ts=from_ts, to_ts=to_ts, **found)


def as_domain(row: Row) -> AndonCall:
    return AndonCall(**row | {"type": CallType(row["type"]), "state": CallState(row["state"])})


async def _changed(context: CommandContext, call_id: UUID, change: Change) -> Mapping[str, Any]:
    try:
        await lock_and_change(context, call_id, change)
    except TransitionRefused as error:
        raise refused(error) from error
    return await _answer(context, call_id)


async def _answer(context: CommandContext, call_id: UUID, *, joined: bool = False) -> Mapping[str, Any]:
    (call,) = await _calls(context.connection, Wanted(), 1, call_id=call_id)
    return Called(call=call, joined=joined).model_dump(mode="json")


async def _calls(
    connection: AsyncConnection,
    wanted: Wanted,
    limit: int,
    *,
    call_id: UUID | None = None,
    before_ts: datetime | None = None,
    before_id: str | None = None,
) -> list[CallRow]:
    values = asdict(wanted) | {
        "call_id": call_id,
        "before_ts": before_ts,
        "before_id": before_id,
        "limit": limit,
    }
    return [CallRow(**row) for row in await rows_of(connection, QUERIES["calls"], values)]
