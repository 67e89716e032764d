"""Stops in the database, kept equal to what the machine states and the words of people say.

A device whose states changed is projected anew from the last time before the change at which it did not stand, and only
rows that differ are written. A stop keeps its id when its bounds move: it is the one that shares most of its time. Rows
that somebody else put there are taken for stops of before, and put right.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from psycopg import AsyncConnection
from psycopg.rows import class_row

from plant_server.database import load_queries
from plant_server.domain.machine_state import MachineState, StateInterval
from plant_server.domain.stop import STANDING_STILL, Stop, StopPiece, explain, merge_stops, proposals_of
from plant_server.stops.words import Word, assignments

QUERIES = load_queries(__package__)
MARKS_AT_ONCE = 1000
STILL_MS = 2**53
"""Stands for the end of what has not ended; later than any time."""
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class StoredStop:
    stop_id: int
    from_ts: datetime
    to_ts: datetime | None
    micro_below_s: int
    states: list[str]

    @property
    def as_domain(self) -> Stop:
        duration_ms = ms_of(self.to_ts) - ms_of(self.from_ts)
        states = frozenset(map(MachineState, self.states))
        is_micro = duration_ms < self.micro_below_s * 1000
        return Stop(ms_of(self.from_ts), ms_of(self.to_ts), is_micro, frozenset({"machine"}), states)


async def project_stops(connection: AsyncConnection) -> bool:
    """A job of the keeper: whether more waits. One transaction; a device that a command writes is waited for."""
    async with connection.transaction():
        taken = await connection.execute(QUERIES["take_marks"], {"limit": MARKS_AT_ONCE})
        since: dict[int, datetime] = {}
        for device_id, moment in await taken.fetchall():
            since[device_id] = min(since.get(device_id, moment), moment)
        for device_id in sorted(since):
            await _project(connection, device_id, since[device_id])
    return taken.rowcount == MARKS_AT_ONCE


async def lock_device(connection: AsyncConnection, device_id: int) -> None:
    """Until the transaction ends nobody else writes the stops of this device."""
    await connection.execute(QUERIES["lock_device"], {"device_id": device_id})


async def explain_anew(connection: AsyncConnection, device_id: int, begin: datetime) -> None:
    """Cut the device's stops that end after `begin` into pieces by what was said. The device must be locked."""
    stored = await _stops_since(connection, device_id, begin)
    await _write_pieces(connection, device_id, stored)


async def _project(connection: AsyncConnection, device_id: int, since: datetime) -> None:
    await lock_device(connection, device_id)
    values = {
        "device_id": device_id,
        "since": since,
        "standing": sorted(STANDING_STILL),
    }
    row = await (await connection.execute(QUERIES["window"], values)).fetchone()
    assert row is not None, "SELECT without FROM returns a row"  # noqa: S101
    begin, micro_below_s = row
    made = await _made(connection, device_id, begin, micro_below_s)
    stored = await _stops_since(connection, device_id, begin)
    kept = await _write_stops(connection, device_id, stored, made, micro_below_s)
    await _write_pieces(connection, device_id, kept)


async def _made(
    connection: AsyncConnection, device_id: int, begin: datetime, micro_below_s: int
) -> list[Stop]:
    cursor = await connection.execute(QUERIES["intervals"], {"device_id": device_id, "begin": begin})
    intervals = [
        StateInterval(MachineState(state), ms_of(from_ts), ms_of(to_ts))
        for from_ts, state, to_ts in await cursor.fetchall()
    ]
    return merge_stops(proposals_of(intervals), micro_below_s * 1000)


async def _stops_since(connection: AsyncConnection, device_id: int, begin: datetime) -> list[StoredStop]:
    async with connection.cursor(row_factory=class_row(StoredStop)) as cursor:
        await cursor.execute(QUERIES["stops_since"], {"device_id": device_id, "begin": begin})
        return await cursor.fetchall()


async def _write_stops(
    connection: AsyncConnection,
    device_id: int,
    stored: Sequence[StoredStop],
    made: Sequence[Stop],
    micro_below_s: int,
) -> list[StoredStop]:
    """The stops as they are now, with their ids."""
    ids = same_stops(stored, made)
    before = {one.stop_id: one for one in stored}
    for stop_id in before.keys() - set(ids.values()):
        await connection.execute(QUERIES["remove_stop"], {"stop_id": stop_id})
    kept: list[StoredStop] = []
    for index, stop in enumerate(made):
        one = StoredStop(
            ids.get(index, 0),
            ts_of(stop.start_ms),
            None if stop.end_ms == STILL_MS else ts_of(stop.end_ms),
            micro_below_s,
            sorted(stop.states),
        )
        values = {
            "device_id": device_id,
            "stop_id": one.stop_id,
            "from_ts": one.from_ts,
            "to_ts": one.to_ts,
            "micro_below_s": one.micro_below_s,
            "states": one.states,
        }
        if index not in ids:
            row = await (await connection.execute(QUERIES["add_stop"], values)).fetchone()
            assert row is not None, "an INSERT returns its row"  # noqa: S101
            one = replace(one, stop_id=row[0])
        elif before[one.stop_id] != one:
            await connection.execute(QUERIES["change_stop"], values)
        kept.append(one)
    return kept


def same_stops(stored: Sequence[StoredStop], made: Sequence[Stop]) -> dict[int, int]:
    """Which stored stop each of `made`, by index, is: pairs in the order of the time they share, each used once."""
    shared = [
        (min(ms_of(old.to_ts), new.end_ms) - max(ms_of(old.from_ts), new.start_ms), -index, old.stop_id)
        for old in stored
        for index, new in enumerate(made)
    ]
    ids: dict[int, int] = {}
    for time_ms, index, stop_id in sorted(shared, reverse=True):
        if time_ms > 0 and -index not in ids and stop_id not in ids.values():
            ids[-index] = stop_id
    return ids


async def _write_pieces(connection: AsyncConnection, device_id: int, stops: Sequence[StoredStop]) -> None:
    if not stops:
        return
    values = {"device_id": device_id, "begin": stops[0].from_ts, "stop_ids": [one.stop_id for one in stops]}
    cursor = await connection.execute(QUERIES["words_since"], values)
    words = [
        Word(word_id, ms_of(from_ts), ms_of(to_ts), from_start, to_end, reason, actor, ms_of(said_time))
        for word_id, from_ts, to_ts, from_start, to_end, reason, actor, said_time in await cursor.fetchall()
    ]
    told = assignments(words, [one.as_domain for one in stops])
    cursor = await connection.execute(QUERIES["pieces_of"], values)
    before: dict[int, list[StopPiece]] = {}
    for stop_id, from_ts, to_ts, reason in await cursor.fetchall():
        before.setdefault(stop_id, []).append(StopPiece(ms_of(from_ts), ms_of(to_ts), False, reason))
    for one in stops:
        pieces = [replace(piece, is_micro=False) for piece in explain([one.as_domain], told)]
        if pieces == before.get(one.stop_id):
            continue
        columns = {
            "stop_id": one.stop_id,
            "from_ts": [ts_of(piece.start_ms) for piece in pieces],
            "to_ts": [None if piece.end_ms == STILL_MS else ts_of(piece.end_ms) for piece in pieces],
            "reason": [piece.reason for piece in pieces],
        }
        await connection.execute(QUERIES["replace_pieces"], columns)


def ms_of(moment: datetime | None) -> int:
    """None: it has not ended."""
    return STILL_MS if moment is None else (moment - _EPOCH) // timedelta(milliseconds=1)


def ts_of(at_ms: int) -> datetime:
    return _EPOCH + timedelta(milliseconds=at_ms)
