"""Machine-state intervals in the database, kept equal to what the facts say.

A device whose facts changed is projected anew from its last interval before the change to the present, and only rows
that differ are written. Facts before that interval need not be read: if one of them changed something, it has a mark
of its own in the dirty log, and that projection starts earlier. So once the log is empty the intervals are the same
whatever the order in which facts came. Intervals that began before `plant.frozen` are never taken back.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg
import structlog
from psycopg import AsyncConnection
from psycopg.rows import class_row

from plant_server.database import load_queries
from plant_server.domain.machine_state import MachineState, intervals
from plant_server.keeper.state_facts import Fact, Kind, in_force_after, said

QUERIES = load_queries(__package__)
ALARM = "state_intervals_overlap"

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class DirtyDevice:
    """A device, the tags that tell its state, and since when that may have changed."""

    device_id: int
    state_tag: int
    mode_tag: int | None
    vocabulary: str | None
    since: datetime


@dataclass(frozen=True, slots=True)
class StoredInterval:
    from_ts: datetime
    state: str
    to_ts: datetime | None


async def project(connection: AsyncConnection, marks: Sequence[tuple[int, datetime]]) -> None:
    """Bring the intervals of all devices up to date whose state or mode tags are marked. Within a transaction."""
    values = {"tag_ids": [tag_id for tag_id, _ in marks], "minutes": [minute for _, minute in marks]}
    async with connection.cursor(row_factory=class_row(DirtyDevice)) as cursor:
        await cursor.execute(QUERIES["dirty_devices"], values)
        devices = await cursor.fetchall()
    if not devices:
        return
    await connection.execute(QUERIES["check_intervals_at_once"])
    well = [_subject(device) for device in devices if await _project_device(connection, device)]
    await connection.execute(QUERIES["clear_alarms"], {"kind": ALARM, "subjects": well})


async def _project_device(connection: AsyncConnection, device: DirtyDevice) -> bool:
    """False when somebody else's rows overlap what we write: an alarm, and the other devices go on."""
    stored = await _stored_since(connection, device)
    made = await _made(connection, device, stored)
    try:
        async with connection.transaction():
            await _write_difference(connection, device.device_id, stored, made)
    except (psycopg.errors.ExclusionViolation, psycopg.errors.CheckViolation) as error:
        detail = str(error.diag.message_detail or error)
        log.error("state_intervals_overlap", device_id=device.device_id, detail=detail)
        values = {"kind": ALARM, "subject": _subject(device), "detail": detail}
        await connection.execute(QUERIES["raise_alarm"], values)
        return False
    return True


def _subject(device: DirtyDevice) -> str:
    return f"device {device.device_id}"


async def _stored_since(connection: AsyncConnection, device: DirtyDevice) -> list[StoredInterval]:
    """The last interval that began before the change, and all after it."""
    async with connection.cursor(row_factory=class_row(StoredInterval)) as cursor:
        await cursor.execute(
            QUERIES["intervals_since"], {"device_id": device.device_id, "since": device.since}
        )
        return await cursor.fetchall()


async def _made(
    connection: AsyncConnection, device: DirtyDevice, stored: Sequence[StoredInterval]
) -> list[StoredInterval]:
    """What the facts say, from the beginning of the first stored interval, or of the facts, to the present."""
    before = await _facts(connection, "state_facts_before", device)
    since = await _facts(connection, "state_facts_since", device)
    told = list(said(since, device.vocabulary, in_force_after(before, device.vocabulary)))
    if stored and stored[0].from_ts < device.since:
        told.append((_ms(stored[0].from_ts), MachineState(stored[0].state)))
    if not told:
        return []
    until_ms = max(at_ms for at_ms, _ in told) + 1
    whole = [
        StoredInterval(_ts(interval.start_ms), str(interval.state), _ts(interval.end_ms))
        for interval in intervals(told, until_ms)
    ]
    last = whole[-1]
    return [*whole[:-1], StoredInterval(last.from_ts, last.state, None)]


async def _facts(connection: AsyncConnection, query: str, device: DirtyDevice) -> list[Fact]:
    values = {
        "device_id": device.device_id,
        "state_tag": device.state_tag,
        "mode_tag": device.mode_tag,
        "since": device.since,
    }
    cursor = await connection.execute(QUERIES[query], values)
    return [Fact(_ms(ts), Kind(kind), value) for ts, kind, value in await cursor.fetchall()]


async def _write_difference(
    connection: AsyncConnection,
    device_id: int,
    stored: Sequence[StoredInterval],
    made: Sequence[StoredInterval],
) -> None:
    before = {interval.from_ts: interval for interval in stored}
    kept = {interval.from_ts for interval in made}
    gone = [from_ts for from_ts in before if from_ts not in kept]
    new = [interval for interval in made if interval.from_ts not in before]
    changed = [
        interval for interval in made if interval.from_ts in before and before[interval.from_ts] != interval
    ]
    if gone:
        await connection.execute(QUERIES["delete_intervals"], {"device_id": device_id, "from_ts": gone})
    if changed:
        await connection.execute(QUERIES["change_intervals"], _columns(device_id, changed))
    if new:
        await connection.execute(QUERIES["insert_intervals"], _columns(device_id, new))


def _columns(device_id: int, rows: Sequence[StoredInterval]) -> dict[str, Any]:
    return {
        "device_id": device_id,
        "from_ts": [row.from_ts for row in rows],
        "state": [row.state for row in rows],
        "to_ts": [row.to_ts for row in rows],
    }


_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def _ms(ts: datetime) -> int:
    return (ts - _EPOCH) // timedelta(milliseconds=1)


def _ts(at_ms: int) -> datetime:
    return _EPOCH + timedelta(milliseconds=at_ms)
