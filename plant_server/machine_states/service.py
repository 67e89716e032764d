"""What a machine did in a span, read from the intervals the keeper made."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from psycopg import AsyncConnection
from psycopg.rows import dict_row

from plant_server.database import load_queries
from plant_server.machine_states.schemas import MachineState, StateInterval, contact_of
from plant_server.problems import Problem

QUERIES = load_queries(__package__)
UNKNOWN = "unknown"
ID_MAX = 2**31 - 1
INTERVALS_MAX = 10_000


async def machine_state(
    connection: AsyncConnection, machine: str, from_ts: datetime, to_ts: datetime | None
) -> MachineState:
    """Present state and the intervals of [from_ts, to_ts), None: up to now. Problems: 404, 409 (path), 422 (span)."""
    if to_ts is not None and from_ts >= to_ts:
        raise Problem(422, "span-invalid", f"{from_ts.isoformat()} to {to_ts.isoformat()}")
    device = await _find(connection, machine)
    span = {"device_id": device["device_id"], "from_ts": from_ts, "to_ts": to_ts, "limit": INTERVALS_MAX + 1}
    rows = await _rows(connection, "intervals", span)
    if len(rows) > INTERVALS_MAX:
        raise Problem(422, "span-invalid", f"more than {INTERVALS_MAX} intervals; ask for a shorter span")
    present = await _rows(connection, "present_state", span)
    return MachineState(
        contact=contact_of(
            bool(device.pop("online")), device["last_message_age_s"], device.pop("contact_lost_s")
        ),
        state=present[0]["state"] if present else UNKNOWN,
        since=present[0]["from_ts"] if present else None,
        intervals=_with_unknown([StateInterval(**row) for row in rows], from_ts, to_ts),
        **device,
    )


def _with_unknown(
    known: list[StateInterval], from_ts: datetime, to_ts: datetime | None
) -> list[StateInterval]:
    """The span without holes: what no interval covers is unknown."""
    whole: list[StateInterval] = []
    end: datetime | None = from_ts  # Where what is known so far ends; None: it has not ended.
    for interval in known:
        if end is not None and end < interval.from_ts:
            whole.append(StateInterval(state=UNKNOWN, from_ts=end, to_ts=interval.from_ts))
        whole.append(interval)
        end = interval.to_ts
    if end is not None and (to_ts is None or end < to_ts):
        whole.append(StateInterval(state=UNKNOWN, from_ts=end, to_ts=to_ts))
    return whole


async def _find(connection: AsyncConnection, machine: str) -> dict[str, Any]:
    """The device that `machine`, an id or a path, names."""
    is_id = machine.isascii() and machine.isdecimal() and int(machine) <= ID_MAX
    wanted = {"device_id": int(machine) if is_id else None, "path": None if is_id else machine}
    found = await _rows(connection, "machine", wanted)
    telling = [device for device in found if device["tells_state"]] or found
    if not telling:
        raise Problem(404, "unknown-device", machine)
    if len(telling) > 1:
        raise Problem(409, "path-ambiguous", ", ".join(str(device["device_id"]) for device in telling))
    device = telling[0]
    del device["tells_state"]
    return device


async def _rows(connection: AsyncConnection, query: str, values: Mapping[str, Any]) -> list[dict[str, Any]]:
    async with connection.cursor(row_factory=dict_row) as cursor:
        await cursor.execute(QUERIES[query], values)
        return await cursor.fetchall()
