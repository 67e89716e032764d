"""One owner per shard: a lock on the very session that writes.

Whoever holds it may consume; a second process waits, a hot standby. The lock lives as long as the session, so a
process whose session is gone cannot commit, whatever it believes.
"""

import threading

import psycopg
import structlog
from psycopg import sql

log = structlog.get_logger()

LOOK_EVERY_S = 2.0


def become_owner(connection: psycopg.Connection, shard: str, stop: threading.Event) -> bool:
    """Wait until this session owns the shard. False: told to stop. Raises psycopg.OperationalError for a lost session."""
    waits = False
    while not stop.is_set():
        if _lock(connection, shard, 0.001 if not waits else LOOK_EVERY_S):
            log.info("shard_owned", shard=shard)
            return True
        if not waits:
            waits = True
            log.info("shard_waiting", shard=shard)
    return False


def _lock(connection: psycopg.Connection, shard: str, patience_s: float) -> bool:
    """The session keeps the lock although its transaction ends."""
    try:
        with connection.transaction():
            patience = sql.SQL("SET LOCAL lock_timeout = {}").format(max(1, int(patience_s * 1000)))
            connection.execute(patience)
            connection.execute(
                "SELECT pg_advisory_lock(hashtextextended(%s, 0))", [f"lineside.ingest.{shard}"]
            )
    except psycopg.errors.LockNotAvailable:
        return False
    return True
