"""`lineside keeper`: puts the jobs together, holds the lock, outlives the database."""

import asyncio
import signal
from collections.abc import Coroutine, Sequence
from contextlib import suppress
from functools import partial

import psycopg
import structlog
from psycopg import AsyncConnection

from edge.contract import failpoints
from plant_server.andon.escalation import escalate
from plant_server.andon.faults import call_for_faults
from plant_server.async_database import connect_async
from plant_server.database import connect, load_queries
from plant_server.digest.morning import PERIOD_S as DIGEST_PERIOD_S
from plant_server.digest.morning import Morning
from plant_server.energy.telling import PERIOD_S as ENERGY_PERIOD_S
from plant_server.energy.telling import tell_energy_of_runs
from plant_server.errors import DatabaseUnavailable, SchemaNotReady
from plant_server.keeper.commit_minutes import PERIOD_S as COMMITS_PERIOD_S
from plant_server.keeper.commit_minutes import roll_up_commits
from plant_server.keeper.machine_hours import PERIOD_S as HOURS_PERIOD_S
from plant_server.keeper.machine_hours import make_hours
from plant_server.keeper.retention import (
    drop_old_partitions,
    ensure_partitions,
    forget_commits,
    forget_sessions,
)
from plant_server.keeper.rollup import roll_up
from plant_server.keeper.schedule import Job, run_jobs
from plant_server.keeper.sealer import anchor, anchors_file, seal
from plant_server.keeper.shifts import lay_out_shifts
from plant_server.runs.booker import PERIOD_S as BOOKING_PERIOD_S
from plant_server.runs.booker import book_open_runs
from plant_server.schema.migrate import require_migrated
from plant_server.settings import Settings
from plant_server.stops.projection import project_stops

QUERIES = load_queries(__package__)

STANDBY_POLL_S = 1.0
STEADY_S = 60.0  # A connection that lasted so long starts the back-off, and the one log line, anew.
STOP_S = 3.0  # How long a stop waits for the server to confirm that the query is cancelled.
HOUR_S = 3600.0
ANDON_PERIOD_S = 1.0  # Of minutes that people wait; each pass is one small question.

log = structlog.get_logger()


def run(settings: Settings) -> None:
    """Keep until SIGTERM or SIGINT, then return within seconds: an open transaction is rolled back, nothing is lost.

    Raises ConfigError before anything is begun, and what is no fault of the network or the database's absence, for instance a missing table.
    """
    failpoints.arm()
    asyncio.run(_until_signal(keep(settings, jobs_of(settings))))


def jobs_of(settings: Settings) -> list[Job]:
    """All jobs in the order in which they first run."""
    return [
        Job("partitions", HOUR_S, ensure_partitions),
        Job("seal", 0.2, seal),
        Job("rollup", 1.0, roll_up),
        Job("stops", 1.0, project_stops),
        Job("andon_faults", ANDON_PERIOD_S, call_for_faults),
        Job("andon_levels", ANDON_PERIOD_S, escalate),
        Job("booking", BOOKING_PERIOD_S, book_open_runs),
        Job("energy", ENERGY_PERIOD_S, tell_energy_of_runs),
        Job("shifts", HOUR_S, partial(lay_out_shifts, time_zone=settings.time_zone)),
        Job("hours", HOURS_PERIOD_S, make_hours),
        Job(
            "commit_minutes",
            COMMITS_PERIOD_S,
            partial(roll_up_commits, keep_days=settings.retention_days),
        ),
        Job("anchor", 60.0, partial(anchor, file=anchors_file())),
        Job("retention", HOUR_S, partial(drop_old_partitions, retention_days=settings.retention_days)),
        Job("sessions", HOUR_S, forget_sessions),
        Job("commit_log", HOUR_S, partial(forget_commits, keep_days=settings.retention_days)),
        *_digest(settings),
    ]


def _digest(settings: Settings) -> list[Job]:
    """None without a receiver. Raises ConfigError."""
    receiver = settings.digest.receiver
    if receiver is None:
        return []
    return [Job("digest", DIGEST_PERIOD_S, Morning(settings.digest, receiver, settings.time_zone).work)]


async def _until_signal(work: Coroutine[None, None, None]) -> None:
    """Await `work`, cancel it at SIGTERM or SIGINT, and again when the server does not confirm in time."""
    loop = asyncio.get_running_loop()
    task = loop.create_task(work, name="keeper")

    def stop() -> None:
        task.cancel()
        loop.call_later(STOP_S, task.cancel)

    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop)
    with suppress(asyncio.CancelledError):  # Ours: the end of the process was asked for.
        await task
    log.info("keeper_stopped")


async def keep(settings: Settings, jobs: Sequence[Job]) -> None:
    """Run the jobs for ever, on the one connection that holds the keeper's lock; connect again when it is lost."""
    clock = asyncio.get_running_loop().time
    losses = 0
    while True:
        started = clock()
        try:
            await _keep_on_one_connection(settings, jobs)
        except (psycopg.OperationalError, DatabaseUnavailable, SchemaNotReady) as error:
            if clock() - started > STEADY_S:
                losses = 0
            if losses == 0:
                log.warning("database_lost", error=str(error).strip())
            await asyncio.sleep(min(settings.backoff_max_s, settings.backoff_min_s * 2.0**losses))
            losses = min(losses + 1, 32)  # Enough for any cap; keeps the power small.


async def _keep_on_one_connection(settings: Settings, jobs: Sequence[Job]) -> None:
    async with await connect_async(settings.database_url, application="lineside keeper") as connection:
        await asyncio.to_thread(_require_migrated, settings.database_url)
        await _wait_for_lock(connection)
        log.info("keeper_active")
        await run_jobs(connection, jobs)


def _require_migrated(database_url: str) -> None:
    with connect(database_url, application="lineside keeper") as connection:
        require_migrated(connection)


async def _wait_for_lock(connection: AsyncConnection) -> None:
    """Return when this session is the only keeper. The lock goes with the session, so a zombie cannot commit."""
    standby = False
    while not await _try_lock(connection):
        if not standby:
            log.info("keeper_standby", reason="another keeper is active")
            standby = True
        await asyncio.sleep(STANDBY_POLL_S)


async def _try_lock(connection: AsyncConnection) -> bool:
    cursor = await connection.execute(QUERIES["try_keeper_lock"])
    row = await cursor.fetchone()
    return row is not None and bool(row[0])
