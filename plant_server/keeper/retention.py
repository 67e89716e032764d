"""Days of samples: made ahead, dropped when too old; and the commit log, shortened."""

from datetime import UTC, datetime

import psycopg
import structlog
from psycopg import AsyncConnection, sql

from plant_server.database import load_queries

QUERIES = load_queries(__package__)
DAYS_AHEAD = 7
COMMITS_AT_ONCE = 50_000
LOCK_TIMEOUT_MS = (
    2000  # Making or dropping a partition locks the whole table; ingest must not queue up behind us.
)

log = structlog.get_logger()


async def ensure_partitions(connection: AsyncConnection) -> bool:
    """Make the sample partitions of today and of the seven days after it (UTC)."""
    try:
        async with connection.transaction():
            await _limit_lock_wait(connection)
            await connection.execute(QUERIES["ensure_partitions"], {"days_ahead": DAYS_AHEAD})
    except psycopg.errors.LockNotAvailable:
        log.info("partitions_wait", reason="the sample table is in use")
    return False


async def drop_old_partitions(connection: AsyncConnection, retention_days: int) -> bool:
    """Drop partitions that end before the retention, oldest first, and freeze what was made of them."""
    try:
        async with connection.transaction():
            await _limit_lock_wait(connection)
            cursor = await connection.execute(QUERIES["move_frozen"], {"retention_days": retention_days})
            row = await cursor.fetchone()
            assert row is not None, "plant.frozen has one row"  # noqa: S101  # made by its migration
            for partition in await _partitions_before(connection, row[0]):
                await connection.execute(sql.SQL("DROP TABLE plant.{}").format(sql.Identifier(partition)))
                log.info("partition_dropped", partition=partition)
    except psycopg.errors.LockNotAvailable:
        log.info("retention_waits", reason="the sample table is in use")
    return False


async def forget_commits(connection: AsyncConnection, keep_days: int) -> bool:
    """Delete old rows of the commit log, a bounded number at once."""
    async with connection.transaction():
        cursor = await connection.execute(
            QUERIES["forget_commits"], {"keep_days": keep_days, "limit": COMMITS_AT_ONCE}
        )
    return cursor.rowcount == COMMITS_AT_ONCE


async def forget_sessions(connection: AsyncConnection) -> bool:
    """Delete sessions of more than 30 days ago, and tries to sign in that no longer count."""
    for query in ("forget_sessions", "forget_tries"):
        await connection.execute(QUERIES[query])
    return False


def day_of(partition: str) -> datetime | None:
    """The day a partition made by plant.ensure_sample_partition holds; None for a table of another name."""
    try:
        return datetime.strptime(partition.rpartition("_")[2], "%Y%m%d").replace(tzinfo=UTC)
    except ValueError:
        return None


async def _partitions_before(connection: AsyncConnection, before: datetime) -> list[str]:
    cursor = await connection.execute(QUERIES["sample_partitions"])
    names = [str(name) for (name,) in await cursor.fetchall()]
    return [name for name in names if (day := day_of(name)) is not None and day < before]


async def _limit_lock_wait(connection: AsyncConnection) -> None:
    await connection.execute("SELECT set_config('lock_timeout', %s, true)", (f"{LOCK_TIMEOUT_MS}ms",))
