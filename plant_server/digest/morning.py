"""The keeper's job: when a digest is due, and what is done about one that is late.

The request runs beside the other jobs, so that a slow chat holds up no counting; its answer is written at the next look.
"""

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime
from uuid import uuid4
from zoneinfo import ZoneInfo

import structlog
from psycopg import AsyncConnection

from plant_server.digest.contents import QUERIES, contents_of, day_before
from plant_server.digest.sending import Attempt, address, claim, post_for, send, tell
from plant_server.digest.settings import NOON, DigestSettings, Receiver
from plant_server.digest.webhook import Outcome
from plant_server.master_data.rows import row_of

PERIOD_S = 5.0

log = structlog.get_logger()


def _now() -> datetime:
    return datetime.now(UTC)


class Morning:
    """`work` is the job. Raises ConfigError when it is made: a file that holds no address stops the start."""

    def __init__(
        self,
        settings: DigestSettings,
        receiver: Receiver,
        time_zone: str,
        clock: Callable[[], datetime] = _now,
    ) -> None:
        self._settings = settings
        self._receiver = receiver
        self._where = address(settings, receiver)
        self._zone = ZoneInfo(time_zone)
        self._clock = clock
        self._running: tuple[Attempt, asyncio.Task[Outcome]] | None = None

    async def work(self, connection: AsyncConnection) -> bool:
        if self._running is not None:
            await self._look_after(connection, *self._running)
            return False
        now = self._clock()
        if await self._is_due(connection, now):
            await self._begin(connection, now)
        return False

    async def _look_after(
        self, connection: AsyncConnection, attempt: Attempt, task: asyncio.Task[Outcome]
    ) -> None:
        if not task.done():
            return
        outcome = task.result()
        await tell(connection, attempt, outcome, self._clock())
        self._running = None  # Not before it is written: a database that is away is told later.
        log.info("digest", day=attempt.contents.day.isoformat(), state=outcome.state, detail=outcome.detail)

    async def _is_due(self, connection: AsyncConnection, now: datetime) -> bool:
        local = now.astimezone(self._zone).time()
        if local < self._settings.at:
            return False
        values = {"day": day_before(now, self._zone), "now": now}
        row = await row_of(connection, QUERIES["of_day"], values)
        if row is not None and row["state"] == "sending":  # Not ours: of a keeper that ended.
            await connection.execute(QUERIES["give_up"], values)
            return False
        if row is not None and row["state"] != "waiting":
            return False
        if local >= NOON:
            more = {"message_id": uuid4(), "receiver": self._receiver}
            await connection.execute(QUERIES["too_late"], values | more)
            return False
        return row is None or row["next_time"] <= now

    async def _begin(self, connection: AsyncConnection, now: datetime) -> None:
        day = day_before(now, self._zone)
        contents = await contents_of(connection, day, self._zone, self._settings.language)
        attempt = await claim(connection, contents, self._receiver, now)
        if attempt is None:
            return
        post = post_for(attempt, self._receiver, self._where, _now())
        self._running = attempt, asyncio.create_task(send(post, self._receiver), name="keeper.digest")
