"""The keeper's job: who is told of a call that nobody acknowledges.

Each level is told once, through any restart: its Event's key is made of the call's id and the level, and under the
call's row lock the domain says whether it still has to be. Telling is an Event and a row; pages show it.
"""

from collections.abc import Mapping
from datetime import UTC, datetime
from functools import partial
from typing import Any
from uuid import UUID, uuid5

import structlog
from psycopg import AsyncConnection

from plant_server.andon.service import QUERIES, as_domain, lock_and_change
from plant_server.andon.site_settings import levels
from plant_server.domain import andon_call as domain
from plant_server.domain.andon_call import Level
from plant_server.domain.transition import TransitionRefused
from plant_server.events import Actor, Command, CommandContext, execute
from plant_server.events.one_session import OneSession
from plant_server.master_data.rows import rows_of
from plant_server.problems import Problem
from plant_server.work_orders.orders import refused

CALLS_AT_ONCE = 100
KEEPER = Actor("keeper")
_NAMESPACE = UUID("0b9a7c1e-6d0f-5f43-8c77-2f9d5a4e7b31")  # Of the Events told here, one per call and level.

log = structlog.get_logger()


async def escalate(connection: AsyncConnection, now: datetime | None = None) -> bool:
    """Tell the levels that are due at `now`, each in a transaction of its own. True: more may be waiting."""
    now = now or datetime.now(UTC)
    found = await rows_of(connection, QUERIES["unanswered"], {"now": now, "limit": CALLS_AT_ONCE})
    known = await levels(connection) if found else []
    for call in map(as_domain, found):
        for level in domain.due_levels(call, known, now):
            key = uuid5(_NAMESPACE, f"{call.call_id}/{level.level}")
            body = {"call_id": call.call_id, "level": level.level}
            command = Command(key, "andon.escalate", "keeper", body, KEEPER, now)
            try:
                await execute(OneSession(connection), command, partial(_tell, UUID(call.call_id), level))
            except Problem as busy:  # Somebody holds the call: the next pass finds it again.
                log.info("escalation_waits", call_id=call.call_id, reason=busy.code)
                return False
    return len(found) == CALLS_AT_ONCE


async def _tell(call_id: UUID, level: Level, context: CommandContext) -> Mapping[str, Any]:
    """Refused where somebody has answered since: then nobody has to be told any more, ever."""
    try:
        call = await lock_and_change(context, call_id, lambda call: domain.tell(call, level.level))
    except TransitionRefused as error:
        raise refused(error) from error
    roles = list(domain.roles_told(call, level))
    people = await rows_of(context.connection, QUERIES["people_with"], {"roles": roles})
    told = {
        "call_id": str(call_id),
        "level": level.level,
        "roles": roles,
        "people": [row["person_id"] for row in people],
        "told_time": context.recorded_time,
    }
    await context.connection.execute(QUERIES["add_told"], told)
    context.facts["andon_told"] = told
    return told
