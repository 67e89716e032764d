"""Calls that go on, as pages show them."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from psycopg import AsyncConnection
from psycopg.rows import class_row

from plant_server.database import load_queries
from plant_server.domain.andon_call import ANSWERS, CallType

QUERIES = load_queries(__package__, "calls.sql")
CALLS_MOST = 100


@dataclass(frozen=True, slots=True)
class CallOfPage:
    """Names are None where nobody had signed in, or the machine called; `roles_told`, `people_told`: at the last level."""

    call_id: UUID
    path: str
    place: str
    type: str
    note: str
    state: str
    is_late: bool
    raised_by: str
    raised_device: str | None
    raised_time: datetime
    heard_time: datetime
    acknowledged_by: str | None
    eta_time: datetime | None
    level: int
    caller_en: str | None
    caller_zh: str | None
    helper_en: str | None
    helper_zh: str | None
    roles_told: list[str]
    people_told: list[int]

    @property
    def is_answered(self) -> bool:
        return self.state == "acknowledged"

    @property
    def is_by_machine(self) -> bool:
        return self.raised_by == "keeper"

    def is_for(self, roles: Collection[str]) -> bool:
        """Whose kind of call it is, and who was told of it."""
        return bool({ANSWERS[CallType(self.type)], *self.roles_told} & set(roles))

    def is_of(self, by: str, device: str | None) -> bool:
        """Who may take it back: the person who called, and whoever stands at the terminal that called."""
        return by == self.raised_by or (device is not None and device == self.raised_device)

    def may_be_answered(self, by: str, now: datetime) -> bool:
        """By whoever comes already, by others when the time that was said has passed."""
        return self.acknowledged_by in (None, by) or self.eta_time is None or self.eta_time <= now


async def calls_at(connection: AsyncConnection, path: str) -> list[CallOfPage]:
    """Those of a machine, and of the line it stands in."""
    return await _calls(connection, at=path)


async def calls_below(connection: AsyncConnection, path: str) -> list[CallOfPage]:
    """Those of a line and of its machines."""
    return await _calls(connection, below=path)


async def all_calls(connection: AsyncConnection) -> list[CallOfPage]:
    """With the late ones, last."""
    return await _calls(connection)


async def _calls(
    connection: AsyncConnection, at: str | None = None, below: str | None = None
) -> list[CallOfPage]:
    async with connection.cursor(row_factory=class_row(CallOfPage)) as cursor:
        await cursor.execute(QUERIES["calls"], {"at": at, "below": below, "limit": CALLS_MOST})
        return await cursor.fetchall()
