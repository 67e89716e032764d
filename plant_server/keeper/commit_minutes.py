"""What was committed in each minute, of the commit log, which is too long to be read for a picture."""

from psycopg import AsyncConnection

from plant_server.database import load_queries

PERIOD_S = 20.0
QUERIES = load_queries(__package__)


async def roll_up_commits(connection: AsyncConnection, keep_days: int) -> bool:
    """A job of the keeper: make the newest minutes, forget those older than `keep_days`."""
    async with connection.transaction():
        await connection.execute(QUERIES["roll_up_commits"])
        await connection.execute(QUERIES["forget_commit_minutes"], {"keep_days": keep_days})
    return False
