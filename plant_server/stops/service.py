"""Stops as they are listed, and what people say of them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from psycopg import AsyncConnection

from plant_server.domain.stop import StopPiece
from plant_server.events import CommandContext, Refused
from plant_server.master_data.rows import Row, row_of, rows_of
from plant_server.paging import Page, decode_cursor, encode_cursor
from plant_server.problems import Problem
from plant_server.stops.projection import QUERIES, STILL_MS, explain_anew, lock_device, ms_of, ts_of
from plant_server.stops.schemas import (
    GiveReason,
    Piece,
    Split,
    Standing,
    StandingOf,
    StopRow,
    StopsNow,
    Threshold,
    Thresholds,
)

SPAN_MAX = timedelta(days=366)


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which stops are asked for."""

    path: str | None = None
    from_ts: datetime | None = None
    to_ts: datetime | None = None
    unassigned_only: bool = False


async def stops(connection: AsyncConnection, wanted: Wanted, cursor: str | None, limit: int) -> Page[StopRow]:
    """Newest first."""
    before_ts, before_id = None, None
    if cursor is not None:
        before_ms, before_id = decode_cursor(cursor, int, int)
        if not (0 <= before_ms < STILL_MS and 0 <= before_id < 2**62):
            raise Problem(422, "cursor-invalid")
        before_ts = ts_of(before_ms)
    found = await _stops(connection, wanted, limit + 1, before_ts=before_ts, before_id=before_id)
    items = found[:limit]
    more = len(found) > limit
    return Page(
        items=items, next_cursor=encode_cursor(ms_of(items[-1].from_ts), items[-1].stop_id) if more else None
    )


async def one_stop(connection: AsyncConnection, stop_id: int) -> StopRow:
    """Problem: 404."""
    found = await _stops(connection, Wanted(), 1, stop_id=stop_id)
    if not found:
        raise Problem(404, "unknown-stop", f"stop {stop_id}")
    return found[0]


async def standing(
    connection: AsyncConnection, path: str | None, from_ts: datetime, to_ts: datetime
) -> StandingOf:
    """Problem: 422 (span)."""
    if not from_ts < to_ts <= from_ts + SPAN_MAX:
        raise Problem(422, "span-invalid", f"{from_ts.isoformat()} to {to_ts.isoformat()}")
    values = {"path": path, "from_ts": from_ts, "to_ts": to_ts}
    found = [Standing(**row) for row in await rows_of(connection, QUERIES["standing"], values)]
    unassigned = sum(one.seconds for one in found if one.reason is None)
    return StandingOf(from_ts=from_ts, to_ts=to_ts, unassigned_s=unassigned, by_reason=found)


async def give_reason(stop_id: int, command: GiveReason, context: CommandContext) -> Mapping[str, Any]:
    """Problems: 404 (stop), 422 (reason); refused: the time lies outside."""
    await _require_reasons(context, command.reason)
    span = await _lock_span(context, stop_id)
    pieces = await _pieces(context, stop_id, span)
    if command.at is None:
        chosen = (pieces[0].start_ms, pieces[-1].end_ms)
    else:
        piece = _piece_at(pieces, ms_of(command.at))
        chosen = (piece.start_ms, piece.end_ms)
    await _say(context, span, chosen, command.reason, command.note)
    return await _answer(context, span)


async def split(stop_id: int, command: Split, context: CommandContext) -> Mapping[str, Any]:
    """Problems: 404 (stop), 422 (reason); refused: the time lies outside, or on a border."""
    await _require_reasons(context, command.before, command.after)
    span = await _lock_span(context, stop_id)
    at_ms = ms_of(command.at)
    piece = _piece_at(await _pieces(context, stop_id, span), at_ms)
    if at_ms == piece.start_ms:
        raise Refused("time-outside-stop", at=command.at)
    if command.before is not None:
        await _say(context, span, (piece.start_ms, at_ms), command.before, command.note)
    if command.after is not None:
        await _say(context, span, (at_ms, piece.end_ms), command.after, command.note)
    return await _answer(context, span)


async def thresholds(connection: AsyncConnection) -> Thresholds:
    found = await rows_of(connection, QUERIES["thresholds"], {})
    return Thresholds(thresholds=[Threshold(**row) for row in found])


async def set_threshold(command: Threshold, context: CommandContext) -> Mapping[str, Any]:
    """The keeper judges the stops below the path anew."""
    await context.connection.execute(QUERIES["set_threshold"], command.model_dump())
    await context.connection.execute(QUERIES["mark_below"], {"path": command.path})
    return (await thresholds(context.connection)).model_dump(mode="json")


async def _require_reasons(context: CommandContext, *codes: str | None) -> None:
    """Also a retired one: it may have been chosen while the terminal had no contact."""
    for code in codes:
        if code is None:
            continue
        row = await row_of(context.connection, QUERIES["reason"], {"code": code})
        if row is None:
            raise Problem(422, "unknown-stop-reason", code)
        if row["is_general"]:
            raise Problem(422, "reason-too-general", code)


async def _lock_span(context: CommandContext, stop_id: int) -> Row:
    """`device_id from_ts to_ts is_gone` of the stop, or of what it was before late facts took it back."""
    found = await row_of(context.connection, QUERIES["span_of_stop"], {"stop_id": stop_id})
    if found is None:
        raise Problem(404, "unknown-stop", f"stop {stop_id}")
    await lock_device(context.connection, found["device_id"])
    # Read again: the keeper may have moved it while we waited.
    locked = await row_of(context.connection, QUERIES["span_of_stop"], {"stop_id": stop_id})
    assert locked is not None, "a stop is never forgotten"  # noqa: S101
    return locked


async def _pieces(context: CommandContext, stop_id: int, span: Row) -> list[StopPiece]:
    """In order; of a stop that is gone, its whole time."""
    found = await rows_of(context.connection, QUERIES["pieces_of"], {"stop_ids": [stop_id]})
    pieces = [StopPiece(ms_of(row["from_ts"]), ms_of(row["to_ts"]), False, row["reason"]) for row in found]
    return pieces or [StopPiece(ms_of(span["from_ts"]), ms_of(span["to_ts"]), False, None)]


def _piece_at(pieces: Sequence[StopPiece], at_ms: int) -> StopPiece:
    for piece in pieces:
        if piece.start_ms <= at_ms < piece.end_ms:
            return piece
    raise Refused("time-outside-stop", at_ms=at_ms)


async def _say(
    context: CommandContext, span: Row, chosen: tuple[int, int], reason: str | None, note: str | None
) -> None:
    """Keep the word with what the person saw: of a stop that goes on, up to when it was said."""
    from_ms, to_ms = chosen
    start_ms, end_ms = ms_of(span["from_ts"]), ms_of(span["to_ts"])
    said_ms = min(ms_of(context.event_time), ms_of(context.recorded_time))
    seen_ms = to_ms if to_ms != STILL_MS else max(said_ms, from_ms + 1)
    values = {
        "device_id": span["device_id"],
        "from_ts": ts_of(from_ms),
        "to_ts": ts_of(seen_ms),
        "from_start": from_ms == start_ms and not span["is_gone"],
        "to_end": to_ms == end_ms and not span["is_gone"],
        "reason": reason,
        "note": note,
        "actor": context.actor.text,
        "event_id": context.event_id,
        "said_time": ts_of(said_ms),
    }
    await context.connection.execute(QUERIES["say"], values)
    told: list[dict[str, Any]] = context.facts.setdefault("stop_reasons", [])
    told.append({name: value for name, value in values.items() if name not in ("event_id", "actor")})


async def _answer(context: CommandContext, span: Row) -> Mapping[str, Any]:
    await explain_anew(context.connection, span["device_id"], span["from_ts"])
    wanted = Wanted(from_ts=span["from_ts"], to_ts=span["to_ts"])
    found = await _stops(context.connection, wanted, 100, device_id=span["device_id"])
    return StopsNow(stops=found).model_dump(mode="json")


async def _stops(
    connection: AsyncConnection,
    wanted: Wanted,
    limit: int,
    *,
    stop_id: int | None = None,
    device_id: int | None = None,
    before_ts: datetime | None = None,
    before_id: int | None = None,
) -> list[StopRow]:
    values = {
        "path": wanted.path,
        "from_ts": wanted.from_ts,
        "to_ts": wanted.to_ts,
        "unassigned_only": wanted.unassigned_only,
        "stop_id": stop_id,
        "device_id": device_id,
        "before_ts": before_ts,
        "before_id": before_id,
        "limit": limit,
    }
    found = await rows_of(connection, QUERIES["stops"], values)
    pieces: dict[int, list[Piece]] = {}
    for row in await rows_of(connection, QUERIES["pieces"], {"stop_ids": [row["stop_id"] for row in found]}):
        pieces.setdefault(row.pop("stop_id"), []).append(Piece(**row))
    return [StopRow(**row, pieces=pieces.get(row["stop_id"], [])) for row in found]
