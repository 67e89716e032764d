"""How often somebody may try to sign in: five times, then after a wait that doubles from 30 s to 15 min.

Counted per person and per device, in the database, before the PIN is looked at. So tries at the same time count, a
restart forgets none, and a 6-digit PIN meets fewer than 20 tries an hour. Nobody is locked out for ever.
"""

from collections.abc import Sequence

from psycopg import AsyncConnection

from plant_server.database import load_queries
from plant_server.problems import Problem

QUERIES = load_queries(__package__)
FREE_TRIES = 5
WAIT_S = 30
WAIT_MAX_S = 900


async def count_try(connection: AsyncConnection, subjects: Sequence[str]) -> None:
    """Count one for each, or none at all. Raises Problem 429 with the seconds to wait."""
    async with connection.transaction():
        for subject in sorted(subjects):  # One order for everybody: no deadlock.
            values = {
                "subject": subject,
                "free_tries": FREE_TRIES,
                "wait_s": WAIT_S,
                "wait_max_s": WAIT_MAX_S,
            }
            if await (await connection.execute(QUERIES["count_try"], values)).fetchone() is None:
                raise Problem(429, "too-many-tries", retry_after_s=await _free_in_s(connection, subject))


async def forget_tries(connection: AsyncConnection, subjects: Sequence[str]) -> None:
    """After a success."""
    await connection.execute(QUERIES["forget_tries"], {"subjects": list(subjects)})


async def _free_in_s(connection: AsyncConnection, subject: str) -> int:
    row = await (await connection.execute(QUERIES["free_in"], {"subject": subject})).fetchone()
    return max(1, int(row[0])) if row else 1
