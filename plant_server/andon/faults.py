"""The keeper's job: a machine that stays in fault calls maintenance by itself, and takes the call back when it is over.

One call a fault: its key is made of the device and the moment the fault began. Where somebody was called since that
moment, the machine stays silent. A fault the plant hears of late is a late call like any other: listed, and no alarm.
"""

from datetime import UTC, datetime
from functools import partial
from uuid import UUID, uuid5

import structlog
from psycopg import AsyncConnection

from plant_server.andon.escalation import KEEPER
from plant_server.andon.schemas import RaiseCall
from plant_server.andon.service import QUERIES, raise_call, withdraw
from plant_server.domain.andon_call import CallType
from plant_server.events import Command, Handler, execute
from plant_server.events.one_session import OneSession
from plant_server.master_data.rows import rows_of
from plant_server.problems import Problem

FAULTS_AT_ONCE = 100
_NAMESPACE = UUID("7a2c40d5-93b1-5e0e-a6d4-51c8f0b7e96a")  # Of the Events told here, two per fault.

log = structlog.get_logger()


async def call_for_faults(connection: AsyncConnection, now: datetime | None = None) -> bool:
    """One pass, each call in a transaction of its own. True: more may be waiting."""
    now = now or datetime.now(UTC)
    limit = {"limit": FAULTS_AT_ONCE}
    over = await rows_of(connection, QUERIES["faults_that_are_over"], limit)
    for row in over:
        key = uuid5(_NAMESPACE, f"over {row['call_id']}")
        body = {"call_id": str(row["call_id"])}
        command = Command(key, "andon.withdraw", "keeper", body, KEEPER, now)
        await _done(connection, command, partial(withdraw, row["call_id"]))
    found = await rows_of(connection, QUERIES["machines_in_fault"], limit | {"now": now})
    for row in found:
        key = uuid5(_NAMESPACE, f"{row['device_id']} {row['from_ts'].timestamp()!r}")
        call = RaiseCall(path=row["path"], type=CallType.MAINTENANCE)
        command = Command(key, "andon.raise", "keeper", call.model_dump(mode="json"), KEEPER, row["from_ts"])
        await _done(connection, command, partial(raise_call, call))
    return FAULTS_AT_ONCE in (len(over), len(found))


async def _done(connection: AsyncConnection, command: Command, handler: Handler) -> None:
    try:
        await execute(OneSession(connection), command, handler)
    except Problem as busy:  # Somebody holds the call, or the machine is gone: the next pass looks again.
        log.info("fault_call_waits", body=dict(command.body), reason=busy.code)
